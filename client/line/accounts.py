"""Commands about oneself: register, login, logout, passwd, devices, preferences, and whom one blocks."""

import socket
import sys
from collections.abc import Awaitable, Callable

import click
import msgspec
import trio

from client.account import Account, greet, login, register
from client.cache import Cache
from client.connection import open_connection
from client.errors import ClientError, NeedsError, ProfileError, RefusedError
from client.line import agreement as agreements
from client.line import names
from client.line.own import json_option
from client.line.program import DEFAULT_SERVER, Program, command, online, pass_program, password
from client.line.screen import Screen, moment, visible
from client.session import Session
from protocol import handles
from protocol.errors import ErrorCode
from protocol.frames import (
    Block,
    Blocks,
    ChangePassword,
    Devices,
    Logout,
    MomentsDays,
    Resume,
    RevokeDevice,
    SetPreferences,
    TokenReply,
    Unblock,
)
from protocol.public import Signature

AGREEMENT = "agreement"  # What `needs` calls it.
_STDIN = click.option("--password-stdin", "from_stdin", is_flag=True, help="Read the password from standard input.")


def _spelled(handle: str) -> str:
    try:
        return handles.normalise(handle)
    except handles.HandleError as error:
        raise click.UsageError(str(error)) from error


def _device_name() -> str:
    return f"hutong on {socket.gethostname()}"[:64]


def _sign_in(program: Program, handle: str, sign_in: Callable[[str], Awaitable[Account]]) -> None:
    """Sign in as `handle`, where its profile says or the options do, and keep that as the profile used from now on."""
    name = program.profile or handle
    before = program.profiles.account(name)
    url = program.server or (before.url if before else DEFAULT_SERVER)
    if before is not None and before.token and (before.url, before.handle) != (url, handle):
        raise ProfileError(
            f"profile {name!r} is {before.handle} at {before.url} already; choose another with --profile"
        )
    account: Account = trio.run(lambda: sign_in(url))
    program.profiles.keep(name, account)
    cache = Cache(program.profiles.cache_path(name))
    cache.belongs_to(account.person)
    cache.close()
    click.echo(f"You are {account.handle} at {account.url}. Say something: hutong send HANDLE 'hello'")


@command("register")
@click.argument("handle")
@_STDIN
@click.option("--answer", "answers", multiple=True, metavar="NEED=ANSWER", help="What the server asks for, up front.")
@agreements.accept_option
@agreements.lang_option
@pass_program
def register_command(
    program: Program, handle: str, answers: tuple[str, ...], accepted: str | None, lang: str | None, *, from_stdin: bool
) -> None:
    """Become HANDLE: a new person on the server, signed in here.

    Where the server asks for an agreement, it is shown, and each of its lines is acknowledged apart. Scripts give its
    digest, which is shown with it: --accept-agreement DIGEST.
    """
    spelling = _spelled(handle)
    if any("=" not in answer for answer in answers):
        raise click.UsageError("--answer takes NEED=ANSWER, as in --answer invitation=CODE")
    given = dict(answer.split("=", 1) for answer in answers)
    secret = password(from_stdin=from_stdin, confirm=True, prompt=f"A password for {spelling} (8 characters or more)")
    signed: dict[bytes, Signature] = {}

    async def sign_in(url: str) -> Account:
        while True:
            try:
                return await register(
                    url, spelling, secret, device=_device_name(), answers=given, ca=program.ca,
                    sign=lambda agreement: signed.get(agreement.digest),
                )  # fmt: skip
            except NeedsError as error:
                if error.agreement is not None and error.agreement.digest not in signed:
                    # Between two connections: who reads takes longer than a server waits.
                    signed[error.agreement.digest] = agreements.sign_for(
                        error.agreement, accepted=accepted, lang=lang,
                        again=f"hutong register {spelling} --accept-agreement",
                    )  # fmt: skip
                    continue
                missing = [need for need in error.needs if need not in given and need != AGREEMENT]
                if not missing or not sys.stdin.isatty():
                    hints = " ".join(f"--answer {need}=..." for need in missing or error.needs)
                    raise RefusedError("needs", f"the server wants to know more: {hints}") from error
                given.update({need: click.prompt(visible(need).capitalize()) for need in missing})
            except RefusedError as error:
                if error.code == ErrorCode.HANDLE_TAKEN:
                    raise RefusedError(
                        error.code, f"{spelling} is taken; choose another, or if it is you: hutong login {spelling}"
                    ) from error
                raise

    _sign_in(program, spelling, sign_in)


@command("login")
@click.argument("handle")
@_STDIN
@pass_program
def login_command(program: Program, handle: str, *, from_stdin: bool) -> None:
    """Sign in here as HANDLE."""
    spelling = _spelled(handle)
    secret = password(from_stdin=from_stdin, prompt=f"Password of {spelling}")

    async def sign_in(url: str) -> Account:
        try:
            return await login(url, spelling, secret, device=_device_name(), ca=program.ca)
        except RefusedError as error:
            if error.code == ErrorCode.BAD_CREDENTIALS:
                raise RefusedError(
                    error.code, f"no {spelling} with that password at {url}; new here? hutong register {spelling}"
                ) from error
            raise

    _sign_in(program, spelling, sign_in)


