"""What an account's operators have among themselves: drafts, what is scheduled, figures. No reader sees any of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from protocol.accounts import (
    Drafts,
    DropDraft,
    Figures,
    SaveDraft,
    Schedule,
    Scheduled,
    ScheduledReply,
    ScheduleReply,
    Unschedule,
)
from protocol.errors import ErrorCode
from protocol.frames import Done
from protocol.ids import is_cid
from protocol.limits import DRAFTS
from protocol.public import Publish
from server import posting
from server.days import day_of
from server.operating import as_operator
from server.operators import OperatorAct
from server.outcomes import NOT_FOUND, Answer, Ask, AskPublic, Caller, Commit, Decision, Refuse
from server.posting import CONFLICT
from server.scheduling import listed, packed, publication_of, shown
from server.store import backstage_writes as writes
from server.store.backstage_port import Item
from server.store.base import SubmittedBefore
from server.store.writes import Conflict, Stale, TargetGone, TooMany

YEAR_MS = 366 * 86_400_000  # A leap year: the same day next year is never too far.

_NO_CID = Refuse(ErrorCode.BAD_REQUEST, "a draft goes by a cid: a UUIDv7, as 16 bytes", field="draft")
_MANY_DRAFTS = Refuse(ErrorCode.TOO_MANY, f"the account has {DRAFTS} drafts already: drop some")
_MANY_ITEMS = Refuse(ErrorCode.TOO_MANY, f"the account has {DRAFTS} scheduled items already, failed ones counted")
_DUE = Refuse(ErrorCode.BAD_REQUEST, "`due` is in the future, and at most a year ahead", field="due")
_NO_TAG = Refuse(ErrorCode.BAD_REQUEST, "the account's profile offers no such tag", field="tag")
_DUE_NOW = Refuse(ErrorCode.TOO_LATE, "it is due, and being published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backstage:
    """`misshapen` says what is wrong with the shape of a publication. `zone`: whose days figures are of; `slice_bytes`:
    bound of one reply.
    """

    drafts: posting.Drafts
    misshapen: Callable[[Publish], Refuse | None]
    zone: tzinfo
    slice_bytes: int

    # Drafts.

    def show_drafts(self, request: Drafts, caller: Caller, at: int) -> Decision:
        """List the drafts of an account."""
        asked = Ask(
            lambda reader: reader.drafts(request.topic, before=request.before, reply_bytes=self.slice_bytes), Answer
        )
        return as_operator(request.topic, caller, OperatorAct.DRAFT, lambda _: asked)

    def save_draft(self, request: SaveDraft, caller: Caller, at: int) -> Decision:
        """Keep a draft, whatever it says."""
        if not is_cid(request.draft):
            return _NO_CID
        write = writes.PutDraft(
            account=request.topic,
            draft=request.draft,
            body=request.body,
            by=caller.person,
            at=at,
            most=DRAFTS,
        )

        def then(outcome: Any) -> Decision:
            return _MANY_DRAFTS if isinstance(outcome, TooMany) else Answer(Done())

        return as_operator(request.topic, caller, OperatorAct.DRAFT, lambda _: Commit(write, then))

    def drop_draft(self, request: DropDraft, caller: Caller, at: int) -> Decision:
        """Forget a draft."""
        write = writes.DropDraft(account=request.topic, draft=request.draft)
        return as_operator(request.topic, caller, OperatorAct.DRAFT, lambda _: Commit(write, lambda _: Answer(Done())))

    # What is scheduled.

    def schedule(self, request: Schedule, caller: Caller, at: int) -> Decision:
        """Keep what is to be published when due. Its shape is looked at now; all else when it is published."""
        refusal = self.misshapen(publication_of(request))
        if refusal is not None:
            return refusal
        return as_operator(request.topic, caller, OperatorAct.SCHEDULE, lambda _: self._plan(request, caller, at))

    def again(self, request: Schedule, caller: Caller, refusal: Refuse) -> Decision:
        """Answer a repeat that is refused now as the first time, also when it has been published since."""
        answer = Answer(ScheduleReply(item=shown(request, caller.person)))

        def planned(item: Item | None) -> Decision:
            if item is None:
                return AskPublic(lambda reader: reader.submitted(caller.person, request.cid), submitted)
            if item.by != caller.person:
                return refusal  # Whoever is no operator learns nothing of it, not even that it is there.
            return answer if item.digest == self.drafts.digest(request) else CONFLICT

        def submitted(before: SubmittedBefore | None) -> Decision:
            if before is None:
                return refusal
            there = before.submission.topic == request.topic
            return answer if there and before.digest == self.drafts.digest(publication_of(request)) else CONFLICT

        return Ask(lambda reader: reader.scheduled_item(request.topic, request.cid), planned)

    def scheduled(self, request: Scheduled, caller: Caller, at: int) -> Decision:
        """List what is scheduled, and what failed when it was due."""

        def then(found: tuple[tuple[Item, ...], bool]) -> Decision:
            items, complete = found
            return Answer(ScheduledReply(items=tuple(map(listed, items)), complete=complete))

        asked = Ask(
            lambda reader: reader.scheduled(request.topic, after=request.after, reply_bytes=self.slice_bytes), then
        )
        return as_operator(request.topic, caller, OperatorAct.SCHEDULE, lambda _: asked)

    def unschedule(self, request: Unschedule, caller: Caller, at: int) -> Decision:
        """Forget an item that is not due yet, or has failed."""

        def then(outcome: Any) -> Decision:
            match outcome:
                case TargetGone():
                    return NOT_FOUND
                case Stale():
                    return _DUE_NOW
                case _:
                    return Answer(Done())

        write = writes.Unplan(account=request.topic, item=request.item)
        return as_operator(request.topic, caller, OperatorAct.SCHEDULE, lambda _: Commit(write, then))

    # Figures.

    def figures(self, request: Figures, caller: Caller, at: int) -> Decision:
        """Say how many follow, read and share. Nobody can ask who."""
        since = day_of(at, self.zone, before=request.days - 1)
        asked = Ask(lambda reader: reader.figures(request.topic, seq=request.seq, since=since), Answer)
        return as_operator(request.topic, caller, OperatorAct.FIGURES, lambda _: asked)

    def _plan(self, request: Schedule, caller: Caller, at: int) -> Decision:
        if not at < request.due <= at + YEAR_MS:
            return _DUE
        write = writes.Plan(
            account=request.topic,
            item=request.cid,
            by=caller.person,
            handle=caller.handle,
            digest=self.drafts.digest(request),
            request=packed(request),
            due=request.due,
            most=DRAFTS,
        )

        def then(outcome: Any) -> Decision:
            match outcome:
                case Conflict():
                    return CONFLICT
                case TooMany():
                    return _MANY_ITEMS
                case _:
                    return Answer(ScheduleReply(item=shown(request, caller.person)))

        def offered(tags: tuple[str, ...] | None) -> Decision:
            return Commit(write, then) if request.tag in (tags or ()) else _NO_TAG

        if not request.tag:
            return Commit(write, then)
        return AskPublic(lambda reader: reader.offered(request.topic), offered)
