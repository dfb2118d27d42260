"""Everything that somebody may ask of a public place, in a few ways each, reasonable or not: ASKS.

OF_GROUPS and OF_ACCOUNTS are the operations that only the one or the other knows; APART is what tells more, and why.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol.accounts import (
    AccountApply,
    AccountSubmit,
    AccountTakeBack,
    Acts,
    DropDraft,
    Figures,
    Inbox,
    InboxAnswer,
    InboxReply,
    InboxShow,
    Operators,
    OwnAccounts,
    SaveDraft,
    Schedule,
    Scheduled,
    SetOperator,
    Unschedule,
)
from protocol.accounts import Drafts as ShowDrafts
from protocol.entries import Role, Side
from protocol.following import FollowAccount, Follows, Pages, ReadArticle, Search, Unfollow
from protocol.frames import (
    Clear,
    GroupApprove,
    GroupDecline,
    GroupHandOver,
    GroupLeave,
    GroupMute,
    GroupRefuse,
    GroupRemove,
    GroupRole,
    History,
    Read,
    Recall,
    Reply,
    Request,
    Send,
    SetTopic,
    ShowTopic,
    Sync,
    Typing,
)
from protocol.ids import Cid, CommentId, PersonId, SubmissionId, TopicId, new_id, new_public_topic_id
from protocol.moments import (
    Choice,
    ChooseComments,
    CloseThread,
    DeleteComment,
    Like,
    Moments,
    Notices,
    SelectComment,
    ShowMoment,
    ShowThread,
    Timeline,
)
from protocol.public import (
    Cards,
    GroupFind,
    GroupFoundPublic,
    GroupJoin,
    GroupListing,
    GroupSettings,
    Publish,
    ShowAgreement,
    ShowGate,
    ShowReceipt,
    SignAgreement,
    Submissions,
    TakeBack,
)
from protocol.publications import Surface
from tests.support.accounts import application
from tests.support.inline import Caller
from tests.support.public import content_of

if TYPE_CHECKING:
    from tests.support.hiding import World

HOUR_MS = 3_600_000
HIDDEN = "somethingnobodysees"
Asks = Callable[["World", Caller, int], list[Request[Reply]]]


def plain(shape: type[Request[Any]], **more: Any) -> Asks:
    """Ask for `shape` with these fields; of one that can be called, what it gives."""

    def asks(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
        fields = {key: value(world, number) if callable(value) else value for key, value in more.items()}
        return [who.request(shape, **fields)]

    return asks


def in_topic(shape: type[Request[Any]], **more: Any) -> Asks:
    """Ask for it in one of the places that there are."""
    return plain(shape, topic=a_place, **more)


def a_place(world: "World", number: int) -> TopicId:
    return world.places[number % len(world.places)]


def somebody(world: "World", number: int) -> PersonId:
    return (world.bob, world.ann, world.eve, world.sam)[number % 4].person


def an_entry(world: "World", number: int) -> int:
    return 1 + number


def an_item(world: "World", number: int) -> SubmissionId:
    """That of what is hidden; where nothing is, one that there is not."""
    return world.submission


def a_cid(world: "World", number: int) -> Cid:
    """One of three that are used again and again; they are everybody's own."""
    return Cid(b"\x01\x8b\xcf\xe5\x68\x00\x70\x00\x80\x00" + bytes(5) + bytes([number % 3]))


def a_comment(world: "World", number: int) -> CommentId:
    """One that `World.comments` has: what is hidden has no name that anybody could know."""
    return world.comments[number % len(world.comments)] if world.comments else CommentId(new_public_topic_id())


def in_an_hour(world: "World", number: int) -> int:
    return world.server.clock.ms + HOUR_MS


