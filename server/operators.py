"""Who of its operators may do what with a public account: a table. No clock, no store, no socket."""

from enum import Enum, auto

from protocol.entries import Role, Standing, TopicKind
from protocol.ids import PersonId
from protocol.publications import Surface
from server.topics import TopicState


class OperatorAct(Enum):
    """What an operator may do."""

    APPLICATION = auto()
    OPERATORS = auto()
    PROFILE = auto()
    MENU = auto()  # And the welcome, and the automatic replies.
    DRAFT = auto()
    SCHEDULE = auto()
    PUBLISH = auto()
    RECALL = auto()
    ANSWER = auto()  # And read what followers write.
    FIGURES = auto()
    ACTS = auto()
    COMMENTS = auto()  # Say which there are under articles, select and delete them.


_LOOKS = frozenset({OperatorAct.FIGURES, OperatorAct.ACTS})
_OWNS = frozenset({OperatorAct.APPLICATION, OperatorAct.OPERATORS, OperatorAct.PROFILE})
MAY: dict[Role, frozenset[OperatorAct]] = {
    Role.OWNER: frozenset(OperatorAct),
    Role.EDITOR: frozenset(OperatorAct) - _OWNS,
    Role.ANALYST: _LOOKS,
}
APPOINTED = frozenset({Role.EDITOR, Role.ANALYST})  # What the owner makes others.

ACT_OF: dict[Surface, OperatorAct] = {
    Surface.ARTICLE: OperatorAct.PUBLISH,
    Surface.BROADCAST: OperatorAct.PUBLISH,
    Surface.REPRINT: OperatorAct.PUBLISH,
    Surface.ACCOUNT_PROFILE: OperatorAct.PROFILE,
    Surface.ACCOUNT_MENU: OperatorAct.MENU,
    Surface.ACCOUNT_WELCOME: OperatorAct.MENU,
    Surface.ACCOUNT_REPLIES: OperatorAct.MENU,
}


def role_in(topic: TopicState | None, person: PersonId) -> Role | None:
    """Return what `person` is in the public account `topic`; None: no operator, or it is no public account."""
    member = topic.members.get(person) if topic is not None and topic.kind is TopicKind.ACCOUNT else None
    return member.role if member is not None and member.standing is Standing.MEMBER else None


def may(role: Role, act: OperatorAct) -> bool:
    """Say whether an operator with `role` may do `act`. Asked when it is requested, and again when it is committed."""
    return act in MAY.get(role, frozenset())
