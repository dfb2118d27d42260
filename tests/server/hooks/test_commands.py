"""`hutongd hooks` as an operator types it."""

import json
from pathlib import Path

import pytest

from compliance.ruling import Grounds, Holds, Publishes, Rejects, Ruling, Unavailable
from server.commands.hooks import hooks
from server.commands.program import program, run
from server.commands.trial import plain_ruling, spoken
from tests.server.hooks.support import GROUND, written

HOOKS = """
[links]
check = "links"
[words]
file = "words.py"
surfaces = ["group_message"]
deadline_ms = 30000
on_error = "allow"
allow_until = 9999-12-31
[rest]
file = "rest.py"
deadline_ms = 30000
[rest.surface.card]
deadline_ms = 20000
"""
WORDS = f"""
from compliance.hooks import Hold, Reject, Span, hookimpl

@hookimpl
def judge(publication):
    print("looking at it")
    at = publication.content.text.find("bad")
    if at >= 0:
        return Reject(ground="{GROUND}", text="It is bad.", where=(Span(path="text", start=at, end=at + 3),))
    if "maybe" in publication.content.text:
        return Hold(ground="{GROUND}", text="Who knows?")
    if "break" in publication.content.text:
        raise RuntimeError("why it broke")
"""
REST = """
from compliance.hooks import Label, hookimpl

@hookimpl
def judge(publication):
    return Label(labels=("seen",))
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUTONG_CONFIG", raising=False)
    written(tmp_path, HOOKS, words=WORDS, rest=REST)
    (tmp_path / "hutong.toml").write_text("[compliance]\nhooks = 'hooks.toml'")
    if "hooks" not in program.commands:  # It joins the program with the rest of the public side.
        monkeypatch.setitem(program.commands, "hooks", hooks)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(["hooks", *arguments, "--config", "hutong.toml"]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def tried(capsys: pytest.CaptureFixture[str], words: str) -> str:
    Path("text.toml").write_text(f'surface = "group_message"\ntext = "{words}"')
    return said(capsys, "try", "text.toml")


def test_list_says_what_watches_where_and_how_it_is_isolated(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "list")
    assert "pack open 1.0; 3 hooks" in out
    assert "words  plugin 0" in out
    assert "  group_message  30000 ms, on error allow until 9999-12-31" in out
    assert "  card               20000 ms, on error hold" in out
    assert "Plugins run as" in out


def test_list_for_programs_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "list", "--json"))
    assert [hook["name"] for hook in found["hooks"]] == ["links", "rest", "words"]
    assert found["hooks"][2]["surfaces"] == {
        "group_message": {"deadline_ms": 30000, "on_error": "allow", "allow_until": "9999-12-31"}
    }
    assert found["isolation"][0].startswith("Plugins run as")


def test_without_hooks_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    Path("hutong.toml").write_text("")
    assert said(capsys, "list") == "pack open 1.0; no hooks\n"
    assert run(["hooks", "check"]) == 0
    assert "no hooks file: no hooks, nothing wrong" in capsys.readouterr().err


def test_check_starts_everything_and_finds_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hooks", "check", "--config", "hutong.toml"]) == 0
    assert capsys.readouterr().err == "hooks.toml: 3 hooks, nothing wrong\n"
    assert json.loads(said(capsys, "check", "--json")) == {"hooks": ["links", "rest", "words"], "problems": []}


def test_check_tells_all_that_is_wrong_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    Path("hooks.toml").write_text("[a]\ncheck = 'nonsense'\n[b]\nfile = 'words.py'\nplugin = 'x'\nother = 1")
    err = said(capsys, "check", code=2)
    assert "hooks.toml: [b]: say what it is by exactly one of" in err
    Path("hooks.toml").write_text("[a]\ncheck = 'nonsense'\n[b]\nplugin = 'nonsense'")
    err = said(capsys, "check", code=2)
    assert "[a] check: there is no check nonsense" in err
    assert "[b] plugin: there is no plugin nonsense" in err


def test_hooks_and_pack_can_be_named_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    written(Path.cwd(), "[rest]\nfile = 'rest.py'").rename("other.toml")
    assert "; 1 hook\n" in said(capsys, "list", "--hooks", "other.toml")
    assert "pack cn-2014" in said(capsys, "list", "--hooks", "other.toml", "--pack", "cn-2014")
    assert "compliance.pack: there is no pack 'none'" in said(capsys, "list", "--pack", "none", code=2)


def test_try_shows_each_verdict_its_time_its_passages_and_the_ruling(capsys: pytest.CaptureFixture[str]) -> None:
    out = tried(capsys, "it is bad")
    assert "ms of CPU: allow" in out
    assert ": label seen" in out
    assert f": reject ({GROUND}): It is bad.\n    text[6:9] “bad”\n" in out
    assert f"→ It would be rejected ({GROUND}, by hook words 0)." in out


def test_try_shows_what_plugins_print(capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.toml").write_text('surface = "group_message"')
    assert run(["hooks", "try", "text.toml", "--config", "hutong.toml"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "looking at it\n"
    assert "looking" not in captured.out


def test_try_shows_a_hold_and_what_would_be_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert "→ It would be held for 72 hours at most" in tried(capsys, "maybe")
    assert "→ It would be published, with seen." in tried(capsys, "fine")


def test_try_says_how_a_hook_failed_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    out = tried(capsys, "break")
    assert "failed (crashed); the policy is to allow" in out
    assert "RuntimeError at words.py:13; why it broke" in out


def test_try_asks_only_the_hooks_of_the_surface(capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.json").write_text('{"surface": "card", "title": "bad", "text": "bad"}')
    found = json.loads(said(capsys, "try", "text.json", "--json"))
    assert [answer["hook"] for answer in found["answers"]] == ["links", "rest"]
    assert found["ruling"] == {"ruling": "publish", "labels": ["seen"]}
    assert found["answers"][0]["cpu_us"] >= 0
    assert found["answers"][1]["verdict"] == "label"


NEWS = """
[news]
check = "current_affairs"
options = { groups = 2, terms = 2 }
[told]
file = "told.py"
"""
TOLD = """
from compliance.hooks import Label, NewsRight, hookimpl

