"""Commands of `hutong group` that only public groups have: succeed, join, find, settings, listing, screen-name."""

import click
import trio

from client.line import names, places
from client.line.groups import group_command as group_command  # With what is added here.
from client.line.program import online
from client.line.publishing import public_group, yes_option
from client.line.screen import Screen
from client.session import Session
from protocol import limits
from protocol.entries import Admission, Standing
from protocol.public import GroupFind, GroupJoin, GroupSettings

TOLD_SECONDS = 2.0  # What the group is called is pushed beside the answer: no reason to wait longer.


@group_command.command("succeed")
@click.argument("old")
@click.argument("name")
@places.openness
@yes_option
@online
async def succeed_command(
    session: Session,
    screen: Screen,
    old: str,
    name: str,
    *,
    approval: bool,
    listed: bool,
    open_history: bool,
    yes: bool,
) -> None:
    """Found a public successor called NAME of OLD, a private group one owns, and tell OLD of it.

    Nothing crosses: no message, no member, no name. Who wants to come joins by their own act.
    """
    summary = places.owned_private(screen, await names.group(session, screen, old))
    topic = await places.found_public(
        session, screen, name, approval=approval, listed=listed, open_history=open_history, yes=yes
    )
    await places.succeed(session, screen, summary, topic, name)


@group_command.command("join")
@click.argument("place")
@online
async def join_command(session: Session, screen: Screen, place: str) -> None:
    """Come into PLACE, a public group: its id, or the name of a listed one."""
    topic = await names.place(session, screen, place)
    standing = (await session.request(GroupJoin(id=0, topic=topic))).standing
    if standing is Standing.ASKED:
        screen.say("Asked. It is for the group's admins to let you in.")
        return
    with trio.move_on_after(TOLD_SECONDS):
        await session.until(lambda: session.cache.topic(topic) is not None)
    screen.say(f"You are in {screen.somewhere(topic)}.")
    screen.note(f"Read it: hutong history {topic}")


@group_command.command("find")
@click.argument("query", default="")
@click.option("--limit", type=click.IntRange(1, limits.LISTINGS), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@online
async def find_command(session: Session, screen: Screen, query: str, limit: int, *, as_json: bool) -> None:
    """Find listed public groups by what their name or listing says, the largest first."""
    if len(query) > limits.QUERY_CHARS:
        raise click.UsageError(f"a query has at most {limits.QUERY_CHARS} characters")
    listings = (await session.request(GroupFind(id=0, query=query, limit=limit))).listings
    if as_json:
        for listing in listings:
            screen.json(places.listing_json(listing))
        return
    screen.table(["name", "members", "admission", "history", "id"], [places.listing_row(each) for each in listings])
    if not listings:
        screen.note("No listed group says so.")


@group_command.command("settings")
@click.argument("name")
@click.option("--open/--approval", "is_open", default=None, help="Whether anybody comes in, or admins approve it.")
@click.option("--listed/--unlisted", default=None, help="Whether anybody may find it.")
@click.option("--open-history/--closed-history", default=None, help="Whether anybody may read it.")
@online
async def settings_command(
    session: Session,
    screen: Screen,
    name: str,
    *,
    is_open: bool | None,
    listed: bool | None,
    open_history: bool | None,
) -> None:
    """Change who comes into NAME, finds it and reads it. Without an option, show that."""
    summary = public_group(screen, await names.group(session, screen, name))
    if {is_open, listed, open_history} != {None}:
        admission = {True: Admission.OPEN, False: Admission.APPROVAL, None: None}[is_open]
        await session.request(
            GroupSettings(
                id=0,
                cid=session.new_cid(),
                topic=summary.topic,
                admission=admission,
                listed=listed,
                history_open=open_history,
            )
        )
    for line in places.listing_lines(await places.look(session, summary.topic), is_in=True):
        screen.say(line)


def _publishing(word: str, what: str, explained: str) -> None:
    """Add a command that publishes one text of a group."""

    @group_command.command(word, help=explained)
    @click.argument("name")
    @click.argument("text")
    @yes_option
    @online
    async def publish_command(session: Session, screen: Screen, name: str, text: str, *, yes: bool) -> None:
        summary = public_group(screen, await names.group(session, screen, name))
        await places.publish_text(session, screen, summary, what, text, yes=yes)


_publishing("listing", "listing", "Publish TEXT as what NAME says where it can be found; an empty one takes it away.")
_publishing("screen-name", "screen name", "Be called TEXT in NAME, a public group; an empty one takes it back.")
