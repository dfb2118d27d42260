"""Jobs with a cursor: bounded turns, short ones first, order within a topic, one piece for what waits together."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.frames import Preferences
from protocol.ids import DeviceId, PersonId, Seq, TopicId
from server import fanout
from server.audience import Audience
from server.fanout import AT_ONCE, SHORT, TURN, FanOut, Parcel
from server.outcomes import Caller


class Ear:
    """A subscriber that keeps what it hears."""

    def __init__(self, name: str = "") -> None:
        preferences = Preferences(receipts=True, presence=True)
        self.caller: Caller | None = None
        if name:
            person, device = PersonId(name), DeviceId(name)
            self.caller = Caller(person=person, handle=name, device=device, preferences=preferences)
        self.live: list[TopicId] = []
        self.heard: list[bytes] = []

    def push(self, frame: bytes) -> None:
        self.heard.append(frame)

    def push_ephemeral(self, frame: bytes) -> None:
        raise AssertionError("entries are not ephemeral")

    def prefer(self, preferences: Preferences) -> None:
        raise AssertionError

    def sign_out(self) -> None:
        raise AssertionError


BIG, SMALL = TopicId("big"), TopicId("small")


def audience(size: int) -> tuple[Audience, list[Ear]]:
    ears = [Ear() for _ in range(size)]
    return Audience(ears), ears


def heard(ears: list[Ear]) -> int:
    return sum(bool(ear.heard) for ear in ears)


def parcel(number: int, *, but_for: Ear | None = None) -> Parcel:
    misses = None if but_for is None else lambda recipient: recipient is but_for
    return Parcel(Seq(number), b"%d;" % number, b"-;", misses)


def test_a_turn_serves_so_many_recipients_and_no_more() -> None:
    fan, (big, ears) = FanOut(), audience(2 * TURN + 10)
    fan.add(BIG, big, parcel(1))
    served = []
    more = True
    while more:
        before = heard(ears)
        more = fan.turn()
        served.append(heard(ears) - before)
    assert served == [TURN, TURN, 10]


def test_a_short_job_goes_before_a_long_one_that_came_earlier() -> None:
    fan, (big, many), (small, few) = FanOut(), audience(9000), audience(SHORT)
    fan.add(BIG, big, parcel(1))
    fan.turn()
    fan.add(SMALL, small, parcel(1))
    fan.turn()
    assert heard(few) == SHORT
    assert heard(many) <= 2 * TURN


def test_many_short_jobs_do_not_make_a_turn_endless() -> None:
    fan = FanOut()
    audiences = [audience(SHORT) for _ in range(100)]
    for number, (small, _) in enumerate(audiences):
        fan.add(TopicId(f"small {number}"), small, parcel(1))
    served = []
    more = True
    while more:
        more = fan.turn()
        served.append(sum(heard(ears) for _, ears in audiences))
    assert served[0] <= AT_ONCE + SHORT
    assert max(after - before for before, after in pairwise(served)) <= TURN + SHORT
    assert served[-1] == 100 * SHORT


def test_a_short_job_gets_its_turn_however_much_is_sent_without_one() -> None:
    fan, (last, ears) = FanOut(), audience(SHORT)

    def without_a_job(least: int) -> None:
        for number in range(-(-least // SHORT)):
            fan.add(TopicId(f"small {number}"), audience(SHORT)[0], parcel(1))

    without_a_job(AT_ONCE)
    fan.add(SMALL, last, parcel(1))
    assert heard(ears) == 0
    fan.turn()
    without_a_job(AT_ONCE)
    fan.turn()
    assert heard(ears) == SHORT


def test_long_jobs_take_turns() -> None:
    fan, (one, ears), (other, others) = FanOut(), audience(3 * TURN), audience(3 * TURN)
    fan.add(BIG, one, parcel(1))
    fan.add(TopicId("as big"), other, parcel(1))
    fan.turn()
    fan.turn()
    assert (heard(ears), heard(others)) == (TURN, TURN)


def test_what_waits_for_one_topic_goes_out_in_one_piece() -> None:
    fan, (big, ears) = FanOut(), audience(SHORT + 1)
    for number in (1, 2, 3):
        fan.add(BIG, big, parcel(number))
    while fan.turn():
        pass
    assert all(ear.heard == [b"1;2;3;"] for ear in ears)
    assert all(ear.heard[0] is ears[0].heard[0] for ear in ears)


def test_what_comes_while_a_job_runs_goes_out_after_it() -> None:
    fan, (big, ears) = FanOut(), audience(TURN + 1)
    fan.add(BIG, big, parcel(1))
    fan.turn()
    fan.add(BIG, big, parcel(2))
    while fan.turn():
        pass
    assert all(b"".join(ear.heard) == b"1;2;" for ear in ears)


def test_who_has_stopped_following_meanwhile_is_left_out() -> None:
    fan, (big, ears) = FanOut(), audience(TURN + 1)
    fan.add(BIG, big, parcel(1))
    fan.turn()
    big.remove(ears[-1])
    fan.turn()
    assert ears[-1].heard == []


def test_who_follows_only_since_does_not_get_what_they_have() -> None:
    fan, (big, ears) = FanOut(), audience(SHORT + 1)
    for number in (1, 2, 3):
        fan.add(BIG, big, parcel(number))
    late = Ear("late")
    big.add(late)
    big.note_late(late, Seq(2))
    while fan.turn():
        pass
    assert (late.heard, b"".join(ears[0].heard)) == ([b"3;"], b"1;2;3;")
    assert big.late == {}


@pytest.mark.parametrize("size", [2, SHORT + 1])
def test_who_may_not_see_it_gets_something_else_in_its_place_and_order(size: int) -> None:
    fan, (some, ears) = FanOut(), audience(size)
    eve = Ear("eve")
    some.add(eve)
    for what in (parcel(1), parcel(2, but_for=eve), parcel(3)):
        fan.add(BIG, some, what)
    while fan.turn():
        pass
    assert (b"".join(eve.heard), b"".join(ears[0].heard)) == (b"1;-;3;", b"1;2;3;")


def test_a_job_without_recipients_ends() -> None:
    fan, (big, ears) = FanOut(), audience(SHORT + 1)
    fan.add(BIG, big, parcel(1))
    for ear in ears:
        big.remove(ear)
    assert fan.busy(BIG)
    while fan.turn():
        pass
    assert not fan.busy(BIG)


def test_an_idle_turn_has_nothing_left() -> None:
    assert not FanOut().turn()


@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    steps=st.lists(st.integers(0, 5), max_size=40),
    turn=st.integers(1, 8),
    short=st.integers(0, 4),
)
def test_everybody_gets_everything_of_a_topic_in_its_order(
    sizes: list[int], steps: list[int], turn: int, short: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fanout, "TURN", turn)
        patch.setattr(fanout, "SHORT", short)
        fan = FanOut()
        audiences = [audience(size) for size in sizes]
        said = [0] * len(sizes)
        for step in steps:
            if step < len(sizes):
                said[step] += 1
                fan.add(TopicId(str(step)), audiences[step][0], parcel(said[step]))
            else:
                fan.turn()
        for _ in range(1000):
            if not fan.turn():
                break
        for count, (_, ears) in zip(said, audiences, strict=True):
            for ear in ears:
                assert b"".join(ear.heard) == b"".join(b"%d;" % number for number in range(1, count + 1))


def test_a_long_job_gets_on_beside_any_number_of_short_ones() -> None:
    fan, (big, many) = FanOut(), audience(1000)
    fan.add(BIG, big, parcel(1))
    shorts = [audience(SHORT)[0] for _ in range(2 * TURN // SHORT)]
    for turn in range(1000 // SHORT + 1):
        for number, small in enumerate(shorts):
            fan.add(TopicId(f"small {number}"), small, parcel(turn + 1))
        fan.turn()
    assert heard(many) == 1000


def test_a_large_job_waits_once_for_what_is_being_written_to_its_topic() -> None:
    fan, (big, ears) = FanOut(), audience(SHORT + 1)
    fan.expect(BIG)
    fan.add(BIG, big, parcel(1))
    assert not fan.turn()  # Nothing to do until the write is over, and that wakes the poller.
    assert heard(ears) == 0
    fan.add(BIG, big, parcel(2))
    fan.expect_less(BIG)
    while fan.turn():
        pass
    assert all(ear.heard == [b"1;2;"] for ear in ears)


def test_a_large_job_waits_for_one_commit_and_not_for_the_one_after_that() -> None:
    fan, (big, ears) = FanOut(), audience(SHORT + 1)
    fan.expect(BIG)
    fan.add(BIG, big, parcel(1))
    assert not fan.turn()
    fan.expect(BIG)  # Somebody always writes.
    fan.add(BIG, big, parcel(2))
    fan.expect_less(BIG)
    while fan.turn():
        pass
    assert all(ear.heard == [b"1;2;"] for ear in ears)


def test_a_large_job_goes_on_when_what_was_being_written_comes_to_nothing() -> None:
    fan, (big, ears) = FanOut(), audience(SHORT + 1)
    fan.expect(BIG)
    fan.add(BIG, big, parcel(1))
    fan.turn()
    fan.expect_less(BIG)
    while fan.turn():
        pass
    assert all(ear.heard == [b"1;"] for ear in ears)


def test_a_large_job_does_not_wait_for_ever_for_writes_that_come_to_nothing() -> None:
    fan, (big, ears) = FanOut(), audience(SHORT + 1)
    fan.expect(BIG)
    fan.add(BIG, big, parcel(1))
    fan.turn()
    fan.expect(BIG)  # Somebody repeats what they said, over and over.
    fan.expect_less(BIG)
    while fan.turn():
        pass
    assert all(ear.heard == [b"1;"] for ear in ears)


def test_nobody_in_a_small_topic_waits_for_what_is_being_written_to_it() -> None:
    fan, (small, ears) = FanOut(), audience(SHORT)
    fan.expect(SMALL)
    fan.add(SMALL, small, parcel(1))
    assert heard(ears) == SHORT
