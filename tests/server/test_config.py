"""Settings: where they come from, what they may be, and what is said when they may not."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from server.commands.running import toml_lines
from server.config import SETTINGS, Config, load
from server.errors import ConfigError
from server.settings import Address, Rate

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs" / "OPERATIONS.md"


def written(folder: Path, text: str) -> Path:
    file = folder / "hutong.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(file: Path | None = None, environ: dict[str, str] | None = None, **overrides: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(file, environ or {}, {f"server.{key}": value for key, value in overrides.items()})
    return caught.value.problems


def test_no_configuration_at_all_gives_the_defaults() -> None:
    config = load(None, {})
    assert config == Config()
    assert str(config.server.listen) == "127.0.0.1:8440"
    assert config.server.data == Path("hutong-data")


def test_every_default_is_a_value_that_could_be_set() -> None:
    tables = tomllib.loads("\n".join(toml_lines(Config())))
    for setting in SETTINGS.values():
        assert setting.parse(tables[setting.section][setting.key], text=False) == setting.default


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\nlisten = "127.0.0.1:1"\ndata = "from-file"\nlog_level = "error"')
    environ = {"HUTONG_SERVER_LISTEN": "127.0.0.1:2", "HUTONG_SERVER_DATA": "from-environment"}
    config = load(file, environ, {"server.listen": "127.0.0.1:3", "server.data": None})
    assert config.server.listen == Address("127.0.0.1", 3)
    assert config.server.data == Path("from-environment")
    assert config.server.log_level == "error"


def test_the_environment_sets_numbers_switches_rates_and_lists() -> None:
    config = load(
        None,
        {
            "HUTONG_LIMITS_CONNECTIONS_PER_ADDRESS": "7",
            "HUTONG_LIMITS_HEARTBEAT_S": "0.5",
            "HUTONG_REGISTRATION_OPEN": "false",
            "HUTONG_RATES_SEND": "off",
            "HUTONG_SERVER_ORIGINS": "https://one.example, https://two.example:8443",
            "HUTONG_SERVER_TLS_CERT": "",
        },
    )
    assert config.limits.connections_per_address == 7
    assert config.limits.heartbeat_s == 0.5
    assert config.registration.open is False
    assert config.rates.send == Rate(0, 0.0, "off")
    assert config.server.origins == ("https://one.example", "https://two.example:8443")
    assert config.server.tls_cert is None


def test_variables_of_one_word_belong_to_programs_and_not_to_settings() -> None:
    others = {"HUTONG_HOME": "x", "HUTONG_SERVER": "ws://x", "HUTONG_CONFIG": "x", "HUTONG_PASSWORD": "x", "HOME": "x"}
    assert load(None, others) == Config()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limits]\nconections = 5", "there is no setting limits.conections; did you mean connections?"),
        ("[limit]\nconnections = 5", "there is no section [limit]; did you mean limits?"),
        ("[limits]\nlisten = 5", "there is no setting limits.listen; listen belongs to [server]"),
        ("[presence]\nxyzzy = 5", "there is no setting presence.xyzzy; there are quiet_s"),
        ("server = 5", "server is a section: write [server] and its settings below"),
        ("listen = '127.0.0.1:1'", "there is no section [listen]"),
        ("[limits]\nconnections = '5'", "limits.connections is a whole number from 1 to 1000000; got '5'"),
        ("[limits]\nconnections = 0", "limits.connections is a whole number from 1 to 1000000; got 0"),
        ("[limits]\nconnections = true", "limits.connections is a whole number"),
        ("[limits]\nconnections = 2.5", "limits.connections is a whole number"),
        ("[limits]\nheartbeat_s = 0", "limits.heartbeat_s is seconds, more than 0 and at most 86400; got 0"),
        ("[limits]\nheartbeat_s = nan", "limits.heartbeat_s is seconds"),
        ("[limits]\nheartbeat_s = inf", "limits.heartbeat_s is seconds"),
        ("[server]\ndrain_s = -1", "server.drain_s is seconds, from 0 to 3600; got -1"),
        ("[server]\nlisten = 8440", 'server.listen is "HOST:PORT" or "[IPv6]:PORT"; got 8440'),
        ("[server]\nlisten = ':8440'", "server.listen is"),
        ("[server]\nlisten = '::1:8440'", "server.listen is"),
        ("[server]\nlisten = '127.0.0.1:65536'", "server.listen is"),
        ("[server]\ndata = ''", "server.data is a path; got ''"),
        (
            "[server]\nlog_level = 'loud'",
            'server.log_level is one of "debug", "info", "warning", "error"; got \'loud\'',
        ),
        ("[server]\norigins = ['chat.example.org']", "server.origins is a list of origins like"),
        ("[server]\norigins = ['https://chat.example.org/']", "server.origins is a list of origins like"),
        ("[server]\norigins = 'https://chat.example.org'", "server.origins is a list of origins like"),
        ("[rates]\nsend = 50", 'rates.send is a rate like "50/1s" or "20/1h", or "off"; got 50'),
        ("[rates]\nsend = '50'", "rates.send is a rate"),
        ("[rates]\nsend = '0/1s'", "rates.send is a rate"),
        ("[rates]\nsend = '5/0s'", "rates.send is a rate"),
        ("[rates]\nsend = '5/1w'", "rates.send is a rate"),
        ("[registration]\nopen = 'yes'", "registration.open is true or false; got 'yes'"),
        ("[passwords]\nmemory_kib = 16", "passwords.memory_kib: at least 8 for each lane"),
        ("[messages]\nreach = 10", "messages.newest: at most messages.reach"),
        ("[limits]\noutboxes_bytes = 524288", "limits.outboxes_bytes: at least limits.outbox_bytes"),
        ("[server]\ntls_cert = 'cert.pem'", "server.tls_cert and server.tls_key: give both, or neither"),
        ("[server", "not TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(tmp_path: Path, text: str, said: str) -> None:
    found = problems(written(tmp_path, text))
    assert len(found) == 1
    assert said in found[0]


def test_a_problem_names_its_file(tmp_path: Path) -> None:
    file = written(tmp_path, "[limits]\nconnections = 0")
    assert problems(file)[0].startswith(f"{file}: limits.connections")


def test_a_problem_names_its_variable() -> None:
    assert problems(None, {"HUTONG_RATES_SEND": "lots"})[0].startswith("HUTONG_RATES_SEND: rates.send is a rate")


def test_a_misspelt_variable_is_refused() -> None:
    assert problems(None, {"HUTONG_LIMIT_CONNECTIONS": "5"}) == (
        "HUTONG_LIMIT_CONNECTIONS: there is no such setting; did you mean HUTONG_LIMITS_CONNECTIONS?",
    )


def test_a_problem_on_the_command_line_says_so() -> None:
    assert problems(listen="here")[0].startswith("command line: server.listen is")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, "[limits]\nconnections = 0\ndevices = 0\n[oops]\nx = 1")
    assert len(problems(file, {"HUTONG_RATES_SEND": "lots"})) == 4


def test_a_file_that_is_not_there_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == (f"{tmp_path / 'none.toml'}: cannot be read: No such file or directory",)


def test_a_file_that_is_not_utf_8_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "hutong.toml"
    file.write_bytes(b"\xff\xfe")
    assert "not TOML" in problems(file)[0]


def test_a_secret_is_not_repeated_in_a_message(tmp_path: Path) -> None:
    (found,) = problems(written(tmp_path, f"[registration]\ninvitation = '{'canary' * 30}'"))
    assert "registration.invitation is text of at most 128 characters" in found
    assert "canary" not in found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("[::1]:8440", Address("::1", 8440)),
        ("[fe80::1%eth0]:8440", Address("fe80::1%eth0", 8440)),
        ("localhost:8440", Address("localhost", 8440)),
    ],
)
def test_an_address_reads_as_it_is_written(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "tokens", "period_s"),
    [("200/1s", 200, 1.0), ("20/h", 20, 3600.0), ("3/250ms", 3, 0.25), ("1/2d", 1, 172800.0), ("10/5m", 10, 300.0)],
)
def test_a_rate_reads_as_so_many_in_so_long(text: str, tokens: int, period_s: float) -> None:
    rate = Rate.parse(text)
    assert (rate.tokens, rate.period_s, str(rate)) == (tokens, period_s, text)


def test_every_setting_is_read_by_something() -> None:
    read = {"passwords": "settings"}  # What Passwords calls its section.
    found = set()
    for file in (ROOT / "server").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute | ast.Name):
                found.add((node.value.attr if isinstance(node.value, ast.Attribute) else node.value.id, node.attr))
    settings = [setting for setting in SETTINGS.values() if setting.section != "rates"]  # Limits reads those by name.
    unread = [each.name for each in settings if (read.get(each.section, each.section), each.key) not in found]
    assert unread == []


def documented() -> list[tuple[str, ...]]:
    rows = [line.strip("|").split(" | ") for line in OPERATIONS.read_text(encoding="utf-8").splitlines() if "|" in line]
    return [tuple(cell.strip() for cell in row) for row in rows if row[0].strip().strip("`") in SETTINGS]


def test_the_documentation_lists_every_setting_as_it_is() -> None:
    assert documented() == [row_of(name) for name in SETTINGS]


def row_of(name: str) -> tuple[str, ...]:
    setting = SETTINGS[name]
    tables: dict[str, Any] = tomllib.loads("\n".join(toml_lines(Config())))
    default = tables[setting.section][setting.key]
    shown = {True: "true", False: "false"}.get(default, default) if isinstance(default, bool) else default
    text = f"`{shown}`" if shown not in ("", []) else "empty"
    return f"`{name}`", text, setting.allowed, str(setting.bounds.description)
