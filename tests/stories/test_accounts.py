"""Public accounts over the wire: applied for, followed, read, run by several people, asked, and killed in between."""

import time
from pathlib import Path
from typing import Any

from client.events import AccountChanged, Followed, InboxChanged, OperatorActed, Unfollowed
from client.replies import answer
from protocol.account_states import AccountState, AccountType, ActKind
from protocol.accounts import (
    AccountApply,
    AccountSubmit,
    Acts,
    Figures,
    Inbox,
    InboxAnswer,
    InboxShow,
    OwnAccounts,
    Schedule,
    Scheduled,
    Unschedule,
)
from protocol.decisions import DecisionKind, Submission, SubmissionState
from protocol.entries import Kind, Role
from protocol.following import Follows, ReadArticle, SearchKind
from protocol.frames import History, Recall
from protocol.ids import Cid, PersonId, TopicId
from protocol.public import Publish, Submissions
from protocol.publications import AutoReply, Content, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, OfficerQueue, OfficerReview, ReviewAct
from tests.support.newsstand import (
    application,
    applies,
    appoints,
    at,
    content,
    hire,
    opens,
    reads,
    says,
    title_of,
    titles,
)
from tests.support.town import Resident, Town, open_town, plain

SERVICE = AccountType.SERVICE  # Which broadcasts four times a month, and not once a day.
AGAINST: dict[str, Any] = {"ground": "truthfulness", "facts": "Nobody knows whose it is."}


def knows_follow(resident: Resident, topic: TopicId) -> bool:
    return resident.cache.follows.of(topic) is not None


async def test_people_follow_an_account_and_get_what_it_says_wherever_they_are(town: Town) -> None:
    ann, ben, cyd = await town.settle("ann", "ben", "cyd")
    lane = await opens(town, hire(town), ann, "The Lane", tags=("north", "south"), type=SERVICE)

    # Cyd finds it, and reads it without following.
    first = await says(ann, lane, "The lamp works again")
    (found,) = (await cyd.session.search("lamp", SearchKind.ARTICLE)).found
    assert (found.topic, found.seq) == (lane, first.seq)
    assert found.seq is not None
    assert (await cyd.session.article(lane, found.seq)).content == content("The lamp works again")

    # Ben follows it on one device, and his other device knows.
    telephone = await town.another_device(ben, "telephone")
    await ben.session.follow(lane, tag="south")
    await telephone.until(lambda: any(isinstance(event, Followed) for event in telephone.events), "the follow")
    await says(ann, lane, "The bridge is closed")
    for device in (ben, telephone):
        card = await reads(device, lane, "The bridge is closed")
        assert decode(card.body or b"").content.text == "", "what is pushed is a card"
    assert (await ben.session.article(lane, card.seq)).content.text.endswith("all there is to say.")

    # What is for those in the north he gets as a number only, and it is on the page for whoever looks.
    await says(ann, lane, "Snow in the north", tag="north")
    await says(ann, lane, "The bridge is open", Surface.ARTICLE)
    await reads(ben, lane, "The bridge is open")
    assert titles(ben, lane) == ["The bridge is closed", "The bridge is open"]
    assert [entry.elided for entry in ben.heard if entry.topic == lane] == [False, True, False]
    page = (await cyd.asks(History(id=0, topic=lane, limit=50))).entries
    assert "Snow in the north" in map(title_of, page)

    # He is away, and catches up in order; then he follows it no more, on no device.
    await ben.goes_offline()
    edited = await says(ann, lane, "The bridge is open on weekdays", Surface.ARTICLE, target=page[-1].seq, base=1)
    await says(ann, lane, "The lamp is out again")
    await ben.comes_online()
    await reads(ben, lane, "The lamp is out again")
    assert titles(ben, lane)[2:] == ["The bridge is open on weekdays", "The lamp is out again"]
    assert edited.seq is not None
    assert (await ben.session.article(lane, page[-1].seq)).published.version == 2
    await ben.says("Read it", to=cyd)  # Durable after what his reading was counted by.
    figures = await ann.asks(Figures(id=0, topic=lane))
    assert (figures.followers, figures.tags) == (1, {"south": 1})
    assert {day.seq: day.reads for day in figures.days} == {first.seq: 1, card.seq: 1, page[-1].seq: 1}
    await telephone.session.unfollow(lane)
    await ben.until(lambda: any(isinstance(event, Unfollowed) for event in ben.events), "the end of it")
    assert not knows_follow(ben, lane)
    assert (await ben.asks(Follows(id=0))).follows == ()


