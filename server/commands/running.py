"""`hutongd serve` and `hutongd config`: run the server, and see what it would run with."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import click
import structlog
import trio

from server import logs
from server.commands.options import config_option, data_option, effective
from server.config import SETTINGS, Config

SPARE_FILES = 128  # The store's, the listeners', and those of the libraries.
log = structlog.get_logger()


@click.command()
@config_option
@data_option
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; [::1]:8440 for IPv6; port 0 takes a free port.")
@click.option("--tls-cert", metavar="FILE", help="PEM certificate chain; clients then connect with wss://.")
@click.option("--tls-key", metavar="FILE", help="PEM private key of the certificate.")
def serve(
    config_file: Path | None, data: str | None, listen: str | None, tls_cert: str | None, tls_key: str | None
) -> None:
    """Run the server until SIGTERM or Ctrl-C.

    The first line on stdout is one JSON object with the address; everything else goes to stderr. SIGTERM or Ctrl-C
    lets what was begun finish and tells clients when to come back; a second one stops at once.
    """
    from server.serving import serve as serve_until_stopped  # noqa: PLC0415 - the other commands need no network.

    settings = effective(config_file, data=data, listen=listen, tls_cert=tls_cert, tls_key=tls_key)
    logs.configure(settings.server.log_level)
    logs.hook()
    allow_open_files(settings.limits.connections)
    trio.run(serve_until_stopped, settings)


def allow_open_files(connections: int) -> None:
    """Raise the soft limit of open files to what `connections` need, as far as the hard limit lets us."""
    wanted = connections + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    if granted < wanted:
        log.warning("server.few_open_files", open_files=granted, wanted=wanted, connections=connections)


@click.command()
@config_option
@data_option
def config(config_file: Path | None, data: str | None) -> None:
    """Print the effective settings as TOML.

    What it prints can be used as a configuration file. Secrets are left out.
    """
    click.echo("\n".join(toml_lines(effective(config_file, data=data))))


def toml_lines(settings: Config) -> Iterator[str]:
    """Return `settings` as the lines of a TOML file that says the same, with what each is for; secrets left out."""
    section = ""
    for setting in SETTINGS.values():
        if setting.section != section:
            if section:
                yield ""
            section = setting.section
            yield f"[{section}]"
        value = getattr(getattr(settings, setting.section), setting.key)
        yield f"# {setting.bounds.description}"
        if setting.secret and value:
            yield f"# {setting.key} is set, and not shown."
        else:
            yield f"{setting.key} = {toml(value)}"


def toml(value: object) -> str:
    """Return the value of a setting as TOML has it; None is empty text."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else str(value)
        case int():
            return str(value)
        case tuple():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case None:
            return '""'
        case _:
            return json.dumps(str(value), ensure_ascii=False)
