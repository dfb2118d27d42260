"""Whom one follows, in the cache: the feed, what is unread, pages that stay up to date."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from client.cache import Cache
from client.follows import as_topic
from protocol import publications
from protocol.account_states import AccountType
from protocol.entries import Entry, Kind, Role, Side
from protocol.following import AccountPage, Follow
from protocol.frames import Gap
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import Content, Published

ME = PersonId("m" * 16)
NEWS, TEA = TopicId("0" + "n" * 15), TopicId("0" + "t" * 15)


def entry(seq: int, topic: TopicId = NEWS, **fields: object) -> Entry:
    known = Entry(topic=topic, seq=Seq(seq), nth=seq, at=1000 + seq, kind=Kind.BROADCAST, body=b"%d" % seq)
    return msgspec.structs.replace(known, **fields)


def body(title: str) -> bytes:
    return publications.encode(Published(content=Content(title=title)))


@pytest.fixture
def cache() -> Cache:
    cache = Cache()
    cache.belongs_to(ME)
    for topic in (NEWS, TEA):
        follow = Follow(topic=topic, at=1002)
        cache.follows.put(follow)
        cache.put_topic(as_topic(follow, Seq(0)))
    return cache


def unread(cache: Cache, topic: TopicId = NEWS) -> int:
    summary = cache.topic(topic)
    assert summary is not None
    return summary.unread


def test_the_feed_has_what_is_for_oneself_since_one_follows_the_newest_first(cache: Cache) -> None:
    cache.follows.put(Follow(topic=TEA, at=1002, tag="green"))
    cache.append(NEWS, [entry(1), entry(2), entry(3, kind=Kind.ARTICLE), entry(6)], have=Seq(6))
    cache.append(TEA, [entry(3, TEA, tag="green"), entry(4, TEA, tag="black"), entry(5, TEA)], have=Seq(5))
    cache.append(TEA, [entry(6, TEA), entry(7, TEA, kind=Kind.RECALL, target=Seq(6), body=None)], have=Seq(7))
    assert [(each.topic, each.seq) for each in cache.feed(10)] == [(NEWS, 6), (TEA, 5), (TEA, 3), (NEWS, 2)]
    assert [each.seq for each in cache.feed(1)] == [6]


def test_unread_counts_what_came_to_oneself(cache: Cache) -> None:
    elided = Entry(topic=NEWS, seq=Seq(2), elided=True)
    cache.append(NEWS, [entry(1), elided, entry(3, kind=Kind.ARTICLE), entry(4), entry(5)], have=Seq(5))
    assert unread(cache) == 3
    cache.read(NEWS, ME, Seq(3))
    assert unread(cache) == 2
    cache.read(NEWS, ME, Seq(5))
    assert unread(cache) == 0


def test_what_was_before_one_followed_is_known_to_be_there(cache: Cache) -> None:
    topic = TopicId("0" + "x" * 15)
    cache.put_topic(as_topic(Follow(topic=topic, at=1), Seq(7)))
    assert cache.heads(Side.PUBLIC)[topic] == 7
    assert cache.gap_before(topic, Seq(8)) == Gap(first=Seq(1), last=Seq(7))


def page(head: int = 1) -> AccountPage:
    return AccountPage(
        topic=NEWS, type=AccountType.SERVICE, body="person", category="life", head=Seq(head), profile=body("City News")
    )


def test_a_page_follows_its_log_and_what_is_older_than_it_changes_nothing(cache: Cache) -> None:
    cache.follows.put_page(page(head=3), keep=True)
    cache.append(NEWS, [entry(2, kind=Kind.PROFILE, body=body("Old"))], have=Seq(2))
    assert cache.follows.name(NEWS) == "City News"
    cache.append(NEWS, [entry(4, kind=Kind.PROFILE, body=body("City Daily"))], have=Seq(4))
    known = cache.follows.page(NEWS)
    assert known is not None
    assert (cache.follows.name(NEWS), known.profile, known.head) == ("City Daily", body("City Daily"), 4)


@pytest.mark.parametrize("kind", [Kind.WITHDRAWN, Kind.RESTORED])
def test_a_page_a_part_of_which_is_decided_about_is_asked_for_again(cache: Cache, kind: Kind) -> None:
    cache.append(NEWS, [entry(1, kind=Kind.PROFILE, body=body("City News"))], have=Seq(1))
    cache.follows.put_page(page(), keep=True)
    cache.append(NEWS, [entry(2, kind=kind, target=Seq(1))], have=Seq(2))
    assert cache.follows.page(NEWS) is None
    assert cache.follows.name(NEWS) == "City News"


def test_a_decision_about_an_article_leaves_the_page_as_it_is(cache: Cache) -> None:
    cache.append(NEWS, [entry(1)], have=Seq(1))
    cache.follows.put_page(page(), keep=True)
    cache.append(NEWS, [entry(2, kind=Kind.WITHDRAWN, target=Seq(1), body=None)], have=Seq(2))
    assert cache.follows.page(NEWS) is not None


def test_a_page_is_kept_only_where_its_log_comes(cache: Cache) -> None:
    cache.follows.put_page(page(), keep=False)
    assert cache.follows.page(NEWS) is None
    assert cache.follows.name(NEWS) == "City News"


def test_an_account_without_a_name_is_not_learned(cache: Cache) -> None:
    cache.follows.learn(NEWS, "")
    assert cache.follows.name(NEWS) is None


def test_following_and_accounts_are_forgotten_with_the_side_that_told_of_them(cache: Cache) -> None:
    cache.follows.learn(NEWS, "City News")
    cache.follows.mark = 7
    cache.forget(Side.PUBLIC, epoch=None)
    assert (len(cache.follows.all()), cache.follows.mark, cache.follows.name(NEWS)) == (2, 7, None)
    cache.forget(Side.PRIVATE, epoch=None)
    assert (cache.follows.all(), cache.follows.mark) == ([], None)


def test_a_cache_from_before_there_were_accounts_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    Cache(path).close()
    old = sqlite3.connect(path)
    for statement in ("DROP TABLE follows", "DROP TABLE accounts", "ALTER TABLE entries DROP COLUMN tag"):
        old.execute(statement)
    old.close()
    cache = Cache(path)
    cache.belongs_to(ME)
    cache.put_topic(msgspec.structs.replace(as_topic(Follow(topic=NEWS, at=1), Seq(0)), role=Role.OWNER))
    cache.append(NEWS, [entry(1, tag="green")], have=Seq(1))
    assert cache.entries(NEWS)[0].tag == "green"
    assert cache.follows.all() == []
