"""The ports: figures. Each person counts once a day, and when the day is over nobody can tell who was counted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from protocol.accounts import DayFigures, FiguresReply
from protocol.entries import Side
from protocol.ids import PersonId, Seq, TopicId
from server.store.follow_writes import CountOnce, DaysEnded, EndDays
from server.store.sqlite import SqliteStore, store_path
from tests.contracts.desk import Desk

LANE, MARKET = TopicId("0lane00000000000"), TopicId("0market000000000")
ANN, BO = PersonId("ann"), PersonId("bo")
MONDAY, TUESDAY, WEDNESDAY = "2026-03-02", "2026-03-03", "2026-03-04"


def count(
    person: PersonId = ANN, *, day: str = MONDAY, seq: int = 1, shared: bool = False, account: TopicId = LANE
) -> CountOnce:
    return CountOnce(account=account, seq=Seq(seq), person=person, day=day, shared=shared)


def figures(desk: Desk, *, seq: int | None = None, since: str = MONDAY, account: TopicId = LANE) -> FiguresReply:
    return desk.read.figures(account, seq=None if seq is None else Seq(seq), since=since)


def row(day: str = MONDAY, *, seq: int = 1, reads: int = 0, shares: int = 0) -> DayFigures:
    return DayFigures(seq=Seq(seq), day=day, reads=reads, shares=shares)


def test_an_account_nobody_has_read_has_no_figures(private_desk: Desk) -> None:
    assert figures(private_desk) == FiguresReply(followers=0, tags={}, days=(), complete=True)


def test_each_person_counts_once_for_each_article_and_day(private_desk: Desk) -> None:
    private_desk.commit(count(), count(), count(BO), count(seq=2), count())
    assert figures(private_desk).days == (row(seq=2, reads=1), row(reads=2))


def test_reads_and_shares_are_counted_apart(private_desk: Desk) -> None:
    private_desk.commit(count(), count(shared=True), count(shared=True), count(BO, shared=True))
    assert figures(private_desk).days == (row(reads=1, shares=2),)


def test_who_reads_again_the_next_day_counts_again(private_desk: Desk) -> None:
    private_desk.commit(count(), count(day=TUESDAY), count(day=TUESDAY))
    assert figures(private_desk).days == (row(TUESDAY, reads=1), row(MONDAY, reads=1))


def test_figures_are_of_one_account_of_one_article_or_all_and_since_a_day(private_desk: Desk) -> None:
    private_desk.commit(count(), count(seq=2), count(account=MARKET), count(day=TUESDAY))
    assert figures(private_desk, account=MARKET).days == (row(reads=1),)
    assert figures(private_desk, seq=1).days == (row(TUESDAY, reads=1), row(reads=1))
    assert figures(private_desk, since=TUESDAY).days == (row(TUESDAY, reads=1),)


def test_one_reply_has_so_many_figures_and_says_when_there_are_more(private_desk: Desk) -> None:
    private_desk.commit(*(count(seq=seq) for seq in range(1, 1002)))
    found = figures(private_desk)
    assert (len(found.days), found.days[0].seq, found.complete) == (1000, 1001, False)
    assert figures(private_desk, seq=1).complete


def test_a_day_is_over_with_the_first_that_is_counted_after_it(private_desk: Desk) -> None:
    private_desk.commit(count(), count(BO, day=TUESDAY))
    assert kept(private_desk) == ([TUESDAY], 1)


def test_what_comes_late_counts_for_the_newest_day_and_brings_no_old_one_back(private_desk: Desk) -> None:
    private_desk.commit(count(), EndDays(today=TUESDAY), count(BO))
    assert kept(private_desk) == ([TUESDAY], 1)
    assert figures(private_desk).days == (row(TUESDAY, reads=1), row(reads=1))


def test_a_day_that_the_clock_ran_ahead_to_does_not_stay(private_desk: Desk) -> None:
    private_desk.commit(count(day=WEDNESDAY), EndDays(today=WEDNESDAY), EndDays(today=TUESDAY), count(day=TUESDAY))
    assert kept(private_desk) == ([TUESDAY], 1)


def test_ending_days_ends_none_that_goes_on(private_desk: Desk) -> None:
    private_desk.commit(count(), EndDays(today=MONDAY), count())
    assert figures(private_desk).days == (row(reads=1),)


def test_what_is_left_to_overwrite_is_said_until_nothing_is(private_desk: Desk) -> None:
    assert ended(private_desk, MONDAY)  # What an earlier run has left is not known.
    assert not ended(private_desk, MONDAY)
    private_desk.do(count())
    assert not ended(private_desk, MONDAY)
    assert ended(private_desk, TUESDAY)
    assert not ended(private_desk, TUESDAY)


ACTS = st.lists(st.tuples(st.sampled_from([ANN, BO]), st.integers(0, 3), st.integers(1, 2), st.booleans()), max_size=30)


@given(acts=ACTS)
def test_figures_are_how_many_different_people_there_were_each_day(
    acts: list[tuple[PersonId, int, int, bool]],
) -> None:
    acts = sorted(acts, key=lambda act: act[1])
    with closing(Desk(SqliteStore.in_memory(Side.PRIVATE))) as desk:
        for person, day, seq, shared in acts:
            desk.do(count(person, day=f"2026-03-0{day + 1}", seq=seq, shared=shared))
        for found in figures(desk, since="").days:
            there = [act for act in acts if (f"2026-03-0{act[1] + 1}", act[2]) == (found.day, found.seq)]
            assert found.reads == len({person for person, _, _, shared in there if not shared})
            assert found.shares == len({person for person, _, _, shared in there if shared})


# Who was counted.


def kept(desk: Desk) -> tuple[list[str], int]:
    """Return the days that there is a key of, and how many digests there are."""
    connection = connection_of(desk)
    days = [day for (day,) in connection.execute("SELECT day FROM day_keys")]
    digests: int = connection.execute("SELECT count(*) FROM counted").fetchone()[0]
    return days, digests


def connection_of(desk: Desk) -> sqlite3.Connection:
    return desk.store._writer._connection  # type: ignore[attr-defined,no-any-return]


def ended(desk: Desk, today: str) -> bool:
    """End the days before `today`; say whether there was anything left of them."""
    outcome = desk.do(EndDays(today=today))
    assert isinstance(outcome, DaysEnded)
    return outcome.traces


def secrets_of(desk: Desk) -> list[bytes]:
    """Return the day's key and all its digests."""
    connection = connection_of(desk)
    keys = [key for (key,) in connection.execute("SELECT key FROM day_keys")]
    return keys + [digest for (digest,) in connection.execute("SELECT digest FROM counted")]


