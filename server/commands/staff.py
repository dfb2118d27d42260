"""`hutongd staff`: who decides what is held. Staff accounts are apart from people's, and see nothing private."""

import json
import re
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from protocol.entries import Side
from protocol.limits import STAFF_CODE_CHARS
from protocol.staff import StaffRole
from server.commands.maintenance import damage_told
from server.commands.options import config_option, data_option, effective, json_option
from server.passwords import new_token, token_digest
from server.store.public_writes import AddStaff, RemoveStaff
from server.store.sqlite import PublicSqliteStore, store_path
from server.store.writes import Done

_CODE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{STAFF_CODE_CHARS - 1}}}")


class _Code(click.ParamType[str]):
    """The code of an officer: decisions are signed with it, and it says nothing of who they are."""

    name = "code"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return `value` if it can be a code."""
        if not _CODE.fullmatch(value):
            self.fail(f"{value!r}: a code is 1 to {STAFF_CODE_CHARS} letters, digits, - and _, like K7", param, ctx)
        return value


@click.group()
def staff() -> None:
    """Add, list and remove staff: reviewers, who decide what is held, and chiefs, who also withdraw and restore.

    A server may run meanwhile. Each change is a leaf of the audit log.
    """


@staff.command()
@click.argument("code", type=_Code())
@click.option(
    "--role",
    type=click.Choice([role.value for role in StaffRole]),
    default=StaffRole.REVIEWER.value,
    show_default=True,
    help="A chief may also withdraw what is published, and restore it.",
)
@config_option
@data_option
@json_option
def add(code: str, role: str, config_file: Path | None, data: str | None, *, as_json: bool) -> None:
    """Make a staff account, and print its token: once, for only its digest is stored.

    CODE is what decisions are signed with, and is never given out twice. The officer signs in with
    `hutong officer login CODE`.
    """
    directory = effective(config_file, data=data).server.data
    token = new_token()
    with damage_told(directory), closing(PublicSqliteStore.open(directory, Side.PUBLIC)) as store:
        write = AddStaff(code=code, role=StaffRole(role), digest=token_digest(token), at=_now())
        outcome = store.writer().commit([write])[0]
    if not isinstance(outcome, Done):
        raise click.ClickException(f"{code} is taken: a code is never given out twice, for decisions bear it")
    if as_json:
        click.echo(json.dumps({"code": code, "role": role, "token": token}))
    else:
        click.echo(token)
        click.echo(f"{code} is a {role}; above is the token, which is not shown again", err=True)


@staff.command("list")
@config_option
@data_option
@json_option
def list_(config_file: Path | None, data: str | None, *, as_json: bool) -> None:
    """List the staff, those who were removed too."""
    directory = effective(config_file, data=data).server.data
    rows = []
    if store_path(directory, Side.PUBLIC).exists():
        with (
            damage_told(directory),
            closing(PublicSqliteStore.open(directory, Side.PUBLIC)) as store,
            closing(store.reader()) as reader,
        ):
            rows = list(reader.staff())
    if as_json:
        keys = ("code", "role", "added_at", "removed_at")
        click.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
    elif not rows:
        click.echo("nobody; `hutongd staff add CODE` makes an account", err=True)
    for code, role, added_at, removed_at in () if as_json else rows:
        until = f", removed {_day(removed_at)}" if removed_at else ""
        click.echo(f"{code:<{STAFF_CODE_CHARS}} {role:<9} since {_day(added_at)}{until}")


@staff.command()
@click.argument("code", type=_Code())
@config_option
@data_option
def remove(code: str, config_file: Path | None, data: str | None) -> None:
    """End a staff account. What it decided stays, under its code."""
    directory = effective(config_file, data=data).server.data
    with damage_told(directory), closing(PublicSqliteStore.open(directory, Side.PUBLIC)) as store:
        outcome = store.writer().commit([RemoveStaff(code=code, at=_now())])[0]
    if not isinstance(outcome, Done):
        raise click.ClickException(f"there is nobody on duty with the code {code}")
    click.echo(f"{code} is no longer on duty", err=True)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _day(unix_ms: int) -> str:
    return f"{datetime.fromtimestamp(unix_ms / 1000, UTC):%Y-%m-%d}"