@command("logout")
@click.option("--force", is_flag=True, help="Forget this device even if the server is away or messages are unsent.")
@pass_program
def logout_command(program: Program, *, force: bool) -> None:
    """Sign out here: the token dies, and what is cached here is removed, unsent messages too."""
    name, account = program.account()
    cache = Cache(program.profiles.cache_path(name))
    unsent = len(cache.outbox.waiting())
    cache.close()
    if unsent and not force:
        raise ProfileError(f"{unsent} unsent messages would be lost; any command that connects sends them, or --force")

    async def leave() -> None:
        async with open_connection(program.server or account.url, ca=program.ca) as connection:
            await greet(connection)
            await connection.request(Resume(id=0, token=account.token))
            await connection.request(Logout(id=0))

    try:
        trio.run(leave)
    except ClientError as error:
        if not force and not (isinstance(error, RefusedError) and error.code == ErrorCode.BAD_CREDENTIALS):
            raise
    program.profiles.sign_out(name)
    click.echo(f"{account.handle} is signed out here.")


@command("passwd")
@click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read old and new password, a line each, from stdin."
)
@pass_program
def passwd_command(program: Program, *, from_stdin: bool) -> None:
    """Change the password. All one's other devices are signed out.

    Without a terminal: --password-stdin, or HUTONG_PASSWORD and HUTONG_NEW_PASSWORD.
    """
    name, account = program.account()
    old = password(from_stdin=from_stdin, prompt=f"Password of {account.handle} until now")
    new = password(from_stdin=from_stdin, confirm=True, variable="HUTONG_NEW_PASSWORD", prompt="New password")

    async def change() -> TokenReply:
        async with open_connection(program.server or account.url, ca=program.ca) as connection:
            await greet(connection)
            await connection.request(Resume(id=0, token=account.token))
            return await connection.request(ChangePassword(id=0, old=old, new=new))

    signed = trio.run(change)
    program.profiles.keep(name, msgspec.structs.replace(account, device=signed.device, token=signed.token))
    click.echo("The password is changed; your other devices are signed out.")


@click.group("devices", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def devices_command(context: click.Context, *, as_json: bool) -> None:
    """List the devices one is signed in on; `devices revoke ID` signs one out."""
    if context.invoked_subcommand is not None:
        return

    async def work(session: Session, screen: Screen) -> None:
        devices = (await session.request(Devices(id=0))).devices
        if as_json:
            for device in devices:
                screen.json(msgspec.to_builtins(device))
            return
        rows = [
            [device.device, visible(device.name) or "-", moment(device.seen_at), "this one" if device.current else ""]
            for device in devices
        ]
        screen.table(["id", "name", "last seen", ""], rows)

    context.find_object(Program).online(work)  # type: ignore[union-attr]


@devices_command.command("revoke")
@click.argument("device")
@online
async def revoke_command(session: Session, screen: Screen, device: str) -> None:
    """Sign DEVICE (an id, or its beginning) out."""
    devices = (await session.request(Devices(id=0))).devices
    found = [each for each in devices if each.device.startswith(device)]
    if len(found) != 1:
        raise click.UsageError(f"{'no' if not found else 'more than one'} device {device!r}; see `hutong devices`")
    await session.request(RevokeDevice(id=0, device=found[0].device))
    screen.say(f"{visible(found[0].name) or found[0].device} is signed out.")


_SWITCH = click.Choice(["on", "off"])
_DAYS = {
    "3": MomentsDays.THREE_DAYS,
    "30": MomentsDays.A_MONTH,
    "180": MomentsDays.HALF_A_YEAR,
    "all": MomentsDays.FOR_GOOD,
}


@command("preferences")
@click.option("--receipts", type=_SWITCH, help="Whether others see what one has read, and one sees what they have.")
@click.option("--presence", type=_SWITCH, help="Whether others see one online, and one sees them.")
@click.option("--findable", type=_SWITCH, help="Whether people find one by one's handle who do not know one yet.")
@click.option("--moments-days", type=click.Choice([*_DAYS]), help="For so many days friends see one's moments.")
@json_option
@online
async def preferences_command(
    session: Session,
    screen: Screen,
    receipts: str | None,
    presence: str | None,
    findable: str | None,
    moments_days: str | None,
    *,
    as_json: bool,
) -> None:
    """Set what others may see of oneself; without an option, show it. Receipts and presence off work both ways."""
    switches = {"on": True, "off": False, None: None}
    if {receipts, presence, findable, moments_days} != {None}:
        days = None if moments_days is None else _DAYS[moments_days]
        await session.request(
            SetPreferences(
                id=0, receipts=switches[receipts], presence=switches[presence], findable=switches[findable],
                moments_days=days,
            )
        )  # fmt: skip
    now = session.cache.preferences
    if now is None:
        raise RefusedError("unknown", "this server does not say what one prefers")
    if as_json:
        screen.json(msgspec.to_builtins(now))
        return
    shown = {word: "on" if each else "off" for word, each in
             (("receipts", now.receipts), ("presence", now.presence), ("findable", now.findable))}  # fmt: skip
    shown["moments-days"] = str(now.moments_days) if now.moments_days else "all"
    screen.table(["", ""], [[word, each] for word, each in shown.items()])


@command("block")
@click.argument("handle")
@online
async def block_command(session: Session, screen: Screen, handle: str) -> None:
    """Receive no more messages from HANDLE, who is not told."""
    await session.request(Block(id=0, person=await names.person(session, handle)))
    screen.say(f"{handle} is blocked. To take it back: hutong unblock {handle}")


@command("unblock")
@click.argument("handle")
@online
async def unblock_command(session: Session, screen: Screen, handle: str) -> None:
    """Receive messages from HANDLE again."""
    await session.request(Unblock(id=0, person=await names.person(session, handle)))
    screen.say(f"{handle} is not blocked any more.")


@command("blocks")
@online
async def blocks_command(session: Session, screen: Screen) -> None:
    """List whom one blocks."""
    people = (await session.request(Blocks(id=0))).people
    if not people:
        screen.note("You block nobody.")
    for person in people:
        screen.say(visible(person.handle))
