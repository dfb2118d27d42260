"""The ports of a store: one that writes, two that read. Their docstrings are the contract; tests/contracts/ holds it.

StoreError
├── StoreFullError      no room: nothing of the batch was stored, and it may be tried again later
├── StoreBrokenError    the disk failed at commit: what is durable is unknown, so stop, neither ack nor refuse
└── ResyncError         the reader claims entries this store never had: it must forget its cache and start anew
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from protocol.accounts import InboxReply, InboxShowReply
from protocol.decisions import Submission
from protocol.entries import Entry, Kind
from protocol.following import AccountPage, ArticleReply, FollowsReply, SearchKind, SearchReply
from protocol.frames import Device, Person, Preferences, SyncReply, TopicReply
from protocol.ids import Cid, CommentId, DeviceId, Epoch, PersonId, Seq, SubmissionId, TopicId
from protocol.public import AuditReply, Card, Listing, ReceiptReply, SubmissionsReply
from protocol.publications import Surface
from protocol.staff import ApplicationReply, ItemReply, QueueReply, StaffRole
from server.store.backstage_port import BackstageReader
from server.store.contact_port import ContactReader
from server.store.moment_port import MomentReader
from server.store.operator_port import OperatorReader
from server.store.public_writes import AnyOutcome, AnyWrite, Case
from server.store.square_port import SquareCircleReader, SquareReader
from server.store.thread_port import ThreadReader
from server.topics import TopicState


class StoreError(Exception):
    """Root of what a store raises."""


class StoreFullError(StoreError):
    """There is no room on the disk; nothing was stored."""


class StoreBrokenError(StoreError):
    """The disk failed while committing; the process must stop and start again from what is durable."""


class ResyncError(StoreError):
    """Somebody has more of `topic` than there is: what they have came from another life of this store."""

    def __init__(self, topic: TopicId) -> None:
        super().__init__(f"more of topic {topic} is known than it has")
        self.topic = topic


@dataclass(frozen=True, slots=True)
class Failed:
    """This write alone raised; its neighbours in the batch are stored. `error` says what, for the log."""

    error: str


class Writer(Protocol):
    """The one writer of a store. Used by one thread at a time."""

    def commit(self, writes: Sequence[AnyWrite]) -> list[AnyOutcome | Failed]:
        """Execute `writes` in order in one transaction and return, once it is on the disk, what came of each.

        A write sees what those before it did. A write that raises becomes Failed and leaves no trace; the others are
        stored. Seqs of a topic are dense: 1, 2, 3, ...

        Raises:
            StoreFullError: Nothing of the batch was stored.
            StoreBrokenError: Unknown what was.
        """

    def close(self) -> None:
        """Fold the write-ahead log in and let go of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of an entry without its body."""

    seq: Seq
    kind: Kind
    sender: PersonId
    at: int
    erased: bool
    hidden_from: PersonId | None
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLookup:
    """What there is between two people. `topic` None: they have not chatted. `peer` None: no such person."""

    topic: TopicId | None
    peer: Person | None
    blocked: bool  # The asking one blocks the other.
    blocked_by: bool  # The other blocks the asking one.


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Entries ascending; `related`: later edits, recalls and reactions of them from outside the page, newest first.

    `related_complete`: all of those. `complete`: there is nothing further in the direction asked (for `around`: before
    the page).
    """

    entries: tuple[Entry, ...]
    related: tuple[Entry, ...]
    related_complete: bool
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedBefore:
    """What a cid became. `digest` is the draft's it came with."""

    entry: Entry
    digest: bytes


