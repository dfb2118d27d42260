"""What the demo's clients note, and the times that come of it."""

import math

import pytest

from benchmarks.town.ledger import Ledger, percentile
from protocol.entries import Entry, Kind
from protocol.ids import Cid, PersonId, Seq, TopicId

ANNA, BOB, TOPIC = PersonId("anna"), PersonId("bob"), TopicId("topic")
CID = Cid(b"1" * 16)


@pytest.fixture
def ledger() -> Ledger:
    """Both are online since second 1; Anna has said something at 2."""
    ledger = Ledger()
    ledger.stands(ANNA, at=1.0)
    ledger.stands(BOB, at=1.0)
    ledger.say(CID, ANNA, place="square", kind=Kind.MESSAGE, body=b"hello", at=2.0)
    return ledger


def arrived(cid: Cid = CID) -> Entry:
    return Entry(topic=TOPIC, seq=Seq(1), kind=Kind.MESSAGE, sender=ANNA, cid=cid, body=b"hello")


def test_a_delivery_to_somebody_who_was_there_all_the_time_is_steady(ledger: Ledger) -> None:
    ledger.arrive(arrived(), BOB, at=2.5)
    assert (ledger.deliveries.steady, ledger.deliveries.broken) == ([0.5], [])


def test_a_delivery_to_somebody_who_had_been_away_is_not(ledger: Ledger) -> None:
    ledger.falls(BOB)
    ledger.stands(BOB, at=3.0)
    ledger.arrive(arrived(), BOB, at=3.5)
    assert (ledger.deliveries.steady, ledger.deliveries.broken) == ([], [1.5])


def test_what_comes_back_to_its_author_is_no_delivery(ledger: Ledger) -> None:
    ledger.arrive(arrived(), ANNA, at=2.5)
    assert ledger.delivered == 0


def test_an_ack_ends_the_waiting(ledger: Ledger) -> None:
    assert (ledger.waiting, ledger.under_way) == (1, 1)
    ledger.ack(CID, TOPIC, Seq(1), at=2.25)
    assert (ledger.waiting, ledger.under_way) == (0, 0)
    assert ledger.acks.steady == [0.25]


def test_what_waits_for_somebody_to_come_online_is_not_under_way(ledger: Ledger) -> None:
    ledger.falls(ANNA)
    assert (ledger.waiting, ledger.under_way) == (1, 0)


def test_two_different_acks_of_one_cid_are_a_problem(ledger: Ledger) -> None:
    ledger.ack(CID, TOPIC, Seq(1), at=2.25)
    ledger.ack(CID, TOPIC, Seq(2), at=2.5)
    assert len(ledger.problems) == 1


def test_an_ack_of_what_nobody_said_is_a_problem(ledger: Ledger) -> None:
    ledger.ack(Cid(b"2" * 16), TOPIC, Seq(1), at=2.25)
    assert len(ledger.problems) == 1


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)])
def test_percentiles_are_by_nearest_rank(share: float, expected: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    assert math.isnan(percentile([], 0.5))
