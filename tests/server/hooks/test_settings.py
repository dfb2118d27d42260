"""The hooks file: what may be in it, and what is said when something else is."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from compliance.verdicts import OnError
from protocol.publications import Surface
from server.errors import ConfigError
from server.hooks.settings import SOURCE_BYTES, CheckSource, HookSettings, PluginSource, WebhookSource, read
from tests.server.hooks.support import PACK, TODAY, written

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MINUTES_A_DAY = 24 * 60


def problems(folder: Path, hooks: str) -> list[str]:
    path = written(folder, hooks, mine="")
    with pytest.raises(ConfigError) as caught:
        read(path, PACK, today=TODAY)
    assert all(problem.startswith(f"{path}: ") for problem in caught.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def hooks(folder: Path, text: str) -> tuple[HookSettings, ...]:
    return read(written(folder, text, mine="x"), PACK, today=TODAY)


def one(folder: Path, text: str) -> HookSettings:
    (found,) = hooks(folder, text)
    return found


def test_a_hook_watches_everything_with_the_packs_policy_by_default(tmp_path: Path) -> None:
    found = one(tmp_path, "[terms]\ncheck = 'words'")
    assert found.name == "terms"
    assert found.source == CheckSource(check="words", options={})
    assert set(found.watches) == set(Surface)
    for surface, watch in found.watches.items():
        assert (watch.deadline_ms, watch.on_error) == (200, PACK.surfaces[surface].on_error)


def test_hooks_come_by_name(tmp_path: Path) -> None:
    found = hooks(tmp_path, "[zeta]\ncheck = 'words'\n[alpha]\ncheck = 'words'")
    assert [each.name for each in found] == ["alpha", "zeta"]


def test_what_differs_on_one_surface_differs_there_only(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        """
        [terms]
        check = "words"
        surfaces = ["card", "group_message", "group_name"]
        deadline_ms = 300
        on_error = "reject"
        [terms.surface.card]
        deadline_ms = 50
        on_error = "hold"
        [terms.surface.group_name]
        enabled = false
        """,
    )
    assert set(found.watches) == {Surface.CARD, Surface.GROUP_MESSAGE}
    assert (found.watches[Surface.CARD].deadline_ms, found.watches[Surface.CARD].on_error) == (50, OnError.HOLD)
    common = found.watches[Surface.GROUP_MESSAGE]
    assert (common.deadline_ms, common.on_error) == (300, OnError.REJECT)


def test_a_hook_that_is_not_enabled_is_left_out_but_checked(tmp_path: Path) -> None:
    assert hooks(tmp_path, "[terms]\ncheck = 'words'\nenabled = false") == ()
    assert problems(tmp_path, "[terms]\ncheck = 'words'\nenabled = false\ndeadline_ms = 0")


def test_allowing_on_failure_counts_through_its_last_day_and_then_the_packs_policy_does(tmp_path: Path) -> None:
    found = one(tmp_path, f"[terms]\ncheck = 'words'\non_error = 'allow'\nallow_until = {TODAY}")
    watch = found.watches[Surface.CARD]
    last_minute = (TODAY - date(1970, 1, 1)).days * MINUTES_A_DAY + MINUTES_A_DAY - 1
    assert watch.policy(last_minute) is OnError.ALLOW
    assert watch.policy(last_minute + 1) is PACK.surfaces[Surface.CARD].on_error


def test_another_policy_does_not_change_with_time(tmp_path: Path) -> None:
    watch = one(tmp_path, "[terms]\ncheck = 'words'\non_error = 'reject'").watches[Surface.CARD]
    assert watch.policy(0) is watch.policy(10**9) is OnError.REJECT


def test_allow_can_be_set_for_one_surface_with_an_end_of_its_own(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        f"[terms]\ncheck = 'words'\n[terms.surface.card]\non_error = 'allow'\nallow_until = {TODAY}",
    )
    assert found.watches[Surface.CARD].on_error is OnError.ALLOW
    assert found.watches[Surface.GROUP_NAME].on_error is OnError.HOLD


def test_a_plugin_in_one_file_lies_beside_the_hooks_file(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    found = one(
        tmp_path,
        "[mine]\nfile = 'mine.py'\nworkers = 3\nmemory_mib = 256\ncpu_s = 5\n"
        "reads = ['model.bin']\noptions = { a = 1 }",
    )
    assert found.source == PluginSource(
        entry="",
        file=tmp_path / "mine.py",
        options={"a": 1},
        workers=3,
        memory_mib=256,
        cpu_s=5,
        reads=(tmp_path / "model.bin",),
    )


def test_an_installed_plugin_is_named_by_its_entry_point(tmp_path: Path) -> None:
    source = one(tmp_path, "[mine]\nplugin = 'theirs'").source
    assert isinstance(source, PluginSource)
    assert (source.entry, source.file) == ("theirs", None)


@pytest.mark.parametrize("url", ["https://judge.example/v1?x=1", "http://localhost:9/x", "http://[::1]:9/x"])
def test_a_webhook_has_a_secret_in_the_file_or_beside_it(tmp_path: Path, url: str) -> None:
    (tmp_path / "secret.txt").write_text(f"{SECRET}\n")
    for said in (f"secret = '{SECRET}'", "secret_file = 'secret.txt'"):
        source = one(tmp_path, f"[far]\nwebhook = '{url}'\n{said}\nfailures = 2\nrest_s = 1.5\nversion = '3'").source
        assert isinstance(source, WebhookSource)
        assert (source.url, len(source.secret), source.failures, source.rest_s) == (url, 24, 2, 1.5)
        assert source.version == "3"


def test_a_secret_is_in_no_representation(tmp_path: Path) -> None:
    found = one(tmp_path, f"[far]\nwebhook = 'https://judge.example/'\nsecret = '{SECRET}'")
    assert isinstance(found.source, WebhookSource)
    assert str(found.source.secret) not in repr(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[terms", "not TOML"),
        ("terms = 5", "terms is a hook: write [terms] and its keys below"),
        ("[Terms]\ncheck = 'words'", "[Terms]: a hook's name is 1 to 32"),
        ("[terms]", "[terms]: say what it is by exactly one of check, plugin, file, webhook"),
        ("[terms]\ncheck = 'words'\nfile = 'mine.py'", "exactly one of"),
        ("[terms]\ncheck = 5", "[terms] check: is text; got 5"),
        ("[terms]\ncheck = ''", "[terms] check: is text; got ''"),
        (
            "[terms]\ncheck = 'words'\ndeadlin_ms = 5",
            "deadlin_ms: there is no such key here; did you mean deadline_ms?",
        ),
        ("[terms]\ncheck = 'words'\nworkers = 5", "[terms] workers: there is no such key here; there are allow_until"),
        ("[terms]\ncheck = 'words'\nsecret = 'x'", "[terms] secret: there is no such key here"),
        ("[terms]\ncheck = 'words'\ndeadline_ms = 0", "deadline_ms: is a whole number from 1 to 60000; got 0"),
        ("[terms]\ncheck = 'words'\ndeadline_ms = 60001", "from 1 to 60000; got 60001"),
        ("[terms]\ncheck = 'words'\ndeadline_ms = true", "from 1 to 60000; got True"),
        ("[terms]\ncheck = 'words'\nenabled = 1", "[terms] enabled: is true or false; got 1"),
        ("[terms]\ncheck = 'words'\non_error = 'alow'", 'on_error: is one of "hold", "reject", "allow"; got \'alow\''),
        ("[terms]\ncheck = 'words'\nsurfaces = []", "[terms] surfaces: is a list of surfaces"),
        ("[terms]\ncheck = 'words'\nsurfaces = 'card'", "[terms] surfaces: is a list of surfaces; got 'card'"),
        ("[terms]\ncheck = 'words'\nsurfaces = ['cart']", "there is no 'cart'; did you mean card?"),
        ("[terms]\ncheck = 'words'\noptions = 5", "[terms] options: is a table; got 5"),
        ("[terms]\ncheck = 'words'\nsurface = 5", "[terms] surface: has tables"),
        (
            "[terms]\ncheck = 'words'\n[terms.surface.cart]",
            "surface.cart: there is no such surface; did you mean card?",
        ),
        ("[terms]\ncheck = 'words'\nsurface = { card = 5 }", "surface.card: is a table: write [terms.surface.card]"),
        (
            "[terms]\ncheck = 'words'\nsurfaces = ['card']\n[terms.surface.group_name]",
            "surface.group_name: it does not watch there",
        ),
        (
            "[terms]\ncheck = 'words'\n[terms.surface.card]\noptions = {}",
            "surface.card.options: there is no such key here; there are allow_until, deadline_ms, enabled, on_error",
        ),
        ("[terms]\ncheck = 'words'\n[terms.surface.card]\ndeadline_ms = 0", "surface.card.deadline_ms: is a whole"),
        ("[terms]\ncheck = 'words'\non_error = 'allow'", "[terms] on_error: allow needs an end: say allow_until"),
        ("[terms]\ncheck = 'words'\nallow_until = 2030-01-01", 'allow_until: goes with on_error = "allow" only'),
        ("[terms]\ncheck = 'words'\non_error = 'allow'\nallow_until = 'x'", "allow_until: is a date like 2027-01-31"),
        (
            "[terms]\ncheck = 'words'\n[terms.surface.card]\non_error = 'allow'",
            "surface.card.on_error: allow needs an end",
        ),
        ("[mine]\nfile = 'none.py'", "none.py cannot be read: No such file or directory"),
        ("[mine]\nfile = 'mine.py'\nworkers = 0", "[mine] workers: is a whole number from 1 to 64; got 0"),
        ("[mine]\nfile = 'mine.py'\nmemory_mib = 1", "memory_mib: is a whole number from 128 to 65536; got 1"),
        ("[mine]\nfile = 'mine.py'\ncpu_s = 0", "cpu_s: is a whole number from 1 to 86400; got 0"),
        ("[mine]\nfile = 'mine.py'\nreads = 'x'", "reads: is a list of at most 32 paths; got 'x'"),
        ("[mine]\nfile = 'mine.py'\nreads = ['none.bin']", "[mine] reads: there is no"),
        ("[far]\nwebhook = 'ftp://x/'", "[far] webhook: is a URL like https://host/path"),
        ("[far]\nwebhook = 'https://x:port/'", "[far] webhook: is no URL"),
        ("[far]\nwebhook = 'http://judge.example/'", "[far] webhook: is https; http only on this machine"),
        ("[far]\nwebhook = 'https://a:b@judge.example/'", "[far] webhook: has no user, password or fragment"),
        ("[far]\nwebhook = 'https://judge.example/'", "[far] secret: say the secret by exactly one of"),
        ("[far]\nwebhook = 'https://x/'\nsecret = 'a'\nsecret_file = 'b'", "exactly one of secret, secret_file"),
        (
            "[far]\nwebhook = 'https://x/'\nsecret = 'whsec_AAAA'",
            "[far] secret: is whsec_ and base64 of 24 to 64 bytes",
        ),
        ("[far]\nwebhook = 'https://x/'\nsecret = 'whsec_~'", "[far] secret: is whsec_ and base64"),
        ("[far]\nwebhook = 'https://x/'\nsecret = 5", "[far] secret: is text"),
        ("[far]\nwebhook = 'https://x/'\nsecret_file = 'none'", "[far] secret_file:"),
        ("[far]\nwebhook = 'https://x/'\nfailures = 0", "[far] failures: is a whole number from 1 to 1000"),
        ("[far]\nwebhook = 'https://x/'\nrest_s = 0", "[far] rest_s: is seconds, more than 0 and at most 3600"),
        ("[far]\nwebhook = 'https://x/'\nversion = ''", "[far] version: is text of 1 to 64 characters"),
    ],
)
def test_what_cannot_be_is_refused_with_where_and_what_could(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    assert said in found[0]


def test_an_allow_that_has_ended_refuses_to_start(tmp_path: Path) -> None:
    yesterday = TODAY - timedelta(days=1)
    for table in ("[terms]\ncheck = 'words'", "[terms]\ncheck = 'words'\n[terms.surface.card]"):
        (found,) = problems(tmp_path, f"{table}\non_error = 'allow'\nallow_until = {yesterday}")
        assert f"allow_until: ended on {yesterday}" in found


def test_a_secret_is_not_repeated_in_a_message(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "[far]\nwebhook = 'https://x/'\nsecret = 'canary'")
    assert "canary" not in found
    (found,) = problems(tmp_path, "[far]\nwebhook = 'https://x/'\nsecret = ['canary']")
    assert "canary" not in found


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = "[a]\ncheck = 'words'\nx = 1\ndeadline_ms = 0\n[b]\n[c]\nfile = 'none.py'\n[d]\nwebhook = 'x'"
    assert len(problems(tmp_path, text)) == 5


def test_a_plugin_in_one_file_has_a_size_that_fits_through_a_socket(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_bytes(b"#" * (SOURCE_BYTES + 1))
    (found,) = problems(tmp_path, "[mine]\nfile = 'large.py'")
    assert "make it a package" in found


def test_a_hooks_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        read(tmp_path / "none.toml", PACK, today=TODAY)
