"""Carries what waits in the outbox to the server, oldest first on each side, and tells what came of it."""

from collections.abc import Callable

from client.cache import Cache
from client.connection import Connection
from client.errors import RefusedError
from client.events import Event, Held, Judged, NotSent, Postponed, Sent
from client.marks import ReadMarks
from client.outbox import Posting, Waiting
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.frames import Appended, Done, People, Reply, Send
from protocol.ids import Cid, Seq, TopicId
from protocol.public import Publish
from protocol.publications import ARTICLES, Surface

POSTPONED_MS = 60_000  # What can be taken only later than that is refused: nothing else may wait behind it so long.
CLAIMED_SECONDS = 0.3  # Another process of this profile is sending: look again after so long.
_COUNTED = ARTICLES | {Surface.GROUP_MESSAGE}
JUDGING_SECONDS = 0.5  # What is being judged already is asked about again after so long, if nothing was pushed.


class Courier:
    """One session's way out. `owner` names this session among those that share the outbox."""

    def __init__(self, cache: Cache, marks: ReadMarks, owner: str, now: Callable[[], int]) -> None:
        self._cache, self._outbox, self._marks = cache, cache.outbox, marks
        self._owner, self._now = owner, now
        self._awaited: dict[Cid, Reply | None] = {}
        self._carrying: set[Side] = set()
        self._pauses: dict[Side, float] = {}

    @property
    def is_carrying(self) -> bool:
        """Whether something is on its way."""
        return bool(self._carrying)

    def pause(self, side: Side) -> float:
        """Return how many seconds to wait before the next of `side` is carried."""
        return self._pauses.get(side, 0.0)

    def expect(self, cid: Cid) -> None:
        """Somebody will ask for the outcome of `cid`."""
        self._awaited.setdefault(cid, None)

    def forget(self, cid: Cid) -> None:
        """Nobody asks for the outcome of `cid` any more."""
        self._awaited.pop(cid, None)

    def outcome(self, cid: Cid) -> Appended | RefusedError | None:
        """Return what came of `cid`, whichever process sent it; None: nothing yet."""
        done = self._awaited.get(cid)
        if not isinstance(done, Appended):
            done = self._cache.appended(cid)
        return done if done is not None else self._refused(cid)

    def answer(self, cid: Cid) -> Reply | RefusedError | None:
        """Return what `cid`, which is in no topic, was answered with; `Done` if another process was. None: not yet."""
        done = self._awaited.get(cid) or self._refused(cid)
        return done if done is not None or self._outbox.holds(cid) else Done()

    def verdict(self, cid: Cid) -> Submission | RefusedError | None:
        """Return what came of what was to be published as `cid`, whichever process sent it; None: nothing yet."""
        submission = self._cache.submissions.of(cid)
        if submission is not None and submission.state is not SubmissionState.WAITING:
            return submission
        return self._refused(cid)

    def _refused(self, cid: Cid) -> RefusedError | None:
        refusal = self._outbox.refusal(cid)
        return RefusedError(*refusal) if refusal else None

    def settled(self, cid: Cid, topic: TopicId, seq: Seq) -> list[Event]:
        """`cid` is durable: by its ack, or because its entry has come. Whichever is first takes it out.

        What was to be published stays until the server has said what became of it: its author is to know that.
        """
        if self._outbox.is_publication(cid):
            return []
        return [Sent(cid, topic, seq)] if self._outbox.drop(cid) else []

    def submitted(self, submission: Submission) -> list[Event]:
        """Take in what has become of a submission, by its reply or by a push. Told once, whichever is first."""
        before = self._cache.submissions.of(submission.cid)
        is_news = self._cache.submissions.put(submission)
        if submission.state is SubmissionState.WAITING:
            return []
        events: list[Event] = []
        was_waiting = self._outbox.drop(submission.cid)
        published = submission.state is SubmissionState.PUBLISHED
        if was_waiting and published and submission.topic is not None and submission.seq is not None:
            events.append(Sent(submission.cid, submission.topic, submission.seq))
        was_undecided = before is None or before.state is SubmissionState.WAITING
        if not is_news or (published and was_undecided and submission.decision is None):
            return events  # Published at once, as it was: nothing was decided about it.
        return [*events, Held(submission) if submission.state is SubmissionState.HELD else Judged(submission)]

    async def carry(self, connection: Connection, side: Side) -> list[Event]:
        """Send the oldest row of `side` and say what came of it; nothing, if another has it. See `pause` afterwards.

        Raises:
            ConnectionLostError: It may have been stored or not; it stays, and its cid makes the repeat safe.
        """
        waiting = self._outbox.claim(self._owner, side, now=self._now())
        if waiting is None:
            self._pauses[side] = CLAIMED_SECONDS
            return []
        self._pauses[side] = 0.0
        self._carrying.add(side)
        try:
            return await self._deliver(connection, waiting, side)
        finally:
            self._carrying.remove(side)

    async def _deliver(self, connection: Connection, waiting: Waiting, side: Side) -> list[Event]:
        try:
            request = await self._addressed(connection, waiting)
            in_step = self._has_read_all(request)
            if isinstance(request, Publish):
                return await self._publish(connection, request, in_step)
            done = await connection.request(request)
        except RefusedError as refused:
            if refused.retry_after_ms is not None and refused.retry_after_ms <= POSTPONED_MS:
                self._pauses[side] = refused.retry_after_ms / 1000
                self._outbox.release(self._owner, waiting.cid)
                return [Postponed(waiting.cid, refused.code, refused.message, self._pauses[side])]
            self._outbox.refuse(waiting.cid, refused.code, refused.message)
            return [NotSent(waiting.cid, refused.code, refused.message)]
        if waiting.cid in self._awaited:
            self._awaited[waiting.cid] = done
        if not isinstance(done, Appended):
            self._outbox.drop(waiting.cid)
            return []
        return self.settled(waiting.cid, done.topic, done.seq) + self._read_own(done.topic, done.seq, in_step)

    async def _publish(self, connection: Connection, request: Publish, in_step: int | None) -> list[Event]:
        submission = (await connection.request(request)).submission
        events = self.submitted(submission)
        if submission.state is SubmissionState.WAITING:  # An earlier try of ours is still being judged.
            self._pauses[Side.PUBLIC] = JUDGING_SECONDS
            self._outbox.release(self._owner, request.cid)
        if submission.topic is None or submission.seq is None:
            return events
        return events + self._read_own(submission.topic, submission.seq, in_step)

    def _read_own(self, topic: TopicId, seq: Seq, in_step: int | None) -> list[Event]:
        """One's own message counts as unread until it is marked; who had read all before it has read it too."""
        return self._marks.put(topic, seq) if in_step == seq - 1 else []

    async def _addressed(self, connection: Connection, waiting: Waiting) -> Posting:
        if waiting.handle is None or not isinstance(waiting.request, Send):
            return waiting.request
        person = self._cache.person(waiting.handle)
        if person is None:
            people = (await connection.request(People(id=0, handles=(waiting.handle,)))).people
            self._cache.learn(people)
            if not people:
                raise RefusedError(ErrorCode.NOT_FOUND, f"nobody is called {waiting.handle}")
            person = people[0].person
        return self._outbox.address(waiting.cid, waiting.request, person)

    def _has_read_all(self, request: Posting) -> int | None:
        """Return the head of the topic `request` is a message to, if all up to there is read; else None."""
        match request:
            case Send(topic=str() as topic):
                summary = self._cache.topic(topic)
            case Publish(topic=str() as topic, surface=surface, target=None) if surface in _COUNTED:
                summary = self._cache.topic(topic)
            case Send(to=str() as to):
                summary = self._cache.chat_with(to)
            case _:
                return None
        if summary is None:
            return 0
        return summary.head if summary.unread == 0 else None
