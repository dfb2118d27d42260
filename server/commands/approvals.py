"""`hutongd approvals`: what the authority has approved. Staff cannot: whose approval it is, only the operator knows."""

import json
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import click

from compliance.rights import Approval
from protocol.entries import Side
from protocol.ids import ID_CHARS, PUBLIC_MARK, TopicId
from protocol.limits import QUALIFICATION_CHARS
from protocol.publications import is_name
from server.commands.maintenance import damage_told
from server.commands.options import config_option, data_option, effective, json_option
from server.store.account_writes import AddApproval, EndApproval, Recorded
from server.store.base import Failed
from server.store.operator_port import RecordedApproval
from server.store.public_writes import AnyOutcome
from server.store.sqlite import PublicSqliteStore, store_path
from server.store.writes import Done, Taken

DIGEST_BYTES = 32


class _Account(click.ParamType[str]):
    """The id of a public account."""

    name = "account"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return `value` if it can be one."""
        if len(value) != ID_CHARS or not value.startswith(PUBLIC_MARK):
            self.fail(
                f"{value!r}: the id of an account is {ID_CHARS} characters, the first a {PUBLIC_MARK}", param, ctx
            )
        return value


class _Digest(click.ParamType[bytes]):
    """The BLAKE3 digest of an article's content."""

    name = "digest"

    def convert(self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """Return the bytes of `value`, in hexadecimal."""
        try:
            digest = value if isinstance(value, bytes) else bytes.fromhex(value)
        except ValueError:
            digest = b""
        if len(digest) != DIGEST_BYTES:
            self.fail(f"{value!r}: a digest is {2 * DIGEST_BYTES} hexadecimal digits", param, ctx)
        return digest


class _Words(click.ParamType[str]):
    """Something that is said on the record, in one line."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return `value` without the space around it."""
        said = value.strip()
        if not said or not is_name(said) or len(said) > QUALIFICATION_CHARS:
            self.fail(f"{value!r}: one line of 1 to {QUALIFICATION_CHARS} characters", param, ctx)
        return said


class _Day(click.ParamType[date]):
    """A day of the calendar, UTC."""

    name = "day"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day that `value` names."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}: a day is YYYY-MM-DD", param, ctx)


@click.group()
def approvals() -> None:
    """Put on record what the authority has approved: that an account publishes current-affairs news.

    Accounts whose kind of subject has the right by itself need none. A server may run meanwhile; an approval counts at
    once. Each change is a leaf of the audit log, and readers are shown what an account may do.
    """


@approvals.command()
@click.argument("account", type=_Account())
@click.option("--issuer", type=_Words(), required=True, help="The authority that issued it.")
@click.option("--number", type=_Words(), required=True, help="Its number, as the authority gave it.")
@click.option("--date", "issued_on", type=_Day(), required=True, help="The day it was issued; it counts from then on.")
@click.option("--until", type=_Day(), help="The last day it counts. Without: it has no end.")
@click.option("--item", type=_Digest(), help="The digest of the one content it is for. Without: it is standing.")
@config_option
@data_option
@json_option
def add(
    account: str,
    issuer: str,
    number: str,
    issued_on: date,
    until: date | None,
    item: bytes | None,
    config_file: Path | None,
    data: str | None,
    *,
    as_json: bool,
) -> None:
    """Put an approval of ACCOUNT on record, and print the number by which it is ended."""
    if until is not None and until < issued_on:
        raise click.BadParameter("the last day is before the first", param_hint="'--until'")
    directory = effective(config_file, data=data).server.data
    approval = Approval(issuer=issuer, reference=number, issued_on=issued_on, until=until, item=item)
    outcome = _commit(directory, AddApproval(topic=TopicId(account), approval=approval, at=_now()))
    match outcome:
        case Recorded(recorded):
            click.echo(json.dumps({"number": recorded}) if as_json else recorded)
        case Taken():
            raise click.ClickException(f"this approval of {account} is on record already")
        case _:
            raise click.ClickException(f"there is no account {account}")


@approvals.command("list")
@click.argument("account", type=_Account(), required=False)
@config_option
@data_option
@json_option
def list_(account: str | None, config_file: Path | None, data: str | None, *, as_json: bool) -> None:
    """List the approvals of ACCOUNT, or all, those that were ended too."""
    directory = effective(config_file, data=data).server.data
    found: tuple[RecordedApproval, ...] = ()
    if store_path(directory, Side.PUBLIC).exists():
        with (
            damage_told(directory),
            closing(PublicSqliteStore.open(directory, Side.PUBLIC)) as store,
            closing(store.reader()) as reader,
        ):
            found = reader.approvals(None if account is None else TopicId(account))
    if as_json:
        click.echo(json.dumps([_object(recorded) for recorded in found]))
    elif not found:
        click.echo("none; `hutongd approvals add ACCOUNT` puts one on record", err=True)
    for recorded in () if as_json else found:
        click.echo(_line(recorded))


@approvals.command()
@click.argument("number", type=click.IntRange(min=1))
@config_option
@data_option
def end(number: int, config_file: Path | None, data: str | None) -> None:
    """End the approval NUMBER of the list, for the authority has taken it back. What was published by it stays."""
    directory = effective(config_file, data=data).server.data
    if not isinstance(_commit(directory, EndApproval(number=number, at=_now())), Done):
        raise click.ClickException(f"there is no approval {number} in force")
    click.echo(f"approval {number} has ended", err=True)


def _commit(directory: Path, write: AddApproval | EndApproval) -> AnyOutcome | Failed | None:
    """Return what came of `write`; None: there is no store that it could be about."""
    if not store_path(directory, Side.PUBLIC).exists():
        return None
    with damage_told(directory), closing(PublicSqliteStore.open(directory, Side.PUBLIC)) as store:
        return store.writer().commit([write])[0]


def _object(recorded: RecordedApproval) -> dict[str, object]:
    approval = recorded.approval
    return {
        "number": recorded.number,
        "account": recorded.account,
        "issuer": approval.issuer,
        "reference": approval.reference,
        "issued_on": approval.issued_on.isoformat(),
        "until": approval.until.isoformat() if approval.until else None,
        "item": approval.item.hex() if approval.item else None,
        "added_at": recorded.added_at,
        "ended_at": recorded.ended_at,
    }


def _line(recorded: RecordedApproval) -> str:
    approval = recorded.approval
    what = "standing" if approval.item is None else f"for {approval.item.hex()}"
    until = f" until {approval.until}" if approval.until else ""
    ended = f", ended {datetime.fromtimestamp(recorded.ended_at / 1000, UTC):%Y-%m-%d}" if recorded.ended_at else ""
    paper = f"{approval.issuer}, {approval.reference}"
    return f"{recorded.number:<4} {recorded.account}  {paper}  from {approval.issued_on}{until}, {what}{ended}"


def _now() -> int:
    return time.time_ns() // 1_000_000
