"""A person online: connects, signs in, keeps up, sends what waits, and connects again when the line breaks.

    account = await register(url, "alice", "correct horse")      # or login(...); client.account
    session = Session(account, Cache())                          # Cache(path) for one that lasts
    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.run)                          # starts nothing by itself
        await session.caught_up()
        bob = await session.find("bob")
        sent = await session.say("hello", to=bob)                # durable on the server: sent.topic, sent.seq
        group = await session.request(GroupFound(id=0, cid=session.new_cid(), name=..., invite=(bob,)))
        session.log(sent.topic)                                  # ((seq, sender, kind, body), ...)
        said = await session.publish("hello, all", topic=lane)   # public: said.state, said.seq, said.decision
        await session.request(AskContact(id=0, person=bob))      # cache.contacts has them; client.contacts, their tags
        await session.follow(account)                            # its broadcasts arrive; article() opens one
        session.stop()                                           # offline; the cache and the outbox stay
        session.post(Send(...))                                  # waits in the outbox, or Publish(...)
        nursery.start_soon(session.run)                          # online again, from where it was

`say` and `post` go through the outbox and may be used offline. `request` is anything of protocol.frames (its `id` is
filled in); it waits until there is a connection and repeats itself when that breaks, which is safe: whatever is
not naturally repeatable carries a cid. Events of `subscribe()` are told after the cache has them.
"""

import contextlib
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from client import lookup
from client.account import Account
from client.articles import Article, Card
from client.backoff import Backoff
from client.bell import Bell
from client.cache import Cache, Line, Page
from client.connection import open_connection
from client.courier import Courier
from client.errors import ClientError, ConnectionLostError, RefusedError, SignedOutError
from client.events import Arrived, Event, Offline
from client.marks import ReadMarks
from client.mirror import Mirror
from client.outbox import Confidence, Posting
from client.stay import Stay
from protocol import handles, limits
from protocol.content import Text, encode
from protocol.decisions import Submission
from protocol.errors import CloseCode
from protocol.following import AccountPage, Follow, FollowAccount, Search, SearchKind, SearchReply, Unfollow
from protocol.frames import Appended, History, Person, Reply, Request, Send, Watch
from protocol.ids import Cid, CommentId, PersonId, Seq, TopicId, new_cid
from protocol.public import Origin, Publish
from protocol.publications import Content, Surface

R = TypeVar("R", bound=Reply)
T = TypeVar("T")


def _now() -> int:
    return time.time_ns() // 1_000_000


