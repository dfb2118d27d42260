"""`hutong`: chat from the command line. Here are the global options, and what becomes of errors."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from client.errors import (
    ClientError,
    ConnectionLostError,
    ContactError,
    OffDutyError,
    ProfileError,
    RefusedError,
    SignedOutError,
    UnreachableError,
)
from client.line import (
    accounts,
    agreement,
    card,
    chat,
    contacts,
    gate,
    lanes,
    messages,
    moments,
    private_card,
    public_account,
    publishing,
    readers,
    reading,
    reviewing,
    tail,
    threads,
)
from client.line.program import EXITS, Program, hush
from client.line.screen import visible
from client.profiles import Profiles, home
from protocol.errors import ErrorCode

REFUSED, USAGE, UNREACHABLE, NOT_SIGNED_IN, BROKEN, INTERRUPTED = 1, 2, 3, 4, 70, 130


@click.group(epilog=EXITS)
@click.option("--server", envvar="HUTONG_SERVER", metavar="URL", help="ws:// or wss://; default: the profile's.")
@click.option("--profile", envvar="HUTONG_PROFILE", metavar="NAME", help="Who to be; default: the last one used.")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Trust these authorities (PEM)."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
@click.version_option(package_name="hutong", prog_name="hutong")
@click.pass_context
def hutong(context: click.Context, server: str | None, profile: str | None, ca: Path | None) -> None:
    """Chat through a hutong server.

    First `hutong register HANDLE`, then `hutong chat SOMEBODY`. Profiles are kept in $HUTONG_HOME.

    What you send is private. What you publish is public, and passes the server's gate: `hutong gate` shows it.
    Public accounts publish to whoever follows them: `hutong search` finds them, `hutong feed` shows what they say.
    Friends say things to each other: `hutong contacts` has them, `hutong moments timeline` shows what they say.
    """
    if server is not None and not server.startswith(("ws://", "wss://")):
        raise click.UsageError(f"--server takes ws://HOST:PORT or wss://HOST:PORT, not {server!r}")
    context.obj = Program(server=server, profile=profile, ca=ca, profiles=Profiles(home()))


for each in (
    accounts.register_command,
    accounts.login_command,
    accounts.logout_command,
    accounts.passwd_command,
    accounts.devices_command,
    accounts.preferences_command,
    contacts.contacts_command,
    private_card.private_card_command,
    accounts.block_command,
    accounts.unblock_command,
    accounts.blocks_command,
    messages.send_command,
    messages.history_command,
    tail.tail_command,
    messages.topics_command,
    chat.chat_command,
    lanes.group_command,
    publishing.publish_command,
    card.card_command,
    agreement.agreement_command,
    gate.gate_command,
    gate.submissions_command,
    gate.take_back_command,
    gate.receipt_command,
    gate.audit_command,
    reviewing.officer_command,
    public_account.account_command,
    readers.follow_command,
    readers.unfollow_command,
    readers.follows_command,
    readers.search_command,
    reading.read_command,
    reading.feed_command,
    reading.share_command,
    moments.moments_command,
    threads.like_command,
    threads.unlike_command,
    threads.comment_command,
    threads.comments_command,
):
    hutong.add_command(each)


def main() -> None:
    """Run the program and exit as its help says."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the program and return its exit status. Errors become words; a traceback is shown with --debug only."""
    try:
        hutong.main(list(arguments), prog_name="hutong", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:  # The program's edge: whatever it is gets words and a status.
        if "--debug" in arguments and not isinstance(error, click.ClickException | SystemExit):
            traceback.print_exception(error)
        return _farewell(_leaf(error))
    return 0


def _leaf(error: BaseException) -> BaseException:
    """Return what `error` is about: of several at once, an interruption first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_leaf(inner) for inner in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, KeyboardInterrupt)), leaves[0])


def _farewell(error: BaseException) -> int:
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            click.echo(err=True)
            return INTERRUPTED
        case BrokenPipeError():
            hush()
            return 0
        case click.ClickException():
            error.show()
            return error.exit_code
        case ClientError():
            click.echo(f"hutong: {visible(str(error))}{_advice(error)}", err=True)
            return _status(error)
        case _:
            click.echo(f"hutong: broken: {type(error).__name__}: {visible(str(error))} (--debug shows more)", err=True)
            return BROKEN


def _status(error: ClientError) -> int:
    statuses: list[tuple[type[ClientError], int]] = [
        (UnreachableError, UNREACHABLE),
        (ConnectionLostError, UNREACHABLE),
        (SignedOutError, NOT_SIGNED_IN),
        (ProfileError, USAGE),
        (ContactError, USAGE),
    ]
    return next((status for kind, status in statuses if isinstance(error, kind)), REFUSED)


def _advice(error: ClientError) -> str:
    match error:
        case UnreachableError():
            return "\nIs the server running there? --server URL names another."
        case OffDutyError():
            return "\nLog in: hutong officer login CODE"
        case SignedOutError():
            return "\nSign in: hutong login HANDLE, or, if you are new: hutong register HANDLE"
        case RefusedError(code=code):
            return _ADVICE.get(code, "")
        case _:
            return ""


_ADVICE: dict[str, str] = {
    ErrorCode.NEEDS_AGREEMENT: "\nRead it and sign it: hutong agreement sign",
    ErrorCode.PUBLIC_CLOSED: "\nPrivate chats and groups go on as ever.",
    ErrorCode.SUPERSEDED: "\nSee how it reads now, and edit that: hutong history PLACE",
}


if __name__ == "__main__":
    main()
