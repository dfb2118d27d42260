"""What belongs to public accounts in the story of tests/support/confidences.py: a canary in each text, and failures.

Who is applied for, drafts, schedules, asks and answers says so to the operators, the staff, or one follower; what is
published is public, and what is scheduled is so from when it is due.
"""

import time
from collections.abc import Callable
from typing import Any

import trio

from client.staff import on_duty
from protocol.accounts import (
    AccountApply,
    AccountSubmit,
    Application,
    DropDraft,
    Figures,
    Inbox,
    InboxAnswer,
    Qualification,
    SaveDraft,
    Schedule,
    SetOperator,
    Unschedule,
)
from protocol.codec import encode_reply
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Role
from protocol.following import FollowAccount, Search
from protocol.frames import Recall, Reply, Request, Send
from protocol.ids import Cid, PersonId, TopicId
from protocol.public import Origin, Submissions
from protocol.publications import Content, Surface, digest_of
from protocol.staff import OfficerApplication, OfficerQueue, OfficerReview, ReviewAct
from tests.support import louder
from tests.support.confidences import CODE, GROUND, LONG_TEXT, Story
from tests.support.daemon import PATIENCE_S
from tests.support.newsstand import application
from tests.support.public import NAME, content_of
from tests.support.town import Resident
from tests.support.wire import raw_client

SOON_MS, LATE_MS = 1000, 300 * 86_400_000
FAILED = "refused, for the server failed"  # What becomes of what it held then.


