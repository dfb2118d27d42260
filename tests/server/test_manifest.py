"""The coverage manifest: made from the dispatch table, and shown on the page as it is made."""

import runpy
from pathlib import Path

import pytest

from protocol.frames import Send
from server import manifest
from server.dispatch import Rules
from server.manifest import BEGIN, END, ManifestError, lines, ways, whole_table, written

PAGE = Path(__file__).parents[2] / "docs" / "COMPLIANCE.md"
WAYS = ways(whole_table())


def test_an_operation_that_the_table_forgot_is_noticed() -> None:
    rules: Rules = whole_table()
    del rules[Send]
    with pytest.raises(KeyError):
        ways(rules)


def test_the_page_shows_the_manifest_as_the_table_makes_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run `python -m server.manifest`"


def test_a_row_that_somebody_edited_is_put_right() -> None:
    page = PAGE.read_text(encoding="utf-8")
    row = next(line for line in lines(WAYS) if line.startswith("| `publish`"))
    assert written(page.replace(row, row.replace("every version", ""))) == page


@pytest.mark.parametrize(
    "page", ["", f"{BEGIN}{END}" * 2, f"{END}{BEGIN}", BEGIN], ids=["none", "twice", "the wrong way round", "open"]
)
def test_a_page_without_the_marks_is_refused(page: str) -> None:
    with pytest.raises(ManifestError, match="the page must have"):
        written(page)


def test_the_command_writes_the_page_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "page.md"
    copy.write_text(f"before {BEGIN} old {END} after", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["manifest", str(copy)])
    runpy.run_path(str(manifest.__file__), run_name="__main__")
    assert copy.read_text(encoding="utf-8") == "\n\n".join((f"before {BEGIN}", "\n".join(lines(WAYS)), f"{END} after"))
