"""The second act, scene by scene. Every claim is looked up where it would show, never taken from the server's word."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import trio

from benchmarks.lane.hooks import COMPUTE, FRAUD, HANG, RUMOUR
from benchmarks.lane.report import Place, Report
from benchmarks.playhouse.canaries import Canaries
from benchmarks.playhouse.decisions import in_a_line, is_whole
from benchmarks.playhouse.stage import Stage
from benchmarks.playhouse.walker import Walker
from benchmarks.town.ledger import percentile
from client.account import greet
from client.connection import open_connection
from client.staff import on_duty
from compliance.tree import verify_inclusion
from protocol.content import Text, encode
from protocol.decisions import Decision, Submission, SubmissionState
from protocol.frames import GroupAccept, GroupFound, Resume
from protocol.ids import TopicId
from protocol.public import (
    GroupFoundPublic,
    GroupJoin,
    Publish,
    ReceiptReply,
    ShowReceipt,
)
from protocol.publications import Content, Surface
from protocol.staff import ItemReply, OfficerAct, OfficerDecide, OfficerQueue

OFFICER = "K7"
ROUNDS = 20  # Publications and private messages of others while two hooks are stuck.
Tell = Callable[[str], None]


@dataclass(slots=True)
class Cast:
    """The people, and where they meet."""

    ann: Walker
    ben: Walker
    cai: Walker
    dot: Walker
    chat: TopicId
    courtyard: TopicId
    lane: TopicId


class Play:
    """Plays on `stage`; `tell` says what goes on."""

    def __init__(self, stage: Stage, tell: Tell) -> None:
        self._stage = stage
        self._record = stage.record
        self._tell = tell
        self._canaries = Canaries()
        self._token = ""  # The officer's.
        self.report = Report()

    async def run(self) -> Report:
        """Play all scenes, then prove at the end what no private byte has reached."""
        began = trio.current_time()
        async with trio.open_nursery() as homes:
            cast = await self._gather(homes)
            await self._the_same_sentence(cast)
            await self._a_rumour_held_and_released(cast)
            await self._a_fraud_rejected(cast)
            await self._a_successor(cast)
            await self._stuck_hooks(cast)
            await self._a_repeat(cast)
            homes.cancel_scope.cancel()
        await self._proofs()
        self.report.seconds = trio.current_time() - began
        return self.report

    async def _gather(self, homes: trio.Nursery) -> Cast:
        self._tell("four people register, each line of the agreement acknowledged apart (Art. 6)")
        url = self._stage.host.url
        people = [await Walker.arrive(url, handle) for handle in ("ann", "ben", "cai", "dot")]
        for person in people:
            await homes.start(person.live)
        ann, ben, cai, dot = people
        chat = (await ann.session.say(self._private("hello"), to=ben.person)).topic
        name = encode(Text(text=self._private("courtyard")))
        invite = (ben.person, cai.person)
        founding = GroupFound(id=0, cid=ann.session.new_cid(), name=name, invite=invite)
        courtyard = (await ann.session.request(founding)).topic
        for guest in (ben, cai):
            await guest.session.request(GroupAccept(id=0, cid=guest.session.new_cid(), topic=courtyard))
        lane = await self._found(ann, "The lane", ben, cai, dot)
        return Cast(ann, ben, cai, dot, chat, courtyard, lane)

    async def _found(self, owner: Walker, name: str, *members: Walker) -> TopicId:
        founding = GroupFoundPublic(id=0, cid=owner.session.new_cid(), listed=True)
        topic = (await owner.session.request(founding)).topic
        await owner.session.publish(name, topic=topic, surface=Surface.GROUP_NAME)
        for member in members:
            await member.session.request(GroupJoin(id=0, topic=topic))
            await member.until(lambda member=member: topic in member.session.cache.heads())  # type: ignore[misc]
        return topic

    # Scenes.

    async def _the_same_sentence(self, cast: Cast) -> None:
        self._tell("the same sentence in a chat, a private group and a public group")
        ann, ben, cai, dot = cast.ann, cast.ben, cast.cai, cast.dot
        sentence = "The night market opens at six; bring your own cup."
        places = (
            ("a chat", cast.chat, (ben,)),
            ("a private group", cast.courtyard, (ben, cai)),
        )
        for name, topic, hearers in places:
            before = len(self._record.publications)
            await ann.session.say(sentence, topic=topic)
            for hearer in hearers:
                await hearer.hears(topic, sentence)
            seen = len(self._record.publications) - before
            self.report.places.append(
                Place(name=name, side="private", verb="send", heard=len(hearers), hooks=("record: seen",) * seen)
            )
            self.report.add(f"said in {name}: heard, and judged by nobody", seen == 0)
        submission = await ann.session.publish(sentence, topic=cast.lane)
        for hearer in (ben, cai, dot):
            await hearer.hears(cast.lane, sentence)
        receipt = await self._receipt(ann, submission)
        verdicts = _verdicts(receipt)
        self.report.places.append(
            Place(name="a public group", side="public", verb="publish", heard=3, hooks=tuple(verdicts))
        )
        once = self._record.times_seen(sentence) == 1
        self.report.add("published in a public group: each hook gave one verdict, and the record saw it once", once)
        self.report.add(
            "each verdict is a leaf of the audit log, proven to its author", _proven(receipt), f"{receipt.size} leaves"
        )

    async def _a_rumour_held_and_released(self, cast: Cast) -> None:
        self._tell("a rumour: told in the courtyard, held in the lane, released by a reviewer")
        rumour = f"Microwaved food makes you ill, {RUMOUR}!"
        await cast.ann.session.say(rumour, topic=cast.courtyard)
        await cast.ben.hears(cast.courtyard, rumour)
        held = await cast.ann.session.publish(rumour, topic=cast.lane)
        decision = held.decision
        self.report.add(
            "a rumour is held, and its author told why, where, by whom and until when",
            held.state is SubmissionState.HELD and _is_whole(decision) and held.until is not None,
            in_a_line(decision),
        )
        self.report.add(
            "the same rumour in the private group went through, unseen", self._record.times_seen(rumour) == 1
        )
        self.report.add("nobody has heard the held one", not cast.ben.lines(cast.lane, rumour))
        token = await self._stage.officer(OFFICER)
        async with on_duty(self._stage.host.url, OFFICER, token) as (officer, _):
            queue = await officer.request(OfficerQueue(id=0))
            (waiting,) = (found.item for found in queue.items if found.item is not None)
            await officer.request(OfficerDecide(id=0, item=waiting, act=OfficerAct.RELEASE))
        await cast.ben.hears(cast.lane, rumour)
        await cast.ann.until(lambda: held.submission in cast.ann.judged)
        told = cast.ann.judged[held.submission].decision
        self.report.add(
            "a reviewer released it: everybody heard it, and its author was told by whom",
            told is not None and told.by == f"officer {OFFICER}",
            in_a_line(told),
        )
        self._token = token

    async def _a_fraud_rejected(self, cast: Cast) -> None:
        self._tell("a fraud, rejected with the exact place")
        fraud = f"You have won; {FRAUD} from your phone."
        rejected = await cast.dot.session.publish(fraud, topic=cast.lane)
        decision = rejected.decision
        places = [fraud[span.start : span.end] for span in decision.where] if decision else []
        self.report.add(
            "a fraud is rejected, and its author is shown the place",
            rejected.state is SubmissionState.REJECTED and _is_whole(decision) and places == [FRAUD],
            in_a_line(decision),
        )

    async def _a_successor(self, cast: Cast) -> None:
        self._tell("the courtyard gets a public successor; nothing crosses, people come by their own act")
        successor = await self._found(cast.ann, "The courtyard, open to all")
        words = Text(text=self._private("we go public, come along"), places=(successor,))
        await cast.ann.session.say(encode(words), topic=cast.courtyard)
        await cast.ben.hears(cast.courtyard, words.text)
        await cast.ben.session.request(GroupJoin(id=0, topic=successor))
        await cast.ben.until(lambda: successor in cast.ben.session.cache.heads())
        there = cast.ben.session.cache.topic(successor)
        self.report.add(
            "a private group's public successor begins at 1, with those who came by themselves",
            there is not None and there.members == 2 and there.start <= 3,
            "1 of 2 others came",
        )

    async def _stuck_hooks(self, cast: Cast) -> None:
        self._tell(f"one hook hangs, one computes for ever; meanwhile {ROUNDS} publications and {ROUNDS} messages")
        stuck: list[Submission] = []
        published: list[float] = []
        sent: list[float] = []

        async def get_stuck(author: Walker, text: str) -> None:
            stuck.append(await author.session.publish(text, topic=cast.lane))

        async def publish() -> None:
            for number in range(ROUNDS):
                began = trio.current_time()
                submission = await cast.cai.session.publish(f"Stall {number} is open.", topic=cast.lane)
                if submission.state is SubmissionState.PUBLISHED:
                    published.append(trio.current_time() - began)

        async def send() -> None:
            for number in range(ROUNDS):
                began = trio.current_time()
                await cast.ann.session.say(self._private(f"message {number}"), topic=cast.chat)
                sent.append(trio.current_time() - began)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(get_stuck, cast.dot, f"Now {HANG}.")
            nursery.start_soon(get_stuck, cast.ben, f"Now {COMPUTE}.")
            nursery.start_soon(publish)
            nursery.start_soon(send)
        failed = [item for item in stuck if item.decision and item.decision.ground == "gate_failure"]
        self.report.add(
            "two hooks that gave no verdict: what they were given is held, not lost and not published",
            len(failed) == 2 and all(item.state is SubmissionState.HELD for item in failed),
            in_a_line(failed[0].decision) if failed else "",
        )
        self.report.add(
            "others were not held up",
            len(published) == ROUNDS and len(sent) == ROUNDS,
            f"published: median {_ms(published)}; sent privately: median {_ms(sent)}",
        )
        async with on_duty(self._stage.host.url, OFFICER, self._token) as (officer, _):
            for item in failed:
                decided: ItemReply = await officer.request(
                    OfficerDecide(id=0, item=item.submission, act=OfficerAct.RELEASE)
                )
                assert decided.submission.topic is not None
                await cast.ann.hears(decided.submission.topic, _text(decided.submission))
        heard = all(cast.cai.lines(cast.lane, _text(item)) or cast.ann.lines(cast.lane, _text(item)) for item in failed)
        self.report.add("both were released by a reviewer, and everybody has them", heard)

    async def _a_repeat(self, cast: Cast) -> None:
        self._tell("a publication is sent three times with the same cid")
        text = "Said once, sent three times."
        publish = Publish(
            id=0,
            cid=cast.cai.session.new_cid(),
            surface=Surface.GROUP_MESSAGE,
            content=Content(text=text),
            topic=cast.lane,
        )
        async with open_connection(self._stage.host.url) as connection:
            await greet(connection)
            await connection.request(Resume(id=0, token=cast.cai.account.token))
            answers = [(await connection.request(publish)).submission for _ in range(3)]
        await cast.ben.hears(cast.lane, text)
        same = len({(answer.submission, answer.seq) for answer in answers}) == 1
        self.report.add(
            "a repeat is answered as the first time, and judged once",
            same and self._record.times_seen(text) == 1 and len(cast.ben.lines(cast.lane, text)) == 1,
        )

    # Proofs.

    async def _proofs(self) -> None:
        self._tell("what no private byte has reached")
        self.report.add("the audit log verifies from its first leaf to its last", await self._stage.audit_verifies())
        await self._stage.host.stop()
        self._canaries.prove(self._stage, self.report)

    def _private(self, text: str) -> str:
        """Return `text` with a fresh word in it that is looked for at the end."""
        return self._canaries.mark(text)

    async def _receipt(self, author: Walker, submission: Submission) -> ReceiptReply:
        return await author.session.request(ShowReceipt(id=0, submission=submission.submission))


def _verdicts(receipt: ReceiptReply) -> list[str]:
    """Return what each hook said, as the audit log has it."""
    leaves = [json.loads(verdict.leaf) for verdict in receipt.verdicts]
    return [f"{leaf['hook']}: {leaf['verdict']}" for leaf in leaves if leaf["leaf"] == "verdict"]


def _proven(receipt: ReceiptReply) -> bool:
    """Say whether every leaf is proven to be in the log."""
    return bool(receipt.verdicts) and all(
        verify_inclusion(verdict.leaf, number=verdict.number, size=receipt.size, path=verdict.path, root=receipt.root)
        for verdict in receipt.verdicts
    )


def _is_whole(decision: Decision | None) -> bool:
    """Say whether a decision about a text is whole: it names the line of the agreement, too, and the place."""
    return decision is not None and is_whole(decision) and bool(decision.bottom_line and decision.where)


def _text(submission: Submission) -> str:
    return submission.content.text if submission.content else ""


def _ms(seconds: list[float]) -> str:
    return f"{percentile(seconds, 0.5) * 1000:.1f} ms, longest {max(seconds) * 1000:.0f} ms" if seconds else "none"
