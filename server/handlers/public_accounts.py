"""Public accounts: applying for one, and who runs it. What it says is published elsewhere.

An application is for reviewers alone: no hook is asked about it, and no reader and no search finds it.
"""

from dataclasses import dataclass
from typing import Any

from compliance.accounts import name_key
from compliance.bench import Bench
from compliance.stages import Stopped
from protocol.account_states import AccountState
from protocol.accounts import (
    AccountApply,
    AccountReply,
    AccountSubmit,
    AccountTakeBack,
    Acts,
    Application,
    Operator,
    Operators,
    OperatorsReply,
    OwnAccount,
    OwnAccounts,
    OwnAccountsReply,
    SetOperator,
)
from protocol.entries import Role
from protocol.errors import ErrorCode
from protocol.handles import skeleton
from protocol.ids import PersonId, TopicId, new_public_topic_id
from protocol.limits import ACCOUNTS_OF_ONE, OPERATORS
from protocol.publications import is_name
from server.operating import unless
from server.operators import APPOINTED, OperatorAct, role_in
from server.outcomes import (
    NOT_ACCEPTED,
    NOT_FOUND,
    Again,
    Answer,
    Ask,
    AskPublic,
    Caller,
    Commit,
    Decision,
    Refuse,
    With,
)
from server.posting import CONFLICT, Drafts
from server.store import account_writes as writes
from server.store.base import ChatLookup
from server.store.writes import Conflict, Posted, Stale, TooMany
from server.topics import TopicState

