"""Staff at work: the queue of what is held, and decisions. Everything here is read from the public store alone."""

import hmac
from dataclasses import dataclass
from typing import Any

from compliance.bench import Bench
from protocol.accounts import AccountPush
from protocol.decisions import Span, Submission
from protocol.errors import ErrorCode
from protocol.public import SubmissionPush
from protocol.publications import Content, fields_of
from protocol.staff import (
    FOR_CHIEFS,
    ApplicationReply,
    ItemReply,
    OfficerAct,
    OfficerApplication,
    OfficerDecide,
    OfficerQueue,
    OfficerReview,
    OfficerShow,
    OnDutyReply,
    QueueReply,
    ReviewAct,
    StaffLogin,
    StaffRole,
)
from server.outcomes import NOT_FOUND, Answer, Appeared, AskPublic, Commit, Decision, GoOnDuty, OnDuty, Refuse, Tell
from server.passwords import token_digest
from server.store import account_writes
from server.store import public_writes as writes
from server.store.base import Officer, PublicReader

_BAD = Refuse(ErrorCode.BAD_CREDENTIALS, "no such staff code, or not its token")
_OFF_DUTY = Refuse(ErrorCode.NOT_ALLOWED, "you are no longer on duty, or a chief has to decide this")
_CHIEF = Refuse(ErrorCode.NOT_ALLOWED, "a chief has to decide this")
_ONE_ITEM = Refuse(ErrorCode.BAD_REQUEST, "name the `item`, or the `comment`, or `topic` and `seq`", field="item")
_NO_GROUND = Refuse(ErrorCode.BAD_REQUEST, "name one of the pack's grounds; `gate` lists them", field="ground")
_NO_FACTS = Refuse(ErrorCode.BAD_REQUEST, "a decision against somebody says the facts", field="facts")
_NAME_TAKEN = Refuse(ErrorCode.CONFLICT, "another account has this name by now: it can only be refused")
_ELSEWHERE = Refuse(ErrorCode.BAD_REQUEST, "it points at a place that is not in the text", field="where")
_FACTS = {OfficerAct.RELEASE: "An officer looked at it and released it.", OfficerAct.RESTORE: "It is restored."}
AGAINST = frozenset({OfficerAct.REJECT, OfficerAct.WITHDRAW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Officers:
    """The operations of staff. A person's name is nowhere in them."""

    bench: Bench

    def login(self, request: StaffLogin, at: int) -> Decision:
        """Sign an officer in on this connection."""
        digest = token_digest(request.token)

        def then(found: Officer | None) -> Decision:
            if found is None or not hmac.compare_digest(found.digest, digest):
                return _BAD
            officer = OnDuty(code=found.code, role=found.role)
            return GoOnDuty(officer, Answer(OnDutyReply(code=found.code, role=found.role)))

        return AskPublic(lambda reader: reader.officer(request.code), then)

    def queue(self, request: OfficerQueue, officer: OnDuty, at: int) -> Decision:
        """List what is to be decided, held items and applications, the oldest deadline first."""

        def query(reader: PublicReader) -> QueueReply | None:
            return reader.queue(request.limit) if reader.officer(officer.code) else None

        def then(found: QueueReply | None) -> Decision:
            return _OFF_DUTY if found is None else Answer(found)

        return AskPublic(query, then)

    def show(self, request: OfficerShow, officer: OnDuty, at: int) -> Decision:
        """Show one item: what its author wrote for the public, and what was decided about it."""
        named = [request.item, request.comment, request.topic].count(None)
        if named != 2 or (request.topic is None) is not (request.seq is None):
            return _ONE_ITEM

        def query(reader: PublicReader) -> tuple[bool, ItemReply | None]:
            if reader.officer(officer.code) is None:
                return False, None
            return True, reader.item(request.item, comment=request.comment, topic=request.topic, seq=request.seq)

        def then(found: tuple[bool, ItemReply | None]) -> Decision:
            on_duty, item = found
            if not on_duty:
                return _OFF_DUTY
            return NOT_FOUND if item is None else Answer(item)

        return AskPublic(query, then)

    def decide(self, request: OfficerDecide, officer: OnDuty, at: int) -> Decision:
        """Release, reject, withdraw or restore. The author is told at once, with all that a decision says."""
        if request.act in FOR_CHIEFS and officer.role is not StaffRole.CHIEF:
            return _CHIEF
        if request.act in AGAINST and request.ground not in self.bench.pack.grounds:
            return _NO_GROUND
        if request.act in AGAINST and not request.facts.strip():
            return _NO_FACTS
        if request.ground and request.ground not in self.bench.pack.grounds:
            return _NO_GROUND

        def found(item: ItemReply | None) -> Decision:
            if item is None:
                return NOT_FOUND
            if not _within(request.where, item.submission.content):
                return _ELSEWHERE
            earlier = item.submission.decision
            if earlier is None and not request.ground:  # What is held, or withdrawn, was decided about before.
                return _impossible(item.submission)
            return self._commit(request, officer, request.ground or (earlier.ground if earlier else ""), at)

        return AskPublic(lambda reader: reader.item(request.item), found)

    def application(self, request: OfficerApplication, officer: OnDuty, at: int) -> Decision:
        """Show one application: what it says, and what was decided about it."""

        def query(reader: PublicReader) -> tuple[bool, ApplicationReply | None]:
            return reader.officer(officer.code) is not None, reader.application(request.topic)

        def then(found: tuple[bool, ApplicationReply | None]) -> Decision:
            on_duty, application = found
            if not on_duty:
                return _OFF_DUTY
            return NOT_FOUND if application is None else Answer(application)

        return AskPublic(query, then)

    def review(self, request: OfficerReview, officer: OnDuty, at: int) -> Decision:
        """Approve an application, or refuse it with reasons (Art. 7 ¶1). Its owner is told at once."""
        refuses = request.act is ReviewAct.REFUSE
        if (refuses or request.ground) and request.ground not in self.bench.pack.grounds:
            return _NO_GROUND
        if refuses and not request.facts.strip():
            return _NO_FACTS
        write = account_writes.Review(
            topic=request.topic,
            act=request.act,
            officer=officer.code,
            ground=request.ground,
            facts=request.facts.strip(),
            at=at,
            bench=self.bench,
        )

        def then(outcome: Any) -> Decision:
            match outcome:
                case account_writes.Reviewed():
                    told = Tell(persons=(outcome.owner,), push=AccountPush(account=outcome.account))
                    return Answer(outcome.application, (told,))
                case account_writes.NotNow(state):
                    return Refuse(ErrorCode.CONFLICT, f"it is {state}: that cannot be done with it")
                case account_writes.NameTaken():
                    return _NAME_TAKEN
                case account_writes.OutOfPack(field):
                    return Refuse(ErrorCode.CONFLICT, f"the pack has no such {field} any more: it can only be refused")
                case writes.OffDuty():
                    return _OFF_DUTY
                case _:
                    return NOT_FOUND

        return Commit(write, then)

    def _commit(self, request: OfficerDecide, officer: OnDuty, ground: str, at: int) -> Decision:
        if ground not in self.bench.pack.grounds:  # It was decided on under another pack, or not at all.
            return _NO_GROUND
        write = writes.Decide(
            submission=request.item,
            act=request.act,
            officer=officer.code,
            ground=ground,
            facts=request.facts.strip() or _FACTS.get(request.act, ""),
            where=request.where,
            at=at,
            bench=self.bench,
        )

        def then(outcome: Any) -> Decision:
            match outcome:
                case writes.Concluded():
                    told = Tell(persons=(outcome.author,), push=SubmissionPush(submission=outcome.submission))
                    is_new = request.act is OfficerAct.RELEASE and outcome.submission.seq is not None
                    effects = (told, Appeared(outcome.submission)) if is_new else (told,)
                    return Answer(ItemReply(submission=outcome.submission, decisions=outcome.decisions), effects)
                case writes.NotPossible(submission):
                    return _impossible(submission)
                case writes.OffDuty():
                    return _OFF_DUTY
                case _:
                    return NOT_FOUND

        return Commit(write, then)


def _within(where: tuple[Span, ...], content: Content | None) -> bool:
    """Say whether every place in `where` is in `content`; words that are gone cannot be decided about anyway."""
    texts = fields_of(content) if content is not None else {}
    return content is None or all(span.start < span.end <= len(texts.get(span.path, "")) for span in where)


def _impossible(submission: Submission) -> Refuse:
    state = "withdrawn" if submission.withdrawn else submission.state
    return Refuse(ErrorCode.CONFLICT, f"it is {state}: that cannot be done with it")
