"""Publishing: what somebody wants to say publicly is kept, judged, and answered with what became of it.

Here is decided only who may submit what where. What the gate makes of it is decided elsewhere, and written down there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compliance.bench import Bench
from compliance.stages import Stopped
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Kind, Role, Standing, TopicKind
from protocol.errors import ErrorCode
from protocol.handles import skeleton
from protocol.ids import SubmissionId, new_id
from protocol.public import (
    Publish,
    ReceiptReply,
    ShowReceipt,
    SubmissionPush,
    SubmissionReply,
    Submissions,
    TakeBack,
)
from protocol.publications import OF_ACCOUNTS, Surface
from server.forms import misshapen
from server.operating import as_operator, unless
from server.operators import ACT_OF, OperatorAct
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

_MUTED = Refuse(ErrorCode.MUTED, "you may read here, but not publish for now")
_NOT_ALLOWED = Refuse(ErrorCode.NOT_ALLOWED, "your role in this group does not allow that")
_NOT_YOURS = Refuse(ErrorCode.NOT_ALLOWED, "this is not yours to change")
_ELSEWHERE = Refuse(
    ErrorCode.BAD_REQUEST, "an edit goes to the surface that its target was published on", field="surface"
)
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
        refusal = misshapen(request, self.bench.pack)
        if refusal is not None:
            return refusal
        if request.topic is None or request.root is not None:  # In a place of one's own, or a comment, anybody may.
            return self._submit(request, caller, at)
        there = self._for_account if request.surface in OF_ACCOUNTS else self._in_group
        return With(request.topic, lambda topic: there(request, caller, topic, at))

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
        """List what one has submitted, or the operators of an account for it, newest first."""
        before, limit, account = request.before, request.limit, request.topic
        if account is None:
            return AskPublic(
                lambda reader: reader.own(caller.person, before=before, limit=limit, reply_bytes=self.slice_bytes),
                Answer,
            )
        asked = AskPublic(
            lambda reader: reader.submitted_for(account, before=before, limit=limit, reply_bytes=self.slice_bytes),
            Answer,
        )
        return as_operator(account, caller, OperatorAct.PUBLISH, lambda _: asked)

    def receipt(self, request: ShowReceipt, caller: Caller, at: int) -> Decision:
        """Give every leaf of the audit log about a submission, with its proof, to its author and fellow operators."""

        def then(found: ReceiptReply | None) -> Decision:
            return NOT_FOUND if found is None else Answer(found)

        return AskPublic(lambda reader: reader.receipt(caller.person, request.submission), then)

    def _for_account(self, request: Publish, caller: Caller, topic: TopicState | None, at: int) -> Decision:
        """Submit what an operator publishes for an account. An edit may be of what another of them has published."""
        refusal = unless(topic, caller.person, ACT_OF[request.surface])
        if refusal is not None:
            return refusal
        place, target = request.topic, request.target
        if target is None:
            return self._submit(request, caller, at)
        assert place is not None

        def then(found: TargetVersion | None) -> Decision:
            if found is None or found.kind not in {Kind.ARTICLE, Kind.BROADCAST}:
                return NOT_FOUND
            if found.surface is not request.surface:
                return _ELSEWHERE
            return self._submit(request, caller, at) if found.version == request.base else _SUPERSEDED

        return AskPublic(lambda reader: reader.target(place, target), then)

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
            tag=request.tag,
            reprintable=request.reprintable,
            source=request.source,
            root=request.root,
            answers=request.answers,
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
                case writes.Unfit():
                    return Refuse(outcome.code, outcome.text, outcome.retry_after_ms, outcome.field)
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
