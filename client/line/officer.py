"""`hutong officer ...`: what staff do. They decide about what is public, and reach nothing private."""

import os
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate

import click
import msgspec
import trio

from client.connection import Connection
from client.line.program import DEFAULT_SERVER, EXITS, Program, pass_program
from client.line.screen import Screen, moment, visible
from client.line.verdicts import headline, marked, reasons, submission_json
from client.staff import Badge, Officer, on_duty
from protocol import limits
from protocol.decisions import Span
from protocol.ids import ID_CHARS, PUBLIC_MARK, SubmissionId, TopicId
from protocol.staff import ItemReply, OfficerAct, OfficerDecide, OfficerQueue, OfficerShow, QueueItem

_SPAN = re.compile(r"([a-z]+(?:\[\d{1,3}\]\.[a-z]+)?):(\d{1,5})-(\d{1,5})")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")


@click.group("officer", epilog=EXITS)
def officer_command() -> None:
    """Decide what the gate holds, and who gets a public account. For staff, who are no users: an operator adds them
    with `hutongd staff add`.
    """


Work = Callable[Concatenate[Connection, Screen, ...], Awaitable[None]]


def on_duty_command(work: Work) -> Callable[..., None]:
    """Make a command of `work`, with a connection on which the officer is logged in."""

    def run(program: Program, **arguments: Any) -> None:
        officer = Badge(program.profiles.folder).officer()

        async def duty() -> None:
            url = program.server or officer.url
            async with on_duty(url, officer.code, officer.token, ca=program.ca) as (connection, _):
                await work(connection, Screen(), **arguments)

        trio.run(duty)

    run.__doc__ = work.__doc__
    return pass_program(run)


@officer_command.command("login")
@click.argument("code")
@click.option("--token-stdin", "from_stdin", is_flag=True, help="Read the token from standard input.")
@pass_program
def login_command(program: Program, code: str, *, from_stdin: bool) -> None:
    """Log in here as the officer CODE. The token comes from HUTONG_STAFF_TOKEN, or is asked for."""
    token = _token(code, from_stdin=from_stdin)
    url = program.server or DEFAULT_SERVER

    async def enter() -> Officer:
        async with on_duty(url, code, token, ca=program.ca) as (_, duty):
            return Officer(url=url, code=duty.code, role=duty.role, token=token)

    officer = trio.run(enter)
    Badge(program.profiles.folder).keep(officer)
    click.echo(f"Officer {visible(officer.code)}, {officer.role}, is on duty. What waits: hutong officer queue")


@officer_command.command("logout")
@pass_program
def logout_command(program: Program) -> None:
    """Forget the officer who is logged in here."""
    officer = Badge(program.profiles.folder).officer()
    Badge(program.profiles.folder).drop()
    click.echo(f"Officer {visible(officer.code)} is off duty here.")


@officer_command.command("queue")
@click.option("--limit", type=click.IntRange(1, limits.SUBMISSIONS), default=50, show_default=True)
@json_option
@on_duty_command
async def queue_command(connection: Connection, screen: Screen, limit: int, *, as_json: bool) -> None:
    """List what waits for a decision, applications for public accounts too, the oldest deadline first."""
    reply = await connection.request(OfficerQueue(id=0, limit=limit))
    items = sorted(reply.items, key=_deadline)
    if as_json:
        for item in items:
            screen.json(msgspec.to_builtins(item))
        return
    columns = ["item", "due", "surface", "ground", "by", "what"]
    screen.table(columns, [_queue_row(item) for item in items])
    if not items:
        screen.note("Nothing waits.")
    elif reply.total > len(items):
        screen.note(f"{reply.total - len(items)} more wait.")


