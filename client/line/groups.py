"""Commands about groups: found, list, show, invite, accept, decline, link, ask, approve, leave, and ruling one."""

from collections.abc import Callable
from datetime import datetime

import click
import msgspec
from rich.text import Text

from client.line import names
from client.line.program import EXITS, Program, pass_program
from client.line.screen import Screen, visible
from client.session import Session
from client.view import read_text
from protocol import content, limits
from protocol.entries import Role, Standing, TopicKind
from protocol.frames import (
    GroupAccept,
    GroupApprove,
    GroupAsk,
    GroupDecline,
    GroupFound,
    GroupHandOver,
    GroupInvite,
    GroupLeave,
    GroupLink,
    GroupMute,
    GroupName,
    GroupNotice,
    GroupRefuse,
    GroupRemove,
    GroupRole,
    GroupUnlink,
    Reply,
    Request,
    ShowTopic,
    Summary,
)
from protocol.ids import Cid, PersonId

_FOR_GOOD_MS = limits.SEQ_MAX
Making = Callable[[Summary, Cid], Request[Reply]]
MakingAbout = Callable[[Summary, PersonId, Cid], Request[Reply]]


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
@pass_program
def found_command(program: Program, name: str, handles: tuple[str, ...]) -> None:
    """Found a private group called NAME, and invite HANDLES."""
    encoded = _encoded(name, limits.NAME_BYTES, "name")

    async def work(session: Session, screen: Screen) -> None:
        invited = [await names.person(session, handle) for handle in handles]
        founded = await session.request(GroupFound(id=0, cid=session.new_cid(), name=encoded, invite=tuple(invited)))
        screen.say(founded.topic)
        screen.note(f"Talk there: hutong chat {founded.topic}")

    program.online(work)


@group_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_program
def list_command(program: Program, *, as_json: bool) -> None:
    """List one's groups, with invitations and requests to join."""

    async def work(session: Session, screen: Screen) -> None:
        groups = [summary for summary in session.cache.topics() if summary.kind is TopicKind.GROUP]
        if as_json:
            for summary in groups:
                screen.json(screen.topic_json(summary))
        elif groups:
            screen.topics(groups)
        else:
            screen.note("No groups yet. Found one: hutong group found 'Tea house' bob carol")

    program.online(work)


@group_command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_program
def show_command(program: Program, name: str, *, as_json: bool) -> None:
    """Show a group: its notice, its members and their roles."""

    async def work(session: Session, screen: Screen) -> None:
        summary = await names.group(session, screen, name)
        reply = await session.request(ShowTopic(id=0, topic=summary.topic))
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

    program.online(work)


@group_command.command("requests")
@click.argument("name")
@pass_program
def requests_command(program: Program, name: str) -> None:
    """List who asks to join NAME and who is invited (for owner and admins)."""

    async def work(session: Session, screen: Screen) -> None:
        summary = await names.group(session, screen, name)
        members = (await session.request(ShowTopic(id=0, topic=summary.topic))).members
        waiting = [member for member in members if member.standing is not Standing.MEMBER]
        if not waiting:
            screen.note("Nobody asks to join, nobody is invited.")
        rows = [[visible(m.handle), str(m.standing), visible(read_text(m.greeting)[0] or "")] for m in waiting]
        screen.table(["handle", "", "greeting"], rows)

    program.online(work)


@group_command.command("link")
@click.argument("name")
@pass_program
def link_command(program: Program, name: str) -> None:
    """Make a link by which people ask to join; an earlier one stops working."""

    async def work(session: Session, screen: Screen) -> None:
        summary = await names.group(session, screen, name)
        link = (await session.request(GroupLink(id=0, topic=summary.topic))).link
        screen.say(link)
        screen.note(f"Who has it can ask to join: hutong group ask {link}")

    program.online(work)


@group_command.command("ask")
@click.argument("link")
@click.argument("greeting", default="")
@pass_program
def ask_command(program: Program, link: str, greeting: str) -> None:
    """Ask to join the group that LINK is of."""
    greeted = _encoded(greeting, limits.GREETING_BYTES, "greeting")

    async def work(session: Session, screen: Screen) -> None:
        await session.request(GroupAsk(id=0, link=link, greeting=greeted))
        screen.say("Asked. It is for the group's admins to let you in.")

    program.online(work)


def _simple(word: str, explained: str, done: str, make: Making) -> None:
    """Add a command that takes a group and nothing else."""

    @group_command.command(word, help=explained)
    @click.argument("name")
    @pass_program
    def simple_command(program: Program, name: str) -> None:
        async def work(session: Session, screen: Screen) -> None:
            summary = await names.group(session, screen, name)
            await session.request(make(summary, session.new_cid()))
            screen.say(done.format(group=screen.title(summary)))

        program.online(work)


def _about(word: str, explained: str, done: str, make: MakingAbout) -> None:
    """Add a command that takes a group and a person."""

    @group_command.command(word, help=explained)
    @click.argument("name")
    @click.argument("handle")
    @pass_program
    def about_command(program: Program, name: str, handle: str) -> None:
        async def work(session: Session, screen: Screen) -> None:
            summary = await names.group(session, screen, name)
            person = await names.person(session, handle)
            await session.request(make(summary, person, session.new_cid()))
            screen.say(done.format(group=screen.title(summary), person=handle))

        program.online(work)


