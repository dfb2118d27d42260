"""Messages: send, edit, recall, react, to people, groups and public accounts. What they say is nobody's business."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from protocol.entries import Kind, Role, Side, Standing, TopicKind, side_of
from protocol.errors import ErrorCode
from protocol.frames import Edit, React, Recall, Send
from protocol.ids import PersonId, Seq, TopicId, new_id
from server.dialogues import account_of, changed, speak, to_account
from server.operating import unless
from server.operators import OperatorAct
from server.outcomes import NOT_ACCEPTED, NOT_FOUND, Ask, Caller, Decision, Refuse, With
from server.posting import Drafts, post
from server.store.base import ChatLookup, Header
from server.store.writes import Founding, Post
from server.topics import Act, Change, Member, Stand, TopicState, free_to_write, may

_MUTED = Refuse(ErrorCode.MUTED, "you may read here, but not write for now")
_ONE_PLACE = Refuse(ErrorCode.BAD_REQUEST, "say either `topic` or `to`", field="to")
_ALONE = Refuse(ErrorCode.BAD_REQUEST, "a chat takes two people", field="to")
_NOT_YOURS = Refuse(ErrorCode.NOT_ALLOWED, "this is not yours to change")
_REPLACED = Refuse(ErrorCode.NOT_ALLOWED, "of an account only articles are recalled: publish another text instead")
_TOO_LATE = Refuse(ErrorCode.TOO_LATE, "the time for this has passed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """`recall_ms`, `edit_ms`: how long after sending the author may recall or edit a message."""

    drafts: Drafts
    recall_ms: int
    edit_ms: int

    def send(self, request: Send, caller: Caller, at: int) -> Decision:
        """Append a message to a topic, or to the chat with a person or an account, which begins if there is none."""
        if (request.topic is None) is (request.to is None):
            return _ONE_PLACE
        if request.topic is not None:
            return With(request.topic, lambda topic: self._send(request, caller, topic, at))
        peer = request.to
        assert peer is not None
        if peer == caller.person:
            return _ALONE
        if side_of(TopicId(peer)) is Side.PUBLIC:
            return self._send_to_account(request, caller, TopicId(peer), at)
        return Ask(
            lambda reader: reader.chat(caller.person, peer),
            lambda found: self._send_to(request, caller, peer, found, at),
        )

    def _send_to(self, request: Send, caller: Caller, peer: PersonId, found: ChatLookup, at: int) -> Decision:
        if found.peer is None:
            return NOT_FOUND
        if found.topic is not None:
            return With(found.topic, lambda topic: self._send(request, caller, topic, at))
        if found.blocked:
            return NOT_ACCEPTED
        if request.reply_to is not None:
            return NOT_FOUND  # In a chat that is only beginning there is nothing to reply to.
        people = (caller.person,) if found.blocked_by else (caller.person, peer)
        first, second = sorted((caller.person, peer))
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.MESSAGE, body=request.body)
        founding = Founding(kind=TopicKind.CHAT, side=Side.PRIVATE, peers=(first, second))
        changes = tuple(Stand(person=person, standing=Standing.MEMBER) for person in people)
        topic = TopicId(new_id())
        return post(request, Post(topic=topic, generation=0, draft=draft, changes=changes, founding=founding))

    def _send_to_account(self, request: Send, caller: Caller, account: TopicId, at: int) -> Decision:
        def find(state: TopicState) -> Decision:
            def found(chat: ChatLookup) -> Decision:
                if chat.topic is None:
                    return self._speak(request, caller, state, None, at)
                return With(chat.topic, lambda topic: self._speak(request, caller, state, topic, at))

            return Ask(lambda reader: reader.chat(caller.person, PersonId(account)), found)

        return to_account(account, caller, find)

    def _speak(self, request: Send, caller: Caller, account: TopicState, topic: TopicState | None, at: int) -> Decision:
        reply_to, person = request.reply_to, caller.person
        if reply_to is not None and not (topic and topic.members[person].start <= reply_to <= topic.head):
            return NOT_FOUND
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.MESSAGE, body=request.body, reply_to=reply_to)
        if topic is not None:
            write = Post(topic=topic.topic, generation=topic.generation, draft=draft)
        else:
            first, second = sorted((person, PersonId(account.topic)))
            founding = Founding(kind=TopicKind.DIALOGUE, side=Side.PRIVATE, peers=(first, second))
            seat = Stand(person=person, standing=Standing.MEMBER)
            write = Post(topic=TopicId(new_id()), generation=0, draft=draft, changes=(seat,), founding=founding)
        return speak(request, write, account, person)

    def _send(self, request: Send, caller: Caller, topic: TopicState | None, at: int) -> Decision:
        if topic is None:
            return NOT_FOUND
        if topic.kind is TopicKind.DIALOGUE and _is_seated(topic, caller):
            return self._send_to_account(request, caller, account_of(topic, caller.person), at)
        member = topic.members.get(caller.person)
        if topic.kind is TopicKind.CHAT and caller.person in topic.peers:
            hidden_from, changes = _across(topic, caller.person)
            if caller.person in topic.blockers:
                return NOT_ACCEPTED
        elif member is None or member.standing is not Standing.MEMBER:
            return NOT_FOUND
        else:
            hidden_from, changes = None, ()
            if not _is_free(topic, member, at):
                return _MUTED
        if request.reply_to is not None and not (member and member.start <= request.reply_to <= topic.head):
            return NOT_FOUND
        draft = self.drafts.draft(
            request,
            caller,
            at=at,
            kind=Kind.MESSAGE,
            body=request.body,
            reply_to=request.reply_to,
            hidden_from=hidden_from,
        )
        return post(request, Post(topic=topic.topic, generation=topic.generation, draft=draft, changes=changes))

    def edit(self, request: Edit, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Append a new text for one's own message."""

        def decide(target: Header) -> Decision:
            if target.sender != caller.person or target.kind is not Kind.MESSAGE:
                return _NOT_YOURS
            if at - target.at > self.edit_ms:
                return _TOO_LATE
            hidden_from = target.hidden_from or _hidden_from(topic, caller.person)
            return self._post(request, caller, topic, at, Kind.EDIT, target, hidden_from, body=request.body)

        return self._unless_muted(topic, caller, at) or _on_target(request.target, caller, topic, decide)

    def react(self, request: React, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Append a reaction to a message; recalling that entry takes it back."""

        def decide(target: Header) -> Decision:
            if target.kind is not Kind.MESSAGE:
                return NOT_FOUND
            hidden_from = target.hidden_from or _hidden_from(topic, caller.person)
            return self._post(request, caller, topic, at, Kind.REACTION, target, hidden_from, body=request.body)

        return self._unless_muted(topic, caller, at) or _on_target(request.target, caller, topic, decide)

    def recall(self, request: Recall, caller: Caller, at: int) -> Decision:
        """Erase a message or a reaction: one's own, or, as admin of a group, a member's. Nobody is too muted for it.

        What one has published one may take back at any time, a member still or not.
        """

        def in_topic(topic: TopicState | None) -> Decision:
            if topic is None or not (_is_public(topic) or _is_seated(topic, caller)):
                return NOT_FOUND
            if topic.kind is TopicKind.THREAD:  # Of which nobody is told.
                return NOT_FOUND
            if topic.kind is TopicKind.ACCOUNT:
                return self._recall_for_account(request, caller, topic, at)
            return self._recall(request, caller, topic, at)

        return With(request.topic, in_topic)

    def _recall(self, request: Recall, caller: Caller, topic: TopicState, at: int) -> Decision:
        def decide(target: Header) -> Decision:
            if target.sender != caller.person and not _is_seated(topic, caller):
                return NOT_FOUND
            if target.kind not in {Kind.MESSAGE, Kind.REACTION, Kind.CARD, Kind.POST}:
                return _NOT_YOURS
            if target.sender == caller.person:
                if self._is_late(topic, caller, target, at):
                    return _TOO_LATE
            elif not _may_recall(topic, caller, target.sender):
                return _NOT_YOURS
            # Whoever has the text is told to drop it, blocked or not.
            return self._post(request, caller, topic, at, Kind.RECALL, target, target.hidden_from)

        start = Seq(1) if _is_public(topic) else topic.members[caller.person].start
        return _on_target(request.target, caller, topic, decide, start=start)

    def _recall_for_account(self, request: Recall, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Erase an article in the account's name, whichever of its operators published it."""
        refusal = unless(topic, caller.person, OperatorAct.RECALL)
        if refusal is not None:
            return refusal

        def decide(target: Header) -> Decision:
            if target.kind not in {Kind.ARTICLE, Kind.BROADCAST}:
                return _REPLACED
            draft = self.drafts.draft(request, caller, at=at, kind=Kind.RECALL, target=target.seq)
            draft = msgspec.structs.replace(draft, sender=PersonId(topic.topic), tag=target.tag)
            write = Post(topic=topic.topic, generation=topic.generation, draft=draft, by=caller.person)
            return post(request, write)

        return _on_target(request.target, caller, topic, decide, start=Seq(1))

    def _is_late(self, topic: TopicState, caller: Caller, target: Header, at: int) -> bool:
        if _is_public(topic) or target.kind is not Kind.MESSAGE or _steward(topic, caller):
            return False  # What one has published one may take back at any time.
        return at - target.at > self.recall_ms

    def _unless_muted(self, topic: TopicState, caller: Caller, at: int) -> Refuse | None:
        if topic.kind is TopicKind.CHAT:
            return NOT_ACCEPTED if caller.person in topic.blockers else None
        return None if _is_free(topic, topic.members[caller.person], at) else _MUTED

    def _post(
        self,
        request: Edit | React | Recall,
        caller: Caller,
        topic: TopicState,
        at: int,
        kind: Kind,
        target: Header,
        hidden_from: PersonId | None,
        *,
        body: bytes | None = None,
    ) -> Decision:
        draft = self.drafts.draft(
            request, caller, at=at, kind=kind, body=body, target=target.seq, hidden_from=hidden_from
        )
        write = Post(topic=topic.topic, generation=topic.generation, draft=draft)
        if topic.kind is TopicKind.DIALOGUE:
            return _in_dialogue(request, write, topic, caller)
        return post(request, write)


def _in_dialogue(request: Edit | React | Recall, write: Post, topic: TopicState, caller: Caller) -> Decision:
    """Say something about a message of a dialogue. What one has written one may take back, following or not."""

    def then(account: TopicState | None) -> Decision:
        if account is None:
            return NOT_FOUND
        if isinstance(request, Recall):
            return post(request, write, effects=(changed(account, topic.topic),))
        return speak(request, write, account, caller.person)

    return With(account_of(topic, caller.person), then)


def _hidden_from(topic: TopicState, sender: PersonId) -> PersonId | None:
    return _across(topic, sender)[0] if topic.kind is TopicKind.CHAT else None


def _is_free(topic: TopicState, member: Member, at: int) -> bool:
    return free_to_write(member.role, muted_until=member.muted_until, silenced_until=topic.silenced_until, at=at)


def _across(topic: TopicState, sender: PersonId) -> tuple[PersonId | None, tuple[Change, ...]]:
    """Return from whom a message of `sender` in a chat is hidden, and who takes a seat with it."""
    if not topic.blockers and len(topic.members) == len(topic.peers):
        return None, ()
    peer = topic.peer_of(sender)
    blocked = peer in topic.blockers
    seats = [sender] if blocked else [sender, peer]
    changes = tuple(Stand(person=p, standing=Standing.MEMBER) for p in seats if p not in topic.members)
    return (peer if blocked and peer in topic.members else None), changes


def _on_target(
    seq: Seq, caller: Caller, topic: TopicState, decide: Callable[[Header], Decision], *, start: Seq | None = None
) -> Decision:
    """Decide about an entry the caller can see, from `start` on (None: from theirs).

    Whether it was erased since, the store sees; after a repeat.
    """
    first = topic.members[caller.person].start if start is None else start
    if not first <= seq <= topic.head:
        return NOT_FOUND
    return Ask(
        lambda reader: reader.header(topic.topic, seq),
        lambda header: NOT_FOUND if header is None or header.hidden_from == caller.person else decide(header),
        topic.side,
    )


def _is_public(topic: TopicState) -> bool:
    return topic.side is Side.PUBLIC


def _is_seated(topic: TopicState, caller: Caller) -> bool:
    member = topic.members.get(caller.person)
    return member is not None and member.standing is Standing.MEMBER


def _steward(topic: TopicState, caller: Caller) -> bool:
    return topic.kind is TopicKind.GROUP and may(topic.members[caller.person].role, Act.RECALL)


def _may_recall(topic: TopicState, caller: Caller, sender: PersonId) -> bool:
    author = topic.members.get(sender)
    towards = author.role if author and author.standing is Standing.MEMBER else Role.MEMBER
    return topic.kind is TopicKind.GROUP and may(topic.members[caller.person].role, Act.RECALL, towards=towards)
