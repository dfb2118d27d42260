"""The third act opens: accounts are applied for, reviewed, opened by their first profile, and followed (Art. 7)."""

import msgspec

from benchmarks.playhouse.decisions import in_a_line, is_whole
from benchmarks.press.desk import page, refusal
from benchmarks.press.graph import first_steps
from benchmarks.press.newsroom import REVIEWER, Newsroom
from benchmarks.press.papers import (
    ASTERS,
    DAILY,
    DIGEST,
    GARDEN,
    MENU,
    MISLEADING,
    PAPERS,
    REPLIES,
    WELCOME,
)
from client.replies import menu_lines
from protocol.account_states import AccountState, NewsRight
from protocol.accounts import SetOperator
from protocol.entries import Role
from protocol.following import Follows
from protocol.publications import Surface, decode
from protocol.staff import OfficerQueue, OfficerReview, ReviewAct

FACTS = "The name makes readers believe it is the daily's. Take one of your own."


async def applications(room: Newsroom) -> None:
    """Three are applied for, one is refused with reasons and handed in again, all are approved."""
    report, garden = room.report, room.desk(GARDEN)
    wanted = {paper.key: paper.application for paper in PAPERS}
    wanted[GARDEN.key] = msgspec.structs.replace(GARDEN.application, name=MISLEADING)
    handed_in = {paper.key: await room.desk(paper).apply(wanted[paper.key]) for paper in PAPERS}
    async with room.officer(REVIEWER) as officer:
        queue = (await officer.request(OfficerQueue(id=0))).items
        order = [item.account for item in queue]
        first = [room.desk(paper).topic for paper in (DAILY, DIGEST, GARDEN)]
        report.add(
            "bodies that are encouraged handed in later and are to be decided sooner (Art. 7 ¶4)",
            order == first and [item.encouraged for item in queue] == [True, True, False],
        )
        report.add("and nobody's deadline has moved for it", (await garden.account()).due == handed_in[GARDEN.key].due)
        for paper in (DAILY, DIGEST):
            await officer.request(OfficerReview(id=0, topic=room.desk(paper).topic, act=ReviewAct.APPROVE))
        await officer.request(
            OfficerReview(
                id=0, topic=garden.topic, act=ReviewAct.REFUSE, ground="name_taken_or_misleading", facts=FACTS
            )
        )
        refused = await garden.decided()
        report.add(
            "one is refused, and its owner told why, by whom, and what can be done",
            refused.state is AccountState.REFUSED and is_whole(refused.decision),
            in_a_line(refused.decision),
        )
        await garden.apply(GARDEN.application)
        await officer.request(OfficerReview(id=0, topic=garden.topic, act=ReviewAct.APPROVE))
    states = [(await room.desk(paper).account()).state for paper in PAPERS]
    report.add(
        "handed in again under a name of its own it is approved, as the others are",
        states == [AccountState.APPROVED] * len(PAPERS),
    )


async def profiles(room: Newsroom) -> None:
    """An account is nobody's to see until its first profile has passed the gate."""
    report, anybody = room.report, room.strangers[0]
    garden = room.desk(GARDEN)
    early = await refusal(garden.publish(Surface.ARTICLE, ASTERS))
    unseen = await page(anybody, garden.topic) is None
    for paper in PAPERS:
        await room.desk(paper).publish(Surface.ACCOUNT_PROFILE, paper.profile)
    for surface, content in (
        (Surface.ACCOUNT_WELCOME, WELCOME),
        (Surface.ACCOUNT_MENU, MENU),
        (Surface.ACCOUNT_REPLIES, REPLIES),
    ):
        await garden.publish(surface, content)
    pages = {key: await page(anybody, topic) for key, topic in room.topics.items()}
    report.add(
        "approved, and nothing to see yet: no page, and no article",
        unseen and early is not None,
        early.message if early else "an article was published",
    )
    names = {key: decode(seen.profile).content.title for key, seen in pages.items() if seen and seen.profile}
    report.add(
        "their first profiles open them, for anybody to see",
        names == {paper.key: paper.application.name for paper in PAPERS},
        ", ".join(names.values()),
    )
    labels = {key: seen.label for key, seen in pages.items() if seen}
    report.add(
        "each is labelled with what it may do with current-affairs news (Art. 7 ¶3)",
        labels == {DAILY.key: NewsRight.PUBLISH, DIGEST.key: NewsRight.REPRINT, GARDEN.key: NewsRight.NONE},
        ", ".join(f"{key}: {label.value}" for key, label in labels.items()),
    )
    seen = pages[GARDEN.key]
    lines = menu_lines(decode(seen.menu).content.menu) if seen and seen.menu else []
    report.add("a menu, a welcome and a table of keywords are published with it", len(lines) == 5, " ".join(lines))


async def operators(room: Newsroom) -> None:
    """The daily gets an editor; to everybody else it has no operators."""
    daily = room.desk(DAILY)
    asked = SetOperator(id=0, topic=daily.topic, person=room.operator.person, role=Role.EDITOR)
    by_a_stranger = await refusal(room.strangers[0].session.request(asked))
    running = (await daily.owner.session.request(asked)).operators
    room.report.add(
        "the owner of the daily appoints an editor; who is no operator cannot tell that there are any",
        {each.role for each in running} == {Role.OWNER, Role.EDITOR}
        and by_a_stranger is not None
        and by_a_stranger.code == "not_found",
    )


async def following(room: Newsroom) -> None:
    """Readers follow by the graph; nobody learns who."""
    crowd = room.crowd
    tags = {paper.key: paper.tags for paper in PAPERS}
    await crowd.take(first_steps(list(crowd.readers), tags, room.chance), room.topics)
    keys = {topic: key for key, topic in room.topics.items()}
    same = []
    for handle, reader in crowd.readers.items():
        follows = (await reader.walker.session.request(Follows(id=0))).follows or ()
        told = {(keys[follow.topic], follow.tag, follow.muted) for follow in follows}
        same.append(told == crowd.graph.followed_by(handle))
    numbers = ", ".join(f"{len(crowd.graph.followers(key))} the {key}" for key in room.desks)
    room.report.add(f"readers follow as the graph has it: {numbers}", all(same), f"{crowd.graph.muted()} of them muted")