def histories(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
    pages: list[dict[str, Any]] = [{}, {"before": 1 + number}, {"after": number}, {"around": 1 + number}]
    return [who.request(History, topic=a_place(world, number), limit=1 + number, **pages[number % 4])]


def syncs(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
    heads: list[dict[TopicId, int]] = [{}, {world.places[0]: 1}, dict.fromkeys(world.places, number)]
    return [who.request(Sync, heads=heads[number % 3], side=Side.PUBLIC)]


def publishes(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
    """As something new, an answer or an edit; at times with bob's cid, for a cid is its sender's own."""
    surface = world.surfaces[number % len(world.surfaces)]
    fields = world.fields(surface, f"w{number}")
    if surface is Surface.GROUP_MESSAGE:
        fields |= [{}, {"reply_to": 4}, {"target": 3, "base": 1}, {"target": 2, "base": 1}][number % 4]
    if surface is Surface.COMMENT and number % 3 == 0:
        fields["answers"] = a_comment(world, number)
    elif "topic" in fields and surface is not Surface.COMMENT:
        fields["topic"] = a_place(world, number)
    cid = {"cid": world.cid} if number % 5 == 0 else {}
    return [who.request(Publish, **fields, **cid)]


def submissions(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
    """One's own, and those for an account."""
    before = world.submission if number % 2 else None
    return [who.request(Submissions, before=before), who.request(Submissions, topic=a_place(world, number))]


def signs(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
    signature = world.server.signature()
    return [] if signature is None else [who.request(SignAgreement, signature=signature)]


def applies(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
    """By the name of what is hidden, too."""
    name = (HIDDEN, f"The {number}th")[number % 2]
    return [who.request(AccountApply, application=application(world.server, name))]


def in_ones_own(shape: type[Request[Any]]) -> Asks:
    """Ask for it about what one has applied for last, if one has, and about an account of somebody else's."""

    def asks(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
        own = [account.topic for account in who.do(OwnAccounts).accounts]
        return [who.request(shape, topic=topic) for topic in (*own[:1], a_place(world, number))]

    return asks


def in_dialogue(shape: type[Request[Any]], **more: Any) -> Asks:
    """Ask for it about a dialogue of the account, if one is shown any."""

    def asks(world: "World", who: Caller, number: int) -> list[Request[Reply]]:
        topic = a_place(world, number)
        inbox = who.try_(who.request(Inbox, topic=topic))
        shown = [each.dialogue for each in inbox.dialogues] if isinstance(inbox, InboxReply) else []
        return [who.request(shape, topic=topic, dialogue=shown[0] if shown else TopicId(new_id()), **more)]

    return asks


ASKS: dict[str, Asks] = {
    "account": plain(Pages, topics=lambda world, number: world.places),
    "account.acts": in_topic(Acts),
    "account.apply": applies,
    "account.figures": in_topic(Figures),
    "account.operator": in_topic(SetOperator, person=somebody, role=Role.ANALYST),
    "account.operators": in_topic(Operators),
    "account.submit": in_ones_own(AccountSubmit),
    "account.take_back": in_ones_own(AccountTakeBack),
    "accounts": plain(OwnAccounts),
    "agreement": plain(ShowAgreement),
    "agreement.sign": signs,
    "article": in_topic(ReadArticle, seq=an_entry),
    "cards": plain(Cards, persons=lambda world, number: (somebody(world, number), world.bob.person)),
    "clear": in_topic(Clear, seq=an_entry),
    "comment.delete": plain(DeleteComment, comment=a_comment),
    "comment.select": plain(SelectComment, comment=a_comment),
    "draft.drop": in_topic(DropDraft, draft=a_cid),
    "draft.save": in_topic(SaveDraft, draft=a_cid, body=b"a draft"),
    "drafts": in_topic(ShowDrafts),
    "follow": in_topic(FollowAccount, tag=lambda world, number: (None, "south", "")[number % 3]),
    "follows": plain(Follows),
    "gate": plain(ShowGate),
    "group.approve": in_topic(GroupApprove, person=somebody),
    "group.decline": in_topic(GroupDecline),
    "group.find": plain(GroupFind, query=lambda world, number: ("", HIDDEN, HIDDEN[:3], "w1")[number % 4]),
    "group.found_public": plain(GroupFoundPublic, listed=True),
    "group.hand_over": in_topic(GroupHandOver, person=somebody),
    "group.join": in_topic(GroupJoin),
    "group.leave": in_topic(GroupLeave),
    "group.listing": in_topic(GroupListing),
    "group.mute": in_topic(GroupMute, person=somebody, until=2**45),
    "group.refuse": in_topic(GroupRefuse, person=somebody),
    "group.remove": in_topic(GroupRemove, person=somebody),
    "group.role": in_topic(GroupRole, person=somebody, role=Role.ADMIN),
    "group.settings": in_topic(GroupSettings, listed=True),
    "history": histories,
    "inbox": in_topic(Inbox),
    "inbox.answer": in_dialogue(InboxAnswer, body=b"an answer"),
    "inbox.show": in_dialogue(InboxShow),
    "like": in_topic(Like, seq=an_entry, liked=lambda world, number: number % 3 != 2),
    "moment": in_topic(ShowMoment, seq=an_entry),
    "moments": plain(Moments, person=somebody),
    "notices": plain(Notices),
    "publish": publishes,
    "read": in_topic(Read, seq=an_entry),
    "recall": in_topic(Recall, target=an_entry),
    "receipt": plain(ShowReceipt, submission=an_item),
    "schedule": in_topic(Schedule, due=in_an_hour, content=content_of(Surface.ARTICLE, "said in an hour")),
    "scheduled": in_topic(Scheduled),
    "search": plain(Search, query=lambda world, number: (HIDDEN, HIDDEN[:3], HIDDEN[5:7], "w1", "said")[number % 5]),
    "send": plain(Send, to=a_place, body=b"a question"),
    "set_topic": in_topic(SetTopic, pinned=True),
    "submissions": submissions,
    "sync": syncs,
    "take_back": plain(TakeBack, submission=an_item),
    "thread": in_topic(ShowThread, seq=an_entry, live=lambda world, number: number % 2 == 0),
    "thread.choose": in_topic(
        ChooseComments, seq=an_entry, choice=lambda world, number: list(Choice)[number % len(Choice)]
    ),
    "thread.close": in_topic(CloseThread, seq=an_entry),
    "timeline": plain(Timeline),
    "topic": in_topic(ShowTopic),
    "typing": in_topic(Typing),
    "unfollow": in_topic(Unfollow),
    "unschedule": in_topic(Unschedule, item=a_cid),
}
APART = {"audit": "its size is how much the gate has done; that is for everybody to see, and names nobody"}
RUNS = frozenset({"schedule", "scheduled", "unschedule", "drafts", "inbox", "article", "accounts", "send"})
OF_ACCOUNTS = frozenset(
    name for name in ASKS if name.startswith(("account", "draft", "inbox.", "follow", "unf")) or name in RUNS
)
OF_GROUPS = frozenset(name for name in ASKS if name.startswith("group.")) - {"group.find"}