_simple("accept", "Join NAME, to which one is invited.", "You are in {group}.",
        lambda group, cid: GroupAccept(id=0, cid=cid, topic=group.topic))  # fmt: skip
_simple("decline", "Turn down an invitation to NAME, or take one's own request back.", "{group} is declined.",
        lambda group, _: GroupDecline(id=0, topic=group.topic))  # fmt: skip
_simple("unlink", "Make the link of NAME stop working.", "The link of {group} works no more.",
        lambda group, _: GroupUnlink(id=0, topic=group.topic))  # fmt: skip
_simple("leave", "Leave NAME; its owner hands it over first.", "You have left {group}.",
        lambda group, cid: GroupLeave(id=0, cid=cid, topic=group.topic))  # fmt: skip
_about("invite", "Invite HANDLE to NAME.", "{person} is invited to {group}.",
       lambda group, person, _: GroupInvite(id=0, topic=group.topic, person=person))  # fmt: skip
_about("approve", "Let HANDLE, who asked, into NAME.", "{person} is in {group}.",
       lambda group, person, cid: GroupApprove(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip
_about("refuse", "Refuse HANDLE's request, or take back the invitation.", "{person} is not let into {group}.",
       lambda group, person, _: GroupRefuse(id=0, topic=group.topic, person=person))  # fmt: skip
_about("remove", "Remove HANDLE from NAME.", "{person} is out of {group}.",
       lambda group, person, cid: GroupRemove(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip
_about("hand-over", "Make HANDLE the owner; one stays as an admin.", "{group} is {person}'s now.",
       lambda group, person, cid: GroupHandOver(id=0, cid=cid, topic=group.topic, person=person))  # fmt: skip


@group_command.command("role")
@click.argument("name")
@click.argument("handle")
@click.argument("role", type=click.Choice(["admin", "member"]))
@pass_program
def role_command(program: Program, name: str, handle: str, role: str) -> None:
    """Make HANDLE an admin or a member of NAME."""

    async def work(session: Session, screen: Screen) -> None:
        summary = await names.group(session, screen, name)
        person = await names.person(session, handle)
        cid = session.new_cid()
        await session.request(GroupRole(id=0, cid=cid, topic=summary.topic, person=person, role=Role(role)))
        screen.say(f"{handle} is {'an admin' if role == 'admin' else 'a member'} of {screen.title(summary)}.")

    program.online(work)


def _mute(program: Program, name: str, handle: str | None, until: int) -> None:
    async def work(session: Session, screen: Screen) -> None:
        summary = await names.group(session, screen, name)
        person = await names.person(session, handle) if handle else None
        cid = session.new_cid()
        await session.request(GroupMute(id=0, cid=cid, topic=summary.topic, person=person, until=until))
        screen.say(f"{handle or 'Everybody'} {'may not' if until else 'may'} write in {screen.title(summary)}.")

    program.online(work)


@group_command.command("mute")
@click.argument("name")
@click.argument("handle", required=False)
@click.option("--minutes", type=click.IntRange(1, 60 * 24 * 3660), help="For so long; without it, until unmuted.")
@pass_program
def mute_command(program: Program, name: str, handle: str | None, minutes: int | None) -> None:
    """Let HANDLE (or all but owner and admins) not write in NAME."""
    now = int(datetime.now().astimezone().timestamp() * 1000)
    _mute(program, name, handle, _FOR_GOOD_MS if minutes is None else now + minutes * 60_000)


@group_command.command("unmute")
@click.argument("name")
@click.argument("handle", required=False)
@pass_program
def unmute_command(program: Program, name: str, handle: str | None) -> None:
    """Let HANDLE (or everybody) write in NAME again."""
    _mute(program, name, handle, 0)


@group_command.command("name")
@click.argument("name")
@click.argument("new")
@pass_program
def name_command(program: Program, name: str, new: str) -> None:
    """Call the group NEW from now on."""
    encoded = _encoded(new, limits.NAME_BYTES, "name")

    async def work(session: Session, screen: Screen) -> None:
        summary = await names.group(session, screen, name)
        await session.request(GroupName(id=0, cid=session.new_cid(), topic=summary.topic, name=encoded))
        screen.say(f"It is called {visible(new)} now.")

    program.online(work)


@group_command.command("notice")
@click.argument("name")
@click.argument("text")
@pass_program
def notice_command(program: Program, name: str, text: str) -> None:
    """Put up a notice for all of the group; an empty one takes it down."""
    encoded = _encoded(text, limits.NOTICE_BYTES, "notice")

    async def work(session: Session, screen: Screen) -> None:
        summary = await names.group(session, screen, name)
        await session.request(GroupNotice(id=0, cid=session.new_cid(), topic=summary.topic, notice=encoded))
        screen.say("The notice is up." if text else "The notice is down.")

    program.online(work)


def _moment(unix_ms: int) -> str:
    if unix_ms >= _FOR_GOOD_MS:
        return "further notice"
    return f"{datetime.fromtimestamp(unix_ms / 1000).astimezone():%Y-%m-%d %H:%M}"
