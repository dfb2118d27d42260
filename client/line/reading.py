"""Commands about what accounts publish: read, feed, share."""

from typing import Any

import click
from rich.text import Text

from client import events
from client.articles import ARTICLES, Article
from client.errors import RefusedError
from client.follows import FEED
from client.line import names, paper
from client.line.audience import audience, consent
from client.line.cards import article_json, uri
from client.line.messages import people_in, reach_if_possible
from client.line.own import json_option
from client.line.program import command, online, with_session
from client.line.publishing import public_group, submit, tell, yes_option
from client.line.screen import Screen
from client.session import Session
from client.view import fold
from protocol import content, limits
from protocol.decisions import SubmissionState
from protocol.entries import Entry, Side, TopicKind, side_of
from protocol.errors import ErrorCode
from protocol.following import AccountPage
from protocol.frames import History
from protocol.ids import PersonId, Seq, TopicId
from protocol.public import Origin, Publish
from protocol.publications import Content, Surface


@command("read")
@click.argument("name", metavar="ACCOUNT")
@click.argument("seq", required=False, type=click.IntRange(1))
@json_option
@online
async def read_command(session: Session, screen: Screen, name: str, seq: int | None, *, as_json: bool) -> None:
    """Read article SEQ of ACCOUNT, or its newest; following it or not. ACCOUNT: its name or id, or a reference
    (hutong:ID/SEQ) that somebody shared.

    The account learns how many read it, each once a day, and never who. What is said under it: hutong comments show
    ACCOUNT/SEQ.
    """
    account, number = await names.article(session, name, seq)
    if number is None:
        number = await _newest(session, account)
    article, page = await session.article(account, number), await session.page(account)
    hops = article.published.source.hops if article.published.source is not None else ()
    await session.names([PersonId(hop.account) for hop in hops])
    if as_json:
        screen.json(_article_json(screen, article, page))
        return
    paper.lay_out(screen, paper.article(screen, article, page))
    summary = session.cache.topic(account)
    if summary is not None and article.entry.seq <= summary.head:
        session.mark_read(account, article.entry.seq)


@command("feed")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@click.option("--follow", "live", is_flag=True, help="Go on, with what comes, until interrupted.")
@json_option
@with_session
async def feed_command(session: Session, screen: Screen, limit: int, *, live: bool, as_json: bool) -> None:
    """Show what came from the accounts one follows: the newest first, or, with --follow, last.

    What is new is marked; what is shown counts as seen. With --json it does not. What people one is friends with say
    is elsewhere: hutong moments timeline.
    """
    with session.subscribe() as arriving:
        await reach_if_possible(session, screen)
        entries = session.cache.feed(limit)
        for entry in reversed(entries) if live else entries:
            await _show(session, screen, entry, as_json=as_json)
        if not as_json:
            for entry in entries:
                session.mark_read(entry.topic, entry.seq)
        if not entries:
            follows = session.cache.follows.all()
            screen.note("Nothing has come yet." if follows else "You follow nobody yet: hutong search WORDS")
        if not live:
            return
        while arriving.statistics().current_buffer_used:
            arriving.receive_nowait()  # Shown already.
        async for event in arriving:
            await _happened(session, screen, event, as_json=as_json)
        await session.reach()  # Nothing arrives any more: this says why.