_BODY = Refuse(ErrorCode.BAD_REQUEST, "the pack has no such body; `gate` lists them", field="application.body")
_CATEGORY = Refuse(
    ErrorCode.BAD_REQUEST, "the pack has no such category; `gate` lists them", field="application.category"
)
_NAME = Refuse(
    ErrorCode.BAD_REQUEST,
    "a name is one line without control or format characters, and begins and ends with something one sees",
    field="application.name",
)
_OWNED = Refuse(ErrorCode.TOO_MANY, f"you have {ACCOUNTS_OF_ONE} accounts already, applications counted")
_TAKEN = Refuse(
    ErrorCode.CONFLICT, "another account has this name, or one that is taken for it", field="application.name"
)
_ROLE = Refuse(ErrorCode.BAD_REQUEST, "an operator is an `editor` or an `analyst`", field="role")
_OWNER_STAYS = Refuse(ErrorCode.NOT_ALLOWED, "an account's owner stays its owner")
_CROWDED = Refuse(ErrorCode.TOO_MANY, f"an account has {OPERATORS} operators at most")
_STATES = {
    AccountState.SUBMITTED: "it is being reviewed: take it back first",
    AccountState.REFUSED: "it is refused already",
    AccountState.APPROVED: "it is approved already",
    AccountState.ACTIVE: "it is approved already",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccounts:
    """The operations of those who apply for public accounts, and of their operators among themselves."""

    drafts: Drafts
    bench: Bench

    def apply(self, request: AccountApply, caller: Caller, at: int) -> Decision:
        """Keep what one applies with; nobody reviews it before it is submitted."""
        refusal = self._malformed(request.application)
        if refusal is not None:
            return refusal
        write = writes.Apply(
            topic=request.topic or new_public_topic_id(),
            new=request.topic is None,
            owner=caller.person,
            cid=request.cid,
            digest=self.drafts.digest(request),
            application=request.application,
            most=ACCOUNTS_OF_ONE,
            at=at,
            bench=self.bench,
        )
        return Commit(write, lambda outcome: _answer(outcome, caller, write.topic))

    def submit(self, request: AccountSubmit, caller: Caller, at: int) -> Decision:
        """Have it reviewed (Art. 7 ¶1), by when the pack says."""
        write = writes.SubmitApplication(
            topic=request.topic,
            owner=caller.person,
            handle=caller.handle,
            skeleton=skeleton(caller.handle),
            at=at,
            bench=self.bench,
        )
        return Commit(write, lambda outcome: _answer(outcome, caller, request.topic))

    def take_back(self, request: AccountTakeBack, caller: Caller, at: int) -> Decision:
        """Make it a draft again. That is never judged."""
        write = writes.TakeApplicationBack(topic=request.topic, owner=caller.person, at=at, bench=self.bench)
        return Commit(write, lambda outcome: _answer(outcome, caller, request.topic))

    def own(self, request: OwnAccounts, caller: Caller, at: int) -> Decision:
        """List the accounts one has applied for, or is an operator of."""

        def then(found: tuple[OwnAccount, ...]) -> Decision:
            return Answer(OwnAccountsReply(accounts=found))

        return AskPublic(lambda reader: reader.own_accounts(caller.person, at=at, bench=self.bench), then)

    def operators(self, request: Operators, caller: Caller, topic: TopicState, at: int) -> Decision:
        """List who runs an account: its operators may know, and nobody else."""
        return NOT_FOUND if role_in(topic, caller.person) is None else _operators(topic)

    def set_operator(self, request: SetOperator, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Give somebody a role, or take it away: the owner does, and whoever leaves by themselves."""
        leaves = request.person == caller.person and request.role is None
        refusal = unless(topic, caller.person, OperatorAct.ACTS if leaves else OperatorAct.OPERATORS)
        if refusal is not None:
            return refusal
        before = role_in(topic, request.person)
        if request.role is not None and request.role not in APPOINTED:
            return _ROLE
        if before is Role.OWNER:
            return _OWNER_STAYS
        if before is request.role:
            return _operators(topic)
        if before is not None:
            return self._set(request, caller, topic, at)
        if len(topic.seated()) >= OPERATORS:
            return _CROWDED
        return Ask(
            lambda reader: reader.chat(caller.person, request.person),
            lambda found: self._take_on(request, caller, topic, found, at),
        )

    def acts(self, request: Acts, caller: Caller, topic: TopicState, at: int) -> Decision:
        """List which operator did what."""
        return unless(topic, caller.person, OperatorAct.ACTS) or AskPublic(
            lambda reader: reader.acts(request.topic, before=request.before, limit=request.limit), Answer
        )

    def _malformed(self, said: Application) -> Refuse | None:
        if said.body not in self.bench.pack.bodies:
            return _BODY
        if said.category not in self.bench.pack.categories:
            return _CATEGORY
        if not is_name(said.name) or said.name != said.name.strip() or not name_key(said.name):
            return _NAME
        lines = {"subject": said.subject, "operator": said.operator}
        for number, paper in enumerate(said.qualifications):
            lines |= {f"qualifications[{number}].{name}": getattr(paper, name) for name in ("kind", "number")}
        for path, text in lines.items():
            if not text.strip() or not is_name(text):
                return _blank(path, "this is one line, and says something")
        return None if said.scope.strip() else _blank("scope", "say what the account is to be about")

    def _take_on(self, request: SetOperator, caller: Caller, topic: TopicState, found: ChatLookup, at: int) -> Decision:
        if found.peer is None:
            return NOT_FOUND
        if found.blocked or found.blocked_by:
            return NOT_ACCEPTED
        return self._set(request, caller, topic, at, handle=found.peer.handle)

    def _set(self, request: SetOperator, caller: Caller, topic: TopicState, at: int, *, handle: str = "") -> Decision:
        write = writes.SetOperator(
            topic=topic.topic,
            generation=topic.generation,
            by=caller.person,
            person=request.person,
            role=request.role,
            handle=handle,
            skeleton=skeleton(handle),
            at=at,
        )

        def then(outcome: Posted | Stale) -> Decision:
            if isinstance(outcome, Stale):
                return Again(request)
            gone = request.person == caller.person  # Who has left is shown nothing any more.
            return Answer(OperatorsReply(operators=())) if gone else _operators(topic)

        return Commit(write, then)


def _answer(outcome: Any, caller: Caller, topic: TopicId) -> Decision:
    match outcome:
        case writes.Applied(account):
            return Answer(AccountReply(account=account))
        case writes.NoSuchAccount():
            return With(topic, lambda state: _not_theirs(state, caller.person))
        case writes.NotNow(state):
            return Refuse(ErrorCode.TOO_LATE, _STATES[state])
        case writes.NameTaken():
            return _TAKEN
        case writes.OutOfPack(field):
            text = f"the pack has no such {field} any more: change the application; `gate` lists them"
            return Refuse(ErrorCode.BAD_REQUEST, text, field=f"application.{field}")
        case Stopped():
            return Refuse(outcome.code, outcome.text)
        case TooMany():
            return _OWNED
        case Conflict():
            return CONFLICT
        case _:
            raise TypeError(f"an application came back as {type(outcome).__name__}")


def _not_theirs(topic: TopicState | None, person: PersonId) -> Decision:
    """Refuse an operator who is not the owner for what they are, and everybody else as if there were nothing."""
    return unless(topic, person, OperatorAct.APPLICATION) or NOT_FOUND


def _operators(topic: TopicState) -> Decision:
    def then(found: tuple[Operator, ...]) -> Decision:
        return Answer(OperatorsReply(operators=found))

    return AskPublic(lambda reader: reader.operators(topic.topic), then)


def _blank(path: str, text: str) -> Refuse:
    return Refuse(ErrorCode.BAD_REQUEST, text, field=f"application.{path}")
