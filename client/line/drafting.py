"""Commands about what is not said yet: account draft save, list, show, drop; account schedule, scheduled, unschedule.

Operators share all of it, and nobody else sees it. Nobody looks at it before it is published, or is due.
"""

from typing import Any

import click

from client.line import names, times
from client.line.audience import audience_of, consent
from client.line.own import account_option, json_option
from client.line.press import (
    FORMAT,
    article_of,
    drafts_of,
    find_draft,
    quiet_option,
    read_draft,
    reprintable_option,
    tag_option,
)
from client.line.program import online
from client.line.publishing import yes_option
from client.line.safe import moment, visible
from client.line.screen import Screen
from client.manuscripts import write
from client.session import Session
from protocol.accounts import DraftItem, DropDraft, SaveDraft, Schedule, Scheduled, ScheduledItem, Unschedule
from protocol.ids import Cid, TopicId
from protocol.publications import PublishedError, decode_content, digest_of, encode_content


@click.group("draft")
def draft_command() -> None:
    """Keep articles that are not published yet, for all who edit the account."""


@draft_command.command("save", epilog=FORMAT)
@click.argument("source", metavar="FILE|-")
@click.option("--draft", "name", metavar="ID", help="Save it in the place of this draft.")
@account_option
@json_option
@online
async def save_command(
    session: Session, screen: Screen, source: str, name: str | None, which: str | None, *, as_json: bool
) -> None:
    """Save an article as a draft, and print its id."""
    own = await names.own_account(session, which)
    content = await article_of(session, own, source)
    draft = session.new_cid() if name is None else Cid((await find_draft(session, own, name)).draft)
    await session.request(SaveDraft(id=0, topic=own.topic, draft=draft, body=encode_content(content)))
    if as_json:
        screen.json({"draft": draft.hex(), "title": content.title, "digest": digest_of(content).hex()})
        return
    screen.say(draft.hex())
    screen.note(f"To publish it: hutong account publish draft:{draft.hex()} --account {own.topic}")


@draft_command.command("list")
@account_option
@json_option
@online
async def list_command(session: Session, screen: Screen, which: str | None, *, as_json: bool) -> None:
    """List the drafts, the one begun last first."""
    own = await names.own_account(session, which)
    found = await drafts_of(session, own)
    await session.names([item.by for item in found])
    if as_json:
        for item in found:
            screen.json(_draft_json(screen, item))
        return
    rows = [[item.draft.hex(), moment(item.at), screen.who(item.by), visible(_read(item)[0])] for item in found]
    screen.table(["draft", "saved", "by", "title"], rows)
    if not found:
        screen.note("There are no drafts. To save one: hutong account draft save FILE")


@draft_command.command("show")
@click.argument("name", metavar="ID")
@account_option
@json_option
@online
async def show_command(session: Session, screen: Screen, name: str, which: str | None, *, as_json: bool) -> None:
    """Print a draft (its id, or the beginning of it) as it is written, for a file or an editor; beside it, the digest
    of its content, by which the authority's approval of this one article names it.
    """
    own = await names.own_account(session, which)
    item = await find_draft(session, own, name)
    content = read_draft(item)
    if as_json:
        await session.names([item.by])
        screen.json({**_draft_json(screen, item), "manuscript": write(content)})
        return
    for line in write(content).rstrip("\n").split("\n"):
        screen.say(visible(line))
    screen.note(f"Digest: {digest_of(content).hex()}")


@draft_command.command("drop")
@click.argument("name", metavar="ID")
@account_option
@json_option
@online
async def drop_command(session: Session, screen: Screen, name: str, which: str | None, *, as_json: bool) -> None:
    """Drop a draft, for all operators."""
    own = await names.own_account(session, which)
    item = await find_draft(session, own, name)
    await session.request(DropDraft(id=0, topic=own.topic, draft=Cid(item.draft)))
    if as_json:
        screen.json({"draft": item.draft.hex()})
    else:
        screen.say(f"The draft {item.draft.hex()} is gone.")


