"""What every command stands on: the global options, the profile, a session for as long as the work takes."""

import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate

import click
import msgspec
import trio

from client.account import Account
from client.cache import Cache
from client.errors import ClientError, SignedOutError
from client.events import AccountChanged, Held, Judged
from client.line.screen import Screen, visible
from client.line.verdicts import headline
from client.outbox import Waiting
from client.profiles import Profiles
from client.session import Session
from client.view import plain, read_text
from protocol.accounts import OwnAccount
from protocol.decisions import Submission
from protocol.entries import TopicKind
from protocol.frames import Edit, React, Send
from protocol.ids import PersonId
from protocol.moments import PostMoment, SayComment
from protocol.public import Publish

DEFAULT_SERVER = "ws://127.0.0.1:8440"
PARTING_SECONDS = 5.0  # What still waits when a command is done gets so long to go out.

EXITS = """\b
Exit status: 0 it is done; 1 the server refused; 2 wrong usage; 3 the server cannot be reached;
4 nobody is signed in; 130 interrupted."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """The options that every command shares. `server` and `profile` None: not said."""

    server: str | None
    profile: str | None
    ca: Path | None
    profiles: Profiles

    def account(self) -> tuple[str, Account]:
        """Return the profile's name and whose it is.

        Raises:
            SignedOutError: Nobody's, or not signed in any more.
        """
        name = self.profiles.choose(self.profile)
        account = self.profiles.account(name)
        if account is None:
            raise SignedOutError(f"there is no profile {name!r} here")
        if not account.token:
            raise SignedOutError(f"{account.handle} is signed out here")
        return name, account

    def with_session(self, work: Callable[[Session, Screen], Awaitable[None]]) -> None:
        """Run `work` with a session that is on its way online, and say afterwards what the server refused."""
        trio.run(self._with_session, work)

    def online(self, work: Callable[[Session, Screen], Awaitable[None]]) -> None:
        """Run `work` with a session that is online and has caught up.

        Raises:
            UnreachableError: It could not be.
        """

        async def reached(session: Session, screen: Screen) -> None:
            await catch_up(session)
            await work(session, screen)

        self.with_session(reached)

    async def _with_session(self, work: Callable[[Session, Screen], Awaitable[None]]) -> None:
        name, account = self.account()
        if self.server is not None:
            account = msgspec.structs.replace(account, url=self.server)
        with closing(Cache(self.profiles.cache_path(name))) as cache:
            session = Session(account, cache, ca=self.ca)
            await _work(session, Screen(cache), work)
        self.profiles.keep(name, session.account if self.server is None else account)


async def _work(session: Session, screen: Screen, work: Callable[[Session, Screen], Awaitable[None]]) -> None:
    """Do `work` with `session`, let out what still waits, and say what became of it all; then fail as `work` did."""
    failed: list[Exception] = []
    decided: list[Submission | OwnAccount] = []
    async with trio.open_nursery() as listening:
        await listening.start(_note_decisions, session, decided)
        async with trio.open_nursery() as nursery:
            await nursery.start(_run_quietly, session)
            try:
                await work(session, screen)
                with trio.move_on_after(PARTING_SECONDS if session.is_online else 0):
                    await session.outbox_empty()
                    await session.marks_sent()
            except (ClientError, click.ClickException) as error:
                failed.append(error)
            except BrokenPipeError:
                hush()
                failed.append(click.exceptions.Exit(0))
            session.stop()
        listening.cancel_scope.cancel()
    for news in decided:
        if isinstance(news, OwnAccount):
            screen.note(f"Your application for {visible(news.name)} is decided ({news.state}): hutong account list")
        elif news.submission not in screen.told:
            screen.note(f"{headline(screen, news).plain}: hutong submissions {news.submission}")
    for waiting in session.cache.outbox.refused():
        screen.note(f"Not sent, the server refused it: {described(waiting)} ({(waiting.refused or ('',))[0]})")
        session.cache.outbox.drop(waiting.cid)
    if failed:
        raise failed[0]


async def catch_up(session: Session) -> None:
    """Be online, with all that is new, and know what the accounts are called that one follows, runs or writes to.

    Raises:
        ClientError: It cannot be.
    """
    await session.reach()
    await session.caught_up()
    topics = session.cache.topics()
    accounts = [each.topic if each.kind is TopicKind.ACCOUNT else each.account for each in topics]
    await session.names([PersonId(account) for account in accounts if account is not None])


async def _note_decisions(
    session: Session, decided: list[Submission | OwnAccount], *, task_status: trio.TaskStatus[None]
) -> None:
    """Note what became of one's publications and applications while a command runs, whatever it is about."""
    with session.subscribe() as arriving:
        task_status.started()
        async for event in arriving:
            match event:
                case Held(submission=submission) | Judged(submission=submission):
                    decided.append(submission)
                case AccountChanged(account=account):
                    decided.append(account)
                case _:
                    pass


async def _run_quietly(session: Session, *, task_status: trio.TaskStatus[None]) -> None:
    with suppress(ClientError):  # Whoever waits for the session is told.
        await session.run(task_status=task_status)


def hush() -> None:
    """Nobody reads standard output any more: what is still buffered for it must not complain at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def described(waiting: Waiting) -> str:
    """Return in a few words what waits in the outbox."""
    match waiting.request:
        case Send(body=body) | Edit(body=body) | React(body=body) | PostMoment(body=body) | SayComment(body=body):
            text = read_text(body)[0] or "a message"
            return f"{text[:40]!r}"
        case Publish(content=content):
            return f"{plain(content)[:40]!r}, to be published"
        case _:
            return "a recall"


def password(
    *, from_stdin: bool, confirm: bool = False, variable: str = "HUTONG_PASSWORD", prompt: str = "Password"
) -> str:
    """Return a password: a line of standard input, the environment's, or asked for without being shown.

    Never an argument: those are seen by everybody on the machine.
    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if variable in os.environ:
        return os.environ[variable]
    if not sys.stdin.isatty():
        raise click.UsageError(f"no terminal to ask for the password: use --password-stdin or {variable}")
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirm))


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function a command whose help says what the exit status means."""
    return click.command(name, epilog=EXITS)


pass_program = click.make_pass_decorator(Program)


Work = Callable[Concatenate[Session, Screen, ...], Awaitable[None]]


def online(work: Work) -> Callable[..., None]:
    """Make a command of `work`, which wants to be online; the command's arguments come after session and screen."""
    return _wrapped(work, Program.online)


def with_session(work: Work) -> Callable[..., None]:
    """Make a command of `work` likewise, which can do something offline too."""
    return _wrapped(work, Program.with_session)


def _wrapped(
    work: Work, how: Callable[[Program, Callable[[Session, Screen], Awaitable[None]]], None]
) -> Callable[..., None]:
    def run(program: Program, **arguments: Any) -> None:
        how(program, lambda session, screen: work(session, screen, **arguments))

    run.__doc__ = work.__doc__
    return pass_program(run)
