"""Which handler decides which operation, and what must hold first: a table, so that checks live in one place."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from protocol import accounts as accounts_wire
from protocol import contacts as contacts_wire
from protocol import following as following_wire
from protocol import frames, public, staff
from protocol import moments as moments_wire
from protocol.entries import Side, Standing, side_of
from protocol.errors import ErrorCode
from protocol.frames import Reply, Request
from protocol.ids import TopicId, is_cid
from server.halves import by_comment, by_root, nothing
from server.handlers.account_reading import AccountReading
from server.handlers.accounts import Accounts
from server.handlers.backstage import Backstage
from server.handlers.contacts import Acquaintances
from server.handlers.following import Following
from server.handlers.groups import Groups
from server.handlers.inbox import Inboxes
from server.handlers.institutions import PublicInstitutions
from server.handlers.messages import Messages
from server.handlers.moments import Feed
from server.handlers.officers import Officers
from server.handlers.people import Neighbours
from server.handlers.public_accounts import PublicAccounts
from server.handlers.public_groups import PublicGroups
from server.handlers.public_threads import PublicThreads
from server.handlers.publishing import Publishing
from server.handlers.reading import Reading
from server.handlers.searching import Searching
from server.handlers.threads import Threads
from server.outcomes import NOT_FOUND, WRONG_SIDE, Ask, Caller, Decision, OnDuty, Refuse, With
from server.posting import Drafts, answer_again, as_refused
from server.topics import TopicState

_NOT_SIGNED_IN = Refuse(ErrorCode.NOT_SIGNED_IN, "sign in first: register, login or resume")
_NOT_ON_DUTY = Refuse(ErrorCode.NOT_SIGNED_IN, "this is for staff: use staff.login on a connection of its own")
_NO_CID = Refuse(ErrorCode.BAD_REQUEST, "a cid is a UUIDv7, as 16 bytes", field="cid")
_ALREADY = Refuse(ErrorCode.ALREADY_SIGNED_IN, "this connection is signed in already")


BOTH = frozenset(Side)
PRIVATE = frozenset({Side.PRIVATE})
PUBLIC = frozenset({Side.PUBLIC})


@dataclass(frozen=True, slots=True)
class Anyone:
    """Asked before signing in."""

    handler: Callable[[Any, int], Decision]
    sides: frozenset[Side] = BOTH


@dataclass(frozen=True, slots=True)
class Open:
    """Asked by anybody at any time, signed in or not."""

    handler: Callable[[Any, int], Decision]
    sides: frozenset[Side] = PUBLIC


@dataclass(frozen=True, slots=True)
class Shown:
    """Asked by anybody at any time; whoever is signed in is told how they stand to it."""

    handler: Callable[[Any, Caller | None, int], Decision]
    sides: frozenset[Side] = PUBLIC


@dataclass(frozen=True, slots=True)
class Signed:
    """Asked by somebody who is signed in. `sides`: of the topic it names, if it names one.

    `again` finds what became of a repeat of what is said in another's name.
    """

    handler: Callable[[Any, Caller, int], Decision]
    sides: frozenset[Side] = PRIVATE
    again: Callable[[Any, Caller, Refuse], Decision] | None = None


@dataclass(frozen=True, slots=True)
class InTopic:
    """Asked about a topic by a member of it; `outside`: also by who is invited to it or asks to join."""

    handler: Callable[[Any, Caller, TopicState, int], Decision]
    sides: frozenset[Side] = PRIVATE
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Publishes:
    """Carries a text to the public: the handler submits it to the gate. `again` finds what became of a repeat."""

    handler: Callable[[Any, Caller, int], Decision]
    again: Callable[[Any, Caller, Refuse], Decision]
    sides: frozenset[Side] = PUBLIC


@dataclass(frozen=True, slots=True)
class Staffed:
    """Asked by an officer on duty."""

    handler: Callable[[Any, OnDuty, int], Decision]
    sides: frozenset[Side] = PUBLIC


Rule = Anyone | Open | Shown | Signed | InTopic | Publishes | Staffed
Rules = dict[type[Request[Reply]], Rule]


def table(
    hello: Callable[[frames.Hello, int], Decision],
    accounts: Accounts,
    neighbours: Neighbours,
    acquaintances: Acquaintances,
    feed: Feed,
    threads: Threads,
    public_threads: PublicThreads,
    reading: Reading,
    messages: Messages,
    inboxes: Inboxes,
    groups: Groups,
    public_groups: PublicGroups,
    publishing: Publishing,
    account_reading: AccountReading,
    following: Following,
    backstage: Backstage,
    searching: Searching,
    institutions: PublicInstitutions,
    officers: Officers,
    public_accounts: PublicAccounts,
) -> Rules:
    """Return the rules of every operation."""
    rules: Iterable[tuple[Any, Rule]] = (
        (frames.Hello, Anyone(hello)),
        (frames.Register, Anyone(accounts.register)),
        (frames.Login, Anyone(accounts.login)),
        (frames.Resume, Anyone(accounts.resume)),
        (frames.Logout, Signed(accounts.logout)),
        (frames.ChangePassword, Signed(accounts.change_password)),
        (frames.Devices, Signed(accounts.devices)),
        (frames.RevokeDevice, Signed(accounts.revoke_device)),
        (frames.SetPreferences, Signed(accounts.set_preferences)),
        (frames.People, Signed(neighbours.people)),
        (frames.Block, Signed(neighbours.block)),
        (frames.Unblock, Signed(neighbours.unblock)),
        (frames.Blocks, Signed(neighbours.blocks)),
        (frames.Watch, Signed(neighbours.watch)),
        (contacts_wire.Contacts, Signed(acquaintances.contacts)),
        (contacts_wire.AskContact, Signed(acquaintances.ask)),
        (contacts_wire.WithdrawContact, Signed(acquaintances.withdraw)),
        (contacts_wire.AcceptContact, Signed(acquaintances.accept)),
        (contacts_wire.RefuseContact, Signed(acquaintances.refuse)),
        (contacts_wire.RemoveContact, Signed(acquaintances.remove)),
        (contacts_wire.RemarkContact, Signed(acquaintances.remark)),
        (contacts_wire.HideContact, Signed(acquaintances.hide)),
        (contacts_wire.SetPrivateCard, Signed(acquaintances.set_card)),
        (contacts_wire.PrivateCards, Signed(acquaintances.cards)),
        (moments_wire.PostMoment, Signed(feed.post, again=as_refused)),
        (moments_wire.NarrowMoment, Signed(feed.narrow)),
        (moments_wire.DeleteMoment, Signed(feed.delete)),
        (moments_wire.ShowMoment, Signed(by_root(feed.show, public_threads.post), PUBLIC)),
        (moments_wire.Moments, Signed(feed.moments)),
        (moments_wire.Timeline, Signed(feed.timeline)),
        (moments_wire.SayComment, Signed(threads.comment, again=as_refused)),
        (moments_wire.DeleteComment, Signed(by_comment(threads.delete, public_threads.delete))),
        (moments_wire.Like, Signed(by_root(threads.like, public_threads.like), PUBLIC)),
        (moments_wire.ShowThread, Signed(by_root(threads.show, public_threads.show), PUBLIC)),
        (moments_wire.CloseThread, Signed(by_root(threads.close, public_threads.close), PUBLIC)),
        (moments_wire.SelectComment, Signed(by_comment(nothing, public_threads.select), PUBLIC)),
        (moments_wire.ChooseComments, Signed(public_threads.choose, PUBLIC)),
        (moments_wire.Notices, Signed(threads.notices)),
        (moments_wire.ReadNotices, Signed(threads.read)),
        (frames.Sync, Signed(reading.sync, BOTH)),
        (frames.History, Signed(reading.history, BOTH)),
        (frames.ShowTopic, InTopic(reading.topic, BOTH, outside=True)),
        (frames.SetTopic, InTopic(reading.set_topic, BOTH)),
        (frames.Clear, InTopic(reading.clear, BOTH)),
        (frames.Read, InTopic(reading.read, BOTH)),
        (frames.Receipts, InTopic(reading.receipts)),
        (frames.Typing, InTopic(reading.typing, BOTH)),
        (frames.Send, Signed(messages.send)),
        (frames.Edit, InTopic(messages.edit)),
        (frames.React, InTopic(messages.react)),
        (frames.Recall, Signed(messages.recall, BOTH)),
        (accounts_wire.Inbox, Signed(inboxes.inbox, PUBLIC)),
        (accounts_wire.InboxShow, Signed(inboxes.show, PUBLIC)),
        (accounts_wire.InboxAnswer, Signed(inboxes.answer, PUBLIC, again=inboxes.again)),
        (frames.GroupFound, Signed(groups.found)),
        (frames.GroupInvite, InTopic(groups.invite)),
        (frames.GroupAccept, InTopic(groups.accept, outside=True)),
        (frames.GroupDecline, InTopic(groups.decline, BOTH, outside=True)),
        (frames.GroupLink, InTopic(groups.link)),
        (frames.GroupUnlink, InTopic(groups.unlink)),
        (frames.GroupAsk, Signed(groups.ask)),
        (frames.GroupApprove, InTopic(groups.approve, BOTH)),
        (frames.GroupRefuse, InTopic(groups.refuse, BOTH)),
        (frames.GroupLeave, InTopic(groups.leave, BOTH)),
        (frames.GroupRemove, InTopic(groups.remove, BOTH)),
        (frames.GroupRole, InTopic(groups.role, BOTH)),
        (frames.GroupHandOver, InTopic(groups.hand_over, BOTH)),
        (frames.GroupMute, InTopic(groups.mute, BOTH)),
        (frames.GroupName, InTopic(groups.name)),
        (frames.GroupNotice, InTopic(groups.notice)),
        (public.GroupFoundPublic, Signed(public_groups.found, PUBLIC)),
        (public.GroupJoin, Signed(public_groups.join, PUBLIC)),
        (public.GroupSettings, InTopic(public_groups.settings, PUBLIC)),
        (public.GroupFind, Signed(public_groups.find, PUBLIC)),
        (public.GroupListing, Signed(public_groups.listing, PUBLIC)),
        (following_wire.Search, Signed(searching.search, PUBLIC)),
        (public.Publish, Publishes(publishing.publish, publishing.again)),
        (public.TakeBack, Signed(publishing.take_back, PUBLIC)),
        (public.Submissions, Signed(publishing.submissions, PUBLIC)),
        (public.ShowReceipt, Signed(publishing.receipt, PUBLIC)),
        (following_wire.Pages, Signed(account_reading.pages, PUBLIC)),
        (following_wire.ReadArticle, Signed(account_reading.article, PUBLIC)),
        (following_wire.FollowAccount, Signed(following.follow, PUBLIC)),
        (following_wire.Unfollow, Signed(following.unfollow, PUBLIC)),
        (following_wire.Follows, Signed(following.follows)),
        (accounts_wire.Drafts, Signed(backstage.show_drafts, PUBLIC)),
        (accounts_wire.SaveDraft, Signed(backstage.save_draft, PUBLIC)),
        (accounts_wire.DropDraft, Signed(backstage.drop_draft, PUBLIC)),
        (accounts_wire.Schedule, Signed(backstage.schedule, PUBLIC, again=backstage.again)),
        (accounts_wire.Scheduled, Signed(backstage.scheduled, PUBLIC)),
        (accounts_wire.Unschedule, Signed(backstage.unschedule, PUBLIC)),
        (accounts_wire.Figures, Signed(backstage.figures, PUBLIC)),
        (public.Cards, Signed(institutions.cards, PUBLIC)),
        (public.ShowGate, Open(institutions.gate)),
        (public.ShowAudit, Open(institutions.audit)),
        (public.ShowAgreement, Shown(institutions.agreement)),
        (public.SignAgreement, Signed(institutions.sign, PUBLIC)),
        (staff.StaffLogin, Anyone(officers.login, PUBLIC)),
        (staff.OfficerQueue, Staffed(officers.queue)),
        (staff.OfficerShow, Staffed(officers.show)),
        (staff.OfficerDecide, Staffed(officers.decide)),
        (staff.OfficerApplication, Staffed(officers.application)),
        (staff.OfficerReview, Staffed(officers.review)),
        (accounts_wire.AccountApply, Signed(public_accounts.apply, PUBLIC)),
        (accounts_wire.AccountSubmit, Signed(public_accounts.submit, PUBLIC)),
        (accounts_wire.AccountTakeBack, Signed(public_accounts.take_back, PUBLIC)),
        (accounts_wire.OwnAccounts, Signed(public_accounts.own, PUBLIC)),
        (accounts_wire.Operators, InTopic(public_accounts.operators, PUBLIC)),
        (accounts_wire.SetOperator, InTopic(public_accounts.set_operator, PUBLIC)),
        (accounts_wire.Acts, InTopic(public_accounts.acts, PUBLIC)),
    )
    return dict(rules)


class Dispatch:
    """Decides requests by the table."""

    def __init__(self, rules: Rules, drafts: Drafts) -> None:
        self._rules = rules
        self._drafts = drafts

    def decide(self, request: Request[Reply], caller: Caller | None, officer: OnDuty | None, at: int) -> Decision:
        """Return what is to be done about `request`; `at`: Unix ms."""
        cid = getattr(request, "cid", None)
        if cid is not None and not is_cid(cid):
            return _NO_CID
        rule = self._rules[type(request)]
        match rule:
            case Anyone(handler):
                if (caller is not None or officer is not None) and not isinstance(request, frames.Hello):
                    return _ALREADY
                return handler(request, at)
            case Open(handler):
                return handler(request, at)
            case Shown(handler):
                return handler(request, caller, at)
            case Staffed(handler):
                return _NOT_ON_DUTY if officer is None else handler(request, officer, at)
        if caller is None:
            return _NOT_SIGNED_IN
        topic: TopicId | None = getattr(request, "topic", None)
        if topic is not None and side_of(topic) not in rule.sides:
            return WRONG_SIDE
        if isinstance(rule, InTopic):
            return self._in_topic(rule, request, caller, at)
        return rule.handler(request, caller, at)

    def _in_topic(self, rule: InTopic, request: Request[Reply], caller: Caller, at: int) -> Decision:
        topic: TopicId = request.topic  # type: ignore[attr-defined]

        def decide(state: TopicState | None) -> Decision:
            member = state.members.get(caller.person) if state else None
            if state is None or member is None or (member.standing is not Standing.MEMBER and not rule.outside):
                return NOT_FOUND
            return rule.handler(request, caller, state, at)

        return With(topic, decide)

    def reconsider(self, request: Request[Reply], caller: Caller | None, refusal: Refuse) -> Decision:
        """Return the first answer if a writing request that is refused now was carried out before; else `refusal`.

        A repeat is answered as the first time whatever has changed since: its sender cannot know that it got through.
        """
        cid = getattr(request, "cid", None)
        if cid is None or caller is None or refusal is WRONG_SIDE:
            return refusal
        rule = self._rules[type(request)]
        if isinstance(rule, Publishes | Signed) and rule.again is not None:
            return rule.again(request, caller, refusal)
        digest = self._drafts.digest(request)
        return Ask(
            lambda reader: reader.posted(caller.person, cid),
            lambda before: answer_again(request, digest, refusal, before),
            self._side(rule, request),
        )

    def _side(self, rule: Rule, request: Request[Reply]) -> Side:
        """Return whose log would have what `request` became."""
        topic: TopicId | None = getattr(request, "topic", None)
        if topic is not None:
            return side_of(topic)
        return Side.PUBLIC if rule.sides == PUBLIC else Side.PRIVATE
