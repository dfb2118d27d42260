"""The doctor finds every corruption that is planted, and nothing in a healthy store."""

from pathlib import Path

import pytest

from protocol.entries import Kind, Side, Standing
from protocol.ids import Seq
from server.store.doctor import INVARIANTS, MOST
from server.store.sqlite import SqliteStore, connect, store_path
from server.store.upkeep import doctor
from server.store.writes import Erase
from server.topics import Stand
from tests.contracts.desk import Desk, draft, seat

PLANTED = {
    "a hole": ("DELETE FROM entries WHERE topic = :group AND seq = 3", "without a hole"),
    "a lost tail": ("DELETE FROM entries WHERE topic = :group AND seq = 7", "which has another"),
    "a wrong nth": ("UPDATE entries SET nth = 9 WHERE topic = :group AND seq = 3", "nth is 9"),
    "a lost topic": ("DELETE FROM topics WHERE topic = :group", "does not exist"),
    "an empty topic": (
        """
        INSERT INTO topics (topic, kind, side, generation, spoken, founded_at)
        VALUES ('alone', 'group', 'private', 1, 0, 0)
        """,
        "has no entry",
    ),
    "the other side": ("UPDATE topics SET side = 'public' WHERE topic = :group", "not this store's"),
    "no generation": ("UPDATE topics SET generation = 0 WHERE topic = :group", "generation 0"),
    "an unknown kind": ("UPDATE entries SET kind = 'whisper' WHERE topic = :group AND seq = 1", "unknown kind"),
    "an erased body": ("UPDATE entries SET body = x'00' WHERE erased", "erased but has a body"),
    "a lost body": ("UPDATE entries SET body = NULL WHERE topic = :group AND seq = 3", "without a body"),
    "a recall undone": ("UPDATE entries SET erased = 0 WHERE topic = :chat AND kind = 'edit'", "is not erased"),
    "a later target": ("UPDATE entries SET target = 99 WHERE topic = :group AND kind = 'reaction'", "entry 99"),
    "hidden from a stranger": (
        "UPDATE entries SET hidden_from = :cy WHERE topic = :chat AND seq = 2",
        "not the other one",
    ),
    "a lost cid": ("DELETE FROM cids WHERE topic = :group AND seq = 3", "not on record"),
    "a swapped cid": ("UPDATE cids SET seq = 4 WHERE topic = :group AND seq = 3", "which has another"),
    "a member of nothing": ("UPDATE members SET topic = 'nowhere' WHERE topic = :chat", "which does not exist"),
    "a member who is nobody": ("DELETE FROM people WHERE person = :cy", "does not exist"),
    "a start past the head": ("UPDATE members SET start = 99, read = 7 WHERE topic = :group", "from 99 on"),
    "a mark past the head": ("UPDATE members SET read = 99 WHERE topic = :group", "read to 99"),
    "a miscounted mark": ("UPDATE members SET read_nth = 1000 WHERE topic = :chat", "counted from 1000"),
    "a frozen mark": ("UPDATE members SET shown_read = 0 WHERE topic = :group", "is shown as having read to 0"),
    "marks that went back": ("UPDATE people SET marks = 0", "has marks 0"),
    "a miscounted group": ("UPDATE topics SET seats = 9 WHERE topic = :group", "counts 9 members"),
    "two owners": ("UPDATE members SET role = 'owner' WHERE topic = :group", "owners"),
    "no owner": ("UPDATE members SET role = 'member' WHERE topic = :group", "0 owners"),
    "a chat of one": ("UPDATE topics SET other_peer = NULL WHERE topic = :chat", "not of two people"),
    "a stranger in a chat": ("UPDATE members SET person = :cy WHERE topic = :chat AND person = :ann", "two others"),
    "a silence": ("UPDATE topics SET spoken = 0 WHERE topic = :chat", "who has spoken"),
    "a device of nobody": ("UPDATE devices SET person = 'nobody' WHERE person = :cy", "of person nobody"),
    "a block of nobody": ("UPDATE blocks SET blocked = 'nobody'", "blocks nobody"),
}


def populate(desk: Desk) -> dict[str, str]:
    """Do a little of everything."""
    ann, bo, cy = desk.person("ann"), desk.person("bo"), desk.person("cy")
    chat = desk.chat(ann, bo)
    desk.post(chat, draft(ann, "better", Kind.EDIT, target=Seq(1)))
    desk.say(chat, bo)
    desk.post(chat, draft(ann, b"", Kind.RECALL, target=Seq(1)))
    desk.block(bo, ann)
    desk.say(chat, ann, hidden_from=bo)
    desk.mark(chat, bo, 3)
    desk.chat(ann, ann)
    group = desk.group(ann, bo)
    for _ in range(4):
        desk.say(group, bo)
    desk.post(group, draft(ann, "!", Kind.REACTION, target=Seq(3)))
    desk.post(group, None, Stand(person=cy, standing=Standing.INVITED, by=ann))
    desk.post(group, None, seat(bo, start=4))
    desk.do(Erase(topic=group, seqs=(Seq(4),)))
    left = desk.group(cy)
    desk.leave(left, cy)
    return {"ann": ann, "bo": bo, "cy": cy, "chat": chat, "group": group}


@pytest.fixture
def names(data: Path) -> dict[str, str]:
    """A store with a little of everything, closed; who and what is in it."""
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    names = populate(desk)
    desk.close()
    return names


def plant(data: Path, sql: str, names: dict[str, str]) -> None:
    connection = connect(store_path(data, Side.PRIVATE).as_uri())
    connection.execute(sql, names)
    connection.close()


def test_a_healthy_store_has_no_findings(data: Path, names: dict[str, str]) -> None:
    assert list(doctor(data)) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_corruption_is_found(name: str, data: Path, names: dict[str, str]) -> None:
    sql, sentence = PLANTED[name]
    plant(data, sql, names)
    findings = list(doctor(data))
    assert any(sentence in finding for finding in findings), findings
    assert all(finding.startswith("private.db: ") for finding in findings)


def test_every_invariant_is_broken_by_one_of_the_plants(data: Path, names: dict[str, str]) -> None:
    broken = set()
    for sql, _ in PLANTED.values():
        connection = connect(store_path(data, Side.PRIVATE).as_uri())
        connection.execute("BEGIN")
        connection.execute(sql, names)
        broken |= {invariant for invariant in INVARIANTS if connection.execute(invariant.sql).fetchone()}
        connection.execute("ROLLBACK")
        connection.close()
    assert [invariant.sentence for invariant in INVARIANTS if invariant not in broken] == []


def test_many_findings_of_one_kind_are_counted(data: Path) -> None:
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    ann = desk.person("ann")
    group = desk.group(ann)
    for _ in range(MOST + 5):
        desk.say(group, ann)
    desk.close()
    plant(data, "UPDATE entries SET nth = 999 WHERE kind = 'message'", {})
    findings = list(doctor(data))
    assert findings[MOST] == "private.db: and 5 more like the last one"


def test_an_index_that_disagrees_with_its_table_is_found(data: Path, names: dict[str, str]) -> None:
    connection = connect(store_path(data, Side.PRIVATE).as_uri())
    connection.execute("PRAGMA writable_schema = ON")
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'devices_of'").fetchone()
    connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'devices_of'", (sql.replace("person", "name"),))
    connection.close()
    assert any("the file is damaged" in finding for finding in doctor(data))
