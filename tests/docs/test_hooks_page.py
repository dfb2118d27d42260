"""docs/HOOKS.md and the code say the same, and what it says to paste works when pasted."""

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from compliance.checks.current_affairs import GroupList, shipped
from compliance.checks.registry import CHECKS
from compliance.checks.terms import TermList
from compliance.hooks import configure, judge, options, version
from compliance.publication import Publication
from compliance.verdicts import Failure, OnError
from protocol import limits
from protocol.publications import Surface
from server.commands.hooks import hooks
from server.commands.program import program, run
from server.hooks import host, webhook
from server.hooks.keys import KINDS, HookKeys, PluginKeys, SurfaceKeys, WebhookKeys, allowed
from tests.docs.page import Page, codes, plain

LISTS = {"terms": TermList, "current_affairs": GroupList}
PAGE = Page((Path(__file__).parents[2] / "docs" / "HOOKS.md").read_text(encoding="utf-8"))


def tables(chapter: str, header: str) -> list[list[list[str]]]:
    """Return all tables of a chapter with that header: Page keeps them as one, so they are found in the text."""
    body = PAGE.text.partition(f"\n## {chapter}\n")[2].partition("\n## ")[0]
    found: list[list[list[str]]] = []
    rows: list[list[str]] | None = None
    for line in body.splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if not line.startswith("|"):
            rows = None
        elif rows is None:
            rows = []
            if plain(cells[0].strip("| ")) == header:
                found.append(rows)
        elif not set(line) <= set("|- "):
            rows.append([cell.strip("| ") for cell in cells])
    return found


def keys_of(shape: type[SurfaceKeys]) -> list[str]:
    return [name for name in shape.__struct_fields__ if shape is SurfaceKeys or name not in HookKeys.__struct_fields__]


def default_of(shape: type[SurfaceKeys], key: str) -> str:
    default = getattr(shape(), key)
    if default in ("", (), {}):
        return "empty"
    if key == "surfaces":
        return "all"
    if key == "on_error":
        return "the pack's for the surface"
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def documented(shape: type[SurfaceKeys], names: list[str]) -> list[list[str]]:
    return [[f"`{name}`", default_of(shape, name), allowed(shape, name)] for name in names]


def test_the_page_lists_every_key_as_it_is() -> None:
    common, plugins, webhooks = tables("The hooks file", "key")
    assert [row[:3] for row in common] == documented(HookKeys, sorted_as_written(HookKeys))
    assert [row[:3] for row in plugins] == documented(PluginKeys, keys_of(PluginKeys))
    assert [row[:3] for row in webhooks] == documented(WebhookKeys, keys_of(WebhookKeys))


def sorted_as_written(shape: type[SurfaceKeys]) -> list[str]:
    own = [name for name in shape.__struct_fields__ if name not in SurfaceKeys.__struct_fields__]
    return [*SurfaceKeys.__struct_fields__, *own]


@pytest.mark.parametrize(("number", "shape"), [(0, HookKeys), (1, PluginKeys), (2, WebhookKeys)])
def test_the_page_says_of_every_key_what_the_code_says(number: int, shape: type[SurfaceKeys]) -> None:

    said = {field.name: get_args(field.type)[1].description for field in msgspec.structs.fields(shape)}
    for row in tables("The hooks file", "key")[number]:
        assert row[3].startswith(said[row[0].strip("`")]), row[0]


def test_the_page_says_how_a_hook_is_named_to_be() -> None:
    rows = PAGE.table("Kinds of hooks", "kind")
    assert {codes(row[1])[0] for row in rows} == set(KINDS)


def test_the_page_lists_every_field_of_a_publication() -> None:
    rows = PAGE.table("What a hook gets", "field")
    assert [codes(row[0])[0] for row in rows] == list(Publication.__dataclass_fields__)
    (surface,) = [row for row in rows if row[0] == "`surface`"]
    assert set(codes(surface[1])) == set(Surface)


