"""`hutongd approvals` as an operator types it: what comes out, where, and with which exit code."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from compliance import leaves
from compliance.rights import Approval
from protocol.accounts import Application
from protocol.entries import Side
from protocol.ids import PersonId, TopicId, new_cid, new_id, new_public_topic_id
from server.commands.program import run
from server.config import Config
from server.store.account_writes import Applied, Apply
from server.store.audit import leaf_at, size_of
from server.store.lock import DataLock
from server.store.operator_port import RecordedApproval
from server.store.sqlite import PublicSqliteStore, connect, store_path
from tests.support.inline import bench_under_test

Said = Callable[[], tuple[str, str]]
DATA = Path("hutong-data")
PAPER = ["--issuer", "the authority", "--number", "No. 7 (2027)", "--date", "2027-01-01"]
ITEM = "ab" * 32


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a directory of its own, without settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for section in Config.__struct_fields__:
        monkeypatch.delenv(f"HUTONG_{section.upper()}_DATA", raising=False)
    monkeypatch.delenv("HUTONG_CONFIG", raising=False)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Return what has been written to stdout and to stderr since it was last asked."""

    def said() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    return said


@pytest.fixture
def account() -> TopicId:
    """An account that somebody has applied for, in the data of that directory."""
    said = Application(body="person", subject="Ann", name="The Lane", category="society", scope="All.", operator="Ann")
    topic, owner = new_public_topic_id(), PersonId(new_id())
    with closing(PublicSqliteStore.open(DATA, Side.PUBLIC)) as store:
        write = Apply(
            topic=topic,
            new=True,
            owner=owner,
            cid=new_cid(0),
            digest=b"x" * 16,
            application=said,
            most=1,
            at=0,
            bench=bench_under_test(),
        )
        assert isinstance(store.writer().commit([write])[0], Applied)
    return topic


def recorded(account: TopicId | None = None) -> tuple[RecordedApproval, ...]:
    with closing(PublicSqliteStore.open(DATA, Side.PUBLIC)) as store, closing(store.reader()) as reader:
        return reader.approvals(account)


def leaves_now() -> list[dict[str, object]]:
    with closing(connect(f"{store_path(DATA, Side.PUBLIC).absolute().as_uri()}?mode=ro")) as connection:
        return [leaves.read(leaf_at(connection, number)) for number in range(size_of(connection))]


def test_an_approval_is_put_on_record_and_its_number_printed(said: Said, account: TopicId) -> None:
    assert run(["approvals", "add", account, *PAPER]) == 0
    assert said() == ("1\n", "")
    (found,) = recorded(account)
    assert (found.number, found.account, found.ended_at) == (1, account, None)
    assert found.approval == Approval(issuer="the authority", reference="No. 7 (2027)", issued_on=date(2027, 1, 1))


