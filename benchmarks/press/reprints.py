"""Who may do what with current-affairs news, and what becomes of it from account to account (Art. 7)."""

import msgspec

from benchmarks.playhouse.decisions import in_a_line, is_whole
from benchmarks.press.desk import page, refusal
from benchmarks.press.newsroom import AUTHORITY, CHIEF, Newsroom
from benchmarks.press.papers import BRIDGE, DAILY, DIGEST, GARDEN, HEARING, NEWS
from client.connection import Connection
from protocol.account_states import NewsRight
from protocol.decisions import SubmissionState
from protocol.entries import Kind
from protocol.errors import ErrorCode
from protocol.public import GroupFoundPublic, TakeBack
from protocol.publications import Surface, decode, digest_of
from protocol.staff import OfficerAct, OfficerDecide, OfficerShow

FIRST_HOP, SECOND_HOP = "reprinted by the digest", "reprinted by the garden"
DECLARED = msgspec.structs.replace(HEARING, category=NEWS)


async def the_first_hop(room: Newsroom) -> None:
    """The digest reprints the daily: the right to reprint is enough, and what is reprinted stays as it is."""
    digest = room.desk(DIGEST)
    source, content = await room.source(digest, room.bridge[DAILY.key])
    altered = msgspec.structs.replace(content, title=f"{content.title}！")
    refused = await refusal(digest.publish(Surface.REPRINT, altered, source=source))
    room.report.add(
        "a reprint that was altered by one character is refused",
        refused is not None and refused.code == ErrorCode.CONFLICT,
        refused.message if refused else "",
    )
    own = await refusal(digest.publish(Surface.ARTICLE, DECLARED))
    broadcast = await room.broadcast(DIGEST, FIRST_HOP, content, source=source, reprintable=True)
    room.bridge[DIGEST.key] = broadcast.place
    room.report.add(
        "who is licensed and no news organisation reprints current-affairs news, and publishes none",
        own is not None and own.code == ErrorCode.NOT_ALLOWED,
        own.message if own else "",
    )
    await room.crowd.opens(broadcast)


async def without_the_right(room: Newsroom) -> None:
    """The garden tries: declared it is refused, undeclared held; only the authority's approval opens it."""
    report, garden = room.report, room.desk(GARDEN)
    refused = await refusal(garden.publish(Surface.BROADCAST, DECLARED))
    report.add(
        "an account without the right declares current-affairs news: refused",
        refused is not None and refused.code == ErrorCode.NOT_ALLOWED,
        refused.message if refused else "",
    )
    held = await garden.publish(Surface.BROADCAST, HEARING)
    report.add(
        "it does not declare it, and a hook says that it is: held, not guessed",
        held.state is SubmissionState.HELD
        and is_whole(held.decision)
        and held.decision is not None
        and held.decision.ground == "undeclared_news",
        in_a_line(held.decision),
    )
    await garden.owner.session.request(TakeBack(id=0, submission=held.submission))
    citizen = room.strangers[0].session
    group = (await citizen.request(GroupFoundPublic(id=0, cid=citizen.new_cid()))).topic
    in_a_group = await citizen.publish(HEARING.text, topic=group)
    report.add(
        "the same words in a public group appear: rights are asked of public accounts only",
        in_a_group.state is SubmissionState.PUBLISHED,
        f"labelled {', '.join(in_a_group.labels)}" if in_a_group.labels else "",
    )
    await room.approve(GARDEN, number="YH-2014-31", item=digest_of(DECLARED))
    broadcast = await room.broadcast(GARDEN, "the hearing, by the garden", DECLARED)
    report.add(
        "the authority has approved exactly this one, and it comes out", bool(broadcast.due), f"approved by {AUTHORITY}"
    )


async def the_second_hop(room: Newsroom) -> None:
    """The garden reprints the digest's reprint: what it reprints is news still, and the whole way stands in it."""
    report, garden = room.report, room.desk(GARDEN)
    source, content = await room.source(garden, room.bridge[DIGEST.key])
    refused = await refusal(garden.publish(Surface.REPRINT, content, source=source))
    report.add(
        "an approval of one article opens no other",
        refused is not None and refused.code == ErrorCode.NOT_ALLOWED,
        refused.message if refused else "",
    )
    await room.approve(GARDEN, number="YH-2014-32")
    seen = await page(room.strangers[0], garden.topic)
    report.add(
        "a standing approval opens all of it, and every reader is shown it",
        seen is not None and seen.label is NewsRight.PUBLISH and AUTHORITY in seen.approval,
        seen.approval if seen else "",
    )
    broadcast = await room.broadcast(GARDEN, SECOND_HOP, content, source=source)
    room.bridge[GARDEN.key] = broadcast.place
    await room.crowd.opens(broadcast)
    shown = decode((await room.crowd.article(room.strangers[0], broadcast.place)).body).source
    hops = shown.hops if shown else ()
    report.add(
        "a reprint of a reprint says the whole way it came, with the first author, and each copy's digest",
        [(hop.account, hop.seq) for hop in hops] == [room.bridge[DAILY.key], room.bridge[DIGEST.key]]
        and {hop.digest for hop in hops} == {digest_of(BRIDGE)}
        and shown is not None
        and (shown.author, shown.title) == (BRIDGE.author, BRIDGE.title),
        f"{len(hops)} hops · {shown.author}" if shown else "",
    )


async def a_source_withdrawn(room: Newsroom) -> None:
    """A chief withdraws the original: its reprints are marked, and unmarked when it is restored."""
    original, anybody = room.bridge[DAILY.key], room.strangers[0]
    topic, seq = original
    copies = {DIGEST.key: room.bridge[DIGEST.key], GARDEN.key: room.bridge[GARDEN.key]}

    async def decide(officer: Connection, act: OfficerAct, kind: Kind, facts: str) -> tuple[list[bool], bool, bool]:
        """Return whether each reprint is marked then, and whether the original can be read, and found."""
        item = (await officer.request(OfficerShow(id=0, topic=topic, seq=seq))).submission.submission
        await officer.request(OfficerDecide(id=0, item=item, act=act, ground="truthfulness", facts=facts))
        for key, place in copies.items():
            await room.crowd.learns(kind, place, key)
        marks = [(await room.crowd.article(anybody, place)).source_withdrawn for place in copies.values()]
        unread = await refusal(room.crowd.article(anybody, original))
        return marks, unread is None, original in await room.found("跨江")

    async with room.officer(CHIEF) as officer:
        withdrawn = await decide(officer, OfficerAct.WITHDRAW, Kind.SOURCE_WITHDRAWN, "The length is being checked.")
        restored = await decide(officer, OfficerAct.RESTORE, Kind.SOURCE_RESTORED, "It is as the article says.")
    room.report.add(
        "the original is withdrawn: no longer read or found, both reprints marked, their followers told",
        withdrawn == ([True, True], False, False),
    )
    room.report.add("it is restored, and so is all of that", restored == ([False, False], True, True))
