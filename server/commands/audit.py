"""`hutongd audit`: what the audit log says, proof that it says it, and whether it still is what it was."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from compliance.tree import HASH_BYTES
from protocol.ids import SubmissionId
from server.commands.maintenance import FOUND, damage_told, progress
from server.commands.options import config_option, data_option, effective, json_option
from server.store import auditor
from server.store.audit import Head, consistency, head_at, inclusion, size_of


def _root(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """Return the root that `value` is in hexadecimal."""
    if value is None:
        return None
    try:
        root = bytes.fromhex(value)
    except ValueError:
        root = b""
    if len(root) != HASH_BYTES:
        wanted = f"a root is {2 * HASH_BYTES} hexadecimal digits, as `hutongd audit root` prints it"
        raise click.BadParameter(wanted, ctx, param)
    return root


_NUMBER = click.IntRange(min=0)
_size_option = click.option(
    "--size", type=_NUMBER, metavar="N", help="Prove it of the log as it was when it had N leaves."
)


@click.group()
def audit() -> None:
    """Read, prove and check the audit log, also while a server runs.

    Every verdict, failure, decision and change of configuration is a leaf in it. Keep what `root` prints, away from
    this machine, now and then: with it `verify` finds whatever was done to the log up to then.
    """


@audit.command()
@config_option
@data_option
@json_option
@click.option("--size", type=_NUMBER, metavar="N", help="How many leaves there were when the root was kept.")
@click.option("--root", callback=_root, metavar="HEX", help="The root that was kept.")
def verify(config_file: Path | None, data: str | None, size: int | None, root: bytes | None, *, as_json: bool) -> int:
    """Check the log from its first leaf to its last; 1 when something is not as it must be.

    Without the --size and --root of another day, a log that was rewritten as a whole cannot be told from the real one.
    """
    if (size is None) is not (root is None):
        raise click.UsageError("--size and --root belong together: `hutongd audit root` prints both")
    kept = None if size is None or root is None else Head(size, root)
    with _log(config_file, data) as (directory, connection):
        leaves = size_of(connection)
        with progress("reading the audit log") as report:
            findings = list(auditor.verify(connection, kept, report=report))  # Few: the rest of a kind is only counted.
    if as_json:
        click.echo(json.dumps({"data": str(directory), "size": leaves, "findings": findings}, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(finding)
        against = f"a root of {kept.size} leaves" if kept else "itself only: --size and --root of another day tell more"
        click.echo(f"{directory}: {leaves} leaves, {len(findings) or 'nothing'} found, against {against}", err=True)
    return FOUND if findings else 0


@audit.command()
@config_option
@data_option
@json_option
def root(config_file: Path | None, data: str | None, *, as_json: bool) -> None:
    """Print how many leaves the log has, and the root over them: what to keep, and to publish."""
    with _log(config_file, data) as (_, connection):
        head = head_at(connection)
    if as_json:
        click.echo(json.dumps(_told(head)))
    else:
        click.echo(f"--size {head.size} --root {head.root.hex()}")


@audit.command()
@click.argument("number", type=_NUMBER, required=False)
@config_option
@data_option
@json_option
@_size_option
@click.option("--since", type=_NUMBER, metavar="N", help="Prove that the first N leaves are still the same.")
def prove(
    number: int | None,
    config_file: Path | None,
    data: str | None,
    size: int | None,
    since: int | None,
    *,
    as_json: bool,
) -> None:
    """Print the proof, as JSON, that leaf NUMBER is in the log; with --since, that the log has only grown.

    examples/verify_receipt.py reads both.
    """
    if (number is None) is (since is None):
        raise click.UsageError("say either the NUMBER of a leaf, or --since")
    with _log(config_file, data) as (_, connection):
        told = _of_leaf(connection, number, size) if number is not None else _of_growth(connection, since or 0, size)
    click.echo(json.dumps(told, ensure_ascii=False, indent=None if as_json else 2))


@audit.command()
@config_option
@data_option
@json_option
@click.option("--submission", metavar="ID", help="Only what is about this submission.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the last ones.")
def show(config_file: Path | None, data: str | None, submission: str | None, limit: int, *, as_json: bool) -> None:
    """Print the last leaves, a line each: number, time, and the leaf as it is hashed."""
    with _log(config_file, data) as (_, connection):
        found = auditor.last(connection, limit, None if submission is None else SubmissionId(submission))
    leaves = [(each.number, each.at, _text(each.leaf)) for each in found]
    if as_json:
        click.echo(json.dumps({"leaves": [{"number": n, "leaf": leaf} for n, _, leaf in leaves]}, ensure_ascii=False))
        return
    for number, at, leaf in leaves:
        click.echo(f"{number}  {_moment(at)}  {leaf}")


def _of_leaf(connection: sqlite3.Connection, number: int, size: int | None) -> dict[str, Any]:
    found = inclusion(connection, number, size)
    verdicts = [
        {"number": each.number, "leaf": _text(each.leaf), "path": [step.hex() for step in each.path]}
        for each in found.verdicts
    ]
    return _told(found.head) | {"verdicts": verdicts}


def _of_growth(connection: sqlite3.Connection, since: int, size: int | None) -> dict[str, Any]:
    grown = consistency(connection, since, size)
    return _told(grown.head) | {"since": since, "consistency": [step.hex() for step in grown.proof]}


def _told(head: Head) -> dict[str, Any]:
    return {"size": head.size, "root": head.root.hex()}


def _text(leaf: bytes) -> str:
    """Return the text of a leaf; what is none was not written by hutong, and `verify` says so."""
    return leaf.decode("utf-8", "replace")


def _moment(at: int) -> str:
    try:
        return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):  # No time that hutong ever wrote.
        return str(at)


@contextmanager
def _log(config_file: Path | None, data: str | None) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """Give the data directory and a connection to its audit log."""
    directory = effective(config_file, data=data).server.data
    with damage_told(directory), closing(auditor.opened(directory)) as connection:
        yield directory, connection
