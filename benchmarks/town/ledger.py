"""What was said, acked and received, noted by the clients as it happens, to be held against the server's log later.

Values in, counts and times out; times are seconds of one steady clock. No client and no server.
"""

import math
from collections import Counter
from dataclasses import dataclass

from blake3 import blake3

from protocol.entries import Entry, Kind
from protocol.ids import Cid, PersonId, Seq, TopicId


def digest(body: bytes | None) -> bytes:
    """Return what a body is recognised by; no body, as an erased one has none, is as good as an empty one."""
    return blake3(body or b"").digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One writing request as its author meant it. `target`: the cid of what an edit, recall or reaction is about."""

    by: PersonId
    place: str
    kind: Kind
    digest: bytes
    at: float
    target: Cid | None


@dataclass(frozen=True, slots=True)
class Ack:
    """Where the server says it has put an entry."""

    topic: TopicId
    seq: Seq


@dataclass(slots=True)
class Times:
    """Seconds of something that happens often: on standing lines, and where somebody had been away meanwhile."""

    steady: list[float]
    broken: list[float]


class Ledger:
    """All notes of one run."""

    def __init__(self) -> None:
        self.said: dict[Cid, Said] = {}
        self.acked: dict[Cid, Ack] = {}
        self.refused: dict[Cid, str] = {}
        self.received_twice: list[str] = []
        self.problems: list[str] = []
        self.acks = Times([], [])
        self.deliveries = Times([], [])
        self.reconnects = 0
        self.spoken: Counter[str] = Counter()  # By place.
        self.latest: dict[str, str] = {}  # The last line of each place.
        self._standing: dict[PersonId, float] = {}
        self._open: dict[Cid, Said] = {}

    @property
    def waiting(self) -> int:
        """How many requests have no answer yet, those in the outboxes of people who are offline among them."""
        return len(self._open)

    @property
    def under_way(self) -> int:
        """How many requests of people who are online have no answer yet."""
        return sum(self._standing.get(said.by, math.inf) <= said.at for said in self._open.values())

    @property
    def delivered(self) -> int:
        """How many entries have reached a device of somebody else than their author."""
        return len(self.deliveries.steady) + len(self.deliveries.broken)

    @property
    def online(self) -> int:
        """How many people are online, with all that happened before."""
        return sum(since < math.inf for since in self._standing.values())

    def stands(self, person: PersonId, *, at: float) -> None:
        """`person` is online and has caught up."""
        self._standing[person] = at

    def falls(self, person: PersonId) -> None:
        """`person` is offline."""
        self._standing[person] = math.inf

    def say(
        self,
        cid: Cid,
        by: PersonId,
        *,
        place: str,
        kind: Kind,
        body: bytes,
        at: float,
        target: Cid | None = None,
    ) -> None:
        """`by` wants this to be said."""
        said = Said(by=by, place=place, kind=kind, digest=digest(body), at=at, target=target)
        self.said[cid] = self._open[cid] = said
        self.spoken[place] += 1

    def ack(self, cid: Cid, topic: TopicId, seq: Seq, *, at: float) -> None:
        """The server says that `cid` is durable. Every ack of one cid has to say the same."""
        said = self.said.get(cid)
        self._open.pop(cid, None)
        if said is None:
            self.problems.append(f"an ack for what nobody said: {topic} {seq}")
        elif self.acked.setdefault(cid, Ack(topic, seq)) != Ack(topic, seq):
            self.problems.append(f"two answers for one cid: {self.acked[cid]}, then {topic} {seq}")
        else:
            self._time(self.acks, said, at=at, reader=said.by)

    def refuse(self, cid: Cid, code: str) -> None:
        """The server would not have `cid`."""
        self._open.pop(cid, None)
        self.refused[cid] = code

    def arrive(self, entry: Entry, reader: PersonId, *, at: float) -> None:
        """`entry` has come to `reader`'s device."""
        said = self.said.get(entry.cid) if entry.cid is not None else None
        if said is not None and said.by != reader:
            self._time(self.deliveries, said, at=at, reader=reader)

    def _time(self, times: Times, said: Said, *, at: float, reader: PersonId) -> None:
        away = math.inf
        since = max(self._standing.get(said.by, away), self._standing.get(reader, away))
        (times.steady if since <= said.at else times.broken).append(at - said.at)


def percentile(times: list[float], share: float) -> float:
    """Return the smallest of `times` that at least `share` of them do not exceed (nearest rank); none: NaN."""
    return sorted(times)[max(math.ceil(share * len(times)), 1) - 1] if times else math.nan
