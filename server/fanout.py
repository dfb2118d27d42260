"""Fan-out as jobs with a cursor: what is to be sent to the connections that follow a topic, a bounded piece a turn.

All frames of a topic that wait when its job begins go to each recipient in one piece, so a busy topic costs one write
for many entries. Short jobs go first; order within a topic is kept because a topic has one job at a time.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from protocol.ids import Seq, TopicId
from server.outcomes import Subscriber

SHORT = 64  # Recipients up to which a job is done in one go, before any longer one.
TURN = 256  # Recipients a turn: what comes for a small chat meanwhile does not wait for all of a large group.


class Parcel(msgspec.Struct, frozen=True):
    """One entry's frame for everybody; but those for whom `misses` holds get `elided` in its place."""

    seq: Seq
    frame: bytes
    elided: bytes = b""
    misses: Callable[[Subscriber], bool] | None = None

    def copy(self, recipient: Subscriber) -> bytes:
        """Return what `recipient` gets."""
        return self.elided if self.misses is not None and self.misses(recipient) else self.frame


@dataclass(slots=True)
class Audience:
    """The connections that follow one topic. `late`: who already has the waiting entries up to that seq. `tags`: of an
    account, those of its followers who have one.
    """

    live: dict[Subscriber, None] = field(default_factory=dict)
    late: dict[Subscriber, Seq] = field(default_factory=dict)
    tags: dict[Subscriber, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Job:
    audience: Audience
    waiting: list[Parcel] = field(default_factory=list)
    parcels: tuple[Parcel, ...] = ()
    joined: bytes | None = None  # All parcels in one piece, when everybody gets the same.
    recipients: tuple[Subscriber, ...] = ()
    cursor: int = 0

    def begin(self) -> None:
        self.parcels, self.waiting = tuple(self.waiting), []
        self.recipients = tuple(self.audience.live)
        self.cursor = 0
        first = self.parcels[0].seq
        late = self.audience.late
        for subscriber in [subscriber for subscriber, seq in late.items() if seq < first]:
            del late[subscriber]
        plain = not late and not any(parcel.misses for parcel in self.parcels)
        self.joined = b"".join(parcel.frame for parcel in self.parcels) if plain else None

    def advance(self, most: int) -> int:
        """Serve at most `most` further recipients; return how many."""
        begin, end = self.cursor, min(self.cursor + most, len(self.recipients))
        live = self.audience.live
        if self.joined is not None:
            joined = self.joined
            for recipient in self.recipients[begin:end]:
                if recipient in live:
                    recipient.push(joined)
        else:
            for recipient in self.recipients[begin:end]:
                if recipient in live:
                    self._pick(recipient)
        self.cursor = end
        return end - begin

    def _pick(self, recipient: Subscriber) -> None:
        had = self.audience.late.get(recipient, 0)
        for parcel in self.parcels:
            if parcel.seq > had:
                recipient.push(parcel.copy(recipient))


class FanOut:
    """The jobs of all topics."""

    def __init__(self) -> None:
        self._jobs: dict[TopicId, _Job] = {}
        self._short: deque[TopicId] = deque()
        self._long: deque[TopicId] = deque()
        self._spent = 0  # Recipients served at once, since the last turn.

    def add(self, topic: TopicId, audience: Audience, parcel: Parcel) -> None:
        """Send `parcel` to all of `audience`, after what was added for `topic` before."""
        job = self._jobs.get(topic)
        if job is None:
            if len(audience.live) <= SHORT and self._spent < TURN and not audience.late:
                # Nothing to wait for: no need of a job. Not even when some get another frame, for that would tell who
                # is blocked that they are: their own entry would come later than it used to.
                self._spent += len(audience.live)
                for recipient in audience.live:
                    recipient.push(parcel.copy(recipient) if parcel.misses else parcel.frame)
                return
            job = self._jobs[topic] = _Job(audience)
            self._line(job).append(topic)
        job.audience = audience  # Another one, if all who followed the topic when the job began are gone.
        job.waiting.append(parcel)

    def busy(self, topic: TopicId) -> bool:
        """Say whether anything of `topic` is still to be sent."""
        return topic in self._jobs

    def turn(self) -> bool:
        """Serve at most `TURN` recipients, short jobs first; say whether work is left.

        However many short jobs there are, the long ones get on, by `SHORT` recipients a turn at least.
        """
        left = TURN - self._spent
        self._spent = 0
        while left > 0 and self._short:
            left -= self._run(self._short.popleft(), SHORT)
        left = max(left, SHORT)
        while left > 0 and self._long:
            left -= self._run(self._long.popleft(), left)
        return bool(self._jobs)

    def _run(self, topic: TopicId, most: int) -> int:
        job = self._jobs[topic]
        if not job.recipients:
            job.begin()
        served = job.advance(most)
        if job.cursor < len(job.recipients):
            self._long.append(topic)
            return served
        job.recipients = ()
        if job.waiting:
            self._line(job).append(topic)
        else:
            del self._jobs[topic]
            job.audience.late.clear()
        return served + 1  # A job without recipients is work, too.

    def _line(self, job: _Job) -> deque[TopicId]:
        return self._short if len(job.audience.live) <= SHORT else self._long
