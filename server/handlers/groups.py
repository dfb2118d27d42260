"""Groups: who is in, and who may do what. In private ones every admission is a member's decision, and all text opaque.

What both sides do alike is here, too: leaving, removing, roles, muting, and letting in who asks.
"""

import hmac
import secrets
from dataclasses import dataclass

from blake3 import blake3

from protocol.entries import Kind, Role, Side, Standing, TopicKind
from protocol.errors import ErrorCode
from protocol.frames import (
    AskReply,
    Done,
    GroupAccept,
    GroupApprove,
    GroupAsk,
    GroupDecline,
    GroupFound,
    GroupHandOver,
    GroupInvite,
    GroupLeave,
    GroupLink,
    GroupMute,
    GroupName,
    GroupNotice,
    GroupRefuse,
    GroupRemove,
    GroupRole,
    GroupUnlink,
    LinkReply,
    Person,
    Reply,
    Request,
)
from protocol.ids import PersonId, TopicId, new_id
from protocol.limits import SEQ_MAX
from server.membership import CROWDED, FULL, NOT_ALLOWED, requests_changed
from server.outcomes import NOT_FOUND, Again, Answer, Ask, Caller, Commit, Decision, Effect, Refuse, With
from server.posting import Drafts, post
from server.store.writes import Draft, Founding, Post, Posted, Stale
from server.topics import MAY, Act, Change, Mute, SetLink, SetName, SetNotice, Stand, TopicState, may

