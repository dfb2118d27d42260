"""The wheel: late by less than a second and never early, each thing once."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from server.net.wheel import Wheel


@dataclass(eq=False)
class Thing:
    due: int = 0


@given(st.floats(0, 1e6))
def test_a_thing_is_due_within_a_second_after_its_time_and_not_before(when: float) -> None:
    wheel: Wheel[Thing] = Wheel()
    thing = Thing()
    wheel.put(thing, when)
    assert wheel.take_due(when) == []
    assert wheel.take_due(when + 1) == [thing]
    assert wheel.take_due(when + 2) == []


def test_a_thing_put_again_is_due_at_its_new_time_only() -> None:
    wheel: Wheel[Thing] = Wheel()
    thing = Thing()
    wheel.put(thing, 5)
    wheel.put(thing, 50)
    assert wheel.take_due(49) == []
    wheel.put(thing, 60)
    assert wheel.take_due(100) == [thing]


def test_a_removed_thing_is_never_due_and_may_be_removed_again() -> None:
    wheel: Wheel[Thing] = Wheel()
    thing, other = Thing(), Thing()
    wheel.put(thing, 5)
    wheel.put(other, 5)
    wheel.remove(thing)
    wheel.remove(thing)
    assert wheel.take_due(10) == [other]


def test_things_come_in_the_order_of_their_seconds_even_after_a_long_pause() -> None:
    wheel: Wheel[Thing] = Wheel()
    late, early = Thing(), Thing()
    wheel.put(late, 9)
    wheel.put(early, 3)
    assert wheel.take_due(1000) == [early, late]