class Session:
    """One signed-in device. Several sessions may share a cache file, each through a Cache of its own."""

    def __init__(
        self, account: Account, cache: Cache, *, ca: Path | None = None, chance: random.Random | None = None
    ) -> None:
        self.account = account  # Replace it to go on with another token, from the next connection on.
        self.cache = cache
        self._ca = ca
        self._owner = secrets.token_hex(8)
        self._mirror = Mirror(cache)
        self._marks = ReadMarks(cache, account.person)
        self._courier = Courier(cache, self._marks, self._owner, _now)
        self._backoff = Backoff(chance or random.Random())  # noqa: S311 - spreads load, keeps no secret.
        self._bell = Bell()
        self._stay: Stay | None = None
        self._failure: ClientError | None = None
        self._stopping = False
        self._one_at_a_time = trio.Lock()
        self._running = trio.CancelScope()
        self._subscribers: set[trio.MemorySendChannel[Event]] = set()
        self._watched: tuple[PersonId, ...] = ()
        cache.belongs_to(account.person)
        cache.learn([Person(person=account.person, handle=account.handle)])

    # Being online.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be online until `stop`, connecting again whenever that may help. Started as soon as it is trying.

        Raises:
            SignedOutError: The token is no longer good.
            ConnectionLostError, RefusedError: The server will not have this client, and said not to come back.
        """
        async with self._one_at_a_time:
            self._stopping, self._failure, self._bell.ended = False, None, None
            self._running = trio.CancelScope()
            task_status.started()
            with self._running:
                await self._keep_online()

    def stop(self) -> None:
        """Go offline: `run` returns soon. Run it again to come back: the second run waits for the first to end.

        A run that has not begun is not stopped: who may stop that early starts it with `nursery.start`.
        """
        self._stopping = True
        if not self.is_online:
            self._running.cancel()
        self._bell.ring()

    @property
    def is_online(self) -> bool:
        """Whether there is a connection, signed in."""
        return self._stay is not None and self._stay.is_signed_in

    async def reach(self) -> None:
        """Return once online; if the try that is under way fails, raise what it failed of.

        Raises:
            ClientError: UnreachableError, SignedOutError and the like.
        """
        await self._bell.until(lambda: self.is_online or self._failure is not None)
        if self._failure is not None and not self.is_online:
            raise self._failure

    async def caught_up(self) -> None:
        """Return once everything the server had when we connected is in the cache, and no gap is being mended."""
        await self._bell.until(self._has_caught_up)

    def _has_caught_up(self) -> bool:
        return self._stay is not None and self._stay.is_caught_up and not self._mirror.lacking

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once `holds()`; it is asked whenever something has changed.

        Raises:
            ClientError: The session has ended for good.
        """
        await self._bell.until(holds)

    async def outbox_empty(self) -> None:
        """Return once nothing waits to be sent, and what was sent is acked."""
        await self._bell.until(lambda: self.cache.outbox.is_empty() and not self.is_carrying)

    @property
    def is_carrying(self) -> bool:
        """Whether something of the outbox is on its way to the server right now."""
        return self._courier.is_carrying

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[trio.MemoryReceiveChannel[Event]]:
        """Give every event from now until the end of the block, or until the session has ended for good.

        Nothing is dropped, so read on, or leave the block.
        """
        into, out = trio.open_memory_channel[Event](float("inf"))
        self._subscribers.add(into)
        with into, out:
            try:
                yield out
            finally:
                self._subscribers.discard(into)

    # Asking and telling.

    def new_cid(self) -> Cid:
        """Return a cid for a writing request."""
        return new_cid(_now())

    async def request(self, request: Request[R]) -> R:
        """Ask the server, waiting for a connection, repeating when it breaks; the same cid makes that safe.

        Raises:
            RefusedError: The server said no.
            SignedOutError: The session has ended for good.
        """
        while True:
            await self._bell.until(lambda: self.is_online)
            stay = self._stay
            if stay is not None:
                with contextlib.suppress(ConnectionLostError):
                    reply = await stay.connection.request(request)
                    self._tell(self._mirror.done(request, reply))
                    return reply
                await self._bell.until(partial(self._is_past, stay))

    def _is_past(self, stay: Stay) -> bool:
        return self._stay is not stay

    def post(self, request: Posting, *, handle: str | None = None) -> Cid:
        """Put `request` into the outbox, durably, and return its cid. It is sent when there is a connection.

        `handle`: whom a Send with neither `to` nor `topic` is for, when nobody is there to ask who that is.

        Raises:
            RefusedError: `wrong_side`: something private for a public topic, or the other way round.
        """
        self.cache.outbox.put(request, now=_now(), handle=handle)
        self._bell.ring()
        return request.cid

    async def delivered(self, cid: Cid) -> Appended:
        """Wait until what was posted as `cid` is durable on the server.

        Raises:
            RefusedError: The server would not have it. It stays in the outbox, marked, until dropped there.
        """
        self._courier.expect(cid)
        try:
            return await self._come(lambda: self._courier.outcome(cid))
        finally:
            self._courier.forget(cid)

    async def carried(self, request: Confidence) -> Reply:
        """Say something that is in no topic, by way of the outbox, and return what it was answered with.

        It is said once, whatever breaks. `Done`: another process of this profile was answered; a repeat is answered
        likewise.

        Raises:
            RefusedError: The server would not have it. It is out of the outbox then.
        """
        cid = self.post(request)
        self._courier.expect(cid)
        try:
            return await self._come(lambda: self._courier.answer(cid))
        except RefusedError:
            self.cache.outbox.drop(cid)
            raise
        finally:
            self._courier.forget(cid)

    async def submitted(self, cid: Cid) -> Submission:
        """Wait until it is known what became of what was to be published as `cid`: published, held, rejected, lapsed.

        While the gate cannot judge (`Postponed`), it is tried again, and this waits.

        Raises:
            RefusedError: It could not be submitted: `needs_agreement`, `superseded` and the like. It stays in the
                outbox, marked, until dropped there.
        """
        return await self._come(lambda: self._courier.verdict(cid))

    async def _come(self, outcome: Callable[[], T | RefusedError | None]) -> T:
        await self._bell.until(lambda: outcome() is not None)
        match outcome():
            case RefusedError() as refused:
                raise refused
            case come:
                assert come is not None
                return come

    async def say(
        self,
        text: str | bytes,
        *,
        to: PersonId | None = None,
        topic: TopicId | None = None,
        reply_to: Seq | None = None,
    ) -> Appended:
        """Send a text (bytes: a body already encoded) to a person or a topic, and wait until it is durable."""
        body = encode(Text(text=text)) if isinstance(text, str) else text
        send = Send(id=0, cid=self.new_cid(), body=body, topic=topic, to=to, reply_to=reply_to)
        return await self.delivered(self.post(send))

    async def publish(
        self,
        content: str | Content,
        *,
        topic: TopicId | None = None,
        surface: Surface = Surface.GROUP_MESSAGE,
        reply_to: Seq | None = None,
        target: Seq | None = None,
        base: int | None = None,
        source: Origin | None = None,
        tag: str = "",
        reprintable: bool = False,
        root: Seq | None = None,
        answers: CommentId | None = None,
    ) -> Submission:
        """Say something public, and wait until it is known what became of it; see `submitted`.

        An edit names its `target` and, as `base`, the version it was made from (client.view says which one is shown).
        `source`: what is reprinted or forwarded (`Article.origin`). `tag`, `reprintable`: of an account's article.
        `root`, `answers`: of a comment, the post or article of `topic` it is under, and the comment it answers.
        """
        said = Content(text=content) if isinstance(content, str) else content
        publish = Publish(
            id=0, cid=self.new_cid(), surface=surface, content=said, topic=topic, reply_to=reply_to, target=target,
            base=base, source=source, tag=tag, reprintable=reprintable, root=root, answers=answers,
        )  # fmt: skip
        return await self.submitted(self.post(publish))

    def mark_read(self, topic: TopicId, seq: Seq) -> None:
        """Everything up to `seq` is read: here at once, and for the others as soon as the server knows."""
        self._tell(self._marks.put(topic, seq))

    async def marks_sent(self) -> None:
        """Return once the server knows all that is read here."""
        await self._bell.until(self._marks.is_empty)

    async def watch(self, persons: Sequence[PersonId]) -> tuple[PersonId, ...]:
        """Be told when `persons` come and go, on later connections too; return who of them is online."""
        self._watched = tuple(persons)
        return (await self.request(Watch(id=0, persons=self._watched))).online

    # Following, and reading what accounts publish.

    async def follow(self, account: TopicId, *, tag: str | None = None, muted: bool | None = None) -> Follow:
        """Follow an account from now on, or change how; None leaves what it is. Its entries arrive as events.

        Raises:
            RefusedError: `not_found`, `too_many`, and for a tag it does not offer `bad_request`.
        """
        return (await self.request(FollowAccount(id=0, topic=account, tag=tag, muted=muted))).follow

    async def unfollow(self, account: TopicId) -> None:
        """Follow an account no more: what came of it leaves the cache."""
        await self.request(Unfollow(id=0, topic=account))

    async def page(self, account: TopicId) -> AccountPage:
        """Return an account as anybody sees it, from the cache where that is up to date.

        Raises:
            RefusedError: `not_found`: there is none that is active.
        """
        return await lookup.page(self.request, self.cache, account)

    async def article(self, account: TopicId, seq: Seq) -> Article:
        """Open an article: its newest version, checked against its card. The server counts that, not who it is.

        Raises:
            RefusedError: `not_found`: there is none, or it is not public any more.
            AlteredError: It is not what its card names.
        """
        return await lookup.article(self.request, self.cache, account, seq)

    async def card(self, account: TopicId, seq: Seq) -> Card:
        """Return what an article is named by, without opening it.

        Raises:
            RefusedError: `not_found`: there is none, or it is not public any more.
        """
        return await lookup.card(self.request, self.cache, account, seq)

    async def search(
        self, query: str, *kinds: SearchKind, offset: int = 0, limit: int = limits.SEARCH_RESULTS
    ) -> SearchReply:
        """Search what is public and in force: of these `kinds`, or of all. Queries are kept nowhere."""
        return await self.request(Search(id=0, query=query, kinds=kinds, offset=offset, limit=limit))

    # Looking.

    async def find(self, handle: str) -> PersonId:
        """Return who has `handle`, from the cache or from the server.

        Raises:
            RefusedError: `not_found`.
        """
        return await lookup.person(self.request, self.cache, handles.normalise(handle))

    async def names(self, persons: Sequence[PersonId]) -> None:
        """Make the cache know the handles of `persons`; of those that are accounts, what they are called."""
        await lookup.names(self.request, self.cache, persons)

    def log(self, topic: TopicId) -> tuple[Line, ...]:
        """Return all this device knows of `topic`, as (seq, sender, kind, body)."""
        return self.cache.log(topic)

    async def history(self, topic: TopicId, *, before: Seq | None = None, limit: int = 50) -> Page:
        """Return the `limit` entries before `before` (None: the newest), from the cache; when that has a gap there and
        we are online, from the server, into the cache.
        """
        page = self.cache.page(topic, before=before, limit=limit)
        if not page.missing or not self.is_online:
            return page
        end = Seq(self.cache.heads().get(topic, Seq(0)) + 1) if before is None else before
        got = await self.request(History(id=0, topic=topic, before=end, limit=min(limit, limits.HISTORY_ENTRIES)))
        first = Seq(1) if got.complete or not got.entries else got.entries[0].seq
        self.cache.fill(topic, [*got.entries, *got.related], first=first, last=Seq(end - 1))
        return self.cache.page(topic, before=before, limit=limit)

    # One connection's life.

    async def _keep_online(self) -> None:
        while not self._stopping:
            error = await self._live()
            if error is None:
                return
            seconds = self._backoff.seconds(error)
            if seconds is None:
                self._bell.ended = error
                self._bell.ring()
                for subscriber in self._subscribers:
                    subscriber.close()
                raise error
            self._tell([Offline(error, seconds)])
            await trio.sleep(seconds)

    async def _live(self) -> ClientError | None:
        """Connect, and stay as long as it lasts. Return why it ended; None: `stop` was called."""
        error: ClientError | None = None
        try:
            async with open_connection(self.account.url, ca=self._ca) as connection:
                self._stay = Stay(
                    connection,
                    account=self.account,
                    cache=self.cache,
                    mirror=self._mirror,
                    courier=self._courier,
                    marks=self._marks,
                    bell=self._bell,
                    tell=self._tell,
                )
                error = await self._stay.last(lambda: self._stopping, watched=self._watched)
        except ClientError as failed:
            error = failed
        finally:
            if self._stay is not None and self._stay.is_caught_up:
                self._backoff.succeeded()
            if isinstance(error, ConnectionLostError) and error.close_code == CloseCode.SIGNED_OUT:
                error = SignedOutError("this device was signed out")
            self._stay, self._failure = None, error
            self.cache.outbox.release(self._owner)
            self._bell.ring()
        return error

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            for subscriber in self._subscribers:
                subscriber.send_nowait(event)
            if isinstance(event, Arrived) and event.entry.sender == self.account.person and event.entry.cid:
                self._tell(self._courier.settled(event.entry.cid, event.entry.topic, event.entry.seq))
        self._bell.ring()  # Even without an event something may have changed: a topic that lacks entries, the outbox.