async def test_an_application_is_refused_with_reasons_mended_and_approved_while_its_owner_is_away(town: Town) -> None:
    ann, ben = await town.settle("ann", "ben")
    desk = hire(town)
    topic = await applies(ann, "The Lane")
    async with at(town, desk) as staff:
        (waiting,) = (await staff.request(OfficerQueue(id=0))).items
        assert (waiting.account, waiting.item) == (topic, None)
        await staff.request(OfficerReview(id=0, topic=topic, act=ReviewAct.REFUSE, **AGAINST))
    await ann.until(lambda: any(isinstance(event, AccountChanged) for event in ann.events), "the refusal")
    (own,) = (await ann.asks(OwnAccounts(id=0))).accounts
    assert own.state is AccountState.REFUSED
    assert own.decision is not None
    assert (own.decision.kind, own.decision.facts) == (DecisionKind.REFUSE, AGAINST["facts"])

    mended = application("The Lane", subject="Ann, who lives there")
    await ann.asks(AccountApply(id=0, cid=ann.cid(), application=mended, topic=topic))
    await ann.asks(AccountSubmit(id=0, topic=topic))
    await ann.goes_offline()
    async with at(town, desk) as staff:
        approved = await staff.request(OfficerReview(id=0, topic=topic, act=ReviewAct.APPROVE))
        assert approved.application == mended
    assert await refusal_of(ben, topic) == "not_found"
    await ann.comes_online()
    (own,) = (await ann.asks(OwnAccounts(id=0))).accounts
    assert own.state is AccountState.APPROVED
    assert (await ben.session.search("Lane", SearchKind.ACCOUNT)).found == (), "nobody sees it before its profile"
    await ann.session.publish(Content(title="The Lane"), topic=topic, surface=Surface.ACCOUNT_PROFILE)
    assert [found.topic for found in (await ben.session.search("Lane", SearchKind.ACCOUNT)).found] == [topic]


async def test_operators_are_told_what_each_of_them_does_and_readers_are_not(town: Town) -> None:
    ann, ben, cyd, dee = await town.settle("ann", "ben", "cyd", "dee")
    lane = await opens(town, hire(town), ann, "The Lane", type=SERVICE)
    desk_of_ann = await town.another_device(ann)
    await appoints(ann, lane, ben)
    await appoints(ann, lane, cyd, Role.ANALYST)
    await dee.session.follow(lane)
    said = await says(ben, lane, "The lamp works again")
    for told in (ann, desk_of_ann, cyd):
        await told.until(lambda who=told: ActKind.PUBLISHED in acts_seen(who, lane), "ben's act")  # type: ignore[misc]
    entry = await reads(dee, lane, "The lamp works again")
    assert entry.sender == PersonId(lane), "the account says it, and nobody else"
    assert ben.id not in repr(dee.events)
    (newest, *_) = (await ann.asks(Acts(id=0, topic=lane))).acts
    assert (newest.by, newest.act, newest.seq) == (ben.id, ActKind.PUBLISHED, said.seq)

    # An analyst looks on; an editor who is none any more is a reader like others.
    assert await refusal_of(cyd, lane) == "not_allowed"
    await appoints(ann, lane, ben, None)
    assert await refusal_of(ben, lane) == "not_found"
    assert said.seq is not None
    await ann.asks(Recall(id=0, cid=ann.cid(), topic=lane, target=said.seq))
    await dee.sees(Kind.RECALL, target=said.seq)
    assert (await dee.session.search("lamp", SearchKind.ARTICLE)).found == ()


def acts_seen(resident: Resident, topic: TopicId) -> list[str]:
    """Return what a device was told that other operators did."""
    return [event.act.act for event in resident.events if isinstance(event, OperatorActed) and event.topic == topic]


async def refusal_of(resident: Resident, topic: TopicId) -> str:
    """Return how somebody is refused who wants to say something for an account."""
    return await resident.is_refused(
        Publish(id=0, cid=resident.cid(), surface=Surface.ARTICLE, content=content("no"), topic=topic)
    )


