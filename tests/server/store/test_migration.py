"""Stores of older versions are brought up to date when they are opened, with all that is in them.

The first is of before the public side, and is made here. The second is of before public accounts, and was made by that
version: a chat, two groups, and what became of ten publications in the public one, in `schema2/`. The third is of
before contacts, and was made by that version: a chat, two groups, a block, and an account that somebody follows.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from protocol.contacts import AcceptContact, AskContact, Contacts, ContactsReply, ContactState
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Side, TopicKind
from protocol.following import FollowAccount, Follows
from protocol.frames import History, People, Preferences, Resume
from protocol.ids import PersonId, Seq, TopicId, new_cid, new_id
from protocol.public import GroupSettings, SignAgreement, Submissions
from protocol.publications import decode
from protocol.staff import OfficerAct, OfficerDecide, OfficerQueue
from server.store import schema, upkeep
from server.store.public_writes import Introduce
from server.store.schema import VERSION, OlderStoreError
from server.store.sqlite import PublicSqliteStore, SqliteStore, connect, store_path
from server.store.writes import Done
from tests.contracts.desk import NOON, Desk, bodies
from tests.support.accounts import active, article
from tests.support.inline import InlineServer
from tests.support.public import rows

ANN, BO, TOPIC = PersonId("a" * 16), PersonId("b" * 16), TopicId("t" * 16)
HERE = Path(__file__).parent
BODIES = ["hello", "", "hello yourself"]


def old_store(data: Path, side: Side) -> Path:
    """Make a store of `side` as the first version left one, with a chat in the private one; return where it is."""
    data.mkdir(exist_ok=True)
    path = store_path(data, side)
    with closing(connect(f"{path.absolute().as_uri()}?mode=rwc")) as connection:
        schema._migrations(side).apply(Database(connection, execute_plugins=False), stop_before="second")
        if side is Side.PRIVATE:
            _chat(connection)
    return path


def second_store(data: Path, side: Side) -> Path:
    """Make the store of `side` that the second version left; return where it is."""
    return _restored(HERE / "schema2", data, side)


def third_store(data: Path, side: Side) -> Path:
    """Make the store of `side` that the third version left; return where it is."""
    return _restored(HERE / "schema3", data, side)


def _restored(dumps: Path, data: Path, side: Side) -> Path:
    data.mkdir(exist_ok=True)
    path = store_path(data, side)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((dumps / f"{side.value}.sql").read_text("utf-8"))
    return path


@pytest.fixture
def second(data: Path) -> InlineServer:
    """A server on the stores that the second version left."""
    return _served(data, second_store)


@pytest.fixture
def third(data: Path) -> InlineServer:
    """A server on the stores that the third version left."""
    return _served(data, third_store)


def _served(data: Path, made: Callable[[Path, Side], Path]) -> InlineServer:
    for side in Side:
        made(data, side)
    private, public = SqliteStore.open(data, Side.PRIVATE), PublicSqliteStore.open(data, Side.PUBLIC)
    return InlineServer(stores=(private, public))


def _chat(connection: sqlite3.Connection) -> None:
    for person, handle in ((ANN, "ann"), (BO, "bo")):
        connection.execute(
            "INSERT INTO people (person, handle, skeleton, password, marks, created_at) VALUES (?, ?, ?, 'x', 1, ?)",
            (person, handle, handle, NOON),
        )
        connection.execute(
            "INSERT INTO members (topic, person, standing, role, start, since, read, read_nth, changed)"
            " VALUES (?, ?, 'member', 'member', 1, 1, 0, 0, 1)",
            (TOPIC, person),
        )
    connection.execute(
        "INSERT INTO topics (topic, kind, side, generation, spoken, seats, founded_at, one_peer, other_peer)"
        " VALUES (?, ?, 'private', 1, 3, 2, ?, ?, ?)",
        (TOPIC, TopicKind.CHAT.value, NOON, ANN, BO),
    )
    for seq, (sender, kind, body) in enumerate(
        ((ANN, Kind.MESSAGE, b"hello"), (BO, Kind.RECALL, None), (BO, Kind.MESSAGE, b"hello yourself")), start=1
    ):
        cid = new_cid(NOON + seq)
        connection.execute(
            "INSERT INTO entries (topic, seq, nth, at, kind, sender, cid, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (TOPIC, seq, seq - (seq > 1), NOON, kind.value, sender, cid, body),
        )
        connection.execute("INSERT INTO cids VALUES (?, ?, ?, ?, x'00')", (cid, sender, TOPIC, seq))


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found


def tables_of(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def shape_of(path: Path) -> dict[str, set[tuple[object, ...]]]:
    """Return the columns of every table, and whatever else there is, by its text."""
    with closing(sqlite3.connect(path)) as connection:
        shape: dict[str, set[tuple[object, ...]]] = {
            table: set(
                connection.execute(f"SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('{table}')")
            )
            for table in tables_of(path)
        }
        shape[""] = set(connection.execute("SELECT type, name FROM sqlite_schema"))
    return shape


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(("version", "made"), [(1, old_store), (2, second_store), (3, third_store)])
def test_an_old_store_is_brought_up_to_date_and_keeps_who_it_is(
    data: Path, side: Side, version: int, made: Callable[[Path, Side], Path]
) -> None:
    path = made(data, side)
    assert version_of(path) == version
    with closing(sqlite3.connect(path)) as connection:
        before = dict(connection.execute("SELECT key, value FROM meta"))
    with closing(SqliteStore.open(data, side)) as store:
        assert (store.epoch, store.secret) == (before["epoch"], before["secret"])
    assert version_of(path) == VERSION


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("made", [old_store, second_store, third_store])
def test_an_old_store_becomes_what_a_new_one_is(tmp_path: Path, side: Side, made: Callable[[Path, Side], Path]) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    path = made(old, side)
    for data in (old, new):
        SqliteStore.open(data, side).close()
    assert shape_of(path) == shape_of(store_path(new, side))


def test_what_was_said_is_there_and_people_talk_on(data: Path) -> None:
    old_store(data, Side.PRIVATE)
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    assert [text or "" for text in bodies(desk.log(TOPIC, BO))] == BODIES
    entries = desk.log(TOPIC, BO)
    assert [(entry.count, entry.withdrawn) for entry in entries] == [(None, False)] * 3
    assert desk.say(TOPIC, ANN, "still there?").seq == 4
    summary = desk.sync(ANN).topics[0]
    assert (summary.side, summary.admission, summary.listed) == (Side.PRIVATE, None, False)
    desk.close()


def test_only_the_public_store_gets_the_tables_of_the_gate(data: Path) -> None:
    paths = {side: old_store(data, side) for side in Side}
    for side in Side:
        SqliteStore.open(data, side).close()
    gate = {"submissions", "decisions", "rulings", "signatures", "staff", "leaves", "nodes"}
    assert gate <= tables_of(paths[Side.PUBLIC])
    assert gate.isdisjoint(tables_of(paths[Side.PRIVATE]))


def test_the_public_side_can_be_used_afterwards(data: Path) -> None:
    old_store(data, Side.PUBLIC)
    with closing(PublicSqliteStore.open(data, Side.PUBLIC)) as store:
        introduce = Introduce(person=PersonId(new_id()), handle="ann", skeleton="ann", at=NOON)
        assert store.writer().commit([introduce]) == [Done()]
        with closing(store.reader()) as reader:
            audit = reader.audit(0)
            assert audit is not None
            assert audit.size == 0


def test_the_doctor_finds_nothing_wrong_with_it(data: Path) -> None:
    for side in Side:
        old_store(data, side)
        SqliteStore.open(data, side).close()
    assert list(upkeep.doctor(data)) == []


def test_a_migration_that_is_cut_short_is_done_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_store(data, Side.PRIVATE)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_SECOND", (*schema._SECOND, "CREATE TABLE this is no SQL"))
        with pytest.raises(sqlite3.OperationalError):
            SqliteStore.open(data, Side.PRIVATE)
    assert version_of(path) == 1
    with closing(SqliteStore.open(data, Side.PRIVATE)) as store, closing(store.reader()) as reader:
        page = reader.history(TOPIC, BO, after=Seq(0), limit=9, slice_bytes=1 << 20)
        assert page is not None
        assert len(page.entries) == 3
    assert version_of(path) == VERSION


LANE = TopicId("0hfzsm44xjgbc4z7")


def decisions_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM decisions ORDER BY number").fetchall()


def found(server: InlineServer) -> list[TopicId]:
    with closing(server.public_store.reader()) as reader:
        return [hit.topic for hit in reader.search("灯笼", kinds=(), offset=0, limit=9).found]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("made", [second_store, third_store])
def test_the_doctor_finds_nothing_wrong_with_the_later_ones_either(
    data: Path, side: Side, made: Callable[[Path, Side], Path]
) -> None:
    made(data, side)
    SqliteStore.open(data, side).close()
    assert list(upkeep.doctor(data)) == []


@pytest.mark.parametrize("look", [lambda data: list(upkeep.doctor(data)), lambda data: upkeep.stats(data, at=NOON)])
def test_whoever_only_reads_says_what_brings_it_up_to_date(data: Path, look: Callable[[Path], object]) -> None:
    second_store(data, Side.PUBLIC)
    with pytest.raises(OlderStoreError, match="schema 2: start hutongd"):
        look(data)


def test_it_can_be_backed_up_before_it_is_brought_up_to_date(data: Path, tmp_path: Path) -> None:
    second_store(data, Side.PUBLIC)
    copied = tmp_path / "copied"
    upkeep.backup(data, copied, lambda *_: None)
    assert version_of(store_path(copied, Side.PUBLIC)) == 2


def test_what_was_published_before_accounts_is_there_as_it_was(second: InlineServer) -> None:
    ben = second.login("ben")
    entries = ben.do(History, topic=LANE, limit=99).entries
    texts = [decode(entry.body).content.text for entry in entries if entry.kind is Kind.MESSAGE and entry.body]
    assert texts == [
        "The lane is open on Sunday", "Who brings the paste?", "They say the bridge is gone",
        "The bridge is being mended", "Bring gloves",
    ]  # fmt: skip
    assert [entry.tag for entry in entries] == [None] * len(entries)
    mine = {said.state for said in ben.do(Submissions).submissions}
    assert mine == {SubmissionState.PUBLISHED, SubmissionState.REJECTED, SubmissionState.HELD}


def test_every_decision_is_kept_as_it_was(data: Path) -> None:
    path = second_store(data, Side.PUBLIC)
    before = decisions_of(path)
    SqliteStore.open(data, Side.PUBLIC).close()
    assert len(before) == 8
    assert decisions_of(path) == before


def test_what_was_held_before_accounts_can_be_decided_now(second: InlineServer) -> None:
    ben, officer = second.login("ben"), second.officer()
    (held,) = officer.do(OfficerQueue).items
    assert held.item is not None
    officer.do(OfficerDecide, item=held.item, act=OfficerAct.RELEASE)
    assert ben.do(Submissions).submissions[0].state is SubmissionState.PUBLISHED


def test_a_group_of_before_is_found_before_anything_is_written(second: InlineServer) -> None:
    assert found(second) == [LANE]


def test_a_group_of_before_that_is_not_listed_any_more_is_not_found(second: InlineServer) -> None:
    second.login("ann").do(GroupSettings, topic=LANE, listed=False)
    assert found(second) == []


def test_accounts_are_reviewed_on_a_store_of_before_them(second: InlineServer) -> None:
    ann, ben = second.login("ann"), second.login("ben")
    signature = second.signature()
    if signature is not None:
        ann.do(SignAgreement, signature=signature)
    topic = active(second, ann)
    ben.do(FollowAccount, topic=topic)
    article(ann, topic, "Its lamp works again.")
    assert rows(second, "SELECT kind FROM decisions ORDER BY number")[-1] == {"kind": "approve"}


# Of before contacts.


def test_who_was_there_before_contacts_has_none_and_can_be_found(third: InlineServer) -> None:
    ann, ben = third.login("ann"), third.login("ben")
    assert ann.do(Contacts) == ContactsReply(contacts=(), mark=0)
    assert [person.handle for person in ann.do(People, handles=("ben",)).people] == ["ben"]
    ann.do(AskContact, person=ben.person)
    assert ben.do(AcceptContact, person=ann.person).contact.state is ContactState.CONTACT


def test_what_they_chose_before_is_kept_and_they_show_all_their_moments(third: InlineServer) -> None:
    ben = third.login("ben")
    preferences = third.connect().do(Resume, token=ben.token).preferences
    assert preferences == Preferences(receipts=True, presence=False, findable=True, moments_days=0)


def test_whom_they_blocked_before_contacts_asks_in_vain(third: InlineServer) -> None:
    ben, cyd = third.login("ben"), third.login("cyd")
    ben.do(AskContact, person=cyd.person)
    assert cyd.do(Contacts).contacts == ()


def test_what_they_follow_and_read_is_there(third: InlineServer) -> None:
    ben = third.login("ben")
    (follow,) = ben.do(Follows).follows or ()
    assert follow.tag == "north"
    kinds = [entry.kind for entry in ben.do(History, topic=follow.topic, limit=99).entries]
    assert kinds[-2:] == [Kind.ARTICLE, Kind.BROADCAST]
