"""What comes out, and to whom: broadcasts to all and to a tag, quotas, what is scheduled, what readers come back to."""

import time

from benchmarks.press.desk import page, refusal
from benchmarks.press.newsroom import Newsroom
from benchmarks.press.papers import (
    ASTERS,
    BRIDGE,
    DAILY,
    DIGEST,
    EVENING,
    FERRY,
    FLOWERS,
    GARDEN,
    LOTUS,
    RECIPES,
    TOFU,
    TOMATO,
)
from protocol.accounts import Schedule, Scheduled
from protocol.errors import ErrorCode
from protocol.frames import History
from protocol.ids import PersonId
from protocol.limits import CARD_BYTES
from protocol.publications import Surface

DUE_MS = 2000
AWAY = 3  # Readers who are offline for some broadcasts.


async def a_broadcast(room: Newsroom) -> None:
    """The daily's editor broadcasts; followers get a card and open the article, others read it on the page."""
    report, daily, anybody = room.report, room.desk(DAILY), room.strangers[0]
    before = await page(anybody, daily.topic)
    broadcast = await room.broadcast(DAILY, "the bridge, by the daily", BRIDGE, by=room.operator, reprintable=True)
    room.bridge[DAILY.key] = broadcast.place
    after = await page(anybody, daily.topic)
    history = (await anybody.session.request(History(id=0, topic=daily.topic, limit=1))).entries
    report.add(
        "the daily broadcasts current-affairs news: one entry, however many follow",
        before is not None and after is not None and after.head == before.head + 1 == broadcast.place[1],
        f"{len(broadcast.due)} followers, a card of {len(history[0].body or b'')} bytes",
    )
    report.add(
        "it is the account's, and names no operator",
        history[0].sender == PersonId(daily.topic)
        and room.operator.person.encode() not in (history[0].body or b"")
        and len(history[0].body or b"") <= CARD_BYTES,
    )
    act = await room.learns_of_an_act(daily.owner, broadcast.place)
    report.add("the other operators are told whose act it was", act.by == room.operator.person, act.act)
    report.add("who opens the article gets what the card is of", await room.crowd.opens(broadcast))
    read = [await room.crowd.opened(stranger, broadcast.place) for stranger in room.strangers]
    report.add("who follows nobody reads it, too", all(read))


async def a_quota(room: Newsroom) -> None:
    """A subscription account broadcasts once a day."""
    daily = room.desk(DAILY)
    refused = await refusal(daily.publish(Surface.BROADCAST, EVENING))
    waits = (refused.retry_after_ms or 0) / 3_600_000 if refused else 0
    on_the_page = await daily.publish(Surface.ARTICLE, EVENING)
    room.report.add(
        "a second broadcast of the daily on one day is too many; on its page it may say more",
        refused is not None and refused.code == ErrorCode.TOO_MANY and 0 < waits <= 24 and on_the_page.seq is not None,
        f"again in {waits:.1f} hours",
    )


async def tags(room: Newsroom) -> None:
    """A service account has four broadcasts a month for each follower, so tags count apart."""
    tomato = await room.broadcast(GARDEN, "tomatoes, by the garden", TOMATO, tag=RECIPES)
    await room.broadcast(GARDEN, "lotus, by the garden", LOTUS, tag=RECIPES)
    refused = await refusal(room.desk(GARDEN).publish(Surface.BROADCAST, TOFU, tag=RECIPES))
    asters = await room.broadcast(GARDEN, "asters, by the garden", ASTERS, tag=FLOWERS)
    room.report.add(
        "a broadcast to a tag is for those who chose it; the others get its number and nothing of it",
        bool(tomato.due and tomato.others),
        f"{len(tomato.due)} of {len(tomato.due | tomato.others)}",
    )
    room.report.add(
        "a fifth to the same followers in one month is too many, while others have room for theirs",
        refused is not None and refused.code == ErrorCode.TOO_MANY and bool(asters.due),
    )


async def a_schedule(room: Newsroom) -> None:
    """What is scheduled is nowhere public before it is due; who is away then gets it when they are back."""
    report, digest, crowd = room.report, room.desk(DIGEST), room.crowd
    session = digest.owner.session
    await crowd.think_again(DIGEST, room.topics)
    away = sorted(crowd.graph.followers(DIGEST.key))[:AWAY]
    for handle in away:
        await room.goes_away(handle)
    due = time.time_ns() // 1_000_000 + DUE_MS
    await session.request(Schedule(id=0, cid=session.new_cid(), topic=digest.topic, due=due, content=FERRY))
    words = FERRY.text.encode()
    waiting = (await session.request(Scheduled(id=0, topic=digest.topic))).items
    hidden = words not in room.stage.files("public") and not room.stage.record.times_seen(FERRY.text)
    report.add(
        "a scheduled article is in no public file and with no hook before it is due",
        len(waiting) == 1 and hidden,
    )
    readers = [crowd.readers[handle] for handle in sorted(crowd.graph.followers(DIGEST.key)) if handle not in away]
    entry = await readers[0].sees(digest.topic, FERRY.title)
    broadcast = crowd.expects(DIGEST, "the ferry, by the digest", (digest.topic, entry.seq), "")
    await crowd.gets(broadcast)
    report.add(
        "when due it is judged and comes out by itself",
        entry.at >= due and words in room.stage.files("public") and room.stage.record.times_seen(FERRY.text) == 1,
        f"{entry.at - due} ms after",
    )
    for handle in away:
        await room.comes_back(handle)
        await crowd.readers[handle].finds(broadcast.place)
    report.add(f"{len(away)} who were away get it when they are back", len(away) == AWAY, ", ".join(away))
