"""What the pages say together: every link from one to another leads somewhere, and the README's commands are there."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import pytest

from client.__main__ import hutong
from protocol.publications import Surface
from server.app import bench_of
from server.commands.program import program as hutongd
from server.config import load
from tests.docs.page import Page

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOON = 43_200_000


def links_of(page: Path) -> Iterator[str]:
    """Yield where a page links to in this project, code left out."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http://", "https://")):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in Page(target.read_text(encoding="utf-8")).anchors(), link


def test_every_decision_has_a_number_of_its_own_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert f"ADRs 1 to {len(numbers)}." in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def commands_in(page: Path, name: str) -> list[list[str]]:
    """Return the words of each command of the program `name`, up to its first option or argument, in code on a page."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    typed = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    named = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return [
        words.split()
        for part in [*blocks, *typed, *named]
        for words in re.findall(rf"\b{name}((?: [a-z][a-z-]*)+)", part)
    ]


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "OPERATIONS.md"], ids=["README", "OPERATIONS"])
@pytest.mark.parametrize("program", [hutong, hutongd], ids=["hutong", "hutongd"])
def test_every_command_on_the_page_is_there(page: Path, program: click.Group) -> None:
    name = "hutong" if program is hutong else "hutongd"
    said = commands_in(page, name)
    assert said
    for words in said:
        command: click.Command | None = program
        for word in words:
            if not isinstance(command, click.Group):
                break  # What follows are its arguments.
            command = command.get_command(click.Context(command), word)
            assert command is not None, " ".join([name, *words])


def test_the_configuration_in_the_readme_opens_the_public_side(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    file = tmp_path / "hutong.toml"
    file.write_text(block, encoding="utf-8")
    config = load(file, {})
    first = config.licence.valid_from
    assert first is not None
    bench = bench_of(config, today=first)
    assert bench.closed(at=(first - date(1970, 1, 1)).days * 86_400_000 + NOON) == ""
    assert bench.stopped(Surface.GROUP_MESSAGE, None, at=(first - date(1970, 1, 1)).days * 86_400_000 + NOON)
