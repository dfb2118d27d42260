"""`hutong-bench`: every command shows how it is called, and what is shown anywhere can be called so."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path

import click
import pytest

from benchmarks.command import COMMANDS, bench
from tests.support.daemon import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
CALLED = re.compile(r"^ *(hutong-bench [^\n`#]+)|`(hutong-bench [^`]+)`", re.MULTILINE)
EVERYWHERE = ("json", "rounds", "seconds", "seed", "terms", "quick")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command and those below it, each with how it is called."""
    for name in COMMANDS:
        command = bench.get_command(click.Context(bench), name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", each) for below, each in command.commands.items())


ALL = dict(commands())


def parse(line: str) -> None:
    """Have click read a line as it would, and call nothing.

    Raises:
        click.UsageError: There is no such command or option.
    """
    _, *arguments = (name for word in shlex.split(line) for name in [str(path) for path in Path().glob(word)] or [word])
    command: click.Command = bench
    context = click.Context(bench, info_name="hutong-bench")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        _, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command = found
    with suppress(click.exceptions.Exit):  # Of --help.
        command.make_context(command.name, arguments or ["--help"] * isinstance(command, click.Group), parent=context)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be where there are the files that lines speak of."""
    monkeypatch.chdir(tmp_path)
    for name in ("fanout", "growth"):
        Path(f"{name}.json").touch()


def lines(text: str) -> Iterator[str]:
    """Yield every line that a text shows; `a|b` are two."""
    for shown in CALLED.finditer(text):
        words = " ".join((shown[1] or shown[2]).split()).split(" ")
        yield from (" ".join(each) for each in product(*(word.split("|") for word in words)))


@pytest.mark.parametrize("name", ALL)
def test_the_help_of_every_command_says_what_it_is_for_and_shows_an_example_of_it(name: str) -> None:
    command = ALL[name]
    assert command.help
    assert command.epilog is not None
    example = command.epilog.removeprefix("Example: ")
    assert example.startswith(f"hutong-bench {name}")
    parse(example)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_that_the_documentation_shows_can_be_called(page: Path) -> None:
    for line in lines(page.read_text(encoding="utf-8")):
        parse(line)


def test_a_line_is_found_in_code_and_in_blocks_and_stands_for_all_its_alternatives() -> None:
    text = "It is `hutong-bench gate private|crowd`:\n\n    hutong-bench chat --seed 3  # So.\n\nhutong-bench is good."
    assert list(lines(text))[:3] == [
        "hutong-bench gate private",
        "hutong-bench gate crowd",
        "hutong-bench chat --seed 3",
    ]


@pytest.mark.parametrize("line", ["hutong-bench nothing", "hutong-bench gate nobody", "hutong-bench mixed --nothing 3"])
def test_a_line_that_cannot_be_called_is_told_apart(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(line)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_an_option_is_the_same_wherever_there_is_one_of_its_name(name: str) -> None:
    found = {
        (option.name, str(option.type), option.multiple, option.help)
        for command in ALL.values()
        for option in command.params
        if f"--{name}" in option.opts and isinstance(option, click.Option)
    }
    assert len(found) == 1
