"""Commands about which accounts one reads: follow, unfollow, follows, search."""

from typing import Any

import click
import msgspec
from rich.text import Text

from client.line import names
from client.line.desk import desk_of
from client.line.own import json_option
from client.line.program import command, online
from client.line.safe import moment, visible
from client.line.screen import Screen
from client.session import Session
from client.view import account_name, content_of, plain
from protocol import limits
from protocol.following import Follow, Found, SearchKind
from protocol.ids import PersonId, TopicId


@command("follow")
@click.argument("name", metavar="NAME|ID")
@click.option("--tag", metavar="TAG", help="Of the tags it offers, the one one is interested in.")
@click.option("--no-tag", is_flag=True, help="None of them any more.")
@click.option("--mute/--unmute", "muted", default=None, help="Whether one is alerted of it.")
@json_option
@online
async def follow_command(
    session: Session,
    screen: Screen,
    name: str,
    tag: str | None,
    muted: bool | None,  # noqa: FBT001 - an option.
    *,
    no_tag: bool,
    as_json: bool,
) -> None:
    """Follow a public account from now on, or change how one follows it. Nobody learns who follows it.

    What it broadcasts is in `hutong feed`; what it published before is read with `hutong account show` and `read`.
    """
    if tag is not None and no_tag:
        raise click.UsageError("say --tag or --no-tag, not both")
    topic = await names.account(session, name)
    is_new = session.cache.follows.of(topic) is None
    await session.page(topic)  # Which says so, if there is none.
    follow = await session.follow(topic, tag="" if no_tag else tag, muted=muted)
    if as_json:
        screen.json(_follow_json(session, screen, follow))
        return
    screen.say(f"You follow {screen.somewhere(topic)}{_how(follow)}.")
    if is_new:
        for line in (await desk_of(session, topic)).greeting():
            screen.say(line)
        screen.note(f"What it has published: hutong account show {topic}; to write to it: hutong chat {topic}")


@command("unfollow")
@click.argument("name", metavar="NAME|ID")
@json_option
@online
async def unfollow_command(session: Session, screen: Screen, name: str, *, as_json: bool) -> None:
    """Follow an account no more."""
    topic = await names.account(session, name)
    place = screen.somewhere(topic)
    if session.cache.follows.of(topic) is None:
        screen.note(f"You do not follow {place}.")
        return
    await session.unfollow(topic)
    if as_json:
        screen.json({"topic": topic})
    else:
        screen.say(f"You do not follow {place} any more.")


@command("follows")
@json_option
@online
async def follows_command(session: Session, screen: Screen, *, as_json: bool) -> None:
    """List the accounts one follows, the newest first. Nobody else can."""
    follows = session.cache.follows.all()
    await session.names([PersonId(follow.topic) for follow in follows])
    if as_json:
        for follow in follows:
            screen.json(_follow_json(session, screen, follow))
        return
    rows = [
        [
            screen.account(follow.topic),
            str(_unread(session, follow.topic) or ""),
            visible(follow.tag),
            "muted" if follow.muted else "",
            moment(follow.at),
            follow.topic,
        ]
        for follow in follows
    ]
    screen.table(["account", "unread", "tag", "", "since", "id"], rows)
    if not follows:
        screen.note("You follow nobody yet. Find somebody to: hutong search WORDS")


@command("search")
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in SearchKind]),
    help="Only these; default: all of them.",
)
@click.option("--limit", type=click.IntRange(1, limits.SEARCH_RESULTS), default=20, show_default=True)
@click.option("--offset", type=click.IntRange(0, limits.SEARCH_OFFSET), default=0, help="Skip so many of the best.")
@json_option
@online
async def search_command(
    session: Session,
    screen: Screen,
    words: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int,
    offset: int,
    *,
    as_json: bool,
) -> None:
    """Search what is public and in force: accounts, their articles, listed groups. What is asked is kept nowhere."""
    query = " ".join(words)
    if not query.strip() or len(query) > limits.QUERY_CHARS:
        raise click.UsageError(f"a query has 1 to {limits.QUERY_CHARS} characters")
    reply = await session.search(query, *map(SearchKind, kinds), offset=offset, limit=limit)
    await session.names([PersonId(each.topic) for each in reply.found if each.kind == SearchKind.ARTICLE])
    for found in reply.found:
        if as_json:
            screen.json(_found_json(screen, found))
        else:
            _show(screen, found)
    if not reply.found:
        screen.note("Nothing that is public says so.")
    elif not reply.complete:
        screen.note(f"More: --offset {offset + len(reply.found)}")


def _show(screen: Screen, found: Found) -> None:
    """Print what was found: what it is, and how one gets there."""
    title, where = _title(screen, found)
    line = Text(f"{found.kind:<8} ", style="dim")
    line.append(visible(title), style="bold")
    screen.say(line + Text(f"  {where}", style="dim"))
    if found.excerpt:
        screen.say(f"         {visible(found.excerpt)}")


def _title(screen: Screen, found: Found) -> tuple[str, str]:
    match found.kind:
        case SearchKind.ACCOUNT:
            return account_name(found.body), f"hutong follow {found.topic}"
        case SearchKind.ARTICLE:
            title = f"{content_of(found.body).title}, in {screen.account(found.topic)}"
            return title, f"hutong read {found.topic} {found.seq}"
        case _:
            return plain(content_of(found.body)), f"hutong group join {found.topic}"


def _found_json(screen: Screen, found: Found) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": found.kind, "topic": found.topic, "excerpt": found.excerpt}
    content = content_of(found.body)
    if found.kind == SearchKind.ARTICLE:
        article = {"seq": found.seq, "title": content.title, "summary": content.summary, "author": content.author}
        return {**fields, **article, "account": screen.account(found.topic)}
    return {**fields, "name": content.title or content.text}


def _how(follow: Follow) -> str:
    how = [f"for {visible(follow.tag)}"] * bool(follow.tag) + ["muted"] * follow.muted
    return f" ({', '.join(how)})" if how else ""


def _follow_json(session: Session, screen: Screen, follow: Follow) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(follow)
    known = {"tag": "", "muted": False, "unread": _unread(session, follow.topic)}
    return {"name": screen.account(follow.topic), **known, **fields}


def _unread(session: Session, topic: TopicId) -> int:
    summary = session.cache.topic(topic)
    return summary.unread if summary is not None else 0
