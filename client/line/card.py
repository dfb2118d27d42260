"""Commands about public cards: who somebody is to the public, if they chose to be anybody there."""

from typing import Any

import click

from client.line import names
from client.line.program import EXITS, online
from client.line.publishing import json_option, publish_here, yes_option
from client.line.screen import Screen, visible, visible_lines
from client.session import Session
from protocol.entries import Side
from protocol.ids import PersonId
from protocol.public import Card, Cards
from protocol.publications import Content, Published, PublishedError, Surface, decode, is_empty


@click.group("card", epilog=EXITS)
def card_command() -> None:
    """Show public cards, or publish one's own. It is made by publishing it, and has nothing private in it."""


@card_command.command("show")
@click.argument("handle", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@online
async def show_command(session: Session, screen: Screen, handle: str | None, *, as_json: bool) -> None:
    """Show the public card of HANDLE, or one's own."""
    person = PersonId(session.account.person) if handle is None else await names.person(session, handle)
    cards = (await session.request(Cards(id=0, persons=(person,)))).cards
    if not cards:
        whose = "You have no public card: hutong card publish --name NAME" if handle is None else f"{handle} has none."
        screen.note(whose)
        return
    [card] = cards
    read = _read(card)
    if as_json:
        screen.json(_json(card, read))
        return
    screen.say(f"[{Side.PUBLIC}] {visible(card.handle)}")
    if read is None:
        screen.say(f"({len(card.body)} unreadable bytes)")
        return
    screen.say(f"Screen name: {visible(read.content.title) or '-'}")
    if read.content.text:
        screen.say(visible_lines(read.content.text, 0))
    if read.labels:
        screen.say(f"[{', '.join(map(visible, read.labels))}]")


@card_command.command("publish")
@click.option("--name", default="", help="The screen name.")
@click.option("--bio", default="", help="Some words about oneself.")
@click.option("--lang", default="", metavar="TAG", help="The language it is in.")
@yes_option
@json_option
@online
async def publish_command(
    session: Session, screen: Screen, name: str, bio: str, lang: str, *, yes: bool, as_json: bool
) -> None:
    """Publish one's card; it takes the place of the one before. It passes the gate like everything public."""
    content = Content(title=name, text=bio, lang=lang)
    if is_empty(content):
        raise click.UsageError("say --name or --bio, or both")
    await publish_here(session, screen, None, Surface.CARD, content, yes=yes, as_json=as_json)


def _read(card: Card) -> Published | None:
    try:
        return decode(card.body)
    except PublishedError:
        return None


def _json(card: Card, read: Published | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"person": card.person, "handle": card.handle, "topic": card.topic, "seq": card.seq}
    if read is None:
        return {**fields, "body_hex": card.body.hex()}
    said = {"screen_name": read.content.title, "bio": read.content.text, "lang": read.content.lang}
    return {**fields, **said, "labels": list(read.labels), "version": read.version}
