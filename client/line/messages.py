"""Commands about messages: send, history, topics."""

import sys

import click
import msgspec
from rich.text import Text

from client.errors import ClientError, RefusedError, UnreachableError
from client.follows import is_followed
from client.line import names
from client.line.desk import desk_of
from client.line.program import EXITS, Program, catch_up, command, online, with_session
from client.line.screen import Screen
from client.session import Session
from client.view import fold, said
from protocol import content, limits
from protocol.entries import Entry, Side, TopicKind, side_of
from protocol.errors import ErrorCode
from protocol.frames import Clear, History, SetTopic, Summary
from protocol.ids import PersonId, Seq, TopicId

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
HISTORY_PAGE = 200


@command("send")
@click.argument("to")
@click.argument("text", nargs=-1, required=True)
@click.option("--reply-to", type=click.IntRange(1), metavar="SEQ", help="The number of the message it answers.")
@_JSON
@with_session
async def send_command(
    session: Session, screen: Screen, to: str, text: tuple[str, ...], reply_to: int | None, *, as_json: bool
) -> None:
    """Send TEXT (`-`: standard input), privately, TO a handle, a private group, an account one follows, or an id.

    What is said in a public place is published: hutong publish. When the server is away the message waits here, and
    the next command that gets through sends it.
    """
    said = sys.stdin.read().rstrip("\n") if text == ("-",) else " ".join(text)
    if not said:
        raise click.UsageError("there is nothing to send")
    try:
        body = content.encode(content.Text(text=said))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    away: ClientError | None = None
    try:
        await catch_up(session)
    except ClientError as error:
        away = error
    target = await names.target(session, screen, to)
    if target.topic is not None and side_of(target.topic) is Side.PUBLIC:
        place = screen.somewhere(target.topic)
        raise click.UsageError(f"{place} is public, nothing was sent; to say it to everybody: hutong publish {to} TEXT")
    cid = session.post(
        target.send(session.new_cid(), body, None if reply_to is None else Seq(reply_to)), handle=target.handle
    )
    if away is not None:
        screen.note("Kept: it will be sent by the next command that gets through.")
        raise away
    try:
        sent = await session.delivered(cid)
    except RefusedError:
        session.cache.outbox.drop(cid)
        raise
    account = names.spoken_with(session, target)
    answer = (await desk_of(session, account)).answer(said) if account is not None else None
    if as_json:
        screen.json({**msgspec.to_builtins(sent), **({"answer": answer.plain} if answer is not None else {})})
    elif answer is not None:
        screen.say(answer)


@command("history")
@click.argument("name")
@click.option("--before", type=click.IntRange(1), metavar="SEQ", help="Only what is before this number.")
@click.option("--after", type=click.IntRange(0), metavar="SEQ", help="Only what is after this number.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many entries.")
@_JSON
@with_session
async def history_command(
    session: Session, screen: Screen, name: str, before: int | None, after: int | None, limit: int, *, as_json: bool
) -> None:
    """Show what was said in NAME, oldest first: the newest entries, or those before or after a number.

    What is shown counts as read; with --json it does not.
    """
    await reach_if_possible(session, screen)
    visited = names.visited(session, screen, name)
    if visited is not None:
        await _visit(session, screen, visited, before=before, after=after, limit=limit, as_json=as_json)
        return
    summary = await names.topic(session, screen, name)
    entries, missing = await collect(session, summary, before=before, after=after, limit=limit)
    if session.is_online:
        await session.names(people_in(entries))
    if as_json:
        for entry in entries:
            screen.json(screen.entry_json(entry))
    else:
        if entries:
            screen.say(Text(screen.place(summary), style="bold"))
        show(screen, session, summary.topic, entries)
        if entries:
            session.mark_read(summary.topic, entries[-1].seq)
        else:
            screen.note("Nothing here yet.")
    if missing:
        screen.note("Some of it is not on this device, and the server is away.")