@officer_command.command("show")
@click.argument("item")
@click.argument("seq", required=False, type=click.IntRange(1))
@json_option
@on_duty_command
async def show_command(connection: Connection, screen: Screen, item: str, seq: int | None, *, as_json: bool) -> None:
    """Show ITEM, held or published, with everything decided about it: its id (or the beginning of one in the queue);
    or a public place's id and the number of the entry there; or the whole id of a comment, which begins with 0.
    """
    if seq is not None:
        shown = msgspec.convert({"id": 0, "topic": TopicId(item), "seq": seq}, OfficerShow)
    elif item.startswith(PUBLIC_MARK):
        shown = msgspec.convert({"id": 0, "comment": item}, OfficerShow)
    else:
        shown = OfficerShow(id=0, item=await _find(connection, item))
    _tell(screen, await connection.request(shown), as_json=as_json)


@officer_command.command("decide")
@click.argument("item")
@click.argument("act", type=click.Choice([act.value for act in OfficerAct]))
@click.option("--ground", default="", metavar="CODE", help="Why, of the pack's grounds; needed to reject or withdraw.")
@click.option("--facts", default="", metavar="TEXT", help="The facts, in words for the author.")
@click.option(
    "--where", "places", multiple=True, metavar="PATH:START-END", help="Exactly where, as in --where text:10-18."
)
@json_option
@on_duty_command
async def decide_command(
    connection: Connection,
    screen: Screen,
    item: str,
    act: str,
    ground: str,
    facts: str,
    places: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Decide ITEM: release or reject what is held; withdraw what is published, or restore it (for a chief).

    The author is told all of it: the ground with its clause, the facts, where exactly, that an officer decided.
    """
    decide = OfficerDecide(
        id=0,
        item=await _find(connection, item),
        act=OfficerAct(act),
        ground=ground,
        facts=facts,
        where=tuple(_span(place) for place in places),
    )
    _tell(screen, await connection.request(decide), as_json=as_json)


def _token(code: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if "HUTONG_STAFF_TOKEN" in os.environ:
        return os.environ["HUTONG_STAFF_TOKEN"]
    if not sys.stdin.isatty():
        raise click.UsageError("no terminal to ask for the token: use --token-stdin or HUTONG_STAFF_TOKEN")
    return str(click.prompt(f"Token of {code}", hide_input=True))


async def _find(connection: Connection, item: str) -> SubmissionId:
    """Return the id that `item` is, or is the beginning of, in the queue."""
    if len(item) == ID_CHARS:
        return SubmissionId(item)
    items = (await connection.request(OfficerQueue(id=0, limit=limits.SUBMISSIONS))).items
    found = [each.item for each in items if each.item is not None and each.item.startswith(item)]
    if len(found) != 1:
        raise click.UsageError(f"{'more than one' if found else 'no'} item {item!r} waits; see `hutong officer queue`")
    return found[0]


def _span(place: str) -> Span:
    match = _SPAN.fullmatch(place)
    if match is None or int(match[2]) >= int(match[3]):
        raise click.UsageError(f"--where takes PATH:START-END, as in text:10-18 or parts[0].text:0-4, not {place!r}")
    return Span(path=match[1], start=int(match[2]), end=int(match[3]))


def _tell(screen: Screen, reply: ItemReply, *, as_json: bool) -> None:
    if as_json:
        decisions = [msgspec.to_builtins(decision) for decision in reply.decisions]
        screen.json({"submission": submission_json(reply.submission), "decisions": decisions})
        return
    item = reply.submission
    screen.say(headline(screen, item))
    where = [span for decision in reply.decisions[-1:] for span in decision.where]
    for line in marked(item.content, where, whole=True) if item.content is not None else []:
        screen.say(line)
    for decision in reply.decisions:
        for line in reasons(decision):
            screen.say(line)


def _deadline(item: QueueItem) -> tuple[bool, int, int]:
    return item.due is None, item.due or 0, item.at


def _queue_row(item: QueueItem) -> list[str]:
    due = moment(item.due) if item.due is not None else ""
    words = [visible(text) for text in (item.ground, item.by, item.excerpt)]
    if item.account is not None:
        return [item.account, due, "application" + " (encouraged)" * item.encouraged, *words]
    return [item.item or "", due, (item.surface or "").replace("_", " "), *words]
