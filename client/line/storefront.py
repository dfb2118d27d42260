"""Commands about what an account shows of itself: account profile, menu, welcome, replies, show.

All of it is published, and passes the gate when it is saved.
"""

from pathlib import Path
from typing import Any

import click
import msgspec

from client.articles import ARTICLES
from client.errors import RefusedError
from client.line import names, paper
from client.line.own import account_option, file_option, json_option, read_toml
from client.line.program import online
from client.line.publishing import publish_as, yes_option
from client.line.safe import visible
from client.line.screen import Screen
from client.session import Session
from client.view import content_of, fold
from protocol.accounts import OwnAccount
from protocol.decisions import SubmissionState
from protocol.errors import ErrorCode
from protocol.following import AccountPage
from protocol.frames import History
from protocol.ids import TopicId
from protocol.public import ShowGate
from protocol.publications import AutoReply, Content, MenuEntry, Surface, is_empty

SHOWN = 10  # Of an account's articles, when its page is shown.
_SHOWN_AS = {
    Surface.ACCOUNT_PROFILE: "The profile",
    Surface.ACCOUNT_MENU: "The menu",
    Surface.ACCOUNT_WELCOME: "The welcome",
    Surface.ACCOUNT_REPLIES: "The automatic replies",
}
_MENU = """\b
A menu has up to 3 entries, each of them a text, a link, or up to 5 items:
  [[menu]]
  label = "About"
  [[menu.items]]
  label = "Who we are"
  text = "Three people and a printer."
  [[menu]]
  label = "Shop"
  link = "https://shop.example"
"""
_REPLIES = """\b
A table is read from above: the first reply that has a keyword in the message is the answer.
  [[replies]]
  keywords = ["opening hours", "营业时间"]
  text = "Nine to five, every day."
"""


class _MenuFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    menu: tuple[MenuEntry, ...] = ()


class _RepliesFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    replies: tuple[AutoReply, ...] = ()


