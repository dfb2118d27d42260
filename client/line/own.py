"""What the commands about one's public accounts have in common: which account, files in TOML, how an account stands."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.text import Text

from client.line.mistakes import in_words
from client.line.safe import moment, visible
from client.line.verdicts import reasons
from protocol.account_states import AccountState, AccountType, NewsRight
from protocol.accounts import Application, OwnAccount
from protocol.entries import Role

T = TypeVar("T")
NEWS_WORDS: Mapping[NewsRight, str] = {
    NewsRight.NONE: "no right to current-affairs news",
    NewsRight.REPRINT: "may reprint current-affairs news",
    NewsRight.PUBLISH: "may publish and reprint current-affairs news",
}

account_option = click.option(
    "--account", "which", metavar="NAME|ID", help="Which of one's accounts; not needed if there is only one."
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")


def file_option(words: str, *, required: bool = False) -> Callable[..., Any]:
    """Return the option that names a file of what a command is about."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--file", "path", type=kind, metavar="FILE", required=required, help=words)


def own_lines(own: OwnAccount, grounds: Mapping[str, str], *, whole: bool = True) -> list[Text]:
    """Return how an account of one's own stands, and what can be done next; `whole`: what was applied with too."""
    head = Text(f"{visible(own.name)}", style="bold")
    head.append(f" ({own.topic}): {own.state}; {own.type} account, you are {_ROLES[own.role]}", style="not bold")
    lines = [head]
    if own.news is not NewsRight.NONE:
        lines.append(Text(f"  news:     {NEWS_WORDS[own.news]}"))
    if whole and own.application is not None and own.state is not AccountState.ACTIVE:
        lines += [Text(f"  {name + ':':<9} {visible(text)}") for name, text in application_rows(own.application)]
    if own.decision is not None and own.state is AccountState.REFUSED:
        lines += reasons(own.decision, grounds)
    lines.append(Text(f"  now:      {_next(own)}", style="dim"))
    return lines


def application_rows(said: Application) -> list[tuple[str, str]]:
    """Return what an application says, as rows."""
    papers = "; ".join(" ".join(filter(None, (each.kind, each.number, each.issuer))) for each in said.qualifications)
    rows = [("subject", said.subject), ("body", said.body), ("category", said.category), ("scope", said.scope)]
    return [*rows, ("operator", said.operator), *[("papers", papers)] * bool(papers)]


def own_json(own: OwnAccount) -> dict[str, Any]:
    """Return the same as JSON: that of the wire."""
    fields: dict[str, Any] = msgspec.to_builtins(own)
    return fields


def read_toml(path: Path, shape: type[T]) -> T:
    """Return what a TOML file says.

    Raises:
        click.UsageError: It cannot be read, or says something else; the words say what and where.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=shape)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} cannot be read: it is not in UTF-8") from error
    except msgspec.DecodeError as error:
        raise click.UsageError(f"{path}: {in_words(error)}") from error


_PERIODS = {AccountType.SUBSCRIPTION: "today", AccountType.SERVICE: "this month"}
_ROLES = {Role.OWNER: "its owner", Role.EDITOR: "an editor", Role.ANALYST: "an analyst"}


def _next(own: OwnAccount) -> str:
    which = f"--account {own.topic}"
    match own.state:
        case AccountState.DRAFT:
            return f"have it reviewed: hutong account submit {which}; change it: hutong account apply {which} ..."
        case AccountState.SUBMITTED:
            by = f"to be decided by {moment(own.due)}; " if own.due is not None else ""
            return f"{by}take it back: hutong account take-back {which}"
        case AccountState.REFUSED:
            return f"change it: hutong account apply {which} ..., and submit it again"
        case AccountState.APPROVED:
            return f"publish what it is about, and it is open: hutong account profile {which} --text '...'"
        case AccountState.ACTIVE if own.broadcasts_left is not None:
            return f"{own.broadcasts_left or 'nothing'} more can be broadcast to all {_PERIODS[own.type]}"
        case _:
            return "it is open"
