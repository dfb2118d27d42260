"""Commands about groups: found, list, show, invite, accept, decline, link, ask, approve, leave, and ruling one."""

from collections.abc import Callable
from datetime import datetime

import click
import msgspec
from rich.text import Text

from client.line import names
from client.line.program import EXITS, online
from client.line.screen import Screen, visible
from client.session import Session
from client.view import read_text
from protocol import content, frames, limits
from protocol.entries import Role, Standing, TopicKind
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
@online
async def found_command(session: Session, screen: Screen, name: str, handles: tuple[str, ...]) -> None:
    """Found a private group called NAME, and invite HANDLES."""
    encoded = _encoded(name, limits.NAME_BYTES, "name")
    invited = [await names.person(session, handle) for handle in handles]
    founded = await session.request(frames.GroupFound(id=0, cid=session.new_cid(), name=encoded, invite=tuple(invited)))
    screen.say(founded.topic)
    screen.note(f"Talk there: hutong chat {founded.topic}")


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
    summary = await names.group(session, screen, name)
    reply = await session.request(frames.ShowTopic(id=0, topic=summary.topic))
    members = reply.members
    if as_json:
        people = [
            {k: v for k, v in msgspec.to_builtins(m, builtin_types=(bytes,)).items() if k != "greeting"}
            for m in members
        ]
        screen.json({**screen.topic_json(reply.summary), "people": people})
        return
    screen.say(Text(screen.title(reply.summary), style="bold"))
    notice, _ = read_text(reply.summary.notice)
    if notice:
        screen.say(f"Notice: {visible(notice)}")
    rows = []
    for member in members:
        state = member.role if member.standing is Standing.MEMBER else member.standing
        until = member.muted_until
        muted = f"muted until {_moment(until)}" if until else ""
        rows.append([visible(member.handle), str(state), muted])
    screen.table(["handle", "role", ""], rows)


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
_about("invite", "Invite HANDLE to NAME.", "{person} is invited to {group}.",
       lambda group, person, _: frames.GroupInvite(id=0, topic=group.topic, person=person))  # fmt: skip
_about("approve", "Let HANDLE, who asked, into NAME.", "{person} is in {group}.",
       lambda group, person, cid: frames.GroupApprove(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip
_about("refuse", "Refuse HANDLE's request, or take back the invitation.", "{person} is not let into {group}.",
       lambda group, person, _: frames.GroupRefuse(id=0, topic=group.topic, person=person))  # fmt: skip
_about("remove", "Remove HANDLE from NAME.", "{person} is out of {group}.",
       lambda group, person, cid: frames.GroupRemove(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip
_about("hand-over", "Make HANDLE the owner; one stays as an admin.", "{group} is {person}'s now.",
       lambda group, person, cid: frames.GroupHandOver(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip


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
@online
async def name_command(session: Session, screen: Screen, name: str, new: str) -> None:
    """Call the group NEW from now on."""
    encoded = _encoded(new, limits.NAME_BYTES, "name")
    summary = await names.group(session, screen, name)
    await session.request(frames.GroupName(id=0, cid=session.new_cid(), topic=summary.topic, name=encoded))
    screen.say(f"It is called {visible(new)} now.")


@group_command.command("notice")
@click.argument("name")
@click.argument("text")
@online
async def notice_command(session: Session, screen: Screen, name: str, text: str) -> None:
    """Put up a notice for all of the group; an empty one takes it down."""
    encoded = _encoded(text, limits.NOTICE_BYTES, "notice")
    summary = await names.group(session, screen, name)
    await session.request(frames.GroupNotice(id=0, cid=session.new_cid(), topic=summary.topic, notice=encoded))
    screen.say("The notice is up." if text else "The notice is down.")


def _moment(unix_ms: int) -> str:
    if unix_ms >= _FOR_GOOD_MS:
        return "further notice"
    return f"{datetime.fromtimestamp(unix_ms / 1000).astimezone():%Y-%m-%d %H:%M}"
