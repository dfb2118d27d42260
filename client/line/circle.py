"""Whom something private is for: people made of names and tags, said in words before it is said to them, and asked.

Tags go no further than this: what the server is told is people.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from client.contacts import audience
from client.line.audience import put_to
from client.line.screen import Screen
from client.session import Session
from protocol.contacts import Contact
from protocol.entries import Side
from protocol.frames import Blocks
from protocol.ids import PersonId
from protocol.moments import Audience

NAMED = 12  # So many names are said; of more, how many there are besides.


def whom_options(words: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say whom something is for."""
    options = (
        click.option("--self", "alone", is_flag=True, help="For oneself alone."),
        click.option("--only", multiple=True, metavar="WHO", help="For these contacts alone; may be repeated."),
        click.option("--tag", "tags", multiple=True, metavar="TAG", help="For those with this tag; may be repeated."),
        click.option("--without", multiple=True, metavar="WHO", help="Not for these; may be repeated."),
        click.option(
            "--without-tag", "without_tags", multiple=True, metavar="TAG", help="Not for those; may be repeated."
        ),
    )
    for option in reversed(options):
        words = option(words)
    return words


def chosen(
    session: Session,
    *,
    alone: bool,
    only: Sequence[str],
    tags: Sequence[str],
    without: Sequence[str],
    without_tags: Sequence[str],
) -> Audience:
    """Return whom the options of a command mean, by the contacts and tags this device knows.

    Raises:
        click.UsageError: Oneself alone, and somebody else.
        ContactError: Somebody is no contact, or nobody has such a tag.
    """
    if alone and (only or tags or without or without_tags):
        raise click.UsageError("--self is for oneself alone: leave out the others")
    if alone:
        return Audience(only=())
    return audience(
        session.cache.contacts.all(),
        only_people=only,
        only_tags=tags,
        without_people=without,
        without_tags=without_tags,
    )


async def agree_to(session: Session, screen: Screen, whom: Audience, question: str, *, yes: bool, undone: str) -> None:
    """Say who can see what is for `whom`, and ask; raises as `put_to`."""
    blocked = {person.person for person in (await session.request(Blocks(id=0))).people}
    preferences = session.cache.preferences
    days = preferences.moments_days if preferences is not None else 0
    said = lines(screen, whom, session.cache.contacts.all(), blocked, days)
    await put_to(screen, said, question, yes=yes, undone=undone)


def lines(screen: Screen, whom: Audience, contacts: Iterable[Contact], blocked: set[PersonId], days: int) -> list[str]:
    """Return who can see what is for `whom`, as far as this device knows."""
    if whom.only == ():
        return [f"[{Side.PRIVATE}] For yourself alone: nobody else sees it."]
    meant = [contact for contact in contacts if whom.only is None or contact.person in whom.only]
    hidden = [contact.person for contact in meant if contact.hides_mine or contact.person in blocked]
    seeing = [contact.person for contact in meant if contact.person not in {*hidden, *whom.without}]
    match len(seeing):
        case 0:
            who = "nobody can see it now"
        case 1:
            who = f"one person, as long as you are a contact of theirs too: {called(screen, seeing)}"
        case number:
            who = f"{number} people, as long as you are a contact of theirs too: {called(screen, seeing)}"
    said = [f"[{Side.PRIVATE}] {_beginning(screen, whom)}: {who}."]
    if whom.only is None:
        said.append("Whoever becomes your friend later can see it too.")
    elif not_shown := [person for person in hidden if person not in whom.without]:
        said.append(f"Not shown to {called(screen, not_shown)}: you hide your moments from them, or block them.")
    if days:
        said.append(f"After {days} days nobody but you sees it any more.")
    return said


def words(screen: Screen, whom: Audience) -> str:
    """Return whom a moment of one's own is for, in a few words."""
    but = f", without {called(screen, whom.without)}" if whom.without else ""
    match whom.only:
        case None:
            return f"for friends{but}"
        case ():
            return "for yourself"
        case people:
            return f"for {called(screen, [each for each in people if each not in whom.without])}"


def called(screen: Screen, people: Sequence[PersonId]) -> str:
    """Return what `people` are called, and how many more there are than can be said."""
    named = ", ".join(sorted(map(screen.who, people))[:NAMED])
    return f"{named} and {len(people) - NAMED} more" if len(people) > NAMED else named


def _beginning(screen: Screen, whom: Audience) -> str:
    if whom.only is not None:
        return "For those you named"
    return f"For your friends, without {called(screen, whom.without)}" if whom.without else "For your friends"