@command("share")
@click.argument("name", metavar="ACCOUNT")
@click.argument("seq", type=click.IntRange(1))
@click.argument("place")
@click.option("--say", "words", default="", help="Some words of one's own with it.")
@yes_option
@json_option
@online
async def share_command(
    session: Session, screen: Screen, name: str, seq: int, place: str, words: str, *, yes: bool, as_json: bool
) -> None:
    """Share article SEQ of ACCOUNT with PLACE: a person or a private group, privately; or a public group, where it is
    published, in one's own name, as what it is.
    """
    account, number = await names.account(session, name), Seq(seq)
    card = await session.card(account, number)
    summary = names.known(session, screen, place)
    title = card.published.content.title
    if summary is not None and side_of(summary.topic) is Side.PUBLIC and summary.kind is not TopicKind.ACCOUNT:
        group = public_group(screen, summary)
        here = await audience(session, screen, group)
        await consent(session, screen, here, yes=yes)
        assert card.published.digest is not None  # No card is without.
        publish = Publish(
            id=0, cid=session.new_cid(), surface=Surface.GROUP_MESSAGE, content=Content(text=words or title),
            topic=group.topic, source=Origin(account=account, seq=number, digest=card.published.digest),
        )  # fmt: skip
        submission = await submit(session, screen, publish)
        tell(screen, submission, here.gate.grounds, as_json=as_json)
        if submission.state is SubmissionState.PUBLISHED and not as_json:
            screen.say(f"Shared, publicly, in {screen.place(group)}.")
        return
    target = await names.target(session, screen, place)
    text = " ".join(filter(None, (words, title, uri(account, number))))
    body = content.encode(content.Text(text=text))
    sent = await session.delivered(session.post(target.send(session.new_cid(), body), handle=target.handle))
    if as_json:
        screen.json({"topic": sent.topic, "seq": sent.seq})
    else:
        screen.say(f"Shared, privately, with {screen.somewhere(sent.topic)}.")


async def _newest(session: Session, account: TopicId) -> Seq:
    """Return the number of the account's newest article.

    Raises:
        RefusedError: There is none.
    """
    before: Seq | None = None
    while True:
        asked = History(id=0, topic=account, before=before, limit=limits.HISTORY_ENTRIES)
        page = await session.request(asked)
        for line in reversed(fold(page.entries, page.related)):
            if line.entry.kind in ARTICLES and line.published is not None:
                return line.entry.seq
        if page.complete or not page.entries:
            raise RefusedError(ErrorCode.NOT_FOUND, "it has published no article that can be read")
        before = page.entries[0].seq


async def _happened(session: Session, screen: Screen, event: events.Event, *, as_json: bool) -> None:
    match event:
        case events.Arrived(entry=entry) if session.cache.follows.of(entry.topic) is not None:
            if entry.kind in FEED:
                await _show(session, screen, entry, as_json=as_json)
                if not as_json:
                    session.mark_read(entry.topic, entry.seq)
            elif not as_json and (change := screen.change(entry)) is not None:
                screen.say(Text(f"{screen.somewhere(entry.topic)} ", style="dim") + change)
        case events.Offline(error=error, retry_in=seconds):
            screen.note(f"{error}; trying again in {seconds:.0f} s")
        case _:
            pass


async def _show(session: Session, screen: Screen, entry: Entry, *, as_json: bool) -> None:
    """Print an article of the feed, as it stands now."""
    if session.is_online:
        await session.names(people_in([entry]))
    summary = session.cache.topic(entry.topic)
    is_new = summary is not None and entry.seq > summary.read
    [line] = fold([entry], session.cache.about(entry.topic, entry.seq, entry.seq))
    if as_json:
        screen.json({**screen.line_json(line), "unread": is_new})
        return
    mark = Text("● ", style="bold green") if is_new else Text("  ")
    screen.say(mark + screen.shown(line))
    screen.say(Text(f"    hutong read {entry.topic} {entry.seq}", style="dim"))


def _article_json(screen: Screen, article: Article, page: AccountPage) -> dict[str, Any]:
    """Return an article as JSON, whole: `text` is what comes before the `parts`."""
    found, published = article.content, article.published
    return {
        "account": article.entry.topic,
        "name": screen.account(article.entry.topic),
        "label": str(page.label),
        "seq": article.entry.seq,
        "at": article.entry.at,
        **article_json(published),
        "digest": article.origin.digest.hex(),
        "version": published.version,
        "labels": list(published.labels),
        "source_withdrawn": article.source_withdrawn,
        "text": found.text,
        "parts": [{"heading": part.heading, "text": part.text, "link": part.link} for part in found.parts],
    }
