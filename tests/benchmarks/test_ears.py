"""What is heard in a room: bytes in, counts out, however the streams are split and whoever is ahead."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fanout.ears import Ears
from benchmarks.fanout.order import Advance, Order
from benchmarks.systems.base import BODY_BYTES, Heard, body
from benchmarks.systems.limit import Stream

MEMBERS, SAID = 4, 5


def ears(*, alike: bool = True, said: int = 0) -> Ears:
    streams: list[Heard] = [Stream() for _ in range(MEMBERS)]
    return Ears(streams, alike=alike, said=said)


def stream(numbers: Iterable[int]) -> bytes:
    return b"".join(body(1, number) for number in numbers)


def split(data: bytes, at: Iterable[int]) -> list[bytes]:
    cuts = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[begin:end] for begin, end in pairwise(cuts)]


# A sequence.


def test_what_comes_in_order_lacks_nothing() -> None:
    order = Order(7)
    for number in (8, 9, 10):
        order.take(number)
    assert (order.head, order.missing, order.twice, order.late) == (10, set(), 0, 0)


def test_a_gap_is_missing_until_it_comes_late() -> None:
    order = Order(0)
    for number in (1, 4, 3):
        order.take(number)
    assert (order.head, order.missing, order.late) == (4, {2}, 1)


def test_what_comes_again_is_there_twice() -> None:
    order = Order(0)
    for number in (1, 2, 2, 1):
        order.take(number)
    assert (order.head, order.twice) == (2, 2)


@given(st.lists(st.integers(1, 30)))
def test_all_that_came_is_counted_once_and_all_else_is_missing_or_twice(numbers: list[int]) -> None:
    order = Order(0)
    for number in numbers:
        order.take(number)
    assert order.missing == set(range(1, order.head + 1)) - set(numbers)
    assert order.twice == len(numbers) - len(set(numbers))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5))))
def test_all_are_as_far_as_the_last_one_is(steps: list[tuple[int, int]]) -> None:
    advance, at = Advance(3, 10), [10, 10, 10]
    for who, step in steps:
        at[who] += step
        advance.move(who, at[who])
        assert advance.low == min(at)
    assert advance.at == at


# A room whose members all get the same.


@given(st.data())
def test_all_is_heard_however_streams_are_split_and_whoever_is_ahead(data: st.DataObject) -> None:
    heard = ears(said=3)
    sent = stream(range(4, 4 + SAID))
    places = st.lists(st.integers(0, len(sent)), max_size=6)
    pieces = [split(sent, data.draw(places)) for _ in range(MEMBERS)]
    turns = data.draw(st.permutations([who for who in range(MEMBERS) for _ in pieces[who]]))
    for who in turns:
        heard.take(who, pieces[who].pop(0))
    assert heard.advance.low == 3 + SAID
    assert (heard.lost(3 + SAID), heard.twice, heard.late, heard.odd) == (0, 0, 0, 0)


def test_somebody_who_is_ahead_is_heard_once_the_others_are() -> None:
    heard = ears()
    heard.take(3, stream([1, 2]))
    assert heard.advance.at == [0, 0, 0, 0]
    heard.take(1, stream([1]))
    assert heard.advance.at == [0, 1, 0, 1]
    heard.take(1, stream([2]))
    assert heard.advance.at == [0, 2, 0, 2]


def test_half_a_message_is_not_heard() -> None:
    heard = ears()
    heard.take(1, stream([1]))
    heard.take(2, stream([1])[: BODY_BYTES - 1])
    assert heard.advance.at == [0, 1, 0, 0]


@given(st.lists(st.integers(0, 4 * BODY_BYTES), max_size=6))
def test_one_who_lacks_something_that_the_others_have_is_told_apart(places: list[int]) -> None:
    heard = ears()
    for who in (0, 1, 3):
        heard.take(who, stream(range(1, SAID + 1)))
    for piece in split(stream([1, 2, 4, 5]), places):
        heard.take(2, piece)
    assert (heard.lost(SAID), heard.twice, heard.odd) == (1, 0, 1)
    assert heard.advance.low == SAID


def test_one_who_gets_something_twice_is_told_apart() -> None:
    heard = ears()
    for who in (0, 1, 2, 3):
        heard.take(who, stream([1, 2, 2, 3] if who == 3 else [1, 2, 3]))
    assert (heard.lost(3), heard.twice, heard.odd) == (0, 1, 1)


def test_one_who_gets_the_same_in_another_order_has_it_late() -> None:
    heard = ears()
    for who in (0, 1, 2, 3):
        heard.take(who, stream([1, 3, 2] if who == 2 else [1, 2, 3]))
    assert (heard.lost(3), heard.twice, heard.late) == (0, 0, 1)


def test_what_nobody_got_is_lost_to_each_of_them() -> None:
    heard = ears()
    for who in range(MEMBERS):
        heard.take(who, stream([1, 3]))
    assert heard.lost(3) == MEMBERS
    assert heard.odd == 0


def test_what_has_not_come_to_the_end_is_lost() -> None:
    heard = ears()
    for who in range(MEMBERS):
        heard.take(who, stream([1, 2] if who else [1]))
    assert heard.lost(3) == 2 + 3 * 1


def test_the_speaker_may_get_other_bytes_than_the_others() -> None:
    class Framed(Stream):
        def feed(self, data: bytes) -> list[bytes]:
            return super().feed(data.replace(b"ack", b""))

    heard = Ears([Framed(), Stream(), Stream()], alike=True, said=0)
    heard.take(0, b"ack" + stream([1]))
    for who in (1, 2):
        heard.take(who, stream([1]))
    assert heard.advance.low == 1
    assert heard.odd == 0


def test_a_tenth_is_sampled_and_when_they_came_how_far_is_known() -> None:
    heard = ears()
    heard.take(1, stream([1]))
    heard.take(2, stream([1]))
    heard.take(1, stream([2, 3]))
    assert [(begin, end) for _, begin, end in heard.passed] == [(0, 1), (1, 3)]


# A room in which everybody gets bytes of their own.


@given(st.data())
def test_streams_that_differ_are_each_read(data: st.DataObject) -> None:
    heard = ears(alike=False)
    places = st.lists(st.integers(0, SAID * BODY_BYTES), max_size=4)
    for who in range(MEMBERS):
        numbers = [number for number in range(1, SAID + 1) if number != who]
        for piece in split(stream(numbers), data.draw(places)):
            heard.take(who, piece)
    assert heard.lost(SAID) == MEMBERS - 1
    assert heard.odd == 0
