"""Commands about applying for a public account: account apply, submit, take-back, list."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import click
import msgspec

from client.line import names
from client.line.mistakes import in_words
from client.line.own import account_option, file_option, json_option, own_json, own_lines, read_toml
from client.line.program import online
from client.line.safe import visible
from client.line.screen import Screen
from client.session import Session
from protocol import limits
from protocol.account_states import AccountState, AccountType
from protocol.accounts import (
    AccountApply,
    AccountSubmit,
    AccountTakeBack,
    Application,
    OwnAccount,
    OwnAccounts,
    Qualification,
)
from protocol.public import GateReply, ShowGate


class _Form(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An application while it is filled in, from a file and options."""

    type: str = ""
    body: str = ""
    subject: str = ""
    name: str = ""
    category: str = ""
    scope: str = ""
    operator: str = ""
    qualifications: Annotated[tuple[Qualification, ...], msgspec.Meta(max_length=limits.QUALIFICATIONS)] = ()


_FILE = """\b
A TOML file for --file:
  name = "City News"
  subject = "City News Ltd"
  body = "organisation"
  category = "news"
  scope = "What happens in the city, daily."
  operator = "Lin Mei, editor in chief"
  type = "subscription"
  [[qualifications]]
  kind = "licence"
  number = "AB-12"
  issuer = "City Hall"
"""
_TYPES: Mapping[str, str] = {
    AccountType.SUBSCRIPTION.value: "Broadcasts daily",
    AccountType.SERVICE.value: "Broadcasts a few times a month",
}
_NEEDED: Mapping[str, str] = {
    "name": "what the account is to be called",
    "subject": "whose account it is to be",
    "body": "what kind of subject that is",
    "category": "what it is about",
    "scope": "what it is to publish, in a few sentences",
    "operator": "who answers for it",
}


@click.command("apply", epilog=_FILE)
@click.option("--name", help="What the account is to be called, for good.")
@click.option("--subject", help="Whose account it is to be: the person or organisation.")
@click.option("--body", metavar="CODE", help="What kind of subject that is; without it the codes are listed.")
@click.option("--category", metavar="CODE", help="What it is about; without it the codes are listed.")
@click.option("--scope", help="What it is to publish, in a few sentences.")
@click.option("--operator", help="Who answers for it.")
@click.option(
    "--type",
    "kind",
    type=click.Choice(list(_TYPES)),
    help="subscription: broadcasts daily; service: a few times a month. Default: subscription.",
)
@click.option(
    "--paper",
    "papers",
    multiple=True,
    metavar="KIND:NUMBER[:ISSUER]",
    help="A paper that shows it, as in --paper 'licence:AB-12:City Hall'; repeatable.",
)
@file_option("Read all of it from a TOML file with the same names; options win.")
@click.option("--account", "which", metavar="NAME|ID", help="Change this draft or refused application of one's own.")
@json_option
@online
async def apply_command(
    session: Session,
    screen: Screen,
    name: str | None,
    subject: str | None,
    body: str | None,
    category: str | None,
    scope: str | None,
    operator: str | None,
    kind: str | None,
    papers: tuple[str, ...],
    path: Path | None,
    which: str | None,
    *,
    as_json: bool,
) -> None:
    """Apply for a public account: draft the application, or change one. Reviewers read it, and nobody else.

    What is missing is said, with the codes one may choose from. Nobody looks at it before `hutong account submit`.
    """
    before = await names.own_account(session, which) if which is not None else None
    form = read_toml(path, _Form) if path is not None else _form_of(before)
    options = {"name": name, "subject": subject, "body": body, "category": category, "scope": scope}
    for field, text in (options | {"operator": operator}).items():
        if text is not None:
            setattr(form, field, text)
    if kind is not None:
        form.type = kind
    if papers:
        form.qualifications = tuple(map(_paper, papers))
    gate = await session.request(ShowGate(id=0))
    application = _filled_in(form, gate)
    topic = before.topic if before is not None else None
    reply = await session.request(AccountApply(id=0, cid=session.new_cid(), application=application, topic=topic))
    _tell(screen, [reply.account], gate, as_json=as_json)