class TopicReader(Protocol):
    """Reads of topics. Each call is one snapshot. Entries come as `viewer` may see them: nothing before their start;
    what is hidden from them, or targets something before their start, elided.
    """

    def topic(self, topic: TopicId) -> TopicState | None:
        """Return the state of `topic`."""

    def chat(self, person: PersonId, peer: PersonId) -> ChatLookup:
        """Return what there is between `person` and `peer`."""

    def linked(self, digest: bytes) -> TopicId | None:
        """Return the group whose link has this digest."""

    def posted(self, sender: PersonId, cid: Cid) -> PostedBefore | None:
        """Return what `sender` used `cid` for."""

    def header(self, topic: TopicId, seq: Seq) -> Header | None:
        """Return what is known of one entry."""

    def view(self, topic: TopicId, viewer: PersonId, *, everyone: bool) -> TopicReply | None:
        """Return `viewer`'s summary and the members, those invited or asking only if `everyone`; None: no standing."""

    def sync(
        self,
        viewer: PersonId,
        heads: Mapping[TopicId, Seq],
        *,
        marks: int,
        slice_bytes: int,
        reach: int,
        newest: int,
        follows: Mapping[TopicId, str] | None = None,
    ) -> SyncReply:
        """Return what `viewer` does not have yet.

        Summaries of topics changed since `marks`, in the order they changed, then entries after each of `heads`, and
        of changed topics not in `heads` the `newest` last. A topic more than `reach` entries behind starts `reach`
        before its head, with a gap, and with its summary, changed or not. `gone`: those of `heads` that are none of
        the viewer's. The reply stays below `slice_bytes` (one entry may pass it); then `more`, and asking again with
        what was got goes on from there.
        `follows`: the accounts that `viewer` follows, with their tag there. Those of `heads` come like a member's; of
        which nothing is held yet (0), the `newest` last entries; entries with another tag elided.
        Every one of those topics gets a slice that says `live`, if only an empty one in the last reply.

        Raises:
            ResyncError: One of `heads` is beyond its topic's.
        """

    def history(
        self,
        topic: TopicId,
        viewer: PersonId,
        *,
        before: Seq | None = None,
        after: Seq | None = None,
        around: Seq | None = None,
        limit: int,
        slice_bytes: int,
    ) -> HistoryPage | None:
        """Return a page; with none of the three, the newest. None: `viewer` is no member."""

    def readers(self, topic: TopicId, seq: Seq) -> tuple[PersonId, ...]:
        """Return who has read `seq`, was there for it and gives receipts, the author left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPerson:
    """Whose device a token is."""

    person: PersonId
    handle: str
    device: DeviceId
    preferences: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a password is checked against. `password` is its argon2 encoding."""

    person: PersonId
    handle: str
    password: str
    preferences: Preferences


class PeopleReader(Protocol):
    """Reads of people and their devices. Each call is one snapshot."""

    def credentials(self, handle: str) -> Credentials | None:
        """Return what signs `handle` in."""

    def signed(self, digest: bytes) -> SignedPerson | None:
        """Return whose token has this digest."""

    def devices(self, person: PersonId, current: DeviceId) -> tuple[Device, ...]:
        """Return the signed-in devices, oldest first."""

    def people(self, handles: Sequence[str], persons: Sequence[PersonId]) -> tuple[Person, ...]:
        """Return those that exist, each once, by handle in order."""

    def blocks(self, person: PersonId) -> tuple[Person, ...]:
        """Return whom `person` blocks, by handle in order."""

    def watchable(self, person: PersonId, persons: Sequence[PersonId]) -> tuple[PersonId, ...]:
        """Return those of `persons` whose presence `person` may see: both have said something in their chat, neither
        blocks the other, and both show their presence.
        """


class DialogueReader(Protocol):
    """Reads of the dialogues between people and a public account, for its operators: what the person has cleared or
    read is nothing to them. Each call is one snapshot.
    """

    def inbox(self, account: TopicId, *, offset: int, slice_bytes: int) -> InboxReply:
        """Return dialogues of `account` from the `offset`th on: those that wait longest first, then the others, the one
        asked last first. As many as one reply holds, and as there is room for in `slice_bytes` or one more.
        """

    def dialogue(self, topic: TopicId, *, before: Seq | None, limit: int, slice_bytes: int) -> InboxShowReply:
        """Return the `limit` entries of a dialogue before `before` (None: the last), in `slice_bytes` or one more; and
        which operator wrote those that are the account's.
        """

    def answered(self, account: TopicId, by: PersonId, cid: Cid) -> PostedBefore | None:
        """Return what the operator `by` used `cid` for in the name of `account`."""


class FollowReader(Protocol):
    """Reads of who follows what; only the private store has any. Each call is one snapshot."""

    def followed(self, person: PersonId) -> dict[TopicId, str]:
        """Return the accounts that `person` follows, each with their tag there, empty for none."""

    def follows(self, person: PersonId, mark: int | None) -> FollowsReply:
        """Return whom `person` follows, in the order they began to; nothing but the mark if it is still `mark`."""


class Reader(
    TopicReader,
    PeopleReader,
    DialogueReader,
    FollowReader,
    ContactReader,
    MomentReader,
    ThreadReader,
    SquareCircleReader,
    BackstageReader,
    Protocol,
):
    """One read-only connection. Used by one thread at a time."""

    def close(self) -> None:
        """Let go of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedBefore:
    """What a cid became on the public side. `digest` is that of the request it came with."""

    submission: Submission
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetVersion:
    """What an edit would change: whose text, of which kind, in which version it is now, and published on what."""

    author: PersonId
    kind: str
    version: int
    surface: Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Somebody of the staff who is on duty. `digest` is that of their token."""

    code: str
    role: StaffRole
    digest: bytes


