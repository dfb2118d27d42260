"""`hutong officer application` and `review`: what staff decide about applications for public accounts."""

import click
import msgspec
from rich.text import Text

from client.connection import Connection
from client.line.officer import json_option, on_duty_command
from client.line.officer import officer_command as officer_command  # With what is added here.
from client.line.own import application_rows
from client.line.safe import moment, visible
from client.line.screen import Screen
from client.line.verdicts import reasons
from protocol.ids import ID_CHARS, TopicId
from protocol.staff import ApplicationReply, OfficerApplication, OfficerQueue, OfficerReview, ReviewAct

QUEUE = 100


@officer_command.command("application")
@click.argument("account")
@json_option
@on_duty_command
async def application_command(connection: Connection, screen: Screen, account: str, *, as_json: bool) -> None:
    """Show the application for ACCOUNT (its id, or the beginning of one in the queue), and its decisions."""
    topic = await _find(connection, account)
    _tell(screen, await connection.request(OfficerApplication(id=0, topic=topic)), as_json=as_json)


@officer_command.command("review")
@click.argument("account")
@click.argument("act", type=click.Choice([act.value for act in ReviewAct]))
@click.option("--ground", default="", metavar="CODE", help="Why, of the pack's grounds; needed to refuse.")
@click.option("--facts", default="", metavar="TEXT", help="The facts, in words for the applicant; needed to refuse.")
@json_option
@on_duty_command
async def review_command(
    connection: Connection, screen: Screen, account: str, act: str, ground: str, facts: str, *, as_json: bool
) -> None:
    """Approve the application for ACCOUNT, or refuse it.

    The applicant is told all of it: the ground with its clause, the facts, that an officer decided; and may change
    what is refused and submit it again.
    """
    if act == ReviewAct.REFUSE and not (ground and facts):
        raise click.UsageError("a refusal needs --ground and --facts; `hutong gate` lists the grounds")
    topic = await _find(connection, account)
    review = OfficerReview(id=0, topic=topic, act=ReviewAct(act), ground=ground, facts=facts)
    _tell(screen, await connection.request(review), as_json=as_json)


async def _find(connection: Connection, account: str) -> TopicId:
    """Return the id that `account` is, or is the beginning of, in the queue."""
    if len(account) == ID_CHARS:
        return TopicId(account)
    items = (await connection.request(OfficerQueue(id=0, limit=QUEUE))).items
    found = [each.account for each in items if each.account is not None and each.account.startswith(account)]
    if len(found) != 1:
        number = "more than one" if found else "no"
        raise click.UsageError(f"{number} application {account!r} waits; see `hutong officer queue`")
    return found[0]


def _tell(screen: Screen, reply: ApplicationReply, *, as_json: bool) -> None:
    if as_json:
        screen.json(msgspec.to_builtins(reply))
        return
    said = reply.application
    due = f", to be decided by {moment(reply.due)}" if reply.due is not None else ""
    screen.say(Text.assemble((visible(said.name), "bold"), f" ({reply.account}): {reply.state}, {said.type}{due}"))
    for name, text in application_rows(said):
        screen.say(Text.assemble((f"  {name + ':':<10} ", "dim"), visible(text)))
    for decision in reply.decisions:
        for line in reasons(decision):
            screen.say(line)
