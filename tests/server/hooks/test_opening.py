"""A server's hooks, opened: everything started or nothing left, all problems at once."""

from datetime import date
from pathlib import Path

import pytest
import trio

from compliance.checks.registry import CHECKS
from compliance.verdicts import Allow, Answer, Failure, Hold, Label, Reject
from server.errors import ConfigError
from server.hooks.code import digest_of_source
from tests.server.hooks.support import GROUND, hooks_of, outcomes, text, written

PLUGIN = """
from compliance.hooks import Label, hookimpl

@hookimpl
def judge(publication):
    return Label(labels=("looked_at",))

@hookimpl
def version():
    return "2.0"
"""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def problems(path: Path, **changes: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        async with hooks_of(path, **changes):
            pass
    return caught.value.problems


async def test_no_file_is_no_hooks() -> None:
    async with hooks_of(None) as panel:
        assert panel.installed() == ()
        assert await panel.reload() == ()


async def test_checks_plugins_and_webhooks_stand_beside_each_other(tmp_path: Path, nursery: trio.Nursery) -> None:
    (tmp_path / "words.txt").write_text("bad")
    path = written(
        tmp_path,
        f"""
        [words]
        check = "words"
        options = {{ file = "words.txt" }}
        [mine]
        file = "mine.py"
        deadline_ms = 30000
        [far]
        webhook = "http://127.0.0.1:1/"
        secret = "{SECRET}"
        version = "7"
        """,
        mine=PLUGIN,
    )
    async with hooks_of(path) as panel:
        await nursery.start(panel.run)
        got: list[list[Answer]] = []
        panel.ask(text("a bad word"), got.append)
        with trio.fail_after(30):
            while not got:  # noqa: ASYNC110
                await trio.sleep(0.005)
        found = outcomes(got[0])
        assert isinstance(found["words"], Reject)
        assert found["mine"] == Label(labels=("looked_at",))
        assert found["far"] is Failure.CRASHED
        assert [(hook.name, hook.kind, hook.version) for hook in panel.installed()] == [
            ("far", "webhook", "7"),
            ("mine", "plugin", "2.0"),
            ("words", "check", "7"),
        ]
        nursery.cancel_scope.cancel()


async def test_all_problems_are_told_at_once_with_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[a]\ncheck = 'nonsense'\n[b]\nplugin = 'nonsense'\n[c]\nfile = 'c.py'", c=" ")
    found = await problems(path)
    assert len(found) == 3
    assert all(problem.startswith(f"{path}: [") for problem in found)
    assert "[a] check: there is no check nonsense; there are words" in found[0]
    assert "[b] plugin: there is no plugin nonsense installed" in found[1]
    assert "c.py is empty" in found[2]


async def test_plugins_that_do_not_start_are_all_told_and_none_is_left(tmp_path: Path) -> None:
    path = written(
        tmp_path, "[a]\nfile = 'a.py'\n[b]\nfile = 'b.py'\n[c]\nfile = 'c.py'", a="1 / 0", b="x = 1", c=PLUGIN
    )
    found = await problems(path)
    assert len(found) == 2
    assert f"{path}: [a]: the plugin cannot be used: ZeroDivisionError at a.py:1: division by zero" in found
    assert f"{path}: [b]: the plugin cannot be used: it judges nothing" in found[1]


async def test_a_source_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "[a]\nfile = 'a.py'")
    (tmp_path / "a.py").write_bytes(b"\xff\xfe")
    (found,) = await problems(path)
    assert "a.py cannot be read as text" in found


async def test_a_user_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "[a]\nfile = 'a.py'\n[b]\nfile = 'a.py'", a=PLUGIN)
    (found,) = await problems(path, hook_user="no-such-user")
    assert found.startswith("compliance.hook_user: there is no user no-such-user")


async def test_elsewhere_than_on_linux_plugins_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "[a]\nfile = 'a.py'", a=PLUGIN)
    monkeypatch.delattr("os.pidfd_open")
    (found,) = await problems(path)
    assert "plugins need Linux 5.3" in found


async def test_a_host_that_cannot_be_started_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "[a]\nfile = 'a.py'", a=PLUGIN)
    monkeypatch.setattr("sys.executable", "/no/such/python")
    (found,) = await problems(path)
    assert "[a]: its host cannot be started: No such file or directory" in found


async def test_an_installed_plugin_is_found_by_its_entry_point(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, nursery: trio.Nursery
) -> None:
    installed(open_folder, PLUGIN.replace('return "2.0"', "return None"))
    monkeypatch.syspath_prepend(str(open_folder))
    async with hooks_of(written(open_folder, "[mine]\nplugin = 'theirs'")) as panel:
        (hook,) = panel.remotes
        assert (hook.version, (await hook.ask(text("words"), 30)).outcome) == ("1.5", Label(labels=("looked_at",)))
        before = hook.digest
    (open_folder / "theirs_plugin" / "more.py").write_text("x = 1")
    async with hooks_of(open_folder / "hooks.toml") as panel:
        assert panel.remotes[0].digest != before
    found = await problems(written(open_folder, "[mine]\nplugin = 'their'"))
    assert "there is no plugin their installed; did you mean theirs?" in found[0]


def installed(folder: Path, source: str) -> None:
    package, facts = folder / "theirs_plugin", folder / "theirs_plugin-1.5.dist-info"
    package.mkdir()
    facts.mkdir()
    (package / "__init__.py").write_text(source)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs-plugin\nVersion: 1.5\n")
    (facts / "entry_points.txt").write_text("[hutong.hooks]\ntheirs = theirs_plugin\n")


def test_another_source_or_other_options_are_another_digest() -> None:
    digests = {
        digest_of_source("a", {}),
        digest_of_source("b", {}),
        digest_of_source("a", {"x": 1}),
        digest_of_source("a", {"x": date(2026, 1, 1)}),
    }
    assert len(digests) == 4
    assert digest_of_source("a", {"x": 1, "y": 2}) == digest_of_source("a", {"y": 2, "x": 1})


async def test_the_checks_that_come_with_hutong_can_be_opened(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"""
        [terms]
        check = "terms"
        options = {{ lists = [{{ file = "terms.txt", action = "hold", ground = "{GROUND}" }}] }}
        """,
    )
    (tmp_path / "terms.txt").write_text("badness\n")
    async with hooks_of(path, kinds=CHECKS) as panel:
        got: list[list[Answer]] = []
        panel.ask(text("some b a d n e s s, or badness"), got.append)
        panel.ask(text("something else"), got.append)
        assert [type(answers[0].outcome) for answers in got] == [Hold, Allow]
