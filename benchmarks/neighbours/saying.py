"""The fourth act's moments: for friends, for some, by a tag, for all but some, for oneself, and for everyone."""

from benchmarks.neighbours import words
from benchmarks.neighbours.yard import GARDENER, STRANGER, Yard
from benchmarks.playhouse.decisions import in_a_line, is_whole
from benchmarks.press.desk import Desk
from benchmarks.press.papers import GARDEN, TOMATO
from client.contacts import audience
from protocol.decisions import SubmissionState
from protocol.publications import Surface
from protocol.staff import OfficerAct, OfficerDecide, OfficerReview, ReviewAct


async def to_friends(yard: Yard) -> None:
    """Some say something to all of their friends."""
    for number, key, text in (
        (0, "roof", words.ROOF),
        (5, "cat", words.CAT),
        (7, "rent", words.RENT),
        (8, "old photo", words.PHOTO),
        (9, "feast", words.FEAST),
        (11, "noise", words.GOSSIP),
    ):
        await yard.post(yard.door(number), key, text, "friends")


async def to_some(yard: Yard) -> None:
    """Others choose: two people, those with a tag, all but one, all but those with a tag, nobody but oneself."""
    await yard.post(yard.door(1), "soup", words.SOUP, "only two", only=yard.doors(0, 2))
    await yard.post(yard.door(2), "cake", words.CAKE, "all but one", without=yard.doors(3))
    await yard.post(yard.door(4), "diary", words.DIARY, "oneself", only=frozenset())
    await yard.post(yard.door(10), "key", words.KEY, "only two", only=yard.doors(9, 11))
    players, colleagues = yard.door(3), yard.door(6)
    chosen = audience(players.session.cache.contacts.all(), only_tags=(yard.tags[words.CHESS_TAG],))
    assert chosen.only is not None
    await yard.post(players, "chess", words.CHESS, "a tag", only=yard.names.handles(chosen.only))
    chosen = audience(colleagues.session.cache.contacts.all(), without_tags=(yard.tags[words.WORK_TAG],))
    await yard.post(colleagues, "new job", words.JOB, "all but a tag", without=yard.names.handles(chosen.without))
    own = await colleagues.moments.show(yard.names.roots["new job"])
    another = await yard.door(5).moments.show(yard.names.roots["new job"])
    yard.report.add(
        "tags became people on their owner's device; whom it is for only the author is shown",
        yard.graph.roots["chess"].only == yard.doors(1, 2, 4, 5)
        and yard.graph.roots["new job"].without == yard.doors(7, 8)
        and own.audience is not None
        and yard.names.handles(own.audience.without) == yard.doors(7, 8)
        and another.audience is None,
    )
    await yard.look("after the first moments")


async def to_everyone(yard: Yard) -> None:
    """What is for everyone goes through the gate; what is held there nobody sees, and nobody misses."""
    seen = len(yard.stage.record.publications)
    await yard.post_publicly(yard.door(1), "blossom", words.BLOSSOM)
    await yard.post_publicly(yard.people[STRANGER], "umbrella", words.UMBRELLA)
    held = await yard.post_publicly(yard.door(4), "water", words.WATER)
    yard.report.add(
        "what is for everyone is judged, what is for friends is not",
        seen == 0 and len(yard.stage.record.publications) == 3,
        f"{len(yard.graph.roots) - 2} moments, {len(yard.stage.record.publications)} posts",
    )
    await yard.look("while a post is held")
    yard.report.add(
        "hearsay is held, its author told why; it is on no page, and nobody can tell",
        held.state is SubmissionState.HELD and is_whole(held.decision),
        in_a_line(held.decision),
    )
    async with yard.officer() as officer:
        done = await officer.request(OfficerDecide(id=0, item=held.submission, act=OfficerAct.RELEASE))
    yard.appeared(yard.door(4), "water", done.submission)


async def an_article(yard: Yard) -> None:
    """Old Zhou has an account, and publishes a recipe there."""
    desk = Desk(GARDEN, yard.people[GARDENER].walker)
    await desk.apply(GARDEN.application)
    async with yard.officer() as officer:
        await officer.request(OfficerReview(id=0, topic=desk.topic, act=ReviewAct.APPROVE))
    await desk.publish(Surface.ACCOUNT_PROFILE, GARDEN.profile)
    yard.appeared(yard.people[GARDENER], "recipe", await desk.publish(Surface.ARTICLE, TOMATO), is_article=True)
