"""The public side of the fake server: groups, a gate that decides as it is told, an audit log with real proofs, staff.

Its attributes are its switches, as the fake server's are.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from blake3 import blake3

from protocol import frames, public, publications, staff
from protocol.decisions import Decision, DecisionKind, Span, Submission, SubmissionState
from protocol.entries import COUNTABLE, Admission, Entry, Kind, Openness, Role, Side, Standing, TopicKind
from protocol.errors import ErrorCode
from protocol.frames import Appended, Done, Push, Reply, Request, Slice, Summary, SyncReply
from protocol.ids import (
    Cid,
    DecisionId,
    Epoch,
    PersonId,
    Seq,
    SubmissionId,
    TopicId,
    new_id,
    new_public_topic_id,
)
from protocol.publications import Content, Published, Surface

NOW = 1_750_000_000_000
HOUR = 3_600_000
AGREEMENT = public.Agreement(
    version="1",
    digest=bytes(range(32)),
    lines=(
        public.BottomLine(code="law", titles={"en": "laws and regulations", "zh": "法律法规"}),
        public.BottomLine(code="truth", titles={"en": "truthfulness of information", "zh": "信息真实性"}),
    ),
    texts={"en": "Who publishes here keeps the lines below.", "zh": "发布者承诺遵守以下底线。"},
)
KINDS = {
    Surface.GROUP_MESSAGE: Kind.MESSAGE,
    Surface.GROUP_NAME: Kind.NAMED,
    Surface.GROUP_NOTICE: Kind.NOTICE,
    Surface.GROUP_LISTING: Kind.LISTING,
    Surface.GROUP_SCREEN_NAME: Kind.SCREEN_NAME,
}


class RefusingError(Exception):
    def __init__(self, code: ErrorCode, retry_after_ms: int | None = None, message: str = "no") -> None:
        self.code, self.retry_after_ms, self.message = code, retry_after_ms, message


@dataclass(frozen=True)
class Ruling:
    """What the gate is to say about the next publication."""

    state: SubmissionState = SubmissionState.PUBLISHED
    labels: tuple[str, ...] = ()
    where: tuple[Span, ...] = ()
    facts: str = "It says something nobody has shown."


@dataclass
class Group:
    topic: TopicId
    members: dict[PersonId, Role]
    admission: Admission = Admission.OPEN
    listed: bool = False
    history_open: bool = False
    asked: set[PersonId] = field(default_factory=set)
    texts: dict[Kind, bytes] = field(default_factory=dict)
    start: dict[PersonId, Seq] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)


class FakePublic:
    """`tell` pushes to people; `epoch` None: a server from before there was a public side."""

    def __init__(self, tell: Callable[[tuple[PersonId, ...], Push], Awaitable[None]]) -> None:
        self._tell = tell
        self.epoch: Epoch | None = None
        self.groups: dict[TopicId, Group] = {}
        self.cards: dict[PersonId, public.Card] = {}
        self.submissions: dict[Cid, tuple[PersonId, Submission]] = {}
        self.decisions: dict[SubmissionId, list[Decision]] = {}
        self.rulings: list[Ruling | RefusingError] = []  # For the next publications, in order.
        self.agreement: public.Agreement | None = None
        self.signed: dict[PersonId, bytes] = {}
        self.closed = ""
        self.hooks: tuple[public.InstalledHook, ...] = (
            public.InstalledHook(name="terms", kind="check", version="1.0", surfaces=tuple(Surface)),
            public.InstalledHook(name="far", kind="webhook", version="2.1", surfaces=(Surface.CARD,)),
        )
        self.leaves: list[bytes] = []
        self.officers = {"r1": "officer-token"}
        self.handles: Callable[[PersonId], str] = str
        self.posted: Callable[[PersonId, Submission], Awaitable[Submission]] | None = None  # On squares, and below.
        self.gate_asked = 0
        self.resyncs = 0

    async def answer(self, me: PersonId, request: Request[Any]) -> Reply:
        match request:
            case frames.Sync():
                if self.resyncs:
                    self.resyncs -= 1
                    raise RefusingError(ErrorCode.RESYNC)
                return self._sync(me, request)
            case public.ShowAgreement():
                digest = self.agreement.digest if self.agreement else None
                return public.AgreementReply(agreement=self.agreement, signed=self.signed.get(me) == digest)
            case public.SignAgreement(signature=signature):
                self.signed[me] = signature.digest
                return Done()
            case public.ShowGate():
                self.gate_asked += 1
                return self._gate()
            case public.Publish():
                return public.SubmissionReply(submission=await self._publish(me, request))
            case public.TakeBack(submission=submission):
                return public.SubmissionReply(submission=await self.change(submission, SubmissionState.TAKEN_BACK))
            case public.Submissions():
                mine = [each for author, each in reversed(self.submissions.values()) if author == me]
                ids = [each.submission for each in mine]
                mine = mine[ids.index(request.before) + 1 :] if request.before else mine
                page = tuple(public.Submitted(**msgspec.structs.asdict(each)) for each in mine[: request.limit])
                return public.SubmissionsReply(submissions=page, complete=len(page) == len(mine))
            case public.ShowReceipt(submission=submission):
                return self._receipt(submission)
            case public.ShowAudit(since=since):
                if since > len(self.leaves):
                    raise RefusingError(ErrorCode.BAD_REQUEST)
                proof = tuple(consistency(self.leaves, since)) if 0 < since < len(self.leaves) else ()
                return public.AuditReply(size=len(self.leaves), root=root(self.leaves), consistency=proof)
            case public.Cards(persons=persons):
                return public.CardsReply(cards=tuple(self.cards[person] for person in persons if person in self.cards))
            case public.GroupFoundPublic():
                return await self._found(me, request)
            case public.GroupSettings(topic=topic):
                return await self._set(me, self._group(topic), request)
            case public.GroupJoin(topic=topic):
                return await self._join(me, self._group(topic))
            case public.GroupFind(query=query):
                listings = [self._listing(group) for group in self.groups.values() if group.listed]
                found = [each for each in listings if query.casefold() in _words(each).casefold()]
                return public.ListingsReply(listings=tuple(found[: request.limit]))
            case public.GroupListing(topic=topic):
                return public.ListingReply(listing=self._listing(self._group(topic)))
            case frames.ShowTopic(topic=topic):
                return self._show(me, self._group(topic))
            case frames.History(topic=topic):
                return self._history(me, self._group(topic), request)
            case frames.Recall(topic=topic, target=target):
                group = self._group(topic)
                group.log[target - 1] = msgspec.structs.replace(group.log[target - 1], body=None, erased=True)
                return await self.append(group, me, Kind.RECALL, cid=request.cid, target=target)
            case frames.GroupApprove(topic=topic, person=person):
                group = self._group(topic)
                group.asked.discard(person)
                return await self._enter(group, person)
            case frames.Typing():
                return Done()
            case _:
                raise RefusingError(ErrorCode.UNKNOWN_OP)

    # Publishing.

    async def _publish(self, me: PersonId, request: public.Publish) -> Submission:
        if request.cid in self.submissions:
            return self.submissions[request.cid][1]
        if self.closed:
            raise RefusingError(ErrorCode.PUBLIC_CLOSED, message=self.closed)
        if self.agreement is not None and self.signed.get(me) != self.agreement.digest:
            raise RefusingError(ErrorCode.NEEDS_AGREEMENT, message="sign the agreement first")
        ruling = self.rulings.pop(0) if self.rulings else Ruling()
        if isinstance(ruling, RefusingError):
            raise ruling
        version = 1
        if request.target is not None and request.topic is not None:
            version = self._version(self._group(request.topic), request.target) + 1
            if request.base != version - 1:
                raise RefusingError(ErrorCode.SUPERSEDED, message="another version is in force")
        kept = Submission(
            submission=SubmissionId(new_id()), cid=request.cid, surface=request.surface, state=ruling.state, at=NOW,
            topic=request.topic, target=request.target, content=request.content, labels=ruling.labels,
            until=NOW + 72 * HOUR if ruling.state is SubmissionState.HELD else None, version=version,
            root=request.root, answers=request.answers,
        )  # fmt: skip
        if ruling.state is SubmissionState.PUBLISHED:
            if ruling.labels:
                label = self._decide(kept, DecisionKind.LABEL, ruling, by="hook terms 1.0")
                kept = msgspec.structs.replace(kept, decision=label)
            kept = await self._appear(me, kept, reply_to=request.reply_to)
        elif ruling.state is not SubmissionState.WAITING:
            kind = DecisionKind.HOLD if ruling.state is SubmissionState.HELD else DecisionKind.REJECT
            kept = msgspec.structs.replace(kept, decision=self._decide(kept, kind, ruling, by="hook terms 1.0"))
        self.submissions[request.cid] = (me, kept)
        return kept

    async def change(self, submission: SubmissionId, state: SubmissionState) -> Submission:
        """Something becomes of a submission, and its author is told."""
        author, kept = self._kept(submission)
        changed = msgspec.structs.replace(kept, state=state, until=None)
        if state is SubmissionState.PUBLISHED:
            changed = await self._appear(author, changed)
        elif state in {SubmissionState.REJECTED, SubmissionState.LAPSED}:
            decision = self._decide(kept, DecisionKind.REJECT, Ruling(), by="officer r1")
            changed = msgspec.structs.replace(changed, decision=decision)
        self.submissions[kept.cid] = (author, changed)
        await self._tell((author,), public.SubmissionPush(submission=changed))
        return changed

    async def withdraw(self, submission: SubmissionId, *, restore: bool = False) -> None:
        """What is published is kept from readers; `restore`: it is given back."""
        author, kept = self._kept(submission)
        assert kept.topic is not None
        assert kept.seq is not None
        group, target = self._group(kept.topic), kept.target or kept.seq
        entry = group.log[target - 1]
        body = publications.encode(Published(content=kept.content or Content(), version=kept.version or 1))
        group.log[target - 1] = msgspec.structs.replace(entry, withdrawn=not restore, body=body if restore else None)
        kind = Kind.RESTORED if restore else Kind.WITHDRAWN
        await self.append(group, None, kind, target=target, body=body if restore else None)
        decision = self._decide(
            kept, DecisionKind.RESTORE if restore else DecisionKind.WITHDRAW, Ruling(), by="officer c1"
        )
        changed = msgspec.structs.replace(kept, withdrawn=not restore, decision=decision)
        self.submissions[kept.cid] = (author, changed)
        await self._tell((author,), public.SubmissionPush(submission=changed))

    def _kept(self, submission: SubmissionId) -> tuple[PersonId, Submission]:
        for author, kept in self.submissions.values():
            if kept.submission == submission:
                return author, kept
        raise RefusingError(ErrorCode.NOT_FOUND)

    def _decide(self, kept: Submission, kind: DecisionKind, ruling: Ruling, *, by: str) -> Decision:
        decision = Decision(
            decision=DecisionId(new_id()), kind=kind, ground="rumour", clause="Provisions, Art. 6",
            bottom_line="truthfulness of information", agreement="1", where=ruling.where, facts=ruling.facts, by=by,
            automated=by.startswith("hook"), at=NOW, appeal="Write to appeals@example.org.", leaf=len(self.leaves),
        )  # fmt: skip
        self.leaves.append(msgspec.json.encode({"submission": kept.submission, "decision": str(kind)}))
        self.decisions.setdefault(kept.submission, []).append(decision)
        return decision

    async def _appear(self, author: PersonId, kept: Submission, *, reply_to: Seq | None = None) -> Submission:
        self.leaves.append(msgspec.json.encode({"submission": kept.submission, "verdict": "allow"}))
        assert kept.content is not None
        if kept.surface in {Surface.SQUARE, Surface.COMMENT}:
            assert self.posted is not None
            return await self.posted(author, kept)
        body = publications.encode(Published(content=kept.content, labels=kept.labels, version=kept.version or 1))
        if kept.surface is Surface.CARD:
            handle = self.handles(author)
            card = public.Card(person=author, handle=handle, topic=new_public_topic_id(), seq=Seq(1), body=body)
            self.cards[author] = card
            return msgspec.structs.replace(kept, topic=card.topic, seq=card.seq)
        assert kept.topic is not None
        group = self._group(kept.topic)
        kind = Kind.EDIT if kept.target is not None else KINDS[kept.surface]
        if kind is not Kind.MESSAGE:
            group.texts[kind] = body
        fields = {"cid": kept.cid, "body": body, "reply_to": reply_to, "target": kept.target}
        done = await self.append(group, author, kind, **fields)
        return msgspec.structs.replace(kept, seq=done.seq)

    def _version(self, group: Group, target: Seq) -> int:
        return 1 + sum(entry.kind is Kind.EDIT and entry.target == target for entry in group.log)

    # Groups.

    def _group(self, topic: TopicId) -> Group:
        if topic not in self.groups:
            raise RefusingError(ErrorCode.NOT_FOUND)
        return self.groups[topic]

    def summary(self, group: Group, person: PersonId) -> Summary:
        return Summary(
            topic=group.topic, kind=TopicKind.GROUP, side=Side.PUBLIC,
            standing=Standing.MEMBER if person in group.members else Standing.ASKED,
            role=group.members.get(person, Role.MEMBER), head=Seq(len(group.log)),
            start=group.start.get(person, Seq(len(group.log) + 1)), read=Seq(0),
            unread=sum(entry.kind in COUNTABLE for entry in group.log), members=len(group.members),
            name=group.texts.get(Kind.NAMED), notice=group.texts.get(Kind.NOTICE),
            listing=group.texts.get(Kind.LISTING), admission=group.admission, listed=group.listed,
            history_open=group.history_open,
        )  # fmt: skip

    async def append(self, group: Group, sender: PersonId | None, kind: Kind, **fields: Any) -> Appended:
        """Put an entry into a group's log, and tell its members."""
        seq, nth = Seq(len(group.log) + 1), (group.log[-1].nth if group.log else 0) + (kind in COUNTABLE)
        entry = Entry(topic=group.topic, seq=seq, nth=nth, at=NOW + seq, kind=kind, sender=sender, **fields)
        group.log.append(entry)
        await self._tell(tuple(group.members), frames.EntryPush(entry=entry))
        return Appended(topic=group.topic, seq=seq, nth=nth, at=entry.at)

    async def _found(self, me: PersonId, request: public.GroupFoundPublic) -> Appended:
        topic = new_public_topic_id()
        self.groups[topic] = group = Group(
            topic=topic, members={me: Role.OWNER}, admission=request.admission, listed=request.listed,
            history_open=request.history_open, start={me: Seq(1)},
        )  # fmt: skip
        await self._tell((me,), frames.TopicPush(summary=self.summary(group, me)))
        return await self.append(group, me, Kind.FOUNDED, cid=request.cid)

    async def _set(self, me: PersonId, group: Group, request: public.GroupSettings) -> Appended:
        for name in ("admission", "listed", "history_open"):
            if getattr(request, name) is not None:
                setattr(group, name, getattr(request, name))
        now = Openness(admission=group.admission, listed=group.listed, history_open=group.history_open)
        return await self.append(group, me, Kind.SETTINGS, cid=request.cid, openness=now)

    async def _join(self, me: PersonId, group: Group) -> public.JoinReply:
        if group.admission is Admission.APPROVAL:
            group.asked.add(me)
            return public.JoinReply(topic=group.topic, standing=Standing.ASKED)
        await self._enter(group, me)
        return public.JoinReply(topic=group.topic, standing=Standing.MEMBER)

    async def _enter(self, group: Group, person: PersonId) -> Appended:
        group.members[person] = Role.MEMBER
        group.start[person] = Seq(len(group.log) + 1)
        await self._tell((person,), frames.TopicPush(summary=self.summary(group, person)))
        return await self.append(group, None, Kind.JOINED, count=1)

    def _listing(self, group: Group) -> public.Listing:
        return public.Listing(
            topic=group.topic, members=len(group.members), admission=group.admission, listed=group.listed,
            history_open=group.history_open, name=group.texts.get(Kind.NAMED), listing=group.texts.get(Kind.LISTING),
        )  # fmt: skip

    def _show(self, me: PersonId, group: Group) -> frames.TopicReply:
        if me not in group.members:
            raise RefusingError(ErrorCode.NOT_FOUND)
        names = {entry.sender: entry.body for entry in group.log if entry.kind is Kind.SCREEN_NAME}
        members = [
            frames.GroupMember(
                person=person, handle=self.handles(person), standing=Standing.MEMBER, role=role, since=Seq(1),
                screen_name=names.get(person),
            )
            for person, role in group.members.items()
        ]  # fmt: skip
        return frames.TopicReply(summary=self.summary(group, me), members=tuple(members))

    def _history(self, me: PersonId, group: Group, request: frames.History) -> frames.HistoryReply:
        if me not in group.members and not group.history_open:
            raise RefusingError(ErrorCode.NOT_FOUND)
        before, after = request.before or len(group.log) + 1, request.after or 0
        page = [entry for entry in group.log if after < entry.seq < before]
        shown = page[: request.limit] if request.after is not None else page[-request.limit :]
        seqs = {entry.seq for entry in shown}
        related = tuple(entry for entry in group.log if entry.target in seqs and entry.seq not in seqs)
        return frames.HistoryReply(entries=tuple(shown), complete=len(page) == len(shown), related=related)

    def _sync(self, me: PersonId, request: frames.Sync) -> SyncReply:
        mine = {topic: group for topic, group in self.groups.items() if me in group.members}
        if any(have > len(mine[topic].log) for topic, have in request.heads.items() if topic in mine):
            raise RefusingError(ErrorCode.RESYNC)
        slices = []
        for topic, group in mine.items():
            have = request.heads.get(topic, Seq(group.start[me] - 1))
            slices.append(Slice(topic=topic, entries=tuple(group.log[have:]), head=Seq(len(group.log)), live=True))
        gone = tuple(topic for topic in request.heads if topic not in mine)
        topics = tuple(self.summary(group, me) for group in mine.values())
        return SyncReply(marks=len(self.groups), topics=topics, slices=tuple(slices), gone=gone)

    # The gate, the log, staff.

    def _gate(self) -> public.GateReply:
        return public.GateReply(
            pack="cn-2014", version="1", closed=self.closed,
            stages=dict.fromkeys(Surface, ("licence", "agreement", "hooks")), hooks=self.hooks,
            grounds={"rumour": "Spreading rumours"}, categories={"news": "News"},
        )  # fmt: skip

    def _receipt(self, submission: SubmissionId) -> public.ReceiptReply:
        numbers = [number for number, leaf in enumerate(self.leaves) if submission.encode() in leaf]
        verdicts = tuple(
            public.Verdict(number=number, leaf=self.leaves[number], path=tuple(path(self.leaves, number)))
            for number in numbers
        )
        return public.ReceiptReply(
            size=len(self.leaves), root=root(self.leaves), verdicts=verdicts, salt=b"\x05" * 16, content=b"\x80"
        )

    async def serve_staff(self, request: Request[Any], on_duty: str | None) -> Reply:
        """Answer an officer; `on_duty`: who it is."""
        if isinstance(request, staff.StaffLogin):
            if self.officers.get(request.code) != request.token:
                raise RefusingError(ErrorCode.BAD_CREDENTIALS)
            return staff.OnDutyReply(code=request.code, role=staff.StaffRole.REVIEWER)
        if on_duty is None:
            raise RefusingError(ErrorCode.NOT_SIGNED_IN)
        held = [each for _, each in self.submissions.values() if each.state is SubmissionState.HELD]
        match request:
            case staff.OfficerQueue(limit=limit):
                items = [
                    staff.QueueItem(
                        item=each.submission, surface=each.surface, state=each.state, at=each.at, due=each.until,
                        ground="rumour", by="hook terms 1.0", excerpt=each.content.text[:20] if each.content else "",
                    )
                    for each in held
                ]  # fmt: skip
                return staff.QueueReply(items=tuple(items[:limit]), total=len(items))
            case staff.OfficerShow(item=str() as item):
                return self._item(item)
            case staff.OfficerShow(topic=topic, seq=seq):
                found = (each for _, each in self.submissions.values() if (each.topic, each.seq) == (topic, seq))
                return self._item(next(found).submission)
            case staff.OfficerDecide(item=item, act=act, ground=ground):
                if act is staff.OfficerAct.REJECT and not ground:
                    raise RefusingError(ErrorCode.BAD_REQUEST, message="a rejection has a ground")
                released = act is staff.OfficerAct.RELEASE
                await self.change(item, SubmissionState.PUBLISHED if released else SubmissionState.REJECTED)
                return self._item(item)
            case _:
                raise RefusingError(ErrorCode.UNKNOWN_OP)

    def _item(self, item: SubmissionId) -> staff.ItemReply:
        return staff.ItemReply(submission=self._kept(item)[1], decisions=tuple(self.decisions.get(item, ())))


def _words(listing: public.Listing) -> str:
    return " ".join(publications.decode(body).content.text for body in (listing.name, listing.listing) if body)


# RFC 6962 §2.1, as its recursive definitions say it.


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return blake3(b"\x00" + leaves[0]).digest() if leaves else blake3(b"").digest()
    middle = _split(len(leaves))
    return blake3(b"\x01" + root(leaves[:middle]) + root(leaves[middle:])).digest()


def path(leaves: list[bytes], number: int) -> list[bytes]:
    if len(leaves) < 2:
        return []
    middle = _split(len(leaves))
    if number < middle:
        return [*path(leaves[:middle], number), root(leaves[middle:])]
    return [*path(leaves[middle:], number - middle), root(leaves[:middle])]


def consistency(leaves: list[bytes], size: int, *, whole: bool = True) -> list[bytes]:
    if size == len(leaves):
        return [] if whole else [root(leaves)]
    middle = _split(len(leaves))
    if size <= middle:
        return [*consistency(leaves[:middle], size, whole=whole), root(leaves[middle:])]
    return [*consistency(leaves[middle:], size - middle, whole=False), root(leaves[:middle])]


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1