class Press:
    """Alice's account, of which bob is an editor; carol follows it, and runs another one that reprints it.

    `reprints`: how often something was published whose words had been published before.
    """

    def __init__(self, story: Story, alice: Resident, bob: Resident, carol: Resident, token: str) -> None:
        self.story = story
        self.alice, self.bob, self.carol = alice, bob, carol
        self.token = token
        self.topic = self.other = TopicId("")
        self.reprints = 0

    async def opens(self) -> None:
        """Have both accounts applied for, the first of them refused before it is approved; open them."""
        self.topic = await self._applies(self.alice, NAME, gone="gone ")
        facts = self.story.aviary.fresh("officer.review.facts")
        await self._decides(self.topic, act=ReviewAct.REFUSE, ground=GROUND, facts=facts)
        await self._applies(self.alice, NAME, topic=self.topic)
        await self._decides(self.topic, act=ReviewAct.APPROVE)
        self.other = await self._applies(self.carol, "Another Lane")
        await self._decides(self.other, act=ReviewAct.APPROVE)
        await self.says(self.alice, "a profile", surface=Surface.ACCOUNT_PROFILE)
        words = self.story.aviary.fresh("publish.content another profile")
        profile = Content(title="Another Lane", text=words)
        await self._says(self.carol, self.other, "", surface=Surface.ACCOUNT_PROFILE, content=profile)
        await self.alice.asks(SetOperator(id=0, topic=self.topic, person=self.bob.id, role=Role.EDITOR))
        await self.carol.asks(FollowAccount(id=0, topic=self.topic))

    async def speaks(self, group: TopicId) -> None:
        """Publish whatever an account publishes; have it edited, recalled, reprinted, forwarded."""
        for surface in (Surface.ACCOUNT_MENU, Surface.ACCOUNT_WELCOME, Surface.ACCOUNT_REPLIES):
            await self.says(self.bob, f"on {surface}", surface=surface)
        said = await self.says(self.bob, "a broadcast", surface=Surface.BROADCAST, reprintable=True)
        assert said.content is not None
        assert said.seq is not None
        origin = Origin(account=self.topic, seq=said.seq, digest=digest_of(said.content))
        again = {"content": said.content, "surface": Surface.REPRINT, "source": origin}
        self.reprints += 1
        await self._says(self.carol, self.other, "", **again)
        await self._says(self.bob, group, "a forward", source=origin)
        first = await self.says(self.bob, "a first article")
        await self.says(self.alice, "a second version of it", target=first.seq, base=1)
        regretted = await self.says(self.bob, "an article regretted", gone=True)
        assert regretted.seq is not None
        await self.alice.asks(Recall(id=0, cid=self.alice.cid(), topic=self.topic, target=regretted.seq))

    async def confides(self) -> None:
        """Draft, schedule, ask and answer, some of it for good; look for something."""
        story, alice, bob, carol = self.story, self.alice, self.bob, self.carol
        for remark, times in (("", 1), ("recalled", LONG_TEXT)):
            draft = bob.cid()
            body = story.private("draft.save", "body", remark) * times
            await bob.asks(SaveDraft(id=0, topic=self.topic, draft=draft, body=body))
        await alice.asks(DropDraft(id=0, topic=self.topic, draft=draft))
        story.carried.add(("schedule", "content"))
        for remark in ("of tomorrow", "recalled"):
            words = story.aviary.fresh(f"schedule.content {remark}")
            item = (await bob.asks(self._scheduled(bob, words, LATE_MS))).item
        await alice.asks(Unschedule(id=0, topic=self.topic, item=Cid(item.item)))
        asked = await carol.asks(
            Send(id=0, cid=carol.cid(), to=PersonId(self.topic), body=story.private("send", "body"))
        )
        slip = story.private("send", "body", "to an account recalled") * LONG_TEXT
        slipped = await carol.asks(Send(id=0, cid=carol.cid(), topic=asked.topic, body=slip))
        await carol.asks(Recall(id=0, cid=carol.cid(), topic=asked.topic, target=slipped.seq))
        body = story.private("inbox.answer", "body")
        await bob.asks(InboxAnswer(id=0, cid=bob.cid(), topic=self.topic, dialogue=asked.topic, body=body))
        await alice.asks(Inbox(id=0, topic=self.topic))
        await alice.asks(Figures(id=0, topic=self.topic))
        story.carried.add(("search", "query"))
        await carol.asks(Search(id=0, query=story.aviary.fresh("search.query")))

    async def publishes_what_is_due(self) -> None:
        """Schedule something, and wait until it has come to who follows; then it is public."""
        words = self.story.aviary.fresh("publish.content that was scheduled")
        await self.bob.asks(self._scheduled(self.bob, words, SOON_MS))
        await self.carol.until(
            lambda: any(words.encode() in (entry.body or b"") for entry in self.carol.heard), "what was scheduled"
        )
        (newest, *_) = (await self.alice.asks(Submissions(id=0, topic=self.topic))).submissions
        assert newest.state is SubmissionState.PUBLISHED

    async def is_refused(self) -> None:
        """Put canaries where they are refused: carol is no operator, and not everything is an application."""
        words, carol = self.story.aviary.fresh, self.carol
        text = words("refused item")
        for request in (
            SaveDraft(id=0, topic=self.topic, draft=carol.cid(), body=words("refused draft").encode()),
            self._scheduled(carol, text, LATE_MS),
            InboxAnswer(
                id=0, cid=carol.cid(), topic=self.topic, dialogue=self.topic, body=words("refused answer").encode()
            ),
        ):
            assert await carol.is_refused(request) == "not_found"
        odd = application("No Lane", body=words("refused body"), scope=words("refused scope"))
        assert await carol.is_refused(AccountApply(id=0, cid=carol.cid(), application=odd)) == "bad_request"

    async def fails(self) -> None:
        """Have each room fail while it holds canaries, quoting them."""
        asks: dict[bytes, Callable[[str], Request[Reply]]] = {
            louder.APPLYING: self._application,
            louder.REVIEWING: self._application,
            louder.ANSWERING: self._answer,
            louder.DRAFTING: self._draft,
            louder.PLANNING: lambda words: self._scheduled(self.alice, words, LATE_MS),
            louder.SEARCHING: lambda words: Search(id=0, query=words),
            louder.FINDING: lambda words: Search(id=0, query=words),
        }
        in_the_store = {louder.REVIEWING, louder.DRAFTING, louder.PLANNING}
        for fault, request_of in asks.items():
            words = fault.decode() + self.story.aviary.fresh(f"{FAILED}: {fault.decode()}")
            async with raw_client(self.story.daemon) as client:
                await client.signs_in(self.alice.session.account)
                await client.says(request_of(words))
                if fault in in_the_store:
                    with trio.fail_after(PATIENCE_S):
                        while not client.replies:
                            await client.reads()
                    assert b"internal" in repr(client.replies).encode()
                else:
                    assert (await client.is_closed())[0] == 1011
                self.story.said.append(repr(client.replies).encode())

    async def says(self, who: Resident, text: str, **fields: Any) -> Submission:
        """Publish something for alice's account."""
        return await self._says(who, self.topic, text, **{"surface": Surface.ARTICLE} | fields)

    async def _says(self, who: Resident, topic: TopicId, text: str, **fields: Any) -> Submission:
        done = await self.story.publishes(who, topic, text, **fields)
        assert done.state is SubmissionState.PUBLISHED, done
        return done

    async def _applies(self, who: Resident, name: str, *, gone: str = "", topic: TopicId | None = None) -> TopicId:
        fresh = self.story.aviary.fresh
        texts = {field: fresh(f"account.apply {gone}{field}") for field in ("subject", "scope", "operator")}
        paper = {field: fresh(f"account.apply {gone}qualification {field}") for field in ("kind", "number", "issuer")}
        said = application(name, **texts, qualifications=(Qualification(**paper),))
        own = await who.asks(AccountApply(id=0, cid=who.cid(), application=said, topic=topic))
        await who.asks(AccountSubmit(id=0, topic=own.account.topic))
        self.story.said.append(encode_reply(0, own))
        return own.account.topic

    async def _decides(self, topic: TopicId, **decision: Any) -> None:
        requests: tuple[Request[Reply], ...] = (
            OfficerQueue(id=0),
            OfficerApplication(id=0, topic=topic),
            OfficerReview(id=0, topic=topic, **decision),
        )
        async with on_duty(self.story.daemon.url, CODE, self.token) as (staff, _):
            for request in requests:
                self.story.said.append(encode_reply(0, await staff.request(request)))

    def _application(self, words: str) -> AccountApply:
        said: Application = application("A third lane", scope=words)
        return AccountApply(id=0, cid=self.alice.cid(), application=said)

    def _answer(self, words: str) -> InboxAnswer:
        body = words.encode()
        return InboxAnswer(id=0, cid=self.alice.cid(), topic=self.topic, dialogue=self.topic, body=body)

    def _draft(self, words: str) -> SaveDraft:
        return SaveDraft(id=0, topic=self.topic, draft=self.alice.cid(), body=words.encode())

    def _scheduled(self, who: Resident, words: str, in_ms: int) -> Schedule:
        due = time.time_ns() // 1_000_000 + in_ms
        content = content_of(Surface.ARTICLE, words)
        return Schedule(id=0, cid=who.cid(), topic=self.topic, due=due, content=content, broadcast=False)
