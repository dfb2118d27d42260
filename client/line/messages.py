"""Commands about messages: send, tail, history, topics."""

import re
import sys
from datetime import datetime, timedelta
from typing import Any

import click
import msgspec

from client import events
from client.errors import ClientError, RefusedError, UnreachableError
from client.line import names
from client.line.program import EXITS, Program, command, online, with_session
from client.line.screen import Screen
from client.session import Session
from client.view import fold
from protocol import content
from protocol.entries import Entry, Standing
from protocol.frames import Clear, SetTopic, Summary
from protocol.ids import PersonId, Seq, TopicId

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
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
    """Send TEXT (`-`: standard input) TO a handle, a group or a topic's id.

    When the server is away the message waits here, and the next command that gets through sends it.
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
        await session.reach()
        await session.caught_up()
    except ClientError as error:
        away = error
    target = await names.target(session, screen, to)
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
    if as_json:
        screen.json(msgspec.to_builtins(sent))


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
    summary = await names.topic(session, screen, name)
    entries, missing = await collect(session, summary, before=before, after=after, limit=limit)
    if session.is_online:
        await session.names(people_in(entries))
    if as_json:
        for entry in entries:
            screen.json(screen.entry_json(entry))
    else:
        show(screen, session, summary.topic, entries)
        if entries:
            session.mark_read(summary.topic, entries[-1].seq)
        else:
            screen.note("Nothing here yet.")
    if missing:
        screen.note("Some of it is not on this device, and the server is away.")


async def reach_if_possible(session: Session, screen: Screen) -> None:
    """Go online and catch up; if that cannot be, say so and go on with what this device has."""
    try:
        await session.reach()
        await session.caught_up()
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
    """Return everybody who is named in `entries`."""
    return [person for entry in entries for person in (entry.sender, entry.person) if person is not None]


def show(screen: Screen, session: Session, topic: TopicId, entries: list[Entry]) -> None:
    """Print `entries` folded, with what was said about them later."""
    if entries:
        about = session.cache.about(topic, entries[0].seq, entries[-1].seq)
        for line in fold(entries, about):
            screen.say(screen.shown(line))


@command("tail")
@click.option("--topic", "name", metavar="NAME", help="Only this conversation.")
@click.option("--since", metavar="WHEN", help="Begin with what came since then: 10m, 2h, 3d, or 2025-06-30T08:00.")
@_JSON
@with_session
async def tail_command(session: Session, screen: Screen, name: str | None, since: str | None, *, as_json: bool) -> None:
    """Print what arrives, live, until interrupted: first what came since this device was last online.

    With --json, one object a line with an `event`: entry, topic, gone, read, typing, online, offline.
    """
    start = None if since is None else _moment(since)
    only: TopicId | None = None
    with session.subscribe() as arriving:
        if name is not None:
            await reach_if_possible(session, screen)
            only = (await names.topic(session, screen, name)).topic
        if start is not None:
            await reach_if_possible(session, screen)
            await _tail_since(session, screen, only, start, as_json=as_json)
            while arriving.statistics().current_buffer_used:
                arriving.receive_nowait()  # Shown already.
        async for event in arriving:
            if only is None or _topic_of(event) in {None, only}:
                await _print(session, screen, event, as_json=as_json)
        await session.reach()  # Nothing arrives any more: this says why.


async def _tail_since(session: Session, screen: Screen, only: TopicId | None, start: int, *, as_json: bool) -> None:
    found: list[Entry] = []
    for summary in session.cache.topics():
        if summary.standing is not Standing.MEMBER or only not in {None, summary.topic}:
            continue
        end: Seq | None = None
        while True:
            page = await session.history(summary.topic, before=end, limit=HISTORY_PAGE)
            found += [entry for entry in page.entries if entry.at >= start]
            if page.complete or page.missing or not page.entries or page.entries[0].at < start:
                break
            end = page.entries[0].seq
    for entry in sorted(found, key=lambda entry: entry.at):
        await _print(session, screen, events.Arrived(entry), as_json=as_json)


def _topic_of(event: events.Event) -> TopicId | None:
    match event:
        case events.Arrived(entry=entry):
            return entry.topic
        case events.TopicChanged(summary=summary):
            return summary.topic
        case events.Gone(topic=topic) | events.ReadUpTo(topic=topic) | events.IsTyping(topic=topic):
            return topic
        case _:
            return None


async def _print(session: Session, screen: Screen, event: events.Event, *, as_json: bool) -> None:
    if isinstance(event, events.Arrived) and session.is_online:
        await session.names(people_in([event.entry]))
    if as_json:
        if (value := _event_json(screen, event)) is not None:
            screen.json(value)
        return
    match event:
        case events.Arrived(entry=entry):
            summary = session.cache.topic(entry.topic)
            lines = [screen.shown(line) for line in fold([entry])]
            change = screen.change(entry)
            for line in lines + ([change] if change else []):
                screen.say(line if summary is None else screen.in_topic(summary, line))
        case events.TopicChanged(summary=summary) if summary.standing is Standing.INVITED:
            screen.say(f"You are invited to {screen.title(summary)}: hutong group accept {summary.topic}")
        case events.Offline(error=error, retry_in=seconds):
            screen.note(f"{error}; trying again in {seconds:.0f} s")
        case events.NotSent(code=code, message=message):
            screen.note(f"A message was refused: {message} ({code})")
        case _:
            pass


def _event_json(screen: Screen, event: events.Event) -> dict[str, Any] | None:
    match event:
        case events.Arrived(entry=entry):
            return {"event": "entry", **screen.entry_json(entry)}
        case events.TopicChanged(summary=summary):
            return {"event": "topic", **screen.topic_json(summary)}
        case events.Gone(topic=topic):
            return {"event": "gone", "topic": topic}
        case events.ReadUpTo(topic=topic, person=person, seq=seq):
            return {"event": "read", "topic": topic, "person": person, "handle": screen.who(person), "seq": seq}
        case events.IsTyping(topic=topic, person=person):
            return {"event": "typing", "topic": topic, "person": person, "handle": screen.who(person)}
        case events.Online():
            return {"event": "online"}
        case events.Offline(error=error, retry_in=seconds):
            return {"event": "offline", "reason": str(error), "retry_in": round(seconds, 3)}
        case _:
            return None


def _moment(text: str) -> int:
    """Return the Unix milliseconds that `text` means: a span back from now, or a time."""
    now = datetime.now().astimezone()
    if span := _SPAN.fullmatch(text):
        return int((now - timedelta(**{_UNITS[span[2]]: int(span[1])})).timestamp() * 1000)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except ValueError as error:
        raise click.UsageError(f"--since takes 10m, 2h, 3d or a time like 2025-06-30T08:00, not {text!r}") from error


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
        await session.request(msgspec.structs.replace(SetTopic(id=0, topic=summary.topic), **change))
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
