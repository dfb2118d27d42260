"""The client's rule for one topic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.order import HELD, TopicOrder
from protocol.entries import Entry
from protocol.errors import GapError
from protocol.ids import Seq, TopicId


def entry(seq: int) -> Entry:
    return Entry(topic=TopicId("t" * 16), seq=Seq(seq))


def seqs(entries: list[Entry]) -> list[int]:
    return [each.seq for each in entries]


def test_the_next_entry_is_admitted() -> None:
    order = TopicOrder(Seq(4))
    assert seqs(order.admit(entry(5))) == [5]
    assert order.have == 5


@pytest.mark.parametrize("seq", [1, 4])
def test_a_repeat_gives_nothing(seq: int) -> None:
    assert TopicOrder(Seq(4)).admit(entry(seq)) == []


def test_an_early_entry_is_a_gap_and_is_released_when_the_gap_is_filled() -> None:
    order = TopicOrder(Seq(0))
    with pytest.raises(GapError) as caught:
        order.admit(entry(3))
    assert (caught.value.want, caught.value.got) == (1, 3)
    assert order.waiting
    assert seqs(order.admit(entry(1))) == [1]
    assert seqs(order.admit(entry(2))) == [2, 3]
    assert not order.waiting


def test_skipping_a_gap_releases_what_is_after_it_and_forgets_what_is_in_it() -> None:
    order = TopicOrder(Seq(0))
    for early in (3, 6):
        with pytest.raises(GapError):
            order.admit(entry(early))
    assert seqs(order.skip(Seq(5))) == [6]
    assert not order.waiting
    assert order.skip(Seq(2)) == []


def test_no_more_is_held_than_the_bound() -> None:
    order = TopicOrder(Seq(0))
    for early in range(2, HELD + 10):
        with pytest.raises(GapError):
            order.admit(entry(early))
    assert len(order.admit(entry(1))) == HELD + 1


@given(st.lists(st.integers(1, 30), max_size=80), st.integers(0, 10))
def test_whatever_order_they_come_in_each_is_shown_once_and_in_order(arrivals: list[int], have: int) -> None:
    order, shown = TopicOrder(Seq(have)), []
    for seq in arrivals:
        try:
            shown += seqs(order.admit(entry(seq)))
        except GapError as gap:
            if seq % 3 == 0:  # Sometimes the sync comes at once, sometimes more pushes come before it.
                for missing in range(gap.want, gap.got):
                    shown += seqs(order.admit(entry(missing)))
    assert shown == list(range(have + 1, order.have + 1))
