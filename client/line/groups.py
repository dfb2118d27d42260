"""Commands about groups: found, list, show, invite, accept, decline, link, ask, approve, leave, and ruling one.

Those that only public groups have are in the room beside this one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.text import Text

from client.line import names, places
from client.line.program import EXITS, online
from client.line.publishing import yes_option
from client.line.screen import Screen, moment, visible
from client.session import Session
from client.view import read_text
from protocol import content, frames, limits
from protocol.entries import Role, Side, Standing, TopicKind, side_of
from protocol.ids import Cid, PersonId

_FOR_GOOD_MS = limits.SEQ_MAX
Making = Callable[[frames.Summary, Cid], frames.Request[frames.Reply]]
MakingAbout = Callable[[frames.Summary, PersonId, Cid], frames.Request[frames.Reply]]


@click.group("group", epilog=EXITS)
def group_command() -> None:
    """Found, join and rule groups. NAME is a group's name, its beginning, or its id."""


def _encoded(text: str, most: int, what: str) -> bytes:
    if not text:
        return b""
    body = content.encode(content.Text(text=text))
    if len(body) > most:
        raise click.UsageError(f"the {what} is too long by {len(body) - most} bytes")
    return body


@group_command.command("found")
@click.argument("name")
@click.argument("handles", nargs=-1)
@click.option(
    "--public", "is_public", is_flag=True, help="Found it in public, for good: what is said in it passes the gate."
)
@places.openness
@yes_option
@online
async def found_command(
    session: Session,
    screen: Screen,
    name: str,
    handles: tuple[str, ...],
    *,
    is_public: bool,
    approval: bool,
    listed: bool,
    open_history: bool,
    yes: bool,
) -> None:
    """Found a group called NAME, and invite HANDLES. It is private, or --public, and stays what it is."""
    if not is_public and (approval or listed or open_history):
        raise click.UsageError("--approval, --listed and --open-history are for a --public group")
    invited = [await names.person(session, handle) for handle in handles]
    if is_public:
        topic = await places.found_public(
            session, screen, name, approval=approval, listed=listed, open_history=open_history, yes=yes
        )
        summary = (await session.request(frames.ShowTopic(id=0, topic=topic))).summary
        for person, handle in zip(invited, handles, strict=True):
            await places.invite(session, screen, summary, person, handle)
    else:
        encoded = _encoded(name, limits.NAME_BYTES, "name")
        topic = (
            await session.request(frames.GroupFound(id=0, cid=session.new_cid(), name=encoded, invite=tuple(invited)))
        ).topic
        screen.say(topic)
    screen.note(f"Talk there: hutong chat {topic}")


@group_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@online
async def list_command(session: Session, screen: Screen, *, as_json: bool) -> None:
    """List one's groups, with invitations and requests to join."""
    groups = [summary for summary in session.cache.topics() if summary.kind is TopicKind.GROUP]
    if as_json:
        for summary in groups:
            screen.json(screen.topic_json(summary))
    elif groups:
        screen.topics(groups)
    else:
        screen.note("No groups yet. Found one: hutong group found 'Tea house' bob carol")


@group_command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@online
async def show_command(session: Session, screen: Screen, name: str, *, as_json: bool) -> None:
    """Show a group: its notice, its members and their roles."""
    visited = names.visited(session, screen, name)
    if visited is not None:
        listing = await places.look(session, visited)
        if as_json:
            screen.json(places.listing_json(listing))
        for line in [] if as_json else places.listing_lines(listing, is_in=False):
            screen.say(line)
        return
    summary = await names.group(session, screen, name)
    reply = await session.request(frames.ShowTopic(id=0, topic=summary.topic))
    if as_json:
        screen.json({**screen.topic_json(reply.summary), "people": [_person_json(each) for each in reply.members]})
        return
    screen.say(Text(screen.place(reply.summary), style="bold"))
    if side_of(summary.topic) is Side.PUBLIC:
        screen.say(places.open_words(reply.summary))
    for what, body in (("Listing", reply.summary.listing), ("Notice", reply.summary.notice)):
        text, _ = read_text(body, side_of(summary.topic))
        if text:
            screen.say(f"{what}: {visible(text)}")
    rows = []
    for member in reply.members:
        state = member.role if member.standing is Standing.MEMBER else member.standing
        until = member.muted_until
        muted = f"muted until {_moment(until)}" if until else ""
        rows.append([visible(member.handle), str(state), muted, places.screen_name(member)])
    screen.table(["handle", "role", "", ""], rows)