@click.command("submit")
@account_option
@json_option
@online
async def submit_command(session: Session, screen: Screen, which: str | None, *, as_json: bool) -> None:
    """Have one's application reviewed."""
    own = await _applied(session, which, AccountState.DRAFT, AccountState.REFUSED)
    reply = await session.request(AccountSubmit(id=0, topic=own.topic))
    _tell(screen, [reply.account], as_json=as_json)


@click.command("take-back")
@account_option
@json_option
@online
async def take_back_command(session: Session, screen: Screen, which: str | None, *, as_json: bool) -> None:
    """Take an application back that is not decided yet: it is a draft again."""
    own = await _applied(session, which, AccountState.SUBMITTED)
    reply = await session.request(AccountTakeBack(id=0, topic=own.topic))
    _tell(screen, [reply.account], as_json=as_json)


@click.command("list")
@json_option
@online
async def list_command(session: Session, screen: Screen, *, as_json: bool) -> None:
    """List the accounts one runs or has applied for, and what each waits for."""
    mine = (await session.request(OwnAccounts(id=0))).accounts
    if not mine:
        screen.note("You run no public account. To apply for one: hutong account apply --help")
        return
    _tell(screen, mine, await session.request(ShowGate(id=0)), as_json=as_json)


async def _applied(session: Session, which: str | None, *states: AccountState) -> OwnAccount:
    """Return the application that `which` means; without it, the only one that is in one of `states`."""
    if which is None:
        mine = (await session.request(OwnAccounts(id=0))).accounts
        found = [each for each in mine if each.state in states]
        if len(found) == 1:
            return found[0]
    return await names.own_account(session, which)


def _tell(screen: Screen, mine: Sequence[OwnAccount], gate: GateReply | None = None, *, as_json: bool) -> None:
    """Print accounts; with the `gate`, which knows what its codes mean, whole."""
    for own in mine:
        if as_json:
            screen.json(own_json(own))
            continue
        for line in own_lines(own, gate.grounds if gate else {}, whole=gate is not None):
            screen.say(line)


def _form_of(own: OwnAccount | None) -> _Form:
    if own is None or own.application is None:
        return _Form()
    return msgspec.convert(msgspec.to_builtins(own.application), _Form)


def _filled_in(form: _Form, gate: GateReply) -> Application:
    """Return the application that `form` is.

    Raises:
        click.UsageError: Something is missing, or longer than it may be; all of it is named at once.
    """
    codes = {"type": _TYPES, "body": gate.bodies, "category": gate.categories}
    missing = [field for field in _NEEDED if not getattr(form, field).strip()]
    given = {field: getattr(form, field) for field in codes if field not in missing and getattr(form, field)}
    unknown = [field for field, code in given.items() if code not in codes[field]]
    lines = [f"  --{field:<10} {_NEEDED[field]}" for field in missing]
    lines += [f"  --{field:<10} there is no {given[field]!r}" for field in unknown]
    for field in [field for field in codes if field in missing or field in unknown]:
        lines += [f"{field}:", *(f"  {visible(code):<22} {visible(title)}" for code, title in codes[field].items())]
    if lines:
        raise click.UsageError("\n".join(["the application is not complete:", *lines]))
    try:
        return msgspec.convert(msgspec.to_builtins(form), Application)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"the application is out of bounds: {in_words(error)}") from error


def _paper(text: str) -> Qualification:
    kind, _, rest = text.partition(":")
    number, _, issuer = rest.partition(":")
    if not kind.strip() or not number.strip():
        raise click.UsageError(f"--paper takes KIND:NUMBER or KIND:NUMBER:ISSUER, not {text!r}")
    return Qualification(kind=kind.strip(), number=number.strip(), issuer=issuer.strip())
