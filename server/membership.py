"""What private and public groups say alike about who comes in: refusals, and whom to tell that somebody waits."""

from protocol.entries import Role, Standing
from protocol.errors import ErrorCode
from protocol.frames import RequestsPush
from server.outcomes import Effect, Refuse, Tell
from server.topics import TopicState

NOT_ALLOWED = Refuse(ErrorCode.NOT_ALLOWED, "your role in this group does not allow that")
FULL = Refuse(ErrorCode.TOO_MANY, "the group is full")
CROWDED = Refuse(ErrorCode.TOO_MANY, "too many people are invited or waiting already")


def requests_changed(topic: TopicState | None) -> tuple[Effect, ...]:
    """Return what tells owner and admins that the people invited or asking have changed."""
    members = topic.members.items() if topic is not None else ()
    stewards = tuple(
        person for person, member in members if member.standing is Standing.MEMBER and member.role is not Role.MEMBER
    )
    return (Tell(persons=stewards, push=RequestsPush(topic=topic.topic)),) if topic is not None else ()
