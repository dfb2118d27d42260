"""The public accounts of the fake server: followed, read, broadcast by whoever holds the test. Nothing is judged here.

Its attributes are its switches, as the fake server's are.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from protocol import accounts, following, frames, publications
from protocol.account_states import AccountType
from protocol.entries import COUNTABLE, Entry, Kind
from protocol.errors import ErrorCode
from protocol.following import AccountPage, Follow
from protocol.frames import Gap, Push, Reply, Request, Slice, SyncReply
from protocol.ids import PersonId, Seq, TopicId, new_public_topic_id
from protocol.publications import Content, Published, card_of
from tests.client.fake_public import NOW, RefusingError

PAGE_KINDS = {Kind.PROFILE: "profile", Kind.MENU: "menu", Kind.WELCOME: "welcome", Kind.REPLIES: "replies"}


@dataclass
class Account:
    page: AccountPage
    log: list[Entry] = field(default_factory=list)
    articles: dict[Seq, Published] = field(default_factory=dict)  # The newest version, by the entry it began with.

    @property
    def topic(self) -> TopicId:
        return self.page.topic


class FakeAccounts:
    """`tell` pushes to people."""

    def __init__(self, tell: Callable[[tuple[PersonId, ...], Push], Awaitable[None]]) -> None:
        self._tell = tell
        self.known: dict[TopicId, Account] = {}
        self.follows: dict[PersonId, dict[TopicId, Follow]] = {}
        self.marks: dict[PersonId, int] = {}
        self.run: dict[PersonId, list[accounts.OwnAccount]] = {}
        self.newest = 3
        self.is_old = False  # From before there were accounts.
        self.swapped: Content | None = None  # Given instead of what an article says.
        self.found: tuple[following.Found, ...] = ()
        self.on_follow: Callable[[], Awaitable[object]] | None = None  # Before a follow is answered, once it is made.
        self.on_list: Callable[[], Awaitable[object]] | None = None  # Before a list is answered, once it is read.

    def concerns(self, request: Request[Any]) -> bool:
        theirs = type(request).__module__ in {"protocol.accounts", "protocol.following"} and not self.is_old
        return theirs or getattr(request, "topic", None) in self.known

    async def open(self, name: str, *tags: str) -> TopicId:
        topic = new_public_topic_id()
        page = AccountPage(topic=topic, type=AccountType.SERVICE, body="person", category="life", head=Seq(0))
        self.known[topic] = Account(page)
        await self.says(topic, Kind.PROFILE, Content(title=name, tags=tags))
        return topic

    async def says(self, topic: TopicId, kind: Kind, content: Content, *, tag: str = "", target: int = 0) -> Entry:
        """The account says something; whoever follows it gets the entry."""
        account = self.known[topic]
        versions = sum(entry.target == target for entry in account.log) if target else 0
        published = Published(content=content, version=versions + 2 if target else 1)
        is_article = kind in {Kind.ARTICLE, Kind.BROADCAST, Kind.EDIT}
        body = publications.encode(card_of(published) if is_article else published)
        return await self.append(account, kind, published, body, tag=tag, target=target)

    async def append(
        self, account: Account, kind: Kind, published: Published, body: bytes, *, tag: str = "", target: int = 0
    ) -> Entry:
        nth = (account.log[-1].nth if account.log else 0) + (kind in COUNTABLE)
        entry = Entry(
            topic=account.topic, seq=Seq(len(account.log) + 1), nth=nth, at=NOW + len(account.log), kind=kind,
            sender=PersonId(account.topic), body=body, tag=tag or None, target=Seq(target) if target else None,
        )  # fmt: skip
        account.log.append(entry)
        if kind in PAGE_KINDS:
            account.page = msgspec.structs.replace(account.page, **{PAGE_KINDS[kind]: body})
        else:
            account.articles[Seq(target) or entry.seq] = published
        account.page = msgspec.structs.replace(account.page, head=entry.seq)
        for person, follows in self.follows.items():
            if account.topic in follows:
                await self._tell((person,), frames.EntryPush(entry=self._seen_by(person, entry)))
        return entry

    async def follow(self, person: PersonId, topic: TopicId, *, told: bool = True, **how: Any) -> following.FollowReply:
        """Somebody follows, on some other device, unless this is their own request."""
        mine = self.follows.setdefault(person, {})
        before = mine.get(topic, Follow(topic=topic, at=NOW))
        mine[topic] = msgspec.structs.replace(before, **{name: each for name, each in how.items() if each is not None})
        head, mark = Seq(len(self.known[topic].log)), self._mark(person)
        if told:
            await self._tell((person,), following.FollowPush(follow=mine[topic], head=head, mark=mark))
        return following.FollowReply(follow=mine[topic], head=head, mark=mark)

    async def unfollow(self, person: PersonId, topic: TopicId, *, told: bool = True) -> int:
        del self.follows[person][topic]
        mark = self._mark(person)
        if told:
            await self._tell((person,), following.UnfollowPush(topic=topic, mark=mark))
        return mark

    async def answer(self, me: PersonId, request: Request[Any]) -> Reply:
        match request:
            case following.Follows(mark=mark):
                now, listed = self.marks.get(me, 0), tuple(self.follows.get(me, {}).values())
                if self.on_list is not None:
                    act, self.on_list = self.on_list, None
                    await act()
                return following.FollowsReply(mark=now, follows=None if mark == now else listed)
            case following.FollowAccount(topic=topic, tag=tag, muted=muted):
                if topic not in self.known:
                    raise RefusingError(ErrorCode.NOT_FOUND)
                reply = await self.follow(me, topic, told=False, tag=tag, muted=muted)
                if self.on_follow is not None:
                    act, self.on_follow = self.on_follow, None
                    await act()
                return reply
            case following.Unfollow(topic=topic):
                return following.UnfollowReply(mark=await self.unfollow(me, topic, told=False))
            case following.Pages(topics=topics):
                return following.PagesReply(pages=tuple(self.known[each].page for each in topics if each in self.known))
            case following.ReadArticle(topic=topic, seq=seq):
                return self._article(topic, seq)
            case accounts.OwnAccounts():
                return accounts.OwnAccountsReply(accounts=tuple(self.run.get(me, ())))
            case following.Search():
                return following.SearchReply(found=self.found[: request.limit], complete=True)
            case frames.History(topic=topic):
                return self._history(self.known[topic], request)
            case _:
                raise RefusingError(ErrorCode.UNKNOWN_OP)

    def synced(self, me: PersonId, request: frames.Sync, reply: SyncReply) -> SyncReply:
        """Return `reply` with what the accounts have to say that `request` names and `me` follows."""
        slices, gone = list(reply.slices), [topic for topic in reply.gone if topic not in self.known]
        for topic, have in request.heads.items():
            account = self.known.get(topic)
            if account is None:
                continue
            if topic not in self.follows.get(me, {}):
                gone.append(topic)
                continue
            head = Seq(len(account.log))
            first = max(have + 1, head - self.newest + 1)
            entries = tuple(self._seen_by(me, entry) for entry in account.log[first - 1 :])
            gap = Gap(first=Seq(have + 1), last=Seq(first - 1)) if first > have + 1 else None
            slices.append(Slice(topic=topic, entries=entries, head=head, live=True, gap=gap))
        return msgspec.structs.replace(reply, slices=tuple(slices), gone=tuple(gone))

    def _seen_by(self, person: PersonId, entry: Entry) -> Entry:
        if entry.tag is None or self.follows[person][entry.topic].tag == entry.tag:
            return entry
        return Entry(topic=entry.topic, seq=entry.seq, elided=True)

    def _article(self, topic: TopicId, seq: Seq) -> following.ArticleReply:
        account = self.known.get(topic)
        if account is None or seq not in account.articles:
            raise RefusingError(ErrorCode.NOT_FOUND)
        published = account.articles[seq]
        if self.swapped is not None:
            published = msgspec.structs.replace(published, content=self.swapped)
        return following.ArticleReply(entry=account.log[seq - 1], body=publications.encode(published))

    @staticmethod
    def _history(account: Account, request: frames.History) -> Reply:
        before, log = request.before or len(account.log) + 1, account.log
        if request.around is not None:
            page = log[request.around - 1 : request.around]
        else:
            page = [entry for entry in log if entry.seq < before][-request.limit :]
        seqs = {entry.seq for entry in page}
        related = tuple(entry for entry in log if entry.target in seqs and entry.seq not in seqs)
        complete = not page or page[0].seq == 1
        return frames.HistoryReply(entries=tuple(page), complete=complete, related=related)

    def _mark(self, person: PersonId) -> int:
        self.marks[person] = self.marks.get(person, 0) + 1
        return self.marks[person]
