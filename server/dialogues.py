"""What a person and a public account say to each other: who may say it, and who is told.

The account's operators are no members of the dialogue: it is in their inbox, and nobody learns which of them is there.
"""

from collections.abc import Callable

from protocol.accounts import InboxPush
from protocol.entries import TopicKind
from protocol.errors import ErrorCode
from protocol.frames import Reply, Request
from protocol.ids import PersonId, TopicId
from server.operators import OperatorAct, may, role_in
from server.outcomes import NOT_FOUND, AskPublic, Caller, Commit, Decision, Refuse, Tell, With
from server.posting import post
from server.store.dialogue_writes import NotFollowing, Speak, TooLate
from server.store.writes import Post
from server.topics import TopicState

_NOT_FOLLOWING = Refuse(ErrorCode.NOT_ACCEPTED, "follow the account to write to it")
_OWN_ACCOUNT = Refuse(ErrorCode.NOT_ACCEPTED, "you are an operator of this account: it does not write to itself")
_TOO_LATE = Refuse(
    ErrorCode.TOO_LATE, "an account may answer for 48 hours after the last message: wait until they write again"
)


def account_of(dialogue: TopicState, person: PersonId) -> TopicId:
    """Return the account that `person` has this dialogue with."""
    return TopicId(dialogue.peer_of(person))


def to_account(account: TopicId, caller: Caller, then: Callable[[TopicState], Decision]) -> Decision:
    """Go on with the state of `account` if it is active and `caller` is not one of those who would have to answer."""

    def is_there(state: TopicState | None) -> Decision:
        if state is None or state.kind is not TopicKind.ACCOUNT:
            return NOT_FOUND
        if role_in(state, caller.person) is not None:
            return _OWN_ACCOUNT
        return AskPublic(lambda reader: reader.is_active(account), lambda active: then(state) if active else NOT_FOUND)

    return With(account, is_there)


def speak(
    request: Request[Reply], write: Post, account: TopicState, person: PersonId, *, by: PersonId | None = None
) -> Commit:
    """Say something in the dialogue of `person` with `account`, and tell whoever may answer it.

    `by`: the operator who says it in the account's name.
    """
    news = changed(account, write.topic)
    said = post(request, write, effects=(news,))

    def then(outcome: object) -> Decision:
        match outcome:
            case NotFollowing():
                return _NOT_FOLLOWING
            case TooLate():
                return _TOO_LATE
            case _:
                return said.then(outcome)

    return Commit(Speak(post=write, account=account.topic, person=person, by=by), then)


def changed(account: TopicState, dialogue: TopicId) -> Tell:
    """Return what tells the operators who read the inbox that something is new in it."""
    operators = tuple(
        person
        for person in account.seated()
        if (role := role_in(account, person)) is not None and may(role, OperatorAct.ANSWER)
    )
    return Tell(persons=operators, push=InboxPush(topic=account.topic, dialogue=dialogue), not_here=True)
