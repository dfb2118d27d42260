"""What goes on between readers and accounts besides articles: questions and answers, drafts, figures, searching."""

from benchmarks.press.desk import page, refusal
from benchmarks.press.newsroom import Newsroom
from benchmarks.press.papers import BRIDGE, DAILY, DIGEST, GARDEN
from benchmarks.town.dialogue import conversations
from client.events import InboxChanged
from client.replies import answer
from protocol.accounts import Drafts, Figures, Inbox, InboxAnswer, InboxShow, SaveDraft
from protocol.content import Text, decode, encode
from protocol.errors import ErrorCode
from protocol.following import Search
from protocol.ids import PersonId
from protocol.publications import decode as decode_published

QUESTION, ANSWER = "西红柿炒鸡蛋，糖到底放不放？", "放半勺，盐也减一点。"
HOUR_MS = 3_600_000


async def a_dialogue(room: Newsroom) -> None:
    """A follower asks; their client shows what the keyword table has, and the owner answers in the account's name."""
    report, garden = room.report, room.desk(GARDEN)
    followers = room.crowd.graph.followers(GARDEN.key)
    asker = next(room.crowd.readers[handle].walker for handle in sorted(followers))
    outsider = next(room.crowd.readers[handle].walker for handle in room.crowd.here if handle not in followers)
    seen = await page(asker, garden.topic)
    table = decode_published(seen.replies).content.replies if seen and seen.replies else ()
    shown = answer(QUESTION, table)
    report.add("the follower's own client matches a keyword and shows the reply", shown is not None, shown or "")
    account = PersonId(garden.topic)
    closed = await refusal(outsider.session.say(room.canaries.mark("让我也问一句", is_kept=False), to=account))
    report.add(
        "who does not follow cannot write to the account",
        closed is not None and closed.code == ErrorCode.NOT_ACCEPTED,
    )
    talk = next(each for each in conversations("chinese") if len(each) > 1)
    for times, (question, reply) in enumerate(((QUESTION, ANSWER), talk[:2]), 1):
        asked, told = room.canaries.mark(question), room.canaries.mark(reply)
        sent = await asker.session.say(asked, to=account)
        news = InboxChanged(garden.topic, sent.topic)
        await garden.owner.until(lambda news=news, times=times: garden.owner.told.count(news) >= times)  # type: ignore[misc]
        inbox = (await garden.owner.session.request(Inbox(id=0, topic=garden.topic))).dialogues
        waiting = next(each for each in inbox if each.dialogue == sent.topic)
        there = await garden.owner.session.request(InboxShow(id=0, topic=garden.topic, dialogue=waiting.dialogue))
        cid, body = garden.owner.session.new_cid(), encode(Text(text=told))
        await garden.owner.session.request(
            InboxAnswer(id=0, cid=cid, topic=garden.topic, dialogue=waiting.dialogue, body=body)
        )
        heard = await asker.hears(sent.topic, told)
        hours = (waiting.answer_until - there.entries[-1].at) / HOUR_MS
        report.add(
            f"«{question}» waits in the inbox of the account, and is answered in its name",
            waiting.waiting
            and decode(there.entries[-1].body or b"").text == asked
            and heard.sender == account
            and hours == 48,
            f"within {hours:.0f} hours: «{reply}»",
        )


async def a_draft(room: Newsroom) -> None:
    """Operators share drafts, which the server does not read."""
    daily, cid = room.desk(DAILY), room.operator.session.new_cid()
    body = room.canaries.mark("第三座桥，先别发").encode()
    await room.operator.session.request(SaveDraft(id=0, topic=daily.topic, draft=cid, body=body))
    shared = (await daily.owner.session.request(Drafts(id=0, topic=daily.topic))).drafts
    strange = await refusal(room.strangers[0].session.request(Drafts(id=0, topic=daily.topic)))
    room.report.add(
        "a draft of one operator's is there for the other, and for nobody else",
        [(each.body, each.by) for each in shared] == [(body, room.operator.person)] and strange is not None,
    )


async def figures(room: Newsroom) -> None:
    """Operators see numbers: the same that one gets by counting who opened it."""
    for paper in (DAILY, DIGEST, GARDEN):
        desk, place = room.desk(paper), room.bridge[paper.key]
        reply = await desk.owner.session.request(Figures(id=0, topic=desk.topic, seq=place[1]))
        reads, followers = sum(day.reads for day in reply.days), room.crowd.graph.followers(paper.key)
        room.report.add(
            f"the figures of the {paper.key} are what one counts",
            reads == len(room.crowd.openers[place])
            and reply.followers == len(followers)
            and {tag: people for tag, people in reply.tags.items() if tag and people}
            == room.crowd.graph.by_tag(paper.key),
            f"{reads} people read of the bridge, {reply.followers} follow",
        )
    asked = Figures(id=0, topic=room.desk(DAILY).topic)
    strange = await refusal(room.strangers[0].session.request(asked))
    room.report.add(
        "nobody but its operators gets them, and they get numbers only",
        strange is not None and strange.code == ErrorCode.NOT_FOUND,
    )


async def searching(room: Newsroom) -> None:
    """Two characters are enough, in any language; what one looks for is kept nowhere."""
    bridges = await room.found("跨江")
    room.report.add(
        "two Chinese characters find the article and both reprints",
        bridges == set(room.bridge.values()),
        f"«跨江» in «{BRIDGE.title}»",
    )
    anybody = room.strangers[1].session
    accounts = (await anybody.request(Search(id=0, query="老周"))).found
    nothing = (await anybody.request(Search(id=0, query=room.canaries.mark("找谁", is_kept=False)))).found
    room.report.add(
        "an account is found by its name, and what nobody has said is not",
        room.desk(GARDEN).topic in {each.topic for each in accounts if each.seq is None} and not nothing,
    )