def raw(directory: Path) -> bytes:
    """Return every byte that is on the disk, the write-ahead log's among them."""
    return b"".join(path.read_bytes() for path in directory.iterdir())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(SqliteStore.open(tmp_path, Side.PRIVATE))
    ended(desk, MONDAY)
    yield desk
    desk.close()


PEOPLE = [PersonId(f"person{number:010}") for number in range(3000)]


def test_when_a_day_is_over_its_key_and_digests_are_in_no_byte_of_the_file(disk: Desk, tmp_path: Path) -> None:
    disk.commit(*(count(person) for person in PEOPLE))
    secrets = secrets_of(disk)
    before = raw(tmp_path)
    assert len(secrets) == 1 + len(PEOPLE)
    assert all(secret in before for secret in secrets)
    assert ended(disk, TUESDAY)
    assert not ended(disk, TUESDAY)
    after = raw(tmp_path)
    assert [secret for secret in secrets if secret in after] == []
    assert figures(disk).days == (row(reads=len(PEOPLE)),)


def test_a_day_that_ended_by_the_next_ones_readers_leaves_nothing_either(disk: Desk, tmp_path: Path) -> None:
    disk.commit(*(count(person) for person in PEOPLE[:50]))
    secrets = secrets_of(disk)
    disk.commit(*(count(person, day=TUESDAY) for person in PEOPLE[:50]))
    while ended(disk, TUESDAY):
        pass
    after = raw(tmp_path)
    assert [secret for secret in secrets if secret in after] == []


def test_a_day_that_ended_while_nobody_served_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    first = Desk(SqliteStore.open(tmp_path, Side.PRIVATE))
    first.commit(*(count(person) for person in PEOPLE[:50]))
    secrets = secrets_of(first)
    killed = tmp_path / "killed"
    killed.mkdir()
    for path in tmp_path.glob("private.db*"):  # As it is on the disk, the log not folded in.
        (killed / path.name).write_bytes(path.read_bytes())
    first.close()
    with closing(Desk(SqliteStore.open(killed, Side.PRIVATE))) as second:
        while ended(second, TUESDAY):
            pass
        after = raw(killed)
    assert [secret for secret in secrets if secret in after] == []


def test_while_somebody_reads_the_log_is_overwritten_later_and_writers_do_not_wait(disk: Desk, tmp_path: Path) -> None:
    disk.do(count())
    secrets = secrets_of(disk)
    with closing(sqlite3.connect(store_path(tmp_path, Side.PRIVATE), isolation_level=None)) as long_reader:
        long_reader.execute("BEGIN")
        long_reader.execute("SELECT * FROM counted").fetchall()
        run: list[str] = []
        connection_of(disk).set_trace_callback(run.append)
        for _ in range(3):
            assert ended(disk, TUESDAY)
        connection_of(disk).set_trace_callback(None)
        folding = run.index("PRAGMA wal_checkpoint(TRUNCATE)")
        assert run[folding - 1] == "PRAGMA busy_timeout = 0"
        long_reader.execute("COMMIT")
    assert ended(disk, TUESDAY)
    assert not ended(disk, TUESDAY)
    after = raw(tmp_path)
    assert [secret for secret in secrets if secret in after] == []
    assert connection_of(disk).execute("PRAGMA busy_timeout").fetchone()[0] == 5000


def test_without_the_key_nobody_can_tell_who_is_among_those_counted(private_desk: Desk) -> None:
    private_desk.do(count())
    key, digest = secrets_of(private_desk)
    said = f"read {LANE} 1 {ANN}".encode()
    assert digest == blake3(said, key=key).digest()
    assert digest != blake3(said).digest()
    assert digest != blake3(said, key=private_desk.store.secret).digest()
    tables = [name for (name,) in connection_of(private_desk).execute("SELECT name FROM sqlite_schema")]
    assert {"figures", "counted", "day_keys"} <= set(tables)
    columns = connection_of(private_desk).execute("SELECT name FROM pragma_table_info('figures')").fetchall()
    assert [name for (name,) in columns] == ["account", "day", "seq", "reads", "shares"]
