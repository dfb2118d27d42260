"""Following public accounts. Whom one follows is one's own: the account's operators see how many they are, no more."""

from dataclasses import dataclass

from protocol.entries import TopicKind
from protocol.errors import ErrorCode
from protocol.following import (
    FollowAccount,
    FollowPush,
    FollowReply,
    Follows,
    Unfollow,
    UnfollowPush,
    UnfollowReply,
)
from protocol.limits import FOLLOWS
from server.outcomes import NOT_FOUND, Answer, Ask, AskPublic, Caller, Commit, Decision, Refuse, Tell, With
from server.store.follow_writes import DropFollow, FollowDropped, FollowPut, PutFollow
from server.store.writes import TooMany
from server.topics import TopicState

_MANY = Refuse(ErrorCode.TOO_MANY, f"one can follow {FOLLOWS} accounts at most")
_NO_TAG = Refuse(ErrorCode.BAD_REQUEST, "the account's profile offers no such tag", field="tag")


@dataclass(frozen=True, slots=True)
class Following:
    """What one follows, and how."""

    def follow(self, request: FollowAccount, caller: Caller, at: int) -> Decision:
        """Follow an account, or follow it in another way; from now on it is live on all one's devices."""
        return With(request.topic, lambda topic: self._follow(request, caller, topic, at))

    def unfollow(self, request: Unfollow, caller: Caller, at: int) -> Decision:
        """Do not follow an account any more. This is never judged, whatever has become of the account."""

        def then(outcome: FollowDropped) -> Decision:
            push = UnfollowPush(topic=request.topic, mark=outcome.mark)
            told = Tell(persons=(caller.person,), push=push, not_here=True)
            return Answer(UnfollowReply(mark=outcome.mark), (told,) if outcome.changed else ())

        drop = Commit(DropFollow(person=caller.person, account=request.topic), then)
        return With(request.topic, lambda _: drop)  # By its state the hub knows to whom it stays live.

    def follows(self, request: Follows, caller: Caller, at: int) -> Decision:
        """List whom one follows, if that has changed."""
        return Ask(lambda reader: reader.follows(caller.person, request.mark), Answer)

    def _follow(self, request: FollowAccount, caller: Caller, topic: TopicState | None, at: int) -> Decision:
        if topic is None or topic.kind is not TopicKind.ACCOUNT:
            return NOT_FOUND
        write = PutFollow(
            person=caller.person,
            account=topic.topic,
            tag=request.tag,
            muted=request.muted,
            at=at,
            most=FOLLOWS,
        )

        def offered(tags: tuple[str, ...] | None) -> Decision:
            if tags is None:
                return NOT_FOUND
            return _NO_TAG if request.tag and request.tag not in tags else Commit(write, put)

        def put(outcome: FollowPut | TooMany) -> Decision:
            if isinstance(outcome, TooMany):
                return _MANY
            push = FollowPush(follow=outcome.follow, head=topic.head, mark=outcome.mark)
            told = Tell(persons=(caller.person,), push=push, not_here=True)
            reply = FollowReply(follow=outcome.follow, head=topic.head, mark=outcome.mark)
            return Answer(reply, (told,) if outcome.changed else ())

        return AskPublic(lambda reader: reader.offered(topic.topic), offered)