def _person_json(member: frames.GroupMember) -> dict[str, Any]:
    fields = msgspec.to_builtins(member, builtin_types=(bytes,))
    fields = {name: value for name, value in fields.items() if name not in {"greeting", "screen_name"}}
    called = places.screen_name(member)
    return {**fields, "screen_name": called} if called else fields


@group_command.command("requests")
@click.argument("name")
@online
async def requests_command(session: Session, screen: Screen, name: str) -> None:
    """List who asks to join NAME and who is invited (for owner and admins)."""
    summary = await names.group(session, screen, name)
    members = (await session.request(frames.ShowTopic(id=0, topic=summary.topic))).members
    waiting = [member for member in members if member.standing is not Standing.MEMBER]
    if not waiting:
        screen.note("Nobody asks to join, nobody is invited.")
    rows = [[visible(m.handle), str(m.standing), visible(read_text(m.greeting)[0] or "")] for m in waiting]
    screen.table(["handle", "", "greeting"], rows)


@group_command.command("link")
@click.argument("name")
@online
async def link_command(session: Session, screen: Screen, name: str) -> None:
    """Make a link by which people ask to join; an earlier one stops working."""
    summary = await names.group(session, screen, name)
    if side_of(summary.topic) is Side.PUBLIC:
        raise click.UsageError(f"{screen.place(summary)} needs no link: who has its id may join {summary.topic}")
    link = (await session.request(frames.GroupLink(id=0, topic=summary.topic))).link
    screen.say(link)
    screen.note(f"Who has it can ask to join: hutong group ask {link}")


@group_command.command("ask")
@click.argument("link")
@click.argument("greeting", default="")
@online
async def ask_command(session: Session, screen: Screen, link: str, greeting: str) -> None:
    """Ask to join the group that LINK is of."""
    greeted = _encoded(greeting, limits.GREETING_BYTES, "greeting")
    await session.request(frames.GroupAsk(id=0, link=link, greeting=greeted))
    screen.say("Asked. It is for the group's admins to let you in.")


def _simple(word: str, explained: str, done: str, make: Making) -> None:
    """Add a command that takes a group and nothing else."""

    @group_command.command(word, help=explained)
    @click.argument("name")
    @online
    async def simple_command(session: Session, screen: Screen, name: str) -> None:
        summary = await names.group(session, screen, name)
        await session.request(make(summary, session.new_cid()))
        screen.say(done.format(group=screen.title(summary)))


def _about(word: str, explained: str, done: str, make: MakingAbout) -> None:
    """Add a command that takes a group and a person."""

    @group_command.command(word, help=explained)
    @click.argument("name")
    @click.argument("handle")
    @online
    async def about_command(session: Session, screen: Screen, name: str, handle: str) -> None:
        summary = await names.group(session, screen, name)
        person = await names.person(session, handle)
        await session.request(make(summary, person, session.new_cid()))
        screen.say(done.format(group=screen.title(summary), person=handle))


_simple("accept", "Join NAME, to which one is invited.", "You are in {group}.",
        lambda group, cid: frames.GroupAccept(id=0, cid=cid, topic=group.topic))  # fmt: skip
_simple("decline", "Turn down an invitation to NAME, or take one's own request back.", "{group} is declined.",
        lambda group, _: frames.GroupDecline(id=0, topic=group.topic))  # fmt: skip
_simple("unlink", "Make the link of NAME stop working.", "The link of {group} works no more.",
        lambda group, _: frames.GroupUnlink(id=0, topic=group.topic))  # fmt: skip
_simple("leave", "Leave NAME; its owner hands it over first.", "You have left {group}.",
        lambda group, cid: frames.GroupLeave(id=0, cid=cid, topic=group.topic))  # fmt: skip
