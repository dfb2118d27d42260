"""Everything that people do privately, said with one body, whatever its bytes are: on `InlineServer`.

everything_private(alice, bob, carol, body)            # chats, groups, requests to join
everything_private_with(account, owner, reader, body)  # following, asking, answering, drafting, reading
everything_private_among(alice, bob, carol, body)      # contacts, private cards, moments, what is said under them
"""

from protocol.accounts import Drafts as ShowDrafts
from protocol.accounts import DropDraft, Figures, Inbox, InboxAnswer, InboxShow, SaveDraft
from protocol.contacts import AcceptContact, AskContact, Contacts, PrivateCards, RemarkContact, SetPrivateCard
from protocol.frames import (
    Edit,
    GroupAccept,
    GroupApprove,
    GroupAsk,
    GroupFound,
    GroupInvite,
    GroupLink,
    GroupName,
    GroupNotice,
    History,
    React,
    Recall,
    Send,
    ShowTopic,
    Sync,
)
from protocol.ids import TopicId
from protocol.limits import (
    COMMENT_BYTES,
    GREETING_BYTES,
    NAME_BYTES,
    PRIVATE_CARD_BYTES,
    REACTION_BYTES,
    REMARK_BYTES,
)
from protocol.moments import (
    DeleteComment,
    DeleteMoment,
    Like,
    NarrowMoment,
    Notices,
    PostMoment,
    SayComment,
    ShowMoment,
    ShowThread,
    Timeline,
)
from tests.support.inline import Caller


def everything_private(alice: Caller, bob: Caller, carol: Caller, body: bytes) -> None:
    """Put `body` wherever a private text may stand between people, and read it all back."""
    sent = alice.send(body, to=bob.person)
    bob.send(body, topic=sent.topic)
    alice.do(Edit, topic=sent.topic, target=sent.seq, body=body)
    bob.do(React, topic=sent.topic, target=sent.seq, body=body[:REACTION_BYTES])
    group = alice.do(GroupFound, name=body[:NAME_BYTES], invite=(bob.person,)).topic
    bob.do(GroupAccept, topic=group)
    alice.do(GroupName, topic=group, name=body[: NAME_BYTES - 1])
    alice.do(GroupNotice, topic=group, notice=body)
    alice.send(body, topic=group)
    link = alice.do(GroupLink, topic=group).link
    carol.do(GroupAsk, link=link, greeting=body[:GREETING_BYTES])
    alice.do(GroupApprove, topic=group, person=carol.person)
    alice.do(GroupInvite, topic=group, person=carol.person)
    last = alice.send(body, topic=group)
    assert carol.do(History, topic=group).entries[-1].body == body
    alice.do(Recall, topic=group, target=last.seq)
    for caller in (alice, bob, carol):
        assert caller.do(Sync, heads={}).topics
        assert caller.do(ShowTopic, topic=group).summary.notice == body
        caller.collect()


def everything_private_with(account: TopicId, owner: Caller, follower: Caller, body: bytes) -> None:
    """Put `body` wherever a private text may stand about a public account that is followed, and read it all back."""
    dialogue = follower.do(Send, to=account, body=body).topic
    owner.do(InboxAnswer, topic=account, dialogue=dialogue, body=body)
    said = follower.do(Send, topic=dialogue, body=body)
    follower.do(Edit, topic=dialogue, target=said.seq, body=body)
    follower.do(React, topic=dialogue, target=said.seq, body=body[:REACTION_BYTES])
    assert owner.do(Inbox, topic=account).dialogues[0].last.seq > said.seq
    assert owner.do(InboxShow, topic=account, dialogue=dialogue).entries[0].body == body
    assert follower.do(History, topic=dialogue).entries[1].body == body
    draft = owner.cid()
    owner.do(SaveDraft, topic=account, draft=draft, body=body)
    assert body in [item.body for item in owner.do(ShowDrafts, topic=account).drafts]
    owner.do(DropDraft, topic=account, draft=draft)
    owner.do(Figures, topic=account)
    for caller in (owner, follower):
        caller.collect()


def everything_private_among(alice: Caller, bob: Caller, carol: Caller, body: bytes) -> None:
    """Put `body` wherever a private text may stand among friends, and read it all back. They are none before."""
    for friend in (bob, carol):
        alice.do(AskContact, person=friend.person, greeting=body[:GREETING_BYTES])
        assert friend.do(Contacts).contacts[0].greeting == body[:GREETING_BYTES]
        friend.do(AcceptContact, person=alice.person)
    alice.do(RemarkContact, person=bob.person, remark=body[:REMARK_BYTES])
    alice.do(SetPrivateCard, card=body[:PRIVATE_CARD_BYTES])
    assert bob.do(PrivateCards, persons=(alice.person,)).cards[0].card == body[:PRIVATE_CARD_BYTES]
    moment = alice.do(PostMoment, body=body).moment.moment
    said = bob.do(SayComment, moment=moment, body=body[:COMMENT_BYTES]).comment.comment
    alice.do(SayComment, moment=moment, body=body[:COMMENT_BYTES], answers=said)
    bob.do(Like, moment=moment)
    assert bob.do(Timeline).moments[0].body == body
    assert [each.body for each in bob.do(ShowThread, moment=moment, live=True).comments] == [body[:COMMENT_BYTES]] * 2
    assert [each.comment.body for each in alice.do(Notices).notices if each.comment] == [body[:COMMENT_BYTES]]
    alice.do(NarrowMoment, moment=moment, without=(carol.person,))
    assert bob.do(ShowMoment, moment=moment).moment.body == body
    bob.do(DeleteComment, comment=said)
    alice.do(DeleteMoment, moment=moment)
    for caller in (alice, bob, carol):
        caller.collect()
