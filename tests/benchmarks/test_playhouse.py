"""What the acts of the demo share: facts are held to, and canaries are found wherever they are."""

from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

from benchmarks.playhouse.canaries import Canaries
from benchmarks.playhouse.record import Record
from benchmarks.playhouse.report import Report, plain_table
from benchmarks.playhouse.stage import Stage


class Facts(Report):
    """A report without a table worth the name."""

    def table(self) -> Table:
        return plain_table("nothing", "but facts")

    def rows(self) -> dict[str, Any]:
        return {"nothing": []}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage whose server has been and gone, and has left all its files."""
    (tmp_path / "data").mkdir()
    (tmp_path / "server.log").write_bytes(b"")
    return Stage(tmp_path, Record(), {})


def test_a_report_is_held_to_its_facts() -> None:
    report = Facts()
    report.add("one thing", True)
    assert report.faults == []
    report.add("another", False, "it was not so")
    assert report.faults == ["another: it was not so"]
    assert not report.fields()["holds"]


def test_canaries_where_they_belong_are_no_fault(stage: Stage, tmp_path: Path) -> None:
    canaries, report = Canaries(), Facts()
    (tmp_path / "data" / "private.db").write_bytes(canaries.mark("hello").encode())
    canaries.prove(stage, report)
    assert report.faults == []
    assert len(report.facts) == 4


@pytest.mark.parametrize("form", ["plain", "hexadecimal", "UTF-16"])
def test_a_canary_in_the_public_store_is_found_in_any_form(stage: Stage, tmp_path: Path, form: str) -> None:
    canaries, report = Canaries(), Facts()
    said = canaries.mark("hello")
    word = said.split()[1]
    forms = {"plain": word.encode(), "hexadecimal": word.encode().hex().encode(), "UTF-16": word.encode("utf-16-le")}
    (tmp_path / "data" / "private.db").write_bytes(said.encode())
    (tmp_path / "data" / "public.db-wal").write_bytes(forms[form])
    canaries.prove(stage, report)
    assert report.faults == ["no private byte is in public.db: hello"]


def test_a_canary_that_a_hook_was_given_or_that_was_logged_is_found(stage: Stage, tmp_path: Path) -> None:
    canaries, report = Canaries(), Facts()
    said = canaries.mark("hello").encode()
    (tmp_path / "data" / "private.db").write_bytes(said)
    (tmp_path / "server.log").write_bytes(said)
    stage.record.raw.append(said)
    canaries.prove(stage, report)
    assert report.faults == [
        "no private byte is in a hook's record: hello",
        "no private byte is in the server's log: hello",
    ]


def test_a_canary_that_is_nowhere_would_make_the_search_worthless(stage: Stage) -> None:
    canaries, report = Canaries(), Facts()
    canaries.mark("hello")
    canaries.prove(stage, report)
    assert report.faults == ["all 1 canaries are where they belong, so the search would have found them: hello"]


def test_what_is_to_be_kept_nowhere_is_a_fault_in_the_private_store(stage: Stage, tmp_path: Path) -> None:
    canaries, report = Canaries(), Facts()
    (tmp_path / "data" / "private.db").write_bytes(canaries.mark("a query", is_kept=False).encode())
    canaries.prove(stage, report)
    assert [fault.endswith(": a query") for fault in report.faults] == [True]


def test_what_is_erased_is_a_fault_where_it_was_kept(stage: Stage, tmp_path: Path) -> None:
    canaries, report = Canaries(), Facts()
    (tmp_path / "data" / "private.db").write_bytes(canaries.mark("hello").encode())
    canaries.erased("hello")
    canaries.prove(stage, report)
    assert report.faults == ["all 0 canaries are where they belong, so the search would have found them: hello"]


def test_a_record_counts_a_text_only_where_it_is_all_that_is_said() -> None:
    record = Record()
    record.publications.append({"data": {"content": {"text": "hello"}}})
    record.publications.append({"data": {"content": {"text": "hello again"}}})
    assert record.times_seen("hello") == 1