async def test_what_is_scheduled_is_said_once_when_due_though_the_server_was_killed_in_between(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await opens(town, hire(town), ann, "The Lane", type=SERVICE)
        await ben.session.follow(lane)
        due = time.time_ns() // 1_000_000 + 1500
        regretted = await ann.asks(schedule(ann, lane, "Not like that", due))
        await ann.asks(schedule(ann, lane, "The lamp will work again", due))
        await ann.asks(Unschedule(id=0, topic=lane, item=Cid(regretted.item.item)))
        assert (await ben.asks(History(id=0, topic=lane))).entries[-1].kind is Kind.PROFILE

        await town.daemon.kill()
        await town.daemon.start()
        await reads(ben, lane, "The lamp will work again")
        await reads(ann, lane, "The lamp will work again")
        await ann.says("It is out", to=ben)  # Durable after the item was let go of.
        assert (await ann.asks(Scheduled(id=0, topic=lane))).items == ()

        await town.daemon.kill()
        await town.daemon.start()
        await says(ann, lane, "It does")
        await reads(ben, lane, "It does")
        assert titles(ben, lane) == ["The lamp will work again", "It does"]
        states = [each.state for each in (await ann.asks(Submissions(id=0, topic=lane))).submissions]
        assert states == [SubmissionState.PUBLISHED] * 3


def schedule(resident: Resident, topic: TopicId, title: str, due: int) -> Schedule:
    return Schedule(id=0, cid=resident.cid(), topic=topic, due=due, content=content(title))


async def test_a_follower_asks_and_the_operators_answer_from_one_inbox(town: Town) -> None:
    ann, ben, cyd = await town.settle("ann", "ben", "cyd")
    lane = await opens(town, hire(town), ann, "The Lane")
    await appoints(ann, lane, ben)
    table = Content(replies=(AutoReply(keywords=("lamp", "灯"), text="The lamp is mended on Monday."),))
    await ann.session.publish(table, topic=lane, surface=Surface.ACCOUNT_REPLIES)
    await cyd.session.follow(lane)

    # What has an answer in the keyword table her own client answers; the server has matched nothing.
    page = await cyd.session.page(lane)
    replies = decode(page.replies or b"").content.replies
    assert answer("When will the LAMP work?", replies) == "The lamp is mended on Monday."
    assert answer("And the bridge?", replies) is None

    asked = await cyd.session.say("And the bridge?", to=PersonId(lane))
    for operator in (ann, ben):
        await operator.until(lambda who=operator: rang(who, lane), "the inbox")  # type: ignore[misc]
    (waiting,) = (await ben.asks(Inbox(id=0, topic=lane))).dialogues
    assert (waiting.person, waiting.waiting, waiting.dialogue) == (cyd.id, True, asked.topic)
    reply = InboxAnswer(id=0, cid=ben.cid(), topic=lane, dialogue=asked.topic, body=plain("It is open."))
    await ben.asks(reply)
    entry = await cyd.hears("It is open.")
    assert entry.sender == PersonId(lane)
    assert ben.id not in repr(cyd.events), "who of them wrote it is the operators' affair"
    shown = await ann.asks(InboxShow(id=0, topic=lane, dialogue=asked.topic))
    assert [each.by for each in shown.answered] == [ben.id]
    assert not (await ann.asks(Inbox(id=0, topic=lane))).dialogues[0].waiting


def rang(resident: Resident, topic: TopicId) -> bool:
    """Say whether a device was told that something is new in the inbox."""
    return any(isinstance(event, InboxChanged) and event.topic == topic for event in resident.events)


async def test_a_reprint_travels_two_hops_and_is_marked_when_its_source_is_withdrawn(town: Town) -> None:
    ann, ben, cyd, dee = await town.settle("ann", "ben", "cyd", "dee")
    desk = hire(town)
    one, two, three = [await opens(town, desk, who, name) for who, name in ((ann, "One"), (ben, "Two"), (cyd, "Three"))]
    for topic in (two, three):
        await dee.session.follow(topic)
    first = await says(ann, one, "The lamp works again", reprintable=True)
    second = await reprints(ben, two, one, first)
    await reprints(cyd, three, two, second)
    card = await reads(dee, three, "The lamp works again")
    article = await dee.session.article(three, card.seq)
    assert article.content == content("The lamp works again")
    assert article.published.source is not None
    assert [hop.account for hop in article.published.source.hops] == [one, two]
    assert article.published.source.title == "The lamp works again"

    async with at(town, desk) as staff:
        await staff.request(OfficerDecide(id=0, item=first.submission, act=OfficerAct.WITHDRAW, **AGAINST))
    await dee.sees(Kind.SOURCE_WITHDRAWN, target=card.seq)
    assert (await dee.session.article(three, card.seq)).source_withdrawn
    assert first.seq is not None
    assert await dee.is_refused(ReadArticle(id=0, topic=one, seq=first.seq)) == "not_found"


async def reprints(resident: Resident, topic: TopicId, source: TopicId, said: Submission) -> Submission:
    """Open what an account said, and say it again for another one."""
    assert said.seq is not None
    article = await resident.session.article(source, said.seq)
    return await resident.session.publish(
        article.content, topic=topic, surface=Surface.REPRINT, source=article.origin, reprintable=True
    )