def test_the_page_says_what_it_says_of_the_check_of_current_affairs() -> None:
    groups = shipped()
    named = PAGE.text.partition("ten groups (")[2].partition(")")[0]
    assert re.split(r",\s+", named.replace("law-making", "legislation")) == list(groups)
    assert f"some {round(sum(map(len, groups.values())), -1)} terms" in PAGE.text


def test_the_page_lists_every_function_of_a_plugin() -> None:
    rows = PAGE.table("What a hook gets", "function")
    named = {codes(row[0])[0].partition("(")[0] for row in rows}
    assert named == {spec.__name__ for spec in (judge, version, options, configure)}


def test_the_page_lists_every_verdict_and_every_failure() -> None:
    verdicts = [codes(row[0])[0].partition("(")[0] for row in PAGE.table("Verdicts", "verdict")]
    assert verdicts == ["Allow", "Label", "Hold", "Reject"]
    assert {codes(row[0])[0] for row in PAGE.table("When a hook fails", "failure")} == set(Failure)
    policies = re.findall(r"^- `(\w+)`:", PAGE.chapter("When a hook fails").text, re.MULTILINE)
    assert set(policies) == set(OnError)


def test_the_page_has_the_bounds_of_a_verdict() -> None:
    text = PAGE.text
    assert f"at most {limits.LABELS}, of 1 to {limits.LABEL_CHARS} of" in text
    assert f"1 to {limits.REASON_CHARS:,}\ncharacters" in text
    assert f"up to {limits.PLACES_FOUND} places" in text
    assert f"in at most {webhook.RESPONSE_BYTES // 1024} KiB" in text
    assert f'"type":"{webhook.EVENT}"' in text


def test_the_page_lists_what_can_be_imported_in_any_case() -> None:
    assert PAGE.blocks["preloaded"].split() == host.PRELOADED.split()


def test_the_page_speaks_of_every_built_in_check() -> None:
    body = PAGE.text.partition("\n## Built-in checks\n")[2].partition("\n## ")[0]
    assert set(CHECKS) <= set(codes(body))


def test_every_link_on_the_page_leads_somewhere() -> None:
    assert PAGE.links() <= set(PAGE.anchors())


def test_every_command_is_on_the_page() -> None:
    named = {codes(row[0])[0].split()[2] for row in PAGE.table("Seeing what hooks do", "command")}
    assert named == set(hooks.commands)


def test_the_hook_on_the_page_has_ten_lines_and_works_when_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUTONG_CONFIG", raising=False)
    if "hooks" not in program.commands:
        monkeypatch.setitem(program.commands, "hooks", hooks)
    pasted = {"my_hook": "my_hook.py", "hooks": "hooks.toml", "text": "text.toml"}
    for block, name in pasted.items():
        (tmp_path / name).write_text(PAGE.blocks[block], encoding="utf-8")
    assert len(PAGE.blocks["my_hook"].splitlines()) <= 10
    (command,) = re.findall(r"^\$ hutongd (hooks try .*)$", PAGE.text, re.MULTILINE)
    shown = PAGE.text.partition(f"$ hutongd {command}\n")[2].partition("```")[0]
    assert run(command.split()) == 0
    got = capsys.readouterr().out
    assert re.sub(r"[\d.]+ ms", "… ms", got) == re.sub(r"[\d.]+ ms", "… ms", shown)


def test_the_example_of_a_webhooks_answer_is_json() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE.text, re.MULTILINE | re.DOTALL)
    assert json.loads(example)["verdict"] == "reject"


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_lists_every_option_of_every_built_in_check(check: str) -> None:
    body = PAGE.text.partition(f"\n### {check}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    table = body.partition("| option |")[2].partition("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in codes(row.split(" | ")[0])]
    wanted = []
    for field in msgspec.structs.fields(CHECKS[check].options):
        wanted.append(field.encode_name)
        if field.name == "lists":
            wanted += [f"lists.{inner}" for inner in LISTS[check].__struct_fields__]
    assert sorted(named) == sorted(wanted)
