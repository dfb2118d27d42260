"""The doctor looks at who follows and reads, too: the counts are those of the rows, and nobody is known for long."""

from pathlib import Path

import pytest

from protocol.entries import Side
from protocol.ids import PersonId, Seq, TopicId
from server.store.follow_writes import CountOnce, PutFollow
from server.store.sqlite import SqliteStore, connect, store_path
from server.store.upkeep import doctor
from tests.contracts.desk import NOON, Desk

LANE = TopicId("0lane00000000000")
PLANTED = {
    "a follower too many": ("UPDATE followers SET people = 9 WHERE tag = ''", "counts 9 followers with the tag ''"),
    "a count that is lost": ("DELETE FROM followers WHERE tag = 'north'", "counts 0 followers with the tag 'north'"),
    "a count of nobody": ("INSERT INTO followers VALUES ('0other', 'x', 1)", "account 0other counts 1 followers"),
    "a follower who is nobody": ("UPDATE follows SET person = 'nobody' WHERE tag = ''", "followed by nobody"),
    "two days at a time": ("INSERT INTO day_keys VALUES ('2026-03-03', x'00')", "of 2 days"),
    "readers without a day": ("DELETE FROM day_keys", "of 0 days"),
}


@pytest.fixture
def followed(data: Path) -> Path:
    """A store with an account that two follow and one reads, closed."""
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    for handle, tag in (("ann", ""), ("ben", "north")):
        person: PersonId = desk.person(handle)
        desk.do(PutFollow(person=person, account=LANE, tag=tag, muted=None, at=NOON, most=10))
    desk.do(CountOnce(account=LANE, seq=Seq(1), person=person, day="2026-03-02"))
    desk.close()
    return data


def test_a_healthy_store_has_no_findings(followed: Path) -> None:
    assert list(doctor(followed)) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_corruption_is_found(name: str, followed: Path) -> None:
    sql, sentence = PLANTED[name]
    connection = connect(store_path(followed, Side.PRIVATE).as_uri())
    connection.execute(sql)
    connection.close()
    findings = list(doctor(followed))
    assert any(sentence in finding for finding in findings), findings