@hookimpl
def judge(publication):
    account = publication.account
    if account is not None and account.news is NewsRight.REPRINT:
        return Label(labels=(f"of-{account.category}",))
"""


@pytest.mark.parametrize(
    ("surface", "category", "ruling"),
    [
        ("article", "society", "→ It would be held for 72 hours at most (undeclared_news, by hook news 1)."),
        ("article", "current_affairs", "→ It would be published, with current_affairs, of-society."),
        ("group_message", "society", "→ It would be published, with current_affairs, of-society."),
    ],
)
def test_try_asks_what_is_said_for_an_account_as_the_gate_would(
    capsys: pytest.CaptureFixture[str], surface: str, category: str, ruling: str
) -> None:
    written(Path.cwd(), NEWS, told=TOLD)
    told = {"surface": surface, "title": "Parliament", "summary": "Votes.", "text": "The prime minister spoke."}
    account = {"category": "society", "news": "reprint"}
    Path("text.json").write_text(json.dumps(told | {"category": category, "account": account}))
    out = said(capsys, "try", "text.json", "--pack", "cn-2014")
    passages = "    title[0:10] “Parliament”\n    text[4:18] “prime minister”\n"
    assert f": label current_affairs\n{passages}" in out
    assert ruling in out


def test_try_for_programs_has_failures_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.json").write_text('{"surface": "group_message", "text": "break"}')
    found = json.loads(said(capsys, "try", "text.json", "--json"))
    (failed,) = [answer for answer in found["answers"] if answer["hook"] == "words"]
    assert (failed["failure"], failed["on_error"]) == ("crashed", "allow")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.toml", None, "cannot be read"),
        ("text.toml", "surface = ", "not TOML"),
        ("text.json", "{", "not JSON (a TOML file is called NAME.toml)"),
        ("text.json", '{"text": "x"}', "missing required field `surface`; surface is one of group_message"),
        ("text.json", '{"surface": "cart"}', "surface is one of group_message"),
        ("text.json", '{"surface": "card", "words": "x"}', "unknown field `words`"),
    ],
)
def test_a_file_that_is_no_publication_is_told(
    capsys: pytest.CaptureFixture[str], name: str, content: str | None, problem: str
) -> None:
    if content is not None:
        Path(name).write_text(content)
    assert problem in said(capsys, "try", name, code=1)


def test_every_ruling_has_its_words() -> None:
    why = Grounds(ground=GROUND, facts="Why.", by="hook x 1")
    rulings: list[Ruling] = [
        Publishes(labels=()),
        Publishes(labels=("a",)),
        Holds(why=why, length_ms=5_400_000, labels=()),
        Rejects(why=why),
        Unavailable(2000),
    ]
    assert [spoken(ruling) for ruling in rulings] == [
        "It would be published.",
        "It would be published, with a.",
        f"It would be held for 1.5 hours at most ({GROUND}, by hook x 1).",
        f"It would be rejected ({GROUND}, by hook x 1).",
        "It would be refused for now, to be tried again in 2000 ms: a hook failed, whose policy is reject.",
    ]
    assert [plain_ruling(ruling)["ruling"] for ruling in rulings] == [
        "publish",
        "publish",
        "hold",
        "reject",
        "unavailable",
    ]