def test_an_approval_may_have_an_end_and_be_for_one_item(said: Said, account: TopicId) -> None:
    assert run(["approvals", "add", account, *PAPER, "--until", "2027-01-01", "--item", ITEM.upper(), "--json"]) == 0
    assert json.loads(said()[0]) == {"number": 1}
    (found,) = recorded(account)
    assert (found.approval.until, found.approval.item) == (date(2027, 1, 1), bytes.fromhex(ITEM))


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--issuer", " "], "--issuer"),
        (["--issuer", "one\ntwo"], "--issuer"),
        (["--number", ""], "--number"),
        (["--number", "x" * 129], "--number"),
        (["--date", "soon"], "--date"),
        (["--date", "2027-02-30"], "--date"),
        (["--until", "2026-12-31"], "--until"),
        (["--until", "never"], "--until"),
        (["--item", "abc"], "--item"),
        (["--item", "xy" * 32], "--item"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_recorded(
    said: Said, account: TopicId, more: list[str], named: str
) -> None:
    assert run(["approvals", "add", account, *PAPER, *more]) == 2
    assert named in said()[1]
    assert recorded() == ()


@pytest.mark.parametrize("missing", ["--issuer", "--number", "--date"])
def test_an_approval_says_who_issued_it_its_number_and_when(said: Said, account: TopicId, missing: str) -> None:
    place = PAPER.index(missing)
    assert run(["approvals", "add", account, *PAPER[:place], *PAPER[place + 2 :]]) == 2
    assert missing in said()[1]


@pytest.mark.parametrize("name", ["", "ann", "a" * 16, "0" * 15])
def test_what_cannot_be_an_account_is_said(said: Said, name: str) -> None:
    for arguments in (["add", name, *PAPER], ["list", name]):
        assert run(["approvals", *arguments]) == 2
        assert "the id of an account" in said()[1]
    assert not DATA.exists()


def test_an_account_that_is_not_there_has_none(said: Said, account: TopicId) -> None:
    assert run(["approvals", "add", "0" * 16, *PAPER]) == 1
    assert "there is no account" in said()[1]


def test_where_there_is_no_data_none_is_made(said: Said) -> None:
    assert run(["approvals", "add", "0" * 16, *PAPER]) == 1
    assert run(["approvals", "end", "1"]) == 1
    assert run(["approvals", "list"]) == 0
    assert not DATA.exists()


def test_one_paper_is_on_record_once_while_it_is_in_force(said: Said, account: TopicId) -> None:
    run(["approvals", "add", account, *PAPER])
    said()
    assert run(["approvals", "add", account, *PAPER]) == 1
    assert "on record already" in said()[1]
    run(["approvals", "end", "1"])
    assert run(["approvals", "add", account, *PAPER]) == 0


def test_an_approval_is_ended_once_and_stays_on_record(said: Said, account: TopicId) -> None:
    run(["approvals", "add", account, *PAPER])
    said()
    assert run(["approvals", "end", "1"]) == 0
    assert "approval 1 has ended" in said()[1]
    assert run(["approvals", "end", "1"]) == 1
    assert "there is no approval 1 in force" in said()[1]
    (found,) = recorded(account)
    assert found.ended_at is not None


def test_the_list_has_those_that_were_ended_too(said: Said, account: TopicId) -> None:
    run(["approvals", "add", account, *PAPER])
    run(["approvals", "add", account, *PAPER, "--until", "2027-12-31", "--item", ITEM])
    run(["approvals", "end", "1"])
    said()
    assert run(["approvals", "list", account]) == 0
    first, second = said()[0].splitlines()
    assert first.split()[:2] == ["1", account]
    assert "the authority, No. 7 (2027)  from 2027-01-01, standing, ended 20" in first
    assert second.endswith(f"from 2027-01-01 until 2027-12-31, for {ITEM}")
    assert run(["approvals", "list", "--json"]) == 0
    ended, standing = json.loads(said()[0])
    assert (ended["number"], ended["item"], ended["ended_at"] is None) == (1, None, False)
    del standing["added_at"]
    assert standing == {
        "number": 2,
        "account": account,
        "issuer": "the authority",
        "reference": "No. 7 (2027)",
        "issued_on": "2027-01-01",
        "until": "2027-12-31",
        "item": ITEM,
        "ended_at": None,
    }


def test_where_there_is_none_the_list_says_so(said: Said, account: TopicId) -> None:
    assert run(["approvals", "list"]) == 0
    out, err = said()
    assert (out, "none" in err) == ("", True)
    assert run(["approvals", "list", "--json"]) == 0
    assert json.loads(said()[0]) == []


def test_every_change_is_a_leaf_of_the_audit_log(account: TopicId) -> None:
    for arguments in (["add", account, *PAPER], ["add", account, *PAPER], ["end", "1"], ["end", "1"]):
        run(["approvals", *arguments])
    told = [(leaf["leaf"], leaf["account"], leaf["reference"], leaf["act"]) for leaf in leaves_now()]
    assert told == [("approval", account, "No. 7 (2027)", act) for act in ("added", "ended")]


def test_a_server_may_run_meanwhile_and_only_the_public_store_is_opened(account: TopicId) -> None:
    with DataLock(DATA):
        assert run(["approvals", "add", account, *PAPER]) == 0
        assert run(["approvals", "end", "1"]) == 0
    assert not store_path(DATA, Side.PRIVATE).exists()


def test_damaged_data_is_said_to_be_damaged(said: Said) -> None:
    DATA.mkdir()
    store_path(DATA, Side.PUBLIC).write_bytes(b"no database at all" * 100)
    for arguments in (["add", "0" * 16, *PAPER], ["list"], ["end", "1"]):
        assert run(["approvals", *arguments]) == 1
        assert "no SQLite database" in said()[1]
