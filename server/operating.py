"""Who may do what in a public account: whom its handlers refuse. What was done the others are told elsewhere."""

from collections.abc import Callable

from protocol.errors import ErrorCode
from protocol.ids import PersonId, TopicId
from server.operators import OperatorAct, may, role_in
from server.outcomes import NOT_FOUND, Caller, Decision, Refuse, With
from server.topics import TopicState

NOT_YOUR_ROLE = Refuse(ErrorCode.NOT_ALLOWED, "your role in this account does not allow that")


def unless(topic: TopicState | None, person: PersonId, act: OperatorAct) -> Refuse | None:
    """Return why `person` may not do `act` with a public account; None if they may.

    To whoever is none of its operators it looks as if it were not there.
    """
    role = role_in(topic, person)
    if role is None:
        return NOT_FOUND
    return None if may(role, act) else NOT_YOUR_ROLE


def as_operator(account: TopicId, caller: Caller, act: OperatorAct, then: Callable[[TopicState], Decision]) -> Decision:
    """Go on with the state of `account`, if `caller` may do `act` with it."""

    def decide(state: TopicState | None) -> Decision:
        refusal = unless(state, caller.person, act)
        if refusal is not None or state is None:
            return refusal or NOT_FOUND
        return then(state)

    return With(account, decide)
