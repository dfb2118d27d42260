"""Fan-out as jobs with a cursor: what is to be sent to the connections that follow a topic, a bounded piece a turn.

All frames of a topic that wait when its job begins go to each recipient in one piece, so a busy topic costs one write
for many entries. Short jobs go first; order within a topic is kept because a topic has one job at a time.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import msgspec

from protocol.ids import Seq, TopicId
from server.audience import Audience
from server.outcomes import Subscriber

SHORT = 64  # Recipients up to which a job is done in one go, before any longer one.
AT_ONCE = 512  # Recipients of small audiences between two turns: they are written to once, with their own replies.
TURN = 64  # Recipients a turn: what comes for a small chat meanwhile does not wait for all of a large group.


Broadcast = Callable[[bytes, Sequence[Subscriber]], None]


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
class _Job:
    audience: Audience
    waiting: list[Parcel] = field(default_factory=list)
    parcels: tuple[Parcel, ...] = ()
    joined: bytes | None = None  # All parcels in one piece, when everybody gets the same.
    recipients: tuple[Subscriber, ...] = ()
    cursor: int = 0
    departures: int = 0  # Of the audience, when the recipients were taken.

    def begin(self) -> None:
        self.parcels, self.waiting = tuple(self.waiting), []
        self.recipients = tuple(self.audience.subscribers)
        self.departures = self.audience.departures
        self.cursor = 0
        self.audience.forget_late(self.parcels[0].seq)
        plain = not self.audience.late and not any(parcel.misses for parcel in self.parcels)
        self.joined = b"".join(parcel.frame for parcel in self.parcels) if plain else None

    def advance(self, most: int, broadcast: Broadcast) -> int:
        """Serve at most `most` further recipients; return how many."""
        begin = self.cursor
        recipients = self.recipients[begin : begin + most]
        self.cursor = begin + len(recipients)
        here: Sequence[Subscriber] = recipients
        if self.audience.departures != self.departures:
            following = self.audience.subscribers
            here = [recipient for recipient in recipients if recipient in following]
        if self.joined is not None:
            broadcast(self.joined, here)
        else:
            for recipient in here:
                self._pick(recipient)
        return len(recipients)

    def _pick(self, recipient: Subscriber) -> None:
        had = self.audience.late.get(recipient, 0)
        for parcel in self.parcels:
            if parcel.seq > had:
                recipient.push(parcel.copy(recipient))


def push_each(frame: bytes, recipients: Sequence[Subscriber]) -> None:
    """Push `frame` to each of `recipients`."""
    for recipient in recipients:
        recipient.push(frame)


class _Hold(Enum):
    """How far it is with a job that waits for a write: its turn is not over; it waits; a write is over since then."""

    BEGUN = auto()
    WAITING = auto()
    OVER = auto()


class FanOut:
    """The jobs of all topics. `broadcast` sends one frame to many."""

    def __init__(self, broadcast: Broadcast = push_each) -> None:
        self._broadcast = broadcast
        self._coming: dict[TopicId, int] = {}
        self._held: dict[TopicId, _Hold] = {}
        self._jobs: dict[TopicId, _Job] = {}
        self._short: deque[TopicId] = deque()
        self._long: deque[TopicId] = deque()
        self._spent = 0  # Recipients served without a job, since the last turn.

    def add(self, topic: TopicId, audience: Audience, parcel: Parcel) -> None:
        """Send `parcel` to all of `audience`, after what was added for `topic` before."""
        job = self._jobs.get(topic)
        if job is None:
            if len(audience) <= SHORT and self._spent < AT_ONCE and not audience.late:
                # Nothing to wait for: no need of a job. Not even when some get another frame, for that would tell who
                # is blocked that they are: their own entry would come later than it used to.
                self._spent += len(audience)
                for recipient in audience.subscribers:
                    recipient.push(parcel.copy(recipient) if parcel.misses else parcel.frame)
                return
            job = self._jobs[topic] = _Job(audience)
            if topic in self._coming:
                self._held[topic] = _Hold.BEGUN
            else:
                self._line(job).append(topic)
        if job.audience is not audience:  # All who followed the topic when the job began are gone.
            job.audience, job.departures = audience, -1
        job.waiting.append(parcel)

    def expect(self, topic: TopicId) -> None:
        """A write to `topic` is under way. A large job that would begin meanwhile waits for what comes of it, once."""
        self._coming[topic] = self._coming.get(topic, 0) + 1

    def expect_less(self, topic: TopicId) -> None:
        """One of the writes expected is over; what it gave has been added."""
        if self._held.get(topic) is _Hold.WAITING:
            self._held[topic] = _Hold.OVER  # Whatever it gave: who writes what comes to nothing holds up nobody twice.
        left = self._coming[topic] - 1
        if left:
            self._coming[topic] = left
        else:
            del self._coming[topic]

    def busy(self, topic: TopicId) -> bool:
        """Say whether anything of `topic` is still to be sent."""
        return topic in self._jobs

    def turn(self) -> bool:
        """Serve at most `TURN` recipients, short jobs first; say whether work is left.

        Whatever was sent without a job, a short one gets its turn; and however many short ones there are, the long
        ones get on, by `SHORT` recipients at least.
        """
        if self._held:
            self._let_go()
        left = max(TURN - self._spent, 1)
        self._spent = 0
        while left > 0 and self._short:
            left -= self._run(self._short.popleft(), SHORT)
        left = max(left, SHORT)
        while left > 0 and self._long:
            left -= self._run(self._long.popleft(), left)
        return bool(self._short or self._long)

    def _let_go(self) -> None:
        for topic, hold in list(self._held.items()):
            if hold is _Hold.OVER or topic not in self._coming:
                del self._held[topic]
                self._line(self._jobs[topic]).append(topic)
            else:
                self._held[topic] = _Hold.WAITING

    def _run(self, topic: TopicId, most: int) -> int:
        job = self._jobs[topic]
        if not job.recipients:
            job.begin()
        served = job.advance(most, self._broadcast)
        if job.cursor < len(job.recipients):
            self._long.append(topic)
            return served
        job.recipients = ()
        if job.waiting:
            self._line(job).append(topic)
        else:
            del self._jobs[topic]
            job.audience.forget_late()
        return served + 1  # A job without recipients is work, too.

    def _line(self, job: _Job) -> deque[TopicId]:
        return self._short if len(job.audience) <= SHORT else self._long
