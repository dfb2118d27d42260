"""Commands about private cards: what people show of themselves to their contacts, and in private groups."""

from typing import Any

import click
import msgspec

from client.errors import RefusedError
from client.line import names
from client.line.own import json_option
from client.line.program import EXITS, online
from client.line.screen import Screen, visible, visible_lines
from client.session import Session
from protocol import content
from protocol.contacts import PrivateCard, PrivateCards, SetPrivateCard
from protocol.content import Card, ContentError
from protocol.entries import Side
from protocol.ids import PersonId


@click.group("private-card", epilog=EXITS)
def private_card_command() -> None:
    """Show private cards, or set one's own: friends see it, and people in the same private groups. Nobody looks at it
    first, and the server never reads it. What everybody sees is one's public card: hutong card.
    """


@private_card_command.command("show")
@click.argument("handle", required=False)
@json_option
@online
async def show_command(session: Session, screen: Screen, handle: str | None, *, as_json: bool) -> None:
    """Show the private card of HANDLE, or one's own."""
    person = session.account.person if handle is None else await names.person(session, handle)
    found = await _look(session, person)
    if found is None:
        none = "You have no private card: hutong private-card set --name NAME"
        screen.note(none if handle is None else f"{visible(handle)} shows you none.")
        return
    card = _read(found)
    if as_json:
        screen.json(_json(screen, found, card))
        return
    screen.say(f"[{Side.PRIVATE}] {screen.who(person)}")
    if card is None:
        screen.say(f"({len(found.card)} unreadable bytes)")
        return
    screen.say(f"Name: {visible(card.name) or '-'}")
    if card.status:
        screen.say(visible_lines(card.status, 0))


@private_card_command.command("set")
@click.option("--name", help="What one is called among them; empty: nothing.")
@click.option("--status", help="Some words about how one is; empty: none.")
@json_option
@online
async def set_command(session: Session, screen: Screen, name: str | None, status: str | None, *, as_json: bool) -> None:
    """Set one's private card; what is not said stays as it is. Friends see it, and people in the same private groups,
    but nobody whom one blocks.
    """
    said = {key: text for key, text in (("name", name), ("status", status)) if text is not None}
    if not said:
        raise click.UsageError("say --name or --status, or both")
    before = await _look(session, session.account.person)
    known = _read(before) if before is not None else Card()
    if known is None and len(said) < len(Card.__struct_fields__):
        raise RefusedError(
            "unreadable", "the card you have cannot be read here; to replace it, say --name and --status"
        )
    card = msgspec.structs.replace(known or Card(), **said)
    try:
        body = content.encode_card(card)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    await session.request(SetPrivateCard(id=0, card=body))
    if as_json:
        screen.json(_json(screen, PrivateCard(person=session.account.person, card=body), card))
    elif card == Card():
        screen.say("You have no private card any more.")
    else:
        screen.say("Your private card is set: your friends see it, and people in the same private groups.")


async def _look(session: Session, person: PersonId) -> PrivateCard | None:
    cards = (await session.request(PrivateCards(id=0, persons=(person,)))).cards
    return next((card for card in cards if card.card), None)


def _read(card: PrivateCard) -> Card | None:
    try:
        return content.decode_card(card.card)
    except ContentError:
        return None


def _json(screen: Screen, found: PrivateCard, card: Card | None) -> dict[str, Any]:
    fields = {"person": found.person, "handle": screen.who(found.person)}
    if card is None:
        return {**fields, "card_hex": found.card.hex()}
    return {**fields, "name": card.name, "status": card.status}