async def _visit(
    session: Session,
    screen: Screen,
    topic: TopicId,
    *,
    before: int | None,
    after: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """Read a public place one is not in, if its history is open; nothing of it is kept, or counts as read."""
    asked = History(
        id=0, topic=topic, before=None if before is None else Seq(before), after=None if after is None else Seq(after),
        limit=min(limit, limits.HISTORY_ENTRIES),
    )  # fmt: skip
    try:
        page = await session.request(asked)
    except RefusedError as refused:
        if refused.code != ErrorCode.NOT_FOUND:
            raise
        raise click.UsageError(f"only members read it, or it does not exist: hutong group show {topic}") from refused
    entries = [entry for entry in page.entries if before is None or entry.seq < before]
    await session.names(people_in(entries))
    if as_json:
        for entry in entries:
            screen.json(screen.entry_json(entry))
        return
    screen.say(Text(screen.somewhere(topic), style="bold"))
    for line in fold(entries, page.related):
        screen.say(screen.shown(line))


async def reach_if_possible(session: Session, screen: Screen) -> None:
    """Go online and catch up; if that cannot be, say so and go on with what this device has."""
    try:
        await catch_up(session)
    except UnreachableError as error:
        screen.note(f"{error}; showing what this device has.")


async def collect(
    session: Session, summary: Summary, *, before: int | None, after: int | None, limit: int
) -> tuple[list[Entry], bool]:
    """Return the entries asked for, the newest unless `after` says from where, and whether some are missing."""
    entries: list[Entry] = []
    end = None if before is None else Seq(before)
    while after is not None or len(entries) < limit:
        page = await session.history(
            summary.topic, before=end, limit=min(HISTORY_PAGE, limit if after is None else HISTORY_PAGE)
        )
        entries = [*page.entries, *entries]
        if page.complete or page.missing or not page.entries:
            break
        end = page.entries[0].seq
        if after is not None and end <= after + 1:
            break
    else:
        return entries[-limit:], False
    wanted = [entry for entry in entries if after is None or entry.seq > after]
    return (wanted[-limit:] if after is None else wanted[:limit]), page.missing


def people_in(entries: list[Entry]) -> list[PersonId]:
    """Return everybody who is named in `entries`, and the accounts that public messages come from."""
    people = [person for entry in entries for person in (entry.sender, entry.person) if person is not None]
    published = [said(entry.body, Side.PUBLIC).published for entry in entries if side_of(entry.topic) is Side.PUBLIC]
    sources = [each.source for each in published if each is not None and each.source is not None]
    return [*people, *(PersonId(source.hops[-1].account) for source in sources)]


def show(screen: Screen, session: Session, topic: TopicId, entries: list[Entry]) -> None:
    """Print `entries` folded, with what was said about them later."""
    if entries:
        about = session.cache.about(topic, entries[0].seq, entries[-1].seq)
        for line in fold(entries, about):
            screen.say(screen.shown(line))


@click.group("topics", invoke_without_command=True, epilog=EXITS)
@_JSON
@click.pass_context
def topics_command(context: click.Context, *, as_json: bool) -> None:
    """List one's conversations, with what is unread; below, set one of them."""
    if context.invoked_subcommand is not None:
        return

    async def work(session: Session, screen: Screen) -> None:
        await reach_if_possible(session, screen)
        summaries = session.cache.topics()
        if as_json:
            for summary in summaries:
                screen.json(screen.topic_json(summary))
        elif summaries:
            screen.topics(summaries)
        else:
            screen.note("No conversations yet. Begin one: hutong send bob 'hello'")

    program = context.find_object(Program)
    assert program is not None
    program.with_session(work)


def _setting(word: str, explained: str, **change: bool) -> None:
    @topics_command.command(word, help=explained)
    @click.argument("name")
    @online
    async def set_command(session: Session, screen: Screen, name: str) -> None:
        summary = await names.topic(session, screen, name)
        if not is_followed(summary):
            await session.request(msgspec.structs.replace(SetTopic(id=0, topic=summary.topic), **change))
        elif "muted" in change:
            await session.follow(summary.topic, muted=change["muted"])
        else:
            raise click.UsageError(f"{screen.place(summary)} is an account one follows: it can be muted, not pinned")
        screen.say(f"{screen.title(summary)}: {word} is done.")


_setting("mute", "Do not alert me of NAME.", muted=True)
_setting("unmute", "Alert me of NAME again.", muted=False)
_setting("pin", "List NAME first.", pinned=True)
_setting("unpin", "List NAME where it belongs.", pinned=False)


@topics_command.command("clear")
@click.argument("name")
@online
async def clear_command(session: Session, screen: Screen, name: str) -> None:
    """Hide all that was said in NAME so far, from oneself, on all one's devices. It cannot be taken back."""
    summary = await names.topic(session, screen, name)
    if summary.kind is TopicKind.ACCOUNT:
        raise click.UsageError(f"{screen.place(summary)} is the same for everybody: nothing of it is cleared")
    if summary.head:
        await session.request(Clear(id=0, topic=summary.topic, seq=summary.head))
    screen.say(f"{screen.title(summary)} is cleared.")


@topics_command.command("read")
@click.argument("name")
@online
async def read_command(session: Session, screen: Screen, name: str) -> None:
    """Mark all of NAME as read."""
    summary = await names.topic(session, screen, name)
    session.mark_read(summary.topic, summary.head)
