"""docs/COMPLIANCE.md is as the code makes it, and whatever it names is there."""

import importlib
import runpy
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import pytest

from compliance import catalog, pack
from compliance.catalog import PARTS, CatalogError, written
from compliance.duties import DUTIES, PROMISES, Duty, Promise
from tests.docs.page import Page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "COMPLIANCE.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_generated_parts_of_the_page_are_as_the_code_makes_them(page: str) -> None:
    assert page == written(page), "run `python -m compliance.catalog`"


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_somebody_edited_is_found_and_put_right(page: str, name: str) -> None:
    end = f"<!-- end of {name} -->"
    edited = page.replace(end, f"| a row | of somebody's own |\n{end}")
    assert edited != page
    assert written(edited) == page


@pytest.mark.parametrize("spoil", [lambda page: "", lambda page: page + page], ids=["none", "twice"])
def test_a_page_that_lacks_a_mark_or_has_it_twice_is_refused(page: str, spoil: Callable[[str], str]) -> None:
    with pytest.raises(CatalogError, match="the page must have <!-- articles"):
        written(spoil(page))


def test_marks_in_the_wrong_order_are_refused_and_cost_no_text() -> None:
    part = next(iter(PARTS))
    begin, end = f"<!-- {part}: made by python -m compliance.catalog -->", f"<!-- end of {part} -->"
    with pytest.raises(CatalogError):
        written(f"{end}\n{begin}\nmuch text")


def test_the_command_writes_the_page_anew(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "page.md"
    copy.write_text(page.replace("| I9 |", "| I0 |"), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["catalog", str(copy)])
    runpy.run_path(str(catalog.__file__), run_name="__main__")
    assert copy.read_text(encoding="utf-8") == page


@pytest.mark.parametrize("name", sorted({name for duty in DUTIES for name in duty.code}))
def test_every_name_in_the_catalogue_is_in_the_code(name: str) -> None:
    module, _, attribute = name.partition(":")
    assert reduce(getattr, attribute.split("."), importlib.import_module(module)) is not None


@pytest.mark.parametrize("path", sorted({path for duty in DUTIES for path in duty.tests}))
def test_every_test_in_the_catalogue_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.name)
def test_every_promise_has_its_tests(promise: Promise) -> None:
    text = "".join((ROOT / path).read_text(encoding="utf-8") for path in promise.paths)
    assert "def test_" in text


def test_every_file_of_promises_is_of_a_promise_on_the_page() -> None:
    there = {f"tests/promises/{path.name}" for path in (ROOT / "tests" / "promises").glob("test_*.py")}
    assert there <= {path for promise in PROMISES for path in promise.paths}


@pytest.mark.parametrize("duty", DUTIES, ids=lambda duty: f"{duty.article} {duty.asks[:24]}")
def test_what_an_article_asks_is_here_with_code_and_tests_or_said_to_be_later(duty: Duty) -> None:
    if duty.code:
        assert duty.tests
    else:
        assert duty.here.startswith("Later")
        assert not duty.tests
        assert not duty.grounds


def test_every_article_from_the_second_to_the_last_is_there() -> None:
    assert {duty.article.split()[1] for duty in DUTIES} == {str(number) for number in range(2, 11)}


def test_a_ground_stands_under_the_article_that_it_cites() -> None:
    cited = {
        code: ground.clause.split(",")[0]
        for code, ground in pack.load("cn-2014").grounds.items()
        if ground.clause.startswith("Art.")
    }
    assert {code: duty.article for duty in DUTIES for code in duty.grounds} == cited


@pytest.mark.parametrize("name", pack.shipped())
def test_the_page_says_how_long_the_words_of_what_was_rejected_are_kept(page: str, name: str) -> None:
    kept = Page(page).table("What is kept", "what")
    (words,) = [row[1] for row in kept if row[0] == "rejected, lapsed"]
    assert f"`{name}`: {pack.load(name).holds.keep_d:g} days" in words


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    parsed = Page(page)
    assert parsed.links() <= set(parsed.anchors())
