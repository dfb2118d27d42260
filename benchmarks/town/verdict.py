"""Whether the town's log is what it has to be: the clients' notes and views held against what witnesses read.

Pure: values in, a list of faults out. A fault is a sentence; no fault means that everything holds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.town.ledger import Ledger, Said, digest
from client.cache import Line
from protocol.entries import Entry, Kind
from protocol.ids import Cid, Seq, TopicId

Logs = Mapping[TopicId, tuple[Entry, ...]]
Views = Mapping[TopicId, tuple[Line, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found. `faults` has all of it in words, the rest counts it by kind."""

    faults: tuple[str, ...]
    acked: int
    lost: int
    duplicated: int
    views: int
    equal_views: int
    entries: int
    topics: int
    dense: bool

    @property
    def holds(self) -> bool:
        """Whether there is nothing to find fault with."""
        return not self.faults


def judge(ledger: Ledger, views: Mapping[str, Views], witnesses: Mapping[str, Logs]) -> Verdict:
    """Hold what the devices noted (`ledger`) and cached (`views`, by handle) against what `witnesses` read."""
    log = whole_log(witnesses)
    lost = list(_lost(ledger, log))
    duplicated = [*_duplicated(log), *(f"received twice by {what}" for what in ledger.received_twice)]
    differing = {handle: list(_differing(handle, views[handle], logs)) for handle, logs in witnesses.items()}
    broken = list(_broken_numbers(witnesses, log))
    others = [*ledger.problems, *_unanswered(ledger), *broken, *_uncalled_for(ledger, log)]
    return Verdict(
        faults=(*lost, *duplicated, *(fault for faults in differing.values() for fault in faults), *others),
        acked=len(ledger.acked),
        lost=len(lost),
        duplicated=len(duplicated),
        views=len(differing),
        equal_views=sum(not faults for faults in differing.values()),
        entries=sum(map(len, log.values())),
        topics=len(log),
        dense=not broken,
    )


def whole_log(witnesses: Mapping[str, Logs]) -> dict[TopicId, tuple[Entry, ...]]:
    """Return each topic's log as the witness has it who sees most of it."""
    log: dict[TopicId, tuple[Entry, ...]] = {}
    for logs in witnesses.values():
        for topic, entries in logs.items():
            if _shown(entries) > _shown(log.get(topic, ())):
                log[topic] = entries
    return log


def _shown(entries: tuple[Entry, ...]) -> int:
    return sum(not entry.elided for entry in entries)


def _lost(ledger: Ledger, log: Logs) -> Iterator[str]:
    """Every ack names an entry with that cid, of that kind and body, at that number."""
    entries = {(entry.topic, entry.seq): entry for entries in log.values() for entry in entries}
    recalled = {said.target for cid, said in ledger.said.items() if said.kind is Kind.RECALL and cid in ledger.acked}
    for cid, ack in ledger.acked.items():
        said, entry = ledger.said[cid], entries.get((ack.topic, ack.seq))
        if entry is None or entry.cid != cid or entry.kind is not said.kind or entry.sender != said.by:
            yield f"lost: {_named(said)} was acked as {ack.topic} {ack.seq}, where there is {_shown_as(entry)}"
        elif entry.erased and not {cid, said.target} & recalled:
            yield f"lost: {_named(said)} at {ack.topic} {ack.seq} is erased, and nobody recalled it"
        elif not entry.erased and digest(entry.body) != said.digest:
            yield f"lost: {_named(said)} at {ack.topic} {ack.seq} has another body"


def _duplicated(log: Logs) -> Iterator[str]:
    """One cid is one entry."""
    cids = Counter(entry.cid for entries in log.values() for entry in entries if entry.cid is not None)
    for cid, times in cids.items():
        if times > 1:
            yield f"duplicated: cid {cid.hex()} is in the log {times} times"


def _differing(handle: str, views: Views, logs: Logs) -> Iterator[str]:
    """What a device has cached is, line by line, what a new device of the same person reads."""
    for topic in views.keys() | logs.keys():
        cached = {line[0]: line for line in views.get(topic, ())}
        read = {entry.seq: (entry.seq, entry.sender, entry.kind, entry.body) for entry in logs.get(topic, ())}
        different = sorted(seq for seq in cached.keys() | read.keys() if cached.get(seq) != read.get(seq))
        if different:
            first = different[0]
            yield (
                f"different view: {handle} has {len(different)} entries of {topic} otherwise than the log;"
                f" the first, {first}: {_line(cached.get(first))}, in the log {_line(read.get(first))}"
            )


def _broken_numbers(witnesses: Mapping[str, Logs], log: Logs) -> Iterator[str]:
    """Numbers rise by one from 1 in the log, and in what each person sees of it from their first one."""
    for topic, entries in log.items():
        if entries[0].seq != 1:
            yield f"the log of {topic} begins with {entries[0].seq}"
    for handle, logs in witnesses.items():
        for topic, entries in logs.items():
            numbers = [entry.seq for entry in entries]
            if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
                yield f"the numbers of {topic} have a gap, as {handle} reads it"


def _unanswered(ledger: Ledger) -> Iterator[str]:
    for cid, code in ledger.refused.items():
        yield f"refused ({code}): {_named(ledger.said[cid])}"
    for cid, said in ledger.said.items():
        if cid not in ledger.acked and cid not in ledger.refused:
            yield f"never acked: {_named(said)}"


def _uncalled_for(ledger: Ledger, log: Logs) -> Iterator[str]:
    """Nothing is in the log that nobody said."""
    for topic, entries in log.items():
        for entry in entries:
            if not entry.elided and (entry.cid is None or Cid(entry.cid) not in ledger.said):
                yield f"uncalled for: {topic} {entry.seq} is {_shown_as(entry)}, which nobody said"


def _named(said: Said) -> str:
    return f"{said.kind.value} by {said.by} in {said.place}"


def _shown_as(entry: Entry | None) -> str:
    return "nothing" if entry is None else f"{entry.kind or 'something hidden'} by {entry.sender}"


def _line(line: tuple[Seq, object, object, bytes | None] | None) -> str:
    return "missing" if line is None else f"{line[2]} by {line[1]}, {len(line[3] or b'')} bytes"