LINK_BYTES = 18
_NO_GROUP = Refuse(ErrorCode.NOT_ALLOWED, "this is no group")
_NO_ROLE = Refuse(ErrorCode.BAD_REQUEST, "the members of a group are admins or members", field="role")
_HAND_OVER_FIRST = Refuse(ErrorCode.NOT_ALLOWED, "the owner hands the group over before leaving it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """`cap`: members of a private group at most; as many again may be invited or waiting. `public_cap`: of a public."""

    drafts: Drafts
    cap: int
    public_cap: int

    def found(self, request: GroupFound, caller: Caller, at: int) -> Decision:
        """Begin a group, as its owner, and invite people to it."""
        wanted = tuple(dict.fromkeys(person for person in request.invite if person != caller.person))
        if len(wanted) >= self.cap:
            return FULL

        def then(people: tuple[Person, ...]) -> Decision:
            if len(people) < len(wanted):
                return NOT_FOUND
            draft = self.drafts.draft(request, caller, at=at, kind=Kind.FOUNDED, body=request.name or None)
            changes: tuple[Change, ...] = (
                SetName(name=request.name),
                Stand(person=caller.person, standing=Standing.MEMBER, role=Role.OWNER),
                *(Stand(person=person, standing=Standing.INVITED, by=caller.person) for person in wanted),
            )
            founding = Founding(kind=TopicKind.GROUP, side=Side.PRIVATE)
            topic = TopicId(new_id())
            return post(request, Post(topic=topic, generation=0, draft=draft, changes=changes, founding=founding))

        return Ask(lambda reader: reader.people((), wanted), then)

    def invite(self, request: GroupInvite, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Invite a person; that they come in is theirs to decide.

        Who is invited already is invited anew: the first time may have been by somebody they block, and is not shown.
        """
        refusal = _unless(topic, caller, Act.INVITE)
        if refusal:
            return refusal
        standing = topic.members[request.person].standing if request.person in topic.members else None
        if standing not in {None, Standing.INVITED}:
            return Answer(Done())
        if standing is None and self._crowded(topic):
            return CROWDED
        stand = Stand(person=request.person, standing=Standing.INVITED, by=caller.person)

        def then(people: tuple[Person, ...]) -> Decision:
            return _change(request, topic, stand, effects=requests_changed(topic)) if people else NOT_FOUND

        return Ask(lambda reader: reader.people((), (request.person,)), then)

    def accept(self, request: GroupAccept, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Come in, having been invited."""
        if topic.members[caller.person].standing is not Standing.INVITED:
            return NOT_FOUND
        return self._admit(request, caller, topic, at, caller.person)

    def approve(self, request: GroupApprove, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Let a person in who asked to join."""
        refusal = _unless(topic, caller, Act.ADMIT)
        if refusal:
            return refusal
        asking = topic.members.get(request.person)
        if asking is None or asking.standing is not Standing.ASKED:
            return NOT_FOUND
        return self._admit(request, caller, topic, at, request.person)

    def _admit(
        self,
        request: GroupAccept | GroupApprove,
        caller: Caller,
        topic: TopicState,
        at: int,
        person: PersonId,
    ) -> Decision:
        if len(topic.seated()) >= (self.cap if topic.side is Side.PRIVATE else self.public_cap):
            return FULL
        stand = Stand(person=person, standing=Standing.MEMBER)
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.JOINED, person=person)
        return _post(request, topic, draft, stand, effects=requests_changed(topic))

    def decline(self, request: GroupDecline, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Turn an invitation down, or take one's request to join back."""
        if topic.members[caller.person].standing is Standing.MEMBER:
            return NOT_FOUND
        return _change(request, topic, Stand(person=caller.person, standing=None), effects=requests_changed(topic))

    def refuse(self, request: GroupRefuse, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Refuse a request to join, or take an invitation back."""
        refusal = _unless(topic, caller, Act.ADMIT)
        if refusal:
            return refusal
        waiting = topic.members.get(request.person)
        if waiting is None or waiting.standing is Standing.MEMBER:
            return NOT_FOUND
        return _change(request, topic, Stand(person=request.person, standing=None), effects=requests_changed(topic))

    def link(self, request: GroupLink, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Make a link by which people may ask to join; an earlier one is void. Only its digest is stored."""
        refusal = _unless(topic, caller, Act.LINK)
        if refusal:
            return refusal
        link = secrets.token_urlsafe(LINK_BYTES).replace("-", "_")  # Or a program would take it for an option.
        return _change(request, topic, SetLink(digest=_link_digest(link)), reply=LinkReply(link=link))

    def unlink(self, request: GroupUnlink, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Make the group's link void."""
        return _unless(topic, caller, Act.LINK) or _change(request, topic, SetLink(digest=None))

    def ask(self, request: GroupAsk, caller: Caller, at: int) -> Decision:
        """Ask to join by a link. Whoever is in, invited or waiting already stays so."""
        digest = _link_digest(request.link)

        def decide(topic: TopicState | None) -> Decision:
            if topic is None or topic.link is None or not hmac.compare_digest(topic.link, digest):
                return NOT_FOUND
            reply = AskReply(topic=topic.topic)
            if caller.person in topic.members:
                return Answer(reply)
            if self._crowded(topic):
                return CROWDED
            stand = Stand(person=caller.person, standing=Standing.ASKED, greeting=request.greeting or None)
            return _change(request, topic, stand, reply=reply, effects=requests_changed(topic))

        def found(topic: TopicId | None) -> Decision:
            return NOT_FOUND if topic is None else With(topic, decide)

        return Ask(lambda reader: reader.linked(digest), found)

    def leave(self, request: GroupLeave, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Leave. The last member's leaving ends the group for those who wait outside it, too."""
        if topic.kind is not TopicKind.GROUP:
            return _NO_GROUP
        last = topic.seated() == [caller.person]
        if topic.members[caller.person].role is Role.OWNER and not last:
            return _HAND_OVER_FIRST
        going = list(topic.members) if last else [caller.person]
        changes: list[Change] = [Stand(person=person, standing=None) for person in going]
        if last:
            changes.append(SetLink(digest=None))
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.LEFT)
        if (
            topic.side is Side.PUBLIC and not last
        ):  # Where a crowd may leave at once, nobody's leaving waits for another's.
            return post(request, Post(topic=topic.topic, generation=None, draft=draft, changes=tuple(changes)))
        return _post(request, topic, draft, *changes)

    def remove(self, request: GroupRemove, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Remove a member of lower rank."""
        refusal = _unless(topic, caller, Act.REMOVE, towards=request.person)
        if refusal:
            return refusal
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.REMOVED, person=request.person)
        gone: list[Change] = [Stand(person=request.person, standing=None)]
        if topic.side is Side.PUBLIC:  # They may come back, to read: who removed them lets them publish again.
            gone.insert(0, Mute(person=request.person, until=SEQ_MAX))
        return _post(request, topic, draft, *gone)

    def role(self, request: GroupRole, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Make a member an admin, or an admin a member."""
        if request.role is Role.OWNER:
            return Refuse(ErrorCode.BAD_REQUEST, "a group has one owner: use `group.hand_over`", field="role")
        if request.role not in MAY:
            return _NO_ROLE
        refusal = _unless(topic, caller, Act.APPOINT, towards=request.person)
        if refusal:
            return refusal
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.ROLE, person=request.person, role=request.role)
        return _post(request, topic, draft, Stand(person=request.person, standing=Standing.MEMBER, role=request.role))

    def hand_over(self, request: GroupHandOver, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Make another member the owner; stay as an admin."""
        refusal = _unless(topic, caller, Act.HAND_OVER, towards=request.person)
        if refusal:
            return refusal
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.HANDED_OVER, person=request.person)
        return _post(
            request,
            topic,
            draft,
            Stand(person=caller.person, standing=Standing.MEMBER, role=Role.ADMIN),
            Stand(person=request.person, standing=Standing.MEMBER, role=Role.OWNER),
        )

    def mute(self, request: GroupMute, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Mute a member of lower rank, or everybody but owner and admins, until a time; 0 ends it."""
        refusal = _unless(topic, caller, Act.MUTE, towards=request.person)
        if refusal:
            return refusal
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.MUTED, person=request.person, until=request.until)
        return _post(request, topic, draft, Mute(person=request.person, until=request.until))

    def name(self, request: GroupName, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Rename the group."""
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.NAMED, body=request.name or None)
        return _unless(topic, caller, Act.NAME) or _post(request, topic, draft, SetName(name=request.name))

    def notice(self, request: GroupNotice, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Set the group's notice."""
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.NOTICE, body=request.notice or None)
        return _unless(topic, caller, Act.NOTICE) or _post(request, topic, draft, SetNotice(notice=request.notice))

    def _crowded(self, topic: TopicState) -> bool:
        return len(topic.members) - len(topic.seated()) >= self.cap


def _unless(topic: TopicState, caller: Caller, act: Act, *, towards: PersonId | None = None) -> Refuse | None:
    """Return why `caller` may not do `act` (towards a member), None if they may."""
    if topic.kind is not TopicKind.GROUP:
        return _NO_GROUP
    other = None
    if towards is not None:
        other = topic.members.get(towards)
        if other is None or other.standing is not Standing.MEMBER:
            return NOT_FOUND
    allowed = may(topic.members[caller.person].role, act, towards=other.role if other else None)
    return None if allowed else NOT_ALLOWED


def _post(
    request: Request[Reply], topic: TopicState, draft: Draft, *changes: Change, effects: tuple[Effect, ...] = ()
) -> Decision:
    write = Post(topic=topic.topic, generation=topic.generation, draft=draft, changes=changes)
    return post(request, write, effects=effects)


def _change(
    request: Request[Reply],
    topic: TopicState,
    change: Change,
    *,
    reply: Reply | None = None,
    effects: tuple[Effect, ...] = (),
) -> Decision:
    """Change a standing without an entry: it is nobody's news but that of the people concerned."""

    def then(outcome: Posted | Stale) -> Decision:
        return Again(request) if isinstance(outcome, Stale) else Answer(reply or Done(), effects)

    return Commit(Post(topic=topic.topic, generation=topic.generation, draft=None, changes=(change,)), then)


def _link_digest(link: str) -> bytes:
    """Return what is stored of a link. It has 144 random bits, so a plain digest cannot be turned back."""
    return blake3(link.encode()).digest()