_about("approve", "Let HANDLE, who asked, into NAME.", "{person} is in {group}.",
       lambda group, person, cid: frames.GroupApprove(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip
_about("refuse", "Refuse HANDLE's request, or take back the invitation.", "{person} is not let into {group}.",
       lambda group, person, _: frames.GroupRefuse(id=0, topic=group.topic, person=person))  # fmt: skip
_about("remove", "Remove HANDLE from NAME.", "{person} is out of {group}.",
       lambda group, person, cid: frames.GroupRemove(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip
_about("hand-over", "Make HANDLE the owner; one stays as an admin.", "{group} is {person}'s now.",
       lambda group, person, cid: frames.GroupHandOver(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip


@group_command.command("invite")
@click.argument("name")
@click.argument("handle")
@online
async def invite_command(session: Session, screen: Screen, name: str, handle: str) -> None:
    """Invite HANDLE to NAME; of a public group they are told, privately, and join by their own act."""
    summary = await names.group(session, screen, name)
    person = await names.person(session, handle)
    if side_of(summary.topic) is Side.PUBLIC:
        await places.invite(session, screen, summary, person, handle)
        return
    await session.request(frames.GroupInvite(id=0, topic=summary.topic, person=person))
    screen.say(f"{handle} is invited to {screen.title(summary)}.")


@group_command.command("role")
@click.argument("name")
@click.argument("handle")
@click.argument("role", type=click.Choice(["admin", "member"]))
@online
async def role_command(session: Session, screen: Screen, name: str, handle: str, role: str) -> None:
    """Make HANDLE an admin or a member of NAME."""
    summary = await names.group(session, screen, name)
    person = await names.person(session, handle)
    cid = session.new_cid()
    await session.request(frames.GroupRole(id=0, cid=cid, topic=summary.topic, person=person, role=Role(role)))
    screen.say(f"{handle} is {'an admin' if role == 'admin' else 'a member'} of {screen.title(summary)}.")


async def _mute(session: Session, screen: Screen, name: str, handle: str | None, until: int) -> None:
    summary = await names.group(session, screen, name)
    person = await names.person(session, handle) if handle else None
    await session.request(
        frames.GroupMute(id=0, cid=session.new_cid(), topic=summary.topic, person=person, until=until)
    )
    screen.say(f"{handle or 'Everybody'} {'may not' if until else 'may'} write in {screen.title(summary)}.")


@group_command.command("mute")
@click.argument("name")
@click.argument("handle", required=False)
@click.option("--minutes", type=click.IntRange(1, 60 * 24 * 3660), help="For so long; without it, until unmuted.")
@online
async def mute_command(session: Session, screen: Screen, name: str, handle: str | None, minutes: int | None) -> None:
    """Let HANDLE (or all but owner and admins) not write in NAME."""
    now = int(datetime.now().astimezone().timestamp() * 1000)
    await _mute(session, screen, name, handle, _FOR_GOOD_MS if minutes is None else now + minutes * 60_000)


@group_command.command("unmute")
@click.argument("name")
@click.argument("handle", required=False)
@online
async def unmute_command(session: Session, screen: Screen, name: str, handle: str | None) -> None:
    """Let HANDLE (or everybody) write in NAME again."""
    await _mute(session, screen, name, handle, 0)


@group_command.command("name")
@click.argument("name")
@click.argument("new")
@yes_option
@online
async def name_command(session: Session, screen: Screen, name: str, new: str, *, yes: bool) -> None:
    """Call the group NEW from now on; the name of a public group is published."""
    summary = await names.group(session, screen, name)
    if side_of(summary.topic) is Side.PUBLIC:
        await places.publish_text(session, screen, summary, "name", new, yes=yes)
        return
    encoded = _encoded(new, limits.NAME_BYTES, "name")
    await session.request(frames.GroupName(id=0, cid=session.new_cid(), topic=summary.topic, name=encoded))
    screen.say(f"It is called {visible(new)} now.")


@group_command.command("notice")
@click.argument("name")
@click.argument("text")
@yes_option
@online
async def notice_command(session: Session, screen: Screen, name: str, text: str, *, yes: bool) -> None:
    """Put up a notice for all of the group; an empty one takes it down. That of a public group is published."""
    summary = await names.group(session, screen, name)
    if side_of(summary.topic) is Side.PUBLIC:
        await places.publish_text(session, screen, summary, "notice", text, yes=yes)
        return
    encoded = _encoded(text, limits.NOTICE_BYTES, "notice")
    await session.request(frames.GroupNotice(id=0, cid=session.new_cid(), topic=summary.topic, notice=encoded))
    screen.say("The notice is up." if text else "The notice is down.")


def _moment(unix_ms: int) -> str:
    return "further notice" if unix_ms >= _FOR_GOOD_MS else moment(unix_ms)
