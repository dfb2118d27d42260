"""What a handler decides: values that say what is to be done. The session carries them out; nothing here acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from protocol.decisions import Submission
from protocol.entries import Side
from protocol.errors import CloseCode, ErrorCode
from protocol.frames import Preferences, Push, Reply, Request, SyncReply
from protocol.ids import DeviceId, PersonId, Seq, TopicId
from protocol.limits import OPEN_THREADS
from protocol.staff import StaffRole
from server.roots import Root
from server.store.base import Failed, PublicReader, Reader
from server.store.public_writes import AnyOutcome, AnyWrite
from server.topics import TopicState


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is signed in on a connection."""

    person: PersonId
    handle: str
    device: DeviceId
    preferences: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDuty:
    """The officer who is signed in on a connection. Nobody is a person and an officer on the same one."""

    code: str
    role: StaffRole


class Tell(msgspec.Struct, frozen=True, kw_only=True):
    """Push `push` to every signed-in connection of `persons`.

    `not_here`: leave out the connection that asked. `receipts`: only to those who give read receipts themselves.
    `ephemeral`: drop it for a connection that lags behind.
    """

    persons: tuple[PersonId, ...]
    push: Push
    not_here: bool = False
    receipts: bool = False
    ephemeral: bool = False


class SignOut(msgspec.Struct, frozen=True):
    """Close the connections of these devices, the one that asked aside."""

    devices: tuple[DeviceId, ...]


class Prefer(msgspec.Struct, frozen=True):
    """The person's preferences are these now, on all their connections."""

    person: PersonId
    preferences: Preferences


class WatchFor(msgspec.Struct, frozen=True):
    """This connection wants to know when `persons` come and go; it replaces what it wanted before."""

    persons: tuple[PersonId, ...]


class Part(msgspec.Struct, frozen=True):
    """These two no longer see each other come."""

    one: PersonId
    other: PersonId


class Note(msgspec.Struct, frozen=True):
    """Write this; nobody waits for it."""

    write: AnyWrite


class Came(msgspec.Struct, frozen=True):
    """Somebody has come into a public group; its members learn of it in a while, with others."""

    topic: TopicId


class Appeared(msgspec.Struct, frozen=True):
    """Something that was held is public now."""

    submission: Submission


class Stir(msgspec.Struct, frozen=True):
    """Push `push` where the thread of `root` is open: on the connections of `persons`, but the one that asked.

    None: on all of them.
    """

    root: Root
    push: Push
    persons: tuple[PersonId, ...] | None


class CloseThread(msgspec.Struct, frozen=True):
    """The thread of `root` is open on this connection no longer."""

    root: Root


Effect = Tell | SignOut | Prefer | WatchFor | Part | Came | Appeared | Note | Stir | CloseThread


class Answer(msgspec.Struct, frozen=True):
    """Reply; before that, carry out `effects`; after it, close when `close` says so."""

    reply: Reply
    effects: tuple[Effect, ...] = ()
    close: tuple[int, str] | None = None


class Refuse(msgspec.Struct, frozen=True):
    """Refuse, and nothing has happened. `retry_after_ms` None: repeating will not help."""

    code: ErrorCode
    message: str
    retry_after_ms: int | None = None
    field: str | None = None
    close: CloseCode | None = None


class Commit(msgspec.Struct, frozen=True):
    """Write, and when that is durable decide by what came of it."""

    write: AnyWrite
    then: Callable[[Any], "Decision"]


class Ask(msgspec.Struct, frozen=True):
    """Read on another thread, then decide by what was found. The connection's later requests wait."""

    query: Callable[[Reader], Any]
    then: Callable[[Any], "Decision"]
    side: Side = Side.PRIVATE


class AskPublic(msgspec.Struct, frozen=True):
    """Read what only the public store has, then decide by what was found. The later requests wait."""

    query: Callable[[PublicReader], Any]
    then: Callable[[Any], "Decision"]


class With(msgspec.Struct, frozen=True):
    """Decide with the state of `topic`, None when there is no such topic."""

    topic: TopicId
    then: Callable[[TopicState | None], "Decision"]


class Compute(msgspec.Struct, frozen=True):
    """Start work that ends by calling what it is given, then decide by that.

    `alone`: the connection's later requests wait for it.
    """

    start: Callable[[Callable[[Any], None]], None]
    then: Callable[[Any], "Decision"]
    alone: bool = True


class Enter(msgspec.Struct, frozen=True):
    """`caller` is signed in on this connection from now on; then go on with `after`."""

    caller: Caller
    after: "Decision"


class GoOnDuty(msgspec.Struct, frozen=True):
    """`officer` is signed in on this connection from now on; then go on with `after`."""

    officer: OnDuty
    after: "Decision"


class CatchUp(msgspec.Struct, frozen=True):
    """Bring this connection up to date from `heads` and make what reaches the head live; `reply` wraps the result.

    `otherwise`: what to do when the heads are of another log.
    """

    heads: Mapping[TopicId, Seq]
    marks: int
    reply: Callable[[SyncReply], Reply]
    otherwise: "Decision"
    effects: tuple[Effect, ...] = ()
    side: Side = Side.PRIVATE


class OpenThread(msgspec.Struct, frozen=True):
    """The thread of `root` is open on this connection from now on; then go on with `after`, which reads it.

    So nothing falls between the two. If it all ends in a refusal, it is open no longer.
    """

    root: Root
    after: "Decision"


class Again(msgspec.Struct, frozen=True):
    """Decide anew, on `request`: what the decision stood on has changed, or is known only now."""

    request: Request[Reply]


Decision = Answer | Refuse | Commit | Ask | AskPublic | With | Compute | Enter | GoOnDuty | CatchUp | OpenThread | Again


class Subscriber(Protocol):
    """A connection as the hub sees it."""

    caller: Caller | None
    live: list[TopicId]

    def push(self, frame: bytes) -> None:
        """Queue a WebSocket frame."""

    def push_ephemeral(self, frame: bytes) -> None:
        """Queue a WebSocket frame unless this connection lags behind."""

    def prefer(self, preferences: Preferences) -> None:
        """The preferences of whoever is signed in are these now."""

    def sign_out(self) -> None:
        """Close: the device's token is worthless now."""


NOT_FOUND = Refuse(ErrorCode.NOT_FOUND, "there is no such thing, or it is not yours to see")
NOT_ACCEPTED = Refuse(ErrorCode.NOT_ACCEPTED, "this person does not accept that")
MANY_THREADS = Refuse(ErrorCode.TOO_MANY, f"{OPEN_THREADS} threads are open on this connection: close some")
WRONG_SIDE = Refuse(
    ErrorCode.WRONG_SIDE, "this is not done on this side: what is private is sent, what is public is published"
)
NO_PLACE = Refuse(ErrorCode.BAD_REQUEST, "this is no position that you were given in this list", field="before")
RESYNC = Refuse(ErrorCode.RESYNC, "this is another log than the one you know: forget what you have and sync anew")
BUSY_MS = 1000
UNAVAILABLE = Refuse(ErrorCode.UNAVAILABLE, "the server cannot do this just now; nothing was stored", BUSY_MS)
INTERNAL = Refuse(ErrorCode.INTERNAL, "the server failed at this request; it has been logged")


class NoRoom(msgspec.Struct, frozen=True):
    """The store is full: nothing was written."""


Result = AnyOutcome | Failed | NoRoom