@click.command("profile")
@click.option("--text", help="What the account is about.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag that followers may choose; repeatable.")
@click.option("--no-tags", is_flag=True, help="Offer no tags any more.")
@click.option("--lang", metavar="TAG", help="The language it is in.")
@account_option
@yes_option
@json_option
@online
async def profile_command(
    session: Session,
    screen: Screen,
    text: str | None,
    tags: tuple[str, ...],
    lang: str | None,
    which: str | None,
    *,
    no_tags: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Publish what the account is about. The first time this opens it; later what is not said stays as it is.

    Its name is the one it was approved with.
    """
    own = await names.own_account(session, which)
    before = await _published(session, own.topic)
    known = content_of(before.profile) if before is not None else Content()
    if tags and no_tags:
        raise click.UsageError("say --tag or --no-tags, not both")
    content = Content(
        title=own.name,
        text=known.text if text is None else text,
        lang=known.lang if lang is None else lang,
        tags=tags or (() if no_tags else known.tags),
    )
    if before is None and not content.text:
        raise click.UsageError("say what the account is about: --text '...'")
    await _publish(session, screen, own, Surface.ACCOUNT_PROFILE, content, yes=yes, as_json=as_json)


@click.command("menu", epilog=_MENU)
@file_option("The menu, in TOML; without an entry, there is none any more.", required=True)
@account_option
@yes_option
@json_option
@online
async def menu_command(
    session: Session, screen: Screen, path: Path, which: str | None, *, yes: bool, as_json: bool
) -> None:
    """Publish the menu that whoever writes to the account is shown."""
    content = Content(menu=read_toml(path, _MenuFile).menu)
    own = await names.own_account(session, which)
    await _publish(session, screen, own, Surface.ACCOUNT_MENU, content, yes=yes, as_json=as_json)


@click.command("welcome")
@click.argument("text")
@account_option
@yes_option
@json_option
@online
async def welcome_command(
    session: Session, screen: Screen, text: str, which: str | None, *, yes: bool, as_json: bool
) -> None:
    """Publish what new followers are welcomed with; an empty TEXT: nothing."""
    own = await names.own_account(session, which)
    await _publish(session, screen, own, Surface.ACCOUNT_WELCOME, Content(text=text), yes=yes, as_json=as_json)


@click.command("replies", epilog=_REPLIES)
@file_option("The table, in TOML; without a reply, there is none any more.", required=True)
@account_option
@yes_option
@json_option
@online
async def replies_command(
    session: Session, screen: Screen, path: Path, which: str | None, *, yes: bool, as_json: bool
) -> None:
    """Publish what is answered by itself. The follower's own client matches it; the server does not."""
    content = Content(replies=read_toml(path, _RepliesFile).replies)
    own = await names.own_account(session, which)
    await _publish(session, screen, own, Surface.ACCOUNT_REPLIES, content, yes=yes, as_json=as_json)


@click.command("show")
@click.argument("name", required=False)
@json_option
@online
async def show_command(session: Session, screen: Screen, name: str | None, *, as_json: bool) -> None:
    """Show a public account as anybody sees it: what it is about, its menu, its newest articles. NAME: default, one's
    own.
    """
    own = await names.own_account(session, None) if name is None else None
    topic = own.topic if own is not None else await names.account(session, name or "")
    page = await _published(session, topic)
    if page is None and own is not None:
        waits = f"{visible(own.name)} is not open ({own.state}): hutong account list says what it waits for"
        raise RefusedError(ErrorCode.NOT_FOUND, waits)
    if page is None:
        raise RefusedError(ErrorCode.NOT_FOUND, f"there is no account {topic} that is open")
    gate = await session.request(ShowGate(id=0))
    newest = await session.request(History(id=0, topic=topic, limit=SHOWN * 3))
    shown = [line for line in fold(newest.entries, newest.related) if line.entry.kind in ARTICLES][-SHOWN:]
    if as_json:
        screen.json({**_page_json(page), "articles": [screen.line_json(line) for line in shown]})
        return
    titles = {
        "body": gate.bodies.get(page.body, page.body),
        "category": gate.categories.get(page.category, page.category),
    }
    paper.lay_out(screen, paper.account(screen, page, **titles))
    for line in shown:
        screen.say(screen.shown(line))
    if shown:
        screen.note(f"To read one: hutong read {topic} NUMBER")
    else:
        screen.note("It has published nothing yet.")
    if session.cache.topic(topic) is None:
        screen.note(f"To follow it: hutong follow {topic}")


async def _published(session: Session, topic: TopicId) -> AccountPage | None:
    try:
        return await session.page(topic)
    except RefusedError as refused:
        if refused.code != ErrorCode.NOT_FOUND:
            raise
        return None


async def _publish(
    session: Session, screen: Screen, own: OwnAccount, surface: Surface, content: Content, *, yes: bool, as_json: bool
) -> None:
    submission = await publish_as(session, screen, own, surface, content, yes=yes, as_json=as_json)
    if submission.state is SubmissionState.PUBLISHED and not as_json:
        words = "nothing any more" if is_empty(content) else "as you wrote it"
        screen.say(f"{_SHOWN_AS[surface]} of {screen.somewhere(own.topic)}: {words}, for everybody.")


def _page_json(page: AccountPage) -> dict[str, Any]:
    """Return a page as JSON: that of the wire, with what the bodies say instead of their bytes."""
    bodies = {"profile": page.profile, "menu": page.menu, "welcome": page.welcome, "replies": page.replies}
    fields = {
        name: value for name, value in msgspec.to_builtins(page, builtin_types=(bytes,)).items() if name not in bodies
    }
    profile = content_of(page.profile)
    return {
        **fields,
        "name": profile.title,
        "text": profile.text,
        "tags": list(profile.tags),
        "menu": msgspec.to_builtins(content_of(page.menu).menu),
        "welcome": content_of(page.welcome).text,
        "replies": msgspec.to_builtins(content_of(page.replies).replies),
    }
