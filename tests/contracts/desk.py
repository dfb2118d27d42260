"""A desk at a store's counter: people, topics and messages in a word each, so that tests say what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from blake3 import blake3

from protocol.entries import Entry, Kind, Role, Side, Standing, TopicKind
from protocol.frames import SyncReply
from protocol.ids import Cid, DeviceId, PersonId, Seq, TopicId, new_cid, new_id, new_public_topic_id
from server.store.base import Failed, Reader, Store
from server.store.writes import (
    AddPerson,
    Draft,
    Founding,
    MarkRead,
    NewDevice,
    Outcome,
    Post,
    Posted,
    PutBlock,
    Write,
)
from server.topics import Change, Stand

NOON = 1_760_000_000_000  # Unix ms.


def digest(text: str) -> bytes:
    """Return a digest as the server would make it of a request or a token."""
    return blake3(text.encode()).digest()


def device(name: str = "", *, at: int = NOON) -> NewDevice:
    """Return a new device with a token of its own."""
    made = DeviceId(new_id())
    return NewDevice(device=made, name=name, digest=digest(made), at=at)


def draft(
    sender: PersonId, text: str | bytes = "hello", kind: Kind = Kind.MESSAGE, *, cid: Cid | None = None, **more: object
) -> Draft:
    """Return a draft whose digest follows from what it says."""
    body = text.encode() if isinstance(text, str) else text
    told = digest(repr((kind, body, sorted(more.items()))))
    return Draft(
        kind=kind,
        sender=sender,
        cid=cid or new_cid(NOON),
        digest=told,
        at=NOON,
        body=body or None,
        **more,  # type: ignore[arg-type]
    )


def seat(person: PersonId, role: Role = Role.MEMBER, start: int | None = None) -> Stand:
    """Return the change that makes `person` a member."""
    return Stand(person=person, standing=Standing.MEMBER, role=role, start=None if start is None else Seq(start))


@dataclass
class Desk:
    """A store with its writer and one reader. `side`: the one it is of."""

    store: Store
    side: Side = Side.PRIVATE
    read: Reader = field(init=False)
    handles: dict[PersonId, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.read = self.store.reader()

    def close(self) -> None:
        self.read.close()
        self.store.close()

    def new_topic(self) -> TopicId:
        """Return an id for a topic of this side."""
        return TopicId(new_id()) if self.side is Side.PRIVATE else new_public_topic_id()

    def commit(self, *writes: Write) -> list[Outcome | Failed]:
        return cast("list[Outcome | Failed]", self.store.writer().commit(writes))

    def do(self, write: Write) -> Outcome | Failed:
        (outcome,) = self.commit(write)
        return outcome

    def person(self, handle: str) -> PersonId:
        person = PersonId(new_id())
        self.do(
            AddPerson(person=person, handle=handle, skeleton=handle, password=f"argon2 of {handle}", device=device())
        )
        self.handles[person] = handle
        return person

    def generation(self, topic: TopicId) -> int:
        state = self.read.topic(topic)
        assert state is not None
        return state.generation

    def head(self, topic: TopicId) -> int:
        state = self.read.topic(topic)
        assert state is not None
        return state.head

    def post(self, topic: TopicId, what: Draft | None, *changes: Change) -> Posted:
        posted = self.do(Post(topic=topic, generation=self.generation(topic), draft=what, changes=changes))
        assert isinstance(posted, Posted), posted
        return posted

    def say(self, topic: TopicId, sender: PersonId, text: str | bytes = "hello", **more: object) -> Entry:
        entry = self.post(topic, draft(sender, text, **more)).entry  # type: ignore[arg-type]
        assert entry is not None
        return entry

    def chat(self, one: PersonId, other: PersonId, text: str = "hello") -> TopicId:
        """Begin a chat: `one` says something to `other`."""
        topic = self.new_topic()
        founding = Founding(kind=TopicKind.CHAT, side=self.side, peers=(min(one, other), max(one, other)))
        changes = tuple(seat(person) for person in dict.fromkeys((one, other)))
        posted = self.do(Post(topic=topic, generation=0, draft=draft(one, text), changes=changes, founding=founding))
        assert isinstance(posted, Posted), posted
        return topic

    def group(self, owner: PersonId, *others: PersonId) -> TopicId:
        """Found a group and seat `others` one after the other."""
        topic = self.new_topic()
        founding = Founding(kind=TopicKind.GROUP, side=self.side)
        founded = draft(owner, "the lane", Kind.FOUNDED)
        changes = (seat(owner, Role.OWNER),)
        posted = self.do(Post(topic=topic, generation=0, draft=founded, changes=changes, founding=founding))
        assert isinstance(posted, Posted), posted
        for other in others:
            self.join(topic, other)
        return topic

    def join(self, topic: TopicId, person: PersonId) -> Posted:
        return self.post(topic, draft(person, b"", Kind.JOINED), seat(person))

    def leave(self, topic: TopicId, person: PersonId) -> Posted:
        return self.post(topic, draft(person, b"", Kind.LEFT), Stand(person=person, standing=None))

    def mark(self, topic: TopicId, person: PersonId, seq: int) -> Outcome | Failed:
        return self.do(MarkRead(topic=topic, person=person, seq=Seq(seq)))

    def block(self, person: PersonId, other: PersonId, *, blocked: bool = True) -> Outcome | Failed:
        return self.do(PutBlock(person=person, other=other, blocked=blocked, at=NOON))

    def log(self, topic: TopicId, viewer: PersonId) -> tuple[Entry, ...]:
        """Return all that `viewer` may see."""
        page = self.read.history(topic, viewer, after=Seq(0), limit=1_000_000, slice_bytes=1 << 40)
        assert page is not None
        return page.entries

    def unread(self, topic: TopicId, person: PersonId) -> int:
        view = self.read.view(topic, person, everyone=False)
        assert view is not None
        return view.summary.unread

    def sync(
        self,
        viewer: PersonId,
        heads: dict[TopicId, Seq] | None = None,
        *,
        marks: int = 0,
        slice_bytes: int = 1 << 20,
        reach: int = 1000,
        newest: int = 50,
    ) -> SyncReply:
        return self.read.sync(viewer, heads or {}, marks=marks, slice_bytes=slice_bytes, reach=reach, newest=newest)


def bodies(entries: Sequence[Entry]) -> list[str | None]:
    """Return what is said in `entries`."""
    return [None if entry.body is None else entry.body.decode() for entry in entries]
