"""The verdict finds every kind of fault, and none where there is none."""

from dataclasses import replace

import msgspec
import pytest

from benchmarks.town.ledger import Ledger
from benchmarks.town.verdict import Verdict, judge
from client.cache import Line
from protocol.entries import Entry, Kind
from protocol.ids import Cid, PersonId, Seq, TopicId

ANNA, BOB, TOPIC = PersonId("anna"), PersonId("bob"), TopicId("topic")
Log = tuple[Entry, ...]


def cid(number: int) -> Cid:
    return Cid(bytes([number]) * 16)


def lines(log: Log) -> tuple[Line, ...]:
    return tuple((entry.seq, entry.sender, entry.kind, entry.body) for entry in log)


class Case:
    """A small run in which all is well: three messages, the second recalled. Tests spoil one thing of it."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.log: Log = (
            Entry(topic=TOPIC, seq=Seq(1), kind=Kind.MESSAGE, sender=ANNA, cid=cid(1), body=b"one"),
            Entry(topic=TOPIC, seq=Seq(2), kind=Kind.MESSAGE, sender=BOB, cid=cid(2), erased=True),
            Entry(topic=TOPIC, seq=Seq(3), kind=Kind.RECALL, sender=BOB, cid=cid(3), target=Seq(2)),
            Entry(topic=TOPIC, seq=Seq(4), kind=Kind.MESSAGE, sender=ANNA, cid=cid(4), body=b"four"),
        )
        self.cached: tuple[Line, ...] | None = None
        for number, body in ((1, b"one"), (2, b"two"), (3, b""), (4, b"four")):
            entry = self.log[number - 1]
            assert entry.kind is not None
            assert entry.sender is not None
            target = cid(2) if number == 3 else None
            self.ledger.say(
                cid(number), entry.sender, place="square", kind=entry.kind, body=body, at=1.0, target=target
            )
            self.ledger.ack(cid(number), TOPIC, entry.seq, at=1.5)

    def change(self, seq: int, **fields: object) -> None:
        self.log = tuple(msgspec.structs.replace(entry, **fields) if entry.seq == seq else entry for entry in self.log)

    def verdict(self) -> Verdict:
        cached = lines(self.log) if self.cached is None else self.cached
        return judge(self.ledger, {"anna": {TOPIC: cached}}, {"anna": {TOPIC: self.log}})


@pytest.fixture
def case() -> Case:
    return Case()


def test_where_all_is_well_there_is_no_fault(case: Case) -> None:
    verdict = case.verdict()
    assert verdict.holds
    assert (verdict.acked, verdict.lost, verdict.duplicated, verdict.entries, verdict.equal_views) == (4, 0, 0, 4, 1)


def test_an_acked_message_that_is_not_in_the_log_is_lost(case: Case) -> None:
    case.log = case.log[:-1]
    assert case.verdict().lost == 1


def test_an_acked_message_at_another_number_is_lost(case: Case) -> None:
    case.change(1, cid=cid(4))
    assert case.verdict().lost == 1


def test_an_acked_message_with_another_body_is_lost(case: Case) -> None:
    case.change(4, body=b"for")
    assert case.verdict().lost == 1


def test_a_message_that_is_erased_without_a_recall_is_lost(case: Case) -> None:
    case.change(4, body=None, erased=True)
    assert case.verdict().lost == 1


def test_one_cid_twice_in_the_log_is_a_duplicate(case: Case) -> None:
    case.log = (*case.log, msgspec.structs.replace(case.log[0], seq=Seq(5)))
    assert case.verdict().duplicated == 1


def test_an_entry_that_came_twice_to_a_device_is_a_duplicate(case: Case) -> None:
    case.ledger.received_twice.append("anna: topic 1")
    assert case.verdict().duplicated == 1


@pytest.mark.parametrize("cached", [0, 1, 2])
def test_a_view_that_lacks_an_entry_is_not_equal(case: Case, cached: int) -> None:
    case.cached = (*lines(case.log)[:cached], *lines(case.log)[cached + 1 :])
    verdict = case.verdict()
    assert (verdict.views, verdict.equal_views) == (1, 0)
    assert f"the first, {cached + 1}:" in verdict.faults[0]


def test_a_view_in_which_a_recalled_body_stays_is_not_equal(case: Case) -> None:
    case.cached = tuple(line if line[0] != 2 else (*line[:3], b"two") for line in lines(case.log))
    assert case.verdict().equal_views == 0


def test_a_gap_in_the_numbers_is_a_fault(case: Case) -> None:
    case.log = (*case.log[:2], *case.log[3:])
    assert any("gap" in fault for fault in case.verdict().faults)


def test_a_log_that_does_not_begin_with_one_is_a_fault(case: Case) -> None:
    case.log = case.log[1:]
    assert any("begins with 2" in fault for fault in case.verdict().faults)


def test_an_entry_that_nobody_said_is_a_fault(case: Case) -> None:
    case.log = (*case.log, msgspec.structs.replace(case.log[0], seq=Seq(5), cid=cid(9)))
    assert [fault.split(":")[0] for fault in case.verdict().faults] == ["uncalled for"]


def test_what_was_said_and_never_acked_is_a_fault(case: Case) -> None:
    case.ledger.say(cid(5), ANNA, place="square", kind=Kind.MESSAGE, body=b"five", at=2.0)
    assert any("never acked" in fault for fault in case.verdict().faults)


def test_what_was_refused_is_a_fault(case: Case) -> None:
    case.ledger.say(cid(5), ANNA, place="square", kind=Kind.MESSAGE, body=b"five", at=2.0)
    case.ledger.refuse(cid(5), "not_allowed")
    assert [fault for fault in case.verdict().faults if fault.startswith("refused (not_allowed)")]


def test_a_verdict_with_a_fault_does_not_hold(case: Case) -> None:
    assert not replace(case.verdict(), faults=("something",)).holds
