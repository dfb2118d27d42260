"""A small server that speaks hutong.v1 over a real socket and misbehaves on command. Nothing lasts.

Of what is private it has chats, and groups that are only talked in; the public side is in the room beside this one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio
from websockets.exceptions import ConnectionClosed
from websockets.trio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from protocol import codec, frames
from protocol.entries import Entry, Kind, Role, Side, Standing, TopicKind, side_of
from protocol.errors import ErrorCode
from protocol.frames import Appended, Done, Gap, Person, Push, Reply, Request, SignedIn, Slice, Summary, SyncReply
from protocol.ids import Cid, DeviceId, Epoch, PersonId, Seq, TopicId, new_id
from protocol.moments import PostMoment, SayComment
from protocol.public import Publish
from protocol.staff import StaffLogin
from tests.client.fake_accounts import FakeAccounts
from tests.client.fake_contacts import FakeContacts
from tests.client.fake_moments import FakeMoments
from tests.client.fake_public import FakePublic
from tests.client.fake_public import RefusingError as RefusingError

PASSWORD = "correct horse"
LIMITS = frames.Announced(
    message_bytes=65536, body_bytes=32768, slice_bytes=65536, requests_in_flight=16, group_members=500,
    recall_ms=120_000, edit_ms=120_000,
)  # fmt: skip


class FakeServer:
    """Its attributes are its switches: set them, and the next request or push obeys."""

    def __init__(self) -> None:
        self.url = ""
        self.epoch = Epoch("first")
        self.people: dict[str, PersonId] = {}
        self.tokens: dict[str, tuple[PersonId, str]] = {}
        self.chats: dict[TopicId, tuple[PersonId, ...]] = {}
        self.founders: dict[TopicId, PersonId] = {}  # Of the chats that are groups.
        self.logs: dict[TopicId, list[Entry]] = {}
        self.marks: dict[tuple[TopicId, PersonId], Seq] = {}
        self.lines: dict[ServerConnection, PersonId | None] = {}
        self.seen: list[Request[Any]] = []
        self.awaited: dict[type[Request[Any]], trio.Event] = {}  # Set when such a request comes.
        self.needs: tuple[str, ...] = ()
        self.newest = 50
        self.slice_entries = 100
        self.acks_to_lose = 0
        self.pushes_to_skip = 0
        self.refusals: list[RefusingError] = []  # For the next writing requests, in order.
        self.resume_refusals: list[RefusingError] = []
        self.public = FakePublic(self._push)
        self.public.handles = self.handle
        self.accounts = FakeAccounts(self._push)
        self.contacts = FakeContacts(self._push, self.handle)
        self.moments = FakeMoments(self._push, self.people, self.public)
        self.on_duty: dict[ServerConnection, str] = {}

    def has(self, handle: str) -> PersonId:
        """Make `handle` known, with the password of everybody here."""
        return self.people.setdefault(handle, PersonId(new_id()))

    def handle(self, person: PersonId) -> str:
        return next(handle for handle, known in self.people.items() if known == person)

    def token(self, handle: str) -> str:
        token = new_id()
        self.tokens[token] = (self.has(handle), handle)
        return token

    async def close_all(self, code: int, reason: str = "") -> None:
        for line in list(self.lines):
            await line.aclose(code, reason)

    async def say(self, sender: str, to: str, body: bytes) -> Entry:
        """`sender` says something from elsewhere."""
        send = frames.Send(id=0, cid=Cid(new_id().encode()), body=body, to=self.has(to))
        appended = await self._append(self.has(sender), send)
        return self.logs[appended.topic][appended.seq - 1]

    # The wire.

    async def attend(self, line: ServerConnection) -> None:
        self.lines[line] = None
        try:
            while True:
                message = await line.recv()
                assert isinstance(message, bytes)
                request = codec.decode_request(message)
                self.seen.append(request)
                if type(request) in self.awaited:
                    self.awaited[type(request)].set()
                try:
                    reply = await self._answer(line, request)
                    answer = codec.encode_reply(request.id, reply)
                except RefusingError as refusing:
                    answer = codec.encode_refusal(
                        request.id, refusing.code, refusing.message, retry_after_ms=refusing.retry_after_ms
                    )
                if (
                    isinstance(request, frames.Send | Publish | PostMoment | SayComment)
                    and self.acks_to_lose
                    and "error" not in codec.read_map(answer)
                ):
                    self.acks_to_lose -= 1
                    await trio.aclose_forcefully(line.stream)
                    return
                await line.send(answer)
        except ConnectionClosed:
            pass
        finally:
            del self.lines[line]

    async def _push(self, people: tuple[PersonId, ...], push: Push) -> None:
        for line, person in list(self.lines.items()):
            if person in people:
                await line.send(codec.encode_push(push))

    async def _answer(self, line: ServerConnection, request: Request[Any]) -> Reply:
        me = self.lines[line] or PersonId("")
        if self._is_staffs(request):
            reply = await self.public.serve_staff(request, self.on_duty.get(line))
            if isinstance(request, StaffLogin):
                self.on_duty[line] = request.code
            return reply
        if self.contacts.concerns(request):
            return await self.contacts.answer(me, request)
        if self.moments.concerns(request):
            return await self.moments.answer(me, request)
        if self.accounts.concerns(request):
            return await self.accounts.answer(me, request)
        if self._is_public(request):
            reply = await self.public.answer(me, request)
            if isinstance(request, frames.Sync) and isinstance(reply, SyncReply):
                return self.accounts.synced(me, request, reply)
            return reply
        match request:
            case frames.Hello():
                epochs = {Side.PRIVATE: self.epoch}
                epochs |= {Side.PUBLIC: self.public.epoch} if self.public.epoch is not None else {}
                return frames.HelloReply(
                    version=1, server="fake", now=0, heartbeat_ms=30_000, limits=LIMITS, epochs=epochs
                )
            case frames.Register(handle=handle):
                if self.needs and not request.answers:
                    return SignedIn(needs=self.needs)
                agreement, signature = self.public.agreement, request.signature
                if agreement is not None and (signature is None or signature.digest != agreement.digest):
                    return SignedIn(needs=("agreement",), agreement=agreement)
                if handle in self.people:
                    raise RefusingError(ErrorCode.HANDLE_TAKEN)
                if signature is not None:
                    self.public.signed[self.has(handle)] = signature.digest
                return self._signed_in(line, handle, self.token(handle))
            case frames.Login(handle=handle):
                if handle not in self.people or request.password != PASSWORD:
                    raise RefusingError(ErrorCode.BAD_CREDENTIALS)
                return self._signed_in(line, handle, self.token(handle))
            case frames.Resume():
                if self.resume_refusals:
                    raise self.resume_refusals.pop(0)
                if request.token not in self.tokens:
                    raise RefusingError(ErrorCode.BAD_CREDENTIALS)
                person, handle = self.tokens[request.token]
                self.lines[line] = person
                return SignedIn(
                    person=person, handle=handle, sync=self._sync(person, request.heads or {}, request.marks)
                )
            case frames.Sync():
                return self._sync(me, request.heads, request.marks)
            case frames.Send() | frames.Edit() | frames.Recall() | frames.React():
                if self.refusals:
                    raise self.refusals.pop(0)
                return await self._append(me, request)
            case frames.GroupFound(invite=invited):
                topic = TopicId(new_id())
                self.founders[topic], self.chats[topic], self.logs[topic] = me, (me, *invited), []
                return await self._append(me, request, topic=topic)
            case frames.History(topic=topic, before=before):
                log = self.logs[topic][: (before or 1 << 60) - 1]
                page = log[-request.limit :]
                later = [entry for entry in self.logs[topic] if entry.target in {found.seq for found in page}]
                related = [entry for entry in later if entry not in page]
                return frames.HistoryReply(entries=tuple(page), complete=len(page) == len(log), related=tuple(related))
            case frames.Read(topic=topic, seq=seq):
                self.marks[topic, me] = seq
                return Done()
            case frames.People():
                found = [
                    Person(person=self.people[handle], handle=handle)
                    for handle in request.handles
                    if handle in self.people
                ]
                found += [Person(person=p, handle=h) for h, p in self.people.items() if p in request.persons]
                return frames.PeopleReply(people=tuple(found))
            case frames.Blocks():
                return frames.PeopleReply(people=())
            case frames.Watch():
                return frames.WatchReply(online=tuple(p for p in self.lines.values() if p in request.persons and p))
            case _:
                raise RefusingError(ErrorCode.UNKNOWN_OP)

    @staticmethod
    def _is_staffs(request: Request[Any]) -> bool:
        return str(request.__struct_config__.tag).startswith(("staff.", "officer."))

    @staticmethod
    def _is_public(request: Request[Any]) -> bool:
        """Say whether it is for the public side; what names a topic of the other one is refused."""
        if isinstance(request, frames.Read | frames.SetTopic):
            return False
        if isinstance(request, frames.Sync):
            return request.side is Side.PUBLIC
        topic = getattr(request, "topic", None)
        is_public = topic is not None and side_of(topic) is Side.PUBLIC
        if is_public and isinstance(request, frames.Send | frames.Edit | frames.React):
            raise RefusingError(ErrorCode.WRONG_SIDE)
        return is_public or type(request).__module__ == "protocol.public"

    def _signed_in(self, line: ServerConnection, handle: str, token: str) -> SignedIn:
        self.lines[line] = self.has(handle)
        return SignedIn(person=self.has(handle), handle=handle, device=DeviceId(new_id()), token=token)

    # What it knows.

    def summary(self, topic: TopicId, person: PersonId) -> Summary:
        log = self.logs[topic]
        read = self.marks.get((topic, person), Seq(0))
        peer = next((p for p in self.chats[topic] if p != person), person)
        handle = next(h for h, p in self.people.items() if p == peer)
        unread = (log[-1].nth if log else 0) - (log[read - 1].nth if read else 0)
        if topic in self.founders:
            return Summary(
                topic=topic, kind=TopicKind.GROUP, side=Side.PRIVATE, standing=Standing.MEMBER,
                role=Role.OWNER if self.founders[topic] == person else Role.MEMBER, head=Seq(len(log)), start=Seq(1),
                read=read, unread=unread, name=log[0].body, members=len(self.chats[topic]),
            )  # fmt: skip
        return Summary(
            topic=topic, kind=TopicKind.CHAT, side=Side.PRIVATE, standing=Standing.MEMBER, role=Role.MEMBER,
            head=Seq(len(log)), start=Seq(1), read=read, unread=unread, peer=Person(person=peer, handle=handle),
        )  # fmt: skip

    def _sync(self, person: PersonId, heads: dict[TopicId, Seq], marks: int) -> SyncReply:
        mine = [topic for topic, peers in self.chats.items() if person in peers]
        if any(have > len(self.logs.get(topic, [])) for topic, have in heads.items()):
            raise RefusingError(ErrorCode.RESYNC)
        changed = [topic for topic in mine if list(self.chats).index(topic) >= marks]
        slices, left, more = [], self.slice_entries, False
        for topic in dict.fromkeys([*heads, *changed]):
            if topic not in mine:
                continue
            log = self.logs[topic]
            have = heads.get(topic, max(len(log) - self.newest, 0))
            entries = log[have : have + left]
            left -= len(entries)
            live = have + len(entries) == len(log)
            more = more or not live
            gap = Gap(first=Seq(1), last=Seq(have)) if have and topic not in heads else None
            slices.append(Slice(topic=topic, entries=tuple(entries), head=Seq(len(log)), live=live, gap=gap))
        return SyncReply(
            marks=len(self.chats), topics=tuple(self.summary(topic, person) for topic in changed), slices=tuple(slices),
            gone=tuple(topic for topic in heads if topic not in mine), more=more,
        )  # fmt: skip

    async def _append(self, sender: PersonId, request: Any, *, topic: TopicId | None = None) -> Appended:
        topic = topic or getattr(request, "topic", None) or self._chat(sender, request.to)
        log = self.logs[topic]
        repeat = next((entry for entry in log if entry.cid == request.cid), None)
        if repeat is not None:
            return Appended(topic=topic, seq=repeat.seq, nth=repeat.nth, at=repeat.at)
        kinds: dict[type, Kind] = {frames.Send: Kind.MESSAGE, frames.Edit: Kind.EDIT, frames.Recall: Kind.RECALL}
        kinds |= {frames.GroupFound: Kind.FOUNDED}
        kind = kinds.get(type(request), Kind.REACTION)
        entry = Entry(
            topic=topic, seq=Seq(len(log) + 1), nth=(log[-1].nth if log else 0) + (kind is Kind.MESSAGE),
            at=1_750_000_000_000 + len(log), kind=kind, sender=sender, cid=request.cid,
            body=getattr(request, "body", getattr(request, "name", None)), reply_to=getattr(request, "reply_to", None),
            target=getattr(request, "target", None),
        )  # fmt: skip
        log.append(entry)
        if entry.seq == 1:
            for person in set(self.chats[topic]):
                await self._push((person,), frames.TopicPush(summary=self.summary(topic, person)))
        if self.pushes_to_skip:
            self.pushes_to_skip -= 1
        else:
            await self._push(self.chats[topic], frames.EntryPush(entry=entry))
        return Appended(topic=topic, seq=entry.seq, nth=entry.nth, at=entry.at)

    def _chat(self, one: PersonId, other: PersonId) -> TopicId:
        for topic, peers in self.chats.items():
            if set(peers) == {one, other} and topic not in self.founders:
                return topic
        if other not in self.people.values():
            raise RefusingError(ErrorCode.NOT_FOUND)
        topic = TopicId(new_id())
        self.chats[topic], self.logs[topic] = (one, other), []
        return topic


@asynccontextmanager
async def fake_server(port: int = 0) -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
    fake.url = f"ws://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
    speaking = partial(
        serve, fake.attend, listeners=listeners, subprotocols=[Subprotocol(frames.SUBPROTOCOL)], compression=None
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(speaking)
        yield fake
        nursery.cancel_scope.cancel()