class OfficerReader(Protocol):
    """Reads of staff: what is to be decided, and nothing of who wrote it. Each call is one snapshot."""

    def officer(self, code: str) -> Officer | None:
        """Return the officer on duty with this code."""

    def queue(self, limit: int) -> QueueReply:
        """Return what is to be decided, held items and applications alike, the oldest deadline first."""

    def item(
        self,
        item: SubmissionId | None,
        *,
        comment: CommentId | None = None,
        topic: TopicId | None = None,
        seq: Seq | None = None,
    ) -> ItemReply | None:
        """Return a submission, by its id or the entry or comment it became, with all decisions about it."""

    def application(self, account: TopicId) -> ApplicationReply | None:
        """Return the application for `account` with all decisions about it; None: there is none, or only a draft."""


class PublicReader(Reader, OperatorReader, OfficerReader, SquareReader, Protocol):
    """One read-only connection to the public store: what is asked there and nowhere else."""

    def signed_by(self, person: PersonId, agreement: bytes) -> bytes | None:
        """Return the digest of what `person` has signed: of `agreement`, if that is among it; else of the last."""

    def submitted(self, author: PersonId, cid: Cid) -> SubmittedBefore | None:
        """Return what `author` submitted as `cid`."""

    def target(self, topic: TopicId, seq: Seq) -> TargetVersion | None:
        """Return what an edit of `seq` would change; None: it is not there (any more)."""

    def own(self, author: PersonId, *, before: SubmissionId | None, limit: int, reply_bytes: int) -> SubmissionsReply:
        """Return what `author` submitted, newest first, those before `before`, in `reply_bytes` or one more."""

    def submitted_for(
        self, account: TopicId, *, before: SubmissionId | None, limit: int, reply_bytes: int
    ) -> SubmissionsReply:
        """Return what was submitted for a public account, and by which operator; as `own` does."""

    def receipt(self, person: PersonId, submission: SubmissionId) -> ReceiptReply | None:
        """Return all leaves about a submission of `person`, or for an account that they are an operator of, with
        proofs; by the id of an account of theirs, about the application for it. None: there is no such thing.
        """

    def audit(self, since: int) -> AuditReply | None:
        """Return the audit log's size and root, and proof of its first `since` leaves; None: it never had so many."""

    def cards(self, persons: Sequence[PersonId]) -> tuple[Card, ...]:
        """Return the public cards of those of `persons` who have one."""

    def pages(self, topics: Sequence[TopicId], *, at: int) -> tuple[AccountPage, ...]:
        """Return those of `topics` that are active public accounts, as anybody sees them at `at` (Unix ms), in order.

        Menu, welcome and replies only of one that is asked for alone.
        """

    def article(self, topic: TopicId, seq: Seq) -> ArticleReply | None:
        """Return the article that an entry is a version of, in its newest version; None: there is none in force."""

    def is_active(self, account: TopicId) -> bool:
        """Say whether there is such a public account, and it is active."""

    def offered(self, account: TopicId) -> tuple[str, ...] | None:
        """Return the tags that an active public account offers its followers; None: there is no such account."""

    def listing(self, topic: TopicId) -> Listing | None:
        """Return one public group as anybody sees it, listed or not."""

    def find(self, query: str, *, limit: int) -> tuple[Listing, ...]:
        """Return listed groups whose name or listing has all words of `query` in it, the largest first; with an empty
        one any.
        """

    def search(self, query: str, *, kinds: Sequence[SearchKind], offset: int, limit: int) -> SearchReply:
        """Return what is in force and has all words of `query` in it, as parts of words; of `kinds`, or, empty, of all.

        Accounts by what they are called and say they are about, articles in their newest version, groups that are
        listed. What has them all in its name comes first, then the best. Case, accents and width make no difference.
        """

    def unannounced(self) -> tuple[TopicId, ...]:
        """Return the public groups into which people have come without an entry that says so."""

    def waiting(self) -> tuple[tuple[Case, ...], tuple[SubmissionId, ...]]:
        """Return what was submitted and is not judged yet, in order; and what of that cannot be read."""

    def due(self, at: int) -> tuple[SubmissionId, ...]:
        """Return some of the items whose hold has ended by `at` (Unix ms), the oldest first."""


class Store(Protocol):
    """One side's store, open."""

    @property
    def epoch(self) -> Epoch:
        """Made when the store was created, or first opened from a backup."""

    @property
    def secret(self) -> bytes:
        """32 random bytes of this store, for keyed digests."""

    def writer(self) -> Writer:
        """Return the one writer."""

    def reader(self) -> Reader:
        """Return a new reader, for use in one thread."""

    def close(self) -> None:
        """Close the writer. Readers are closed by those who asked for them."""