@click.command("schedule", epilog=FORMAT)
@click.argument("source", metavar="FILE|-|draft:ID")
@click.option("--at", "when", required=True, metavar="TIME", help="2h or 3d from now, or a time: 2027-06-30T08:00.")
@quiet_option
@tag_option
@reprintable_option
@account_option
@yes_option
@json_option
@online
async def schedule_command(
    session: Session,
    screen: Screen,
    source: str,
    when: str,
    tag: str,
    which: str | None,
    *,
    quiet: bool,
    reprintable: bool | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Have an article published at TIME, in one's own name towards the other operators. It is judged then."""
    if tag and quiet:
        raise click.UsageError("--tag is for what is broadcast, --quiet for what is not")
    due = times.until(when)
    own = await names.own_account(session, which)
    content = await article_of(session, own, source)
    await consent(session, screen, await audience_of(session, screen, own), yes=yes)
    schedule = Schedule(
        id=0, cid=session.new_cid(), topic=own.topic, due=due, content=content, broadcast=not quiet, tag=tag,
        reprintable=bool(reprintable),
    )  # fmt: skip
    item = (await session.request(schedule)).item
    if as_json:
        screen.json(_scheduled_json(screen, item))
        return
    screen.say(item.item.hex())
    screen.note(f"It is published, if the gate lets it, on {moment(item.due)}. Not after all: hutong account "
                f"unschedule {item.item.hex()} --account {own.topic}")  # fmt: skip


@click.command("scheduled")
@account_option
@json_option
@online
async def scheduled_command(session: Session, screen: Screen, which: str | None, *, as_json: bool) -> None:
    """List what is to be published, the next first; and what could not be when it was due, with why."""
    own = await names.own_account(session, which)
    found = await _scheduled(session, own.topic)
    await session.names([item.by for item in found])
    if as_json:
        for item in found:
            screen.json(_scheduled_json(screen, item))
        return
    rows = [
        [
            item.item.hex(),
            moment(item.due),
            f"failed: {visible(item.failed)}" if item.failed else _way(item),
            screen.who(item.by),
            visible(item.content.title),
        ]
        for item in found
    ]
    screen.table(["item", "due", "", "by", "title"], rows)
    if not found:
        screen.note("Nothing is scheduled.")
    if any(item.failed for item in found):
        screen.note("What failed was refused when it was due, and stays here until: hutong account unschedule ID")


@click.command("unschedule")
@click.argument("name", metavar="ID")
@account_option
@json_option
@online
async def unschedule_command(session: Session, screen: Screen, name: str, which: str | None, *, as_json: bool) -> None:
    """Take back what is scheduled (its id, or the beginning of it): it is not published."""
    own = await names.own_account(session, which)
    found = [item for item in await _scheduled(session, own.topic) if item.item.hex().startswith(name.lower())]
    if len(found) != 1:
        number = "more than one" if found else "no"
        raise click.UsageError(f"{number} scheduled item {name!r}; `hutong account scheduled` lists them")
    await session.request(Unschedule(id=0, topic=own.topic, item=Cid(found[0].item)))
    if as_json:
        screen.json({"item": found[0].item.hex()})
    else:
        screen.say(f"“{visible(found[0].content.title)}” is not scheduled any more.")


async def _scheduled(session: Session, topic: TopicId) -> list[ScheduledItem]:
    found: list[ScheduledItem] = []
    after: Cid | None = None
    while True:
        page = await session.request(Scheduled(id=0, topic=topic, after=after))
        found += page.items
        if page.complete or not page.items:
            return found
        after = Cid(page.items[-1].item)


def _read(item: DraftItem) -> tuple[str, str]:
    """Return the title of a draft, and the digest of its content; without one, what it is instead of a title."""
    try:
        content = decode_content(item.body)
    except PublishedError as error:
        return f"({error.size} bytes of another client)", ""
    return content.title, digest_of(content).hex()


def _way(item: ScheduledItem) -> str:
    return (f"broadcast to {visible(item.tag)}" if item.tag else "broadcast") if item.broadcast else "page only"


def _draft_json(screen: Screen, item: DraftItem) -> dict[str, Any]:
    fields = {"draft": item.draft.hex(), "by": item.by, "handle": screen.who(item.by), "at": item.at}
    return {**fields, **dict(zip(("title", "digest"), _read(item), strict=True))}


def _scheduled_json(screen: Screen, item: ScheduledItem) -> dict[str, Any]:
    return {
        "item": item.item.hex(),
        "due": item.due,
        "broadcast": item.broadcast,
        "tag": item.tag,
        "reprintable": item.reprintable,
        "by": item.by,
        "handle": screen.who(item.by),
        "title": item.content.title,
        "digest": digest_of(item.content).hex(),
        "failed": item.failed,
    }
