"""Publishing: what somebody wants to say publicly is kept, judged, and answered with what became of it.

Here is decided only who may submit what where. What the gate makes of it is decided elsewhere, and written down there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compliance.bench import Bench
from compliance.stages import Stopped
from protocol import publications
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Kind, Role, Standing, TopicKind
from protocol.errors import ErrorCode
from protocol.handles import skeleton
from protocol.ids import SubmissionId, new_id
from protocol.limits import BODY_BYTES
from protocol.limits import PLACE_NAME_CHARS as NAME_CHARS
from protocol.public import (
    Publish,
    ReceiptReply,
    ShowReceipt,
    SubmissionPush,
    SubmissionReply,
    Submissions,
    SubmissionsReply,
    TakeBack,
)
from protocol.publications import TEXT_CHARS, Surface, is_name
from server.outcomes import (
    INTERNAL,
    NOT_FOUND,
    UNAVAILABLE,
    Answer,
    AskPublic,
    Caller,
    Commit,
    Compute,
    Decision,
    NoRoom,
    Refuse,
    Tell,
    With,
)
from server.posting import CONFLICT, Drafts
from server.store import public_writes as writes
from server.store.base import SubmittedBefore, TargetVersion
from server.store.writes import Conflict
from server.topics import Bar, Member, TopicState, barred

Judge = Callable[[writes.Case, Callable[[Any], None]], None]
ENVELOPE_BYTES = 1024  # What the labels and the version may add to the content in an entry's body.
NAMES = frozenset({Surface.GROUP_NAME, Surface.GROUP_SCREEN_NAME})
BASED = frozenset(Surface) - {Surface.GROUP_MESSAGE}  # Texts with one current version, which a new one replaces.

_EMPTY = Refuse(ErrorCode.BAD_REQUEST, "there is nothing in it to publish", field="content")
_LONG = Refuse(ErrorCode.BAD_REQUEST, "it is too long for one publication of its kind", field="content")
_NAME = Refuse(ErrorCode.BAD_REQUEST, "a name is one line, without control or format characters", field="content")
_TEXT_ONLY = Refuse(ErrorCode.BAD_REQUEST, "this surface takes a `text` and nothing else", field="content")
_CARD_TITLE = Refuse(ErrorCode.BAD_REQUEST, "a card has a `title`, the screen name", field="content.title")
_CATEGORY = Refuse(ErrorCode.BAD_REQUEST, "the pack has no such category; `gate` lists them", field="content.category")
_NO_TOPIC = Refuse(ErrorCode.BAD_REQUEST, "name the `topic`", field="topic")
_CARD_TOPIC = Refuse(ErrorCode.BAD_REQUEST, "a card is published without a `topic`", field="topic")
_MESSAGES_ONLY = Refuse(ErrorCode.BAD_REQUEST, "only a message has a `target` or answers another", field="target")
_BASE = Refuse(ErrorCode.BAD_REQUEST, "an edit names its `target` and the version it is made from", field="base")
_MUTED = Refuse(ErrorCode.MUTED, "you may read here, but not publish for now")
_NOT_ALLOWED = Refuse(ErrorCode.NOT_ALLOWED, "your role in this group does not allow that")
_NOT_YOURS = Refuse(ErrorCode.NOT_ALLOWED, "this is not yours to change")
_SUPERSEDED = Refuse(ErrorCode.SUPERSEDED, "there is another version by now: look at it first", field="base")
_DECIDED = Refuse(ErrorCode.TOO_LATE, "only what is waiting or held can be taken back")
_BARS = {Bar.MUTED: _MUTED, Bar.NOT_ALLOWED: _NOT_ALLOWED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """`judge` takes a submission through the gate and calls back with what became of it. `slice_bytes`: of a reply."""

    drafts: Drafts
    bench: Bench
    judge: Judge
    slice_bytes: int

    def publish(self, request: Publish, caller: Caller, at: int) -> Decision:
        """Submit a publication, have it judged, and answer with what became of it."""
        refusal = self._malformed(request)
        if refusal is not None:
            return refusal
        if request.surface is Surface.CARD:
            return self._submit(request, caller, at)
        if request.topic is None:
            return _NO_TOPIC
        return With(request.topic, lambda topic: self._in_group(request, caller, topic, at))

    def again(self, request: Publish, caller: Caller, refusal: Refuse) -> Decision:
        """Return what became of it if it was submitted before; else `refusal`."""

        def then(before: SubmittedBefore | None) -> Decision:
            if before is None:
                return refusal
            there = request.topic in {None, before.submission.topic}
            same = there and before.digest == self.drafts.digest(request)
            return Answer(SubmissionReply(submission=before.submission)) if same else CONFLICT

        return AskPublic(lambda reader: reader.submitted(caller.person, request.cid), then)

    def take_back(self, request: TakeBack, caller: Caller, at: int) -> Decision:
        """Give an author back what has not appeared yet. This is never judged."""

        def then(outcome: Any) -> Decision:
            match outcome:
                case writes.Concluded():
                    return _answer(outcome.submission, caller)
                case writes.NotPossible(submission):
                    gone = submission.state is SubmissionState.TAKEN_BACK
                    return Answer(SubmissionReply(submission=submission)) if gone else _DECIDED
                case _:
                    return NOT_FOUND

        return Commit(writes.TakeBack(submission=request.submission, author=caller.person, at=at), then)

    def submissions(self, request: Submissions, caller: Caller, at: int) -> Decision:
        """List what one has submitted, newest first."""

        def then(found: SubmissionsReply) -> Decision:
            return Answer(found)

        return AskPublic(
            lambda reader: reader.own(
                caller.person, before=request.before, limit=request.limit, reply_bytes=self.slice_bytes
            ),
            then,
        )

    def receipt(self, request: ShowReceipt, caller: Caller, at: int) -> Decision:
        """Give an author every leaf of the audit log about what they submitted, with its proof."""

        def then(found: ReceiptReply | None) -> Decision:
            return NOT_FOUND if found is None else Answer(found)

        return AskPublic(lambda reader: reader.receipt(caller.person, request.submission), then)

    def _malformed(self, request: Publish) -> Refuse | None:
        content, surface = request.content, request.surface
        if surface is Surface.CARD:
            if request.topic is not None:
                return _CARD_TOPIC
            if not content.title.strip():
                return _CARD_TITLE
        if publications.is_empty(content) and surface is not Surface.CARD and surface not in BASED:
            return _EMPTY
        if surface in BASED and (content.parts or content.category or (content.title and surface is not Surface.CARD)):
            return _TEXT_ONLY
        if content.category and content.category not in self.bench.pack.categories:
            return _CATEGORY
        if len(content.text) > TEXT_CHARS[surface] or (surface is Surface.CARD and len(content.title) > NAME_CHARS):
            return _LONG
        if len(publications.encode_content(content)) > BODY_BYTES - ENVELOPE_BYTES:
            return _LONG
        if not is_name(content.title if surface is Surface.CARD else content.text if surface in NAMES else ""):
            return _NAME
        if surface in BASED and (request.target is not None or request.reply_to is not None):
            return _MESSAGES_ONLY
        if surface not in BASED and (request.target is None) is not (request.base is None):
            return _BASE
        return None

    def _in_group(self, request: Publish, caller: Caller, topic: TopicState | None, at: int) -> Decision:
        member = topic.members.get(caller.person) if topic is not None else None
        if topic is None or topic.kind is not TopicKind.GROUP or member is None:
            return NOT_FOUND
        if member.standing is not Standing.MEMBER:
            return NOT_FOUND
        bar = _bar(request.surface, topic, member, at)
        if bar is not None:
            return _BARS[bar]
        if request.reply_to is not None and not self._may_see(topic, member, request.reply_to):
            return NOT_FOUND
        if request.target is None:
            return self._submit(request, caller, at)
        place, target = topic.topic, request.target

        def then(found: TargetVersion | None) -> Decision:
            if found is None or found.kind != Kind.MESSAGE:
                return NOT_FOUND
            if found.author != caller.person:
                return _NOT_YOURS
            return self._submit(request, caller, at) if found.version == request.base else _SUPERSEDED

        return AskPublic(lambda reader: reader.target(place, target), then)

    def _may_see(self, topic: TopicState, member: Member, seq: int) -> bool:
        first = 1 if topic.openness and topic.openness.history_open else member.start
        return first <= seq <= topic.head

    def _submit(self, request: Publish, caller: Caller, at: int) -> Decision:
        write = writes.Submit(
            submission=SubmissionId(new_id()),
            author=caller.person,
            handle=caller.handle,
            skeleton=skeleton(caller.handle),
            cid=request.cid,
            digest=self.drafts.digest(request),
            surface=request.surface,
            content=request.content,
            topic=request.topic,
            reply_to=request.reply_to,
            target=request.target,
            base=request.base,
            at=at,
            bench=self.bench,
        )

        def then(outcome: Any) -> Decision:
            match outcome:
                case writes.Accepted(case):
                    return Compute(
                        lambda done: self.judge(case, done),
                        lambda result: self._concluded(result, request, caller),
                        alone=False,
                    )
                case writes.Resubmitted(submission):
                    return Answer(SubmissionReply(submission=submission))
                case writes.Superseded():
                    return _SUPERSEDED
                case Stopped():
                    return Refuse(outcome.code, outcome.text)
                case Conflict():
                    return CONFLICT
                case _:
                    raise TypeError(f"a submission came back as {type(outcome).__name__}")

        return Commit(write, then)

    def _concluded(self, result: Any, request: Publish, caller: Caller) -> Decision:
        match result:
            case writes.Concluded():
                return _answer(result.submission, caller)
            case writes.TooManyHeld(most):
                return _too_many(most)
            case writes.Unjudged(retry_after_ms):
                text = "the gate could not judge this just now; nothing was kept"
                return Refuse(ErrorCode.GATE_UNAVAILABLE, text, retry_after_ms=retry_after_ms)
            case NoRoom():  # It is kept, and will be concluded when there is room: answered as a repeat would be.
                return self.again(request, caller, UNAVAILABLE)
            case _:
                return INTERNAL


def _bar(surface: Surface, topic: TopicState, member: Member, at: int) -> Bar | None:
    role: Role = member.role
    return barred(surface, role, muted_until=member.muted_until, silenced_until=topic.silenced_until, at=at)


def _answer(submission: Submission, caller: Caller) -> Decision:
    """Answer with what became of it, and tell the author's other devices."""
    told = Tell(persons=(caller.person,), push=SubmissionPush(submission=submission), not_here=True)
    return Answer(SubmissionReply(submission=submission), (told,))


def _too_many(most: int) -> Refuse:
    return Refuse(ErrorCode.TOO_MANY, f"{most} of your items are held already: take some back, or wait for a decision")
