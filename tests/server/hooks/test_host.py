"""What a host makes of a plugin, in this process: everything that can be wrong with one has its own words."""

import sys
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import pytest

from server.hooks import wire
from server.hooks.confine import Confinement, InForce
from server.hooks.errands import Setup
from server.hooks.host import Hook, PluginError, preload
from tests.server.hooks.support import GROUND, text

IN_FORCE = InForce(uid=1, other_user=False, network=True, landlock=7, no_new_privileges=True, unreadable=False)
JUDGE = """
from compliance.hooks import Label, Reject, hookimpl

@hookimpl
def judge(publication):
    pass
"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    sys.modules.pop("hutong_hook_my_hook", None)


def hook(source: str, *, in_force: InForce = IN_FORCE, options: dict[str, object] | None = None, **more: Any) -> Hook:
    values: dict[str, Any] = {"entry": "", "file": "my.py", "source": dedent(source), "version": "0", "cpu_s": 1} | more
    confinement = Confinement(uid=None, gid=None, memory_mib=512, reads=())
    return Hook(Setup(hook="my-hook", options=options or {}, confinement=confinement, **values), in_force)


def problem(source: str, **more: Any) -> str:
    with pytest.raises(PluginError) as caught:
        hook(source, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def broken(", "SyntaxError"),
        (
            "import no_such_module",
            "ModuleNotFoundError at my.py:1: No module named 'no_such_module' (it runs as user 1",
        ),
        ("open('/no/such/file')", "FileNotFoundError at my.py:1"),
        ("raise RuntimeError('why')", "RuntimeError at my.py:1: why"),
        ("raise SystemExit(3)", "SystemExit at my.py:1: 3"),
        ("x = 1", "it judges nothing: write a function `judge(publication)`"),
        (JUDGE + "@hookimpl\ndef jugde(publication):\n    pass", "unknown hook 'jugde'"),
        (JUDGE.replace("publication", "text"), "'judge'"),
        (JUDGE + "@hookimpl\ndef version():\n    return 5", "its version is no text"),
        (JUDGE + "@hookimpl\ndef version():\n    return 'x' * 65", "its version is no text of 1 to 64 characters"),
        (JUDGE + "@hookimpl\ndef options():\n    return dict", "no msgspec Struct and no dataclass"),
        (
            JUDGE + "import msgspec\n@hookimpl\ndef options():\n    return msgspec.defstruct('O', [])\n"
            "@hookimpl\ndef configure(options):\n    raise ValueError('not like this')",
            "ValueError at my.py:13: not like this",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_says_why(source: str, said: str) -> None:
    assert said in problem(source)


def test_a_missing_module_is_explained_where_python_cannot_be_read() -> None:
    hidden = InForce(uid=65534, other_user=True, network=True, landlock=7, no_new_privileges=True, unreadable=True)
    said = problem("import no_such_module", in_force=hidden)
    assert "runs as user 65534, who cannot read the files of this Python" in said


def test_a_plugin_without_options_takes_none() -> None:
    assert "options: it takes none; got a, b" in problem(JUDGE, options={"b": 1, "a": 2})


OPTIONS = {
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass O:\n    words: list[str]\n    least: int = 3\n",
    "struct": "import msgspec\nclass O(msgspec.Struct):\n    words: list[str]\n    least: int = 3\n",
}
TAKING = (
    "@hookimpl\ndef options():\n    return O\n"
    "@hookimpl\ndef configure(options):\n    global given\n    given = options\n"
    "@hookimpl\ndef version():\n    return f'{given.words}{given.least}'"
)


@pytest.mark.parametrize("shape", OPTIONS.values(), ids=OPTIONS)
def test_options_are_checked_against_what_the_plugin_gives(shape: str) -> None:
    source = JUDGE + shape + TAKING
    assert hook(source, options={"words": ["a"]}).version == "['a']3"
    assert "there is no option wrods; did you mean words?" in problem(source, options={"wrods": ["a"]})
    assert "there is no option x; there are least, words" in problem(source, options={"x": 1})
    assert "Expected `array`, got `str` - at `$.words`" in problem(source, options={"words": "a"})
    assert "missing required field `words`" in problem(source)


def test_its_version_is_its_own_or_that_of_its_package() -> None:
    assert hook(JUDGE, version="1.2").version == "1.2"
    assert hook(JUDGE + "@hookimpl\ndef version():\n    return '9'", version="1.2").version == "9"


@pytest.mark.parametrize("what", ["plugin", "Plugin", "instance"])
def test_an_installed_plugin_is_a_module_a_class_or_an_object(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import ModuleType

    module = ModuleType("installed_plugin")
    source = dedent(
        """
        from compliance.hooks import hookimpl

        class Plugin:
            @hookimpl
            def judge(self, publication):
                raise RuntimeError

        instance = Plugin()

        @hookimpl
        def judge(publication):
            raise RuntimeError
        """
    )
    exec(source, module.__dict__)
    monkeypatch.setitem(sys.modules, "installed_plugin", module)
    entry = "installed_plugin" if what == "plugin" else f"installed_plugin:{what}"
    judged = hook("", entry=entry).judge(wire.packed_publication(text("words")))
    assert judged["raised"].startswith("RuntimeError")


@pytest.mark.parametrize(
    ("body", "key", "told"),
    [
        ("pass", "said", {"verdict": "allow"}),
        ("return Label(labels=('a',))", "said", {"verdict": "label", "labels": ["a"], "where": []}),
        (
            f"return Reject(ground='{GROUND}', text='x')",
            "said",
            {"verdict": "reject", "ground": GROUND, "text": "x", "where": []},
        ),
        ("return 'allow'", "malformed", "a str is no verdict"),
        ("return Label(labels=())", "malformed", "a verdict has 1 to 16 labels"),
        ("raise SystemExit", "raised", "SystemExit at my.py:6"),
        ("raise KeyError('canary')", "raised", "KeyError at my.py:6"),
    ],
)
def test_what_it_says_and_how_it_fails_is_told_in_plain_values(body: str, key: str, told: object) -> None:
    about = text("words")
    judged = hook(JUDGE.replace("    pass", f"    {body}")).judge(wire.packed_publication(about))
    assert judged["id"] == about.id
    assert judged[key] == told


def test_what_plugins_commonly_need_can_be_imported_beforehand() -> None:
    preload()
