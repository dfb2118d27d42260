"""`hutong chat NAME`: one conversation, live, at a terminal or on a pipe."""

import click

from client.line import names
from client.line.desk import desk_of
from client.line.keyboard import Keyboard
from client.line.messages import reach_if_possible
from client.line.program import command, with_session
from client.line.publishing import yes_option
from client.line.room import HISTORY_LINES, Room
from client.line.screen import Screen, visible
from client.session import Session
from protocol.entries import Side, Standing, side_of


@command("chat")
@click.argument("name")
@click.option("--limit", type=click.IntRange(0, 200), default=HISTORY_LINES, show_default=True, help="History first.")
@yes_option
@with_session
async def chat_command(session: Session, screen: Screen, name: str, limit: int, *, yes: bool) -> None:
    """Talk in NAME (a handle, a group, an account, an id): what was said, what is being said, and what one says. /help
    helps.

    In a public group, what one types is published. Before the first time, it is said who sees it, and asked. What one
    writes to a public account that one follows is private; its operators answer.
    """
    await reach_if_possible(session, screen)
    if names.visited(session, screen, name) is not None:
        raise click.UsageError(
            f"you are not in it: hutong group join {name}, or, if it is an account, hutong follow {name}; to read it "
            f"only: hutong history {name}"
        )
    target = await names.target(session, screen, name)
    topic = target.topic
    if topic is None and target.person is not None:
        chat = session.cache.chat_with(target.person)
        topic = chat.topic if chat else None
    summary = session.cache.topic(topic) if topic else None
    if summary is not None and summary.standing is not Standing.MEMBER:
        raise click.UsageError(f"you are not in it yet: hutong group accept {summary.topic}")
    account = names.spoken_with(session, target)
    whom = screen.account(account) if account is not None else visible(name)
    keyboard = Keyboard(f"{screen.place(summary) if summary else f'[{Side.PRIVATE}] {whom}'}> ")
    room = Room(session, screen, target, topic, keyboard)
    if account is not None:
        room.desk = await desk_of(session, account)
    if summary is not None and side_of(summary.topic) is Side.PUBLIC:
        await room.make_public(summary, yes=yes)
    await room.open(limit)
