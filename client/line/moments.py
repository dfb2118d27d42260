"""Commands about moments: moments post, timeline, of, show, narrow, delete, notices; likes and comments beside them."""

from collections.abc import Iterable
from typing import Any

import click

from client import events
from client.contacts import named
from client.errors import ContactError
from client.line import circle, names, references
from client.line.audience import ask, square
from client.line.board import Board
from client.line.own import json_option
from client.line.program import EXITS, online
from client.line.publishing import submit, tell, yes_option
from client.line.screen import Screen
from client.line.threads import (
    comment_command,
    encoded,
    in_bounds,
    like_command,
    limit_option,
    live_option,
    show_under,
    sought,
    spoken,
    unlike_command,
)
from client.moments import Moments, Root
from client.session import Session
from protocol import publications
from protocol.decisions import SubmissionState
from protocol.frames import Recall
from protocol.ids import PersonId
from protocol.moments import Audience, Moment
from protocol.public import Publish
from protocol.publications import Content, Surface


@click.group("moments", epilog=EXITS)
def moments_command() -> None:
    """Say something to one's friends, or to everyone, and see what they say. Friends are contacts of each other.

    What one's friends are shown is private. Whom it is for is fixed when it is posted; it can be taken from some of
    them later, and is never for more.
    """


for each in (like_command, unlike_command, comment_command):
    moments_command.add_command(each)


@moments_command.command("post")
@click.argument("text", nargs=-1, required=True)
@circle.whom_options
@click.option("--everyone", is_flag=True, help="For anybody: it is published on one's square, and passes the gate.")
@click.option("--title", default="", help="A title above what is for everyone.")
@click.option("--category", default="", metavar="CODE", help="What it is, of the categories `hutong gate` lists.")
@click.option("--lang", default="", metavar="TAG", help="The language it is in, as in --lang zh-Hans.")
@yes_option
@json_option
@online
async def post_command(
    session: Session,
    screen: Screen,
    text: tuple[str, ...],
    *,
    everyone: bool,
    title: str,
    category: str,
    lang: str,
    yes: bool,
    as_json: bool,
    **whom: Any,
) -> None:
    """Post TEXT (`-`: standard input): for all one's friends, for some, for oneself, or for everyone.

    It is said first who can see it, and whether it is private or public, and asked. Tags are one's own: the people who
    have them now are those it is for, and the server learns no tag.
    """
    words = spoken(text)
    if everyone:
        if any(whom.values()):
            raise click.UsageError("--everyone is for anybody: leave out whom it is for, or not for")
        content = Content(text=words, title=title, category=category, lang=lang)
        await _publish(session, screen, content, yes=yes, as_json=as_json)
        return
    if title or category:
        raise click.UsageError("--title and --category are for what is published: --everyone")
    audience = circle.chosen(session, **whom)
    body = encoded(words, lang)
    await circle.agree_to(session, screen, audience, "Post it?", yes=yes, undone="nothing was posted")
    with in_bounds():
        said = await Moments(session).post(body, only=audience.only, without=audience.without)
    board = Board(session, screen)
    if as_json:
        screen.json(board.moment_json(said))
    else:
        screen.say(f"Posted, privately, {circle.words(screen, audience)}: [{references.of_root(session, said)}]")


@moments_command.command("timeline")
@limit_option
@live_option
@json_option
@online
async def timeline_command(session: Session, screen: Screen, limit: int, *, live: bool, as_json: bool) -> None:
    """Show what one's friends have said lately, to some or to everyone, and oneself: the newest first, or, with
    --follow, last.
    """
    moments, shown = Moments(session), _Shown(session, screen, as_json=as_json)
    with session.subscribe() as arriving:
        page = await moments.timeline(limit)
        await shown.all(reversed(page.moments) if live else page.moments)
        if not page.moments:
            screen.note(
                "Nothing yet. Say something: hutong moments post TEXT; find friends: hutong contacts ask HANDLE"
            )
        elif not page.complete and not live:
            screen.note(f"There is more: --limit {limit + 20}")
        if not live:
            return
        async for event in arriving:
            match event:
                case events.MomentSaid(moment=moment):
                    await shown.all([moment])
                case events.CaughtUp():  # What was said while we were away was pushed to nobody.
                    await shown.all(reversed((await moments.timeline(limit)).moments))
                case events.Offline(error=error, retry_in=seconds):
                    screen.note(f"{error}; trying again in {seconds:.0f} s")
                case _:
                    pass
        await session.reach()  # Nothing arrives any more: this says why.


@moments_command.command("of")
@click.argument("who", required=False)
@limit_option
@json_option
@online
async def of_command(session: Session, screen: Screen, who: str | None, limit: int, *, as_json: bool) -> None:
    """Show what WHO has said that one may see, to some or to everyone, newest first; without WHO, oneself."""
    person = PersonId(session.account.person) if who is None else await _somebody(session, who)
    page = await Moments(session).of(person, limit)
    await _Shown(session, screen, as_json=as_json).all(page.moments)
    if not page.moments:
        screen.note("You have said nothing yet." if who is None else f"{screen.who(person)} has nothing to show you.")
    elif not page.complete:
        screen.note(f"There is more: --limit {limit + 20}")


@moments_command.command("show", epilog=references.ROOT_HELP)
@click.argument("ref")
@limit_option
@live_option
@json_option
@online
async def show_command(session: Session, screen: Screen, ref: str, limit: int, *, live: bool, as_json: bool) -> None:
    """Show one moment or post, who likes it, and what is said under it: the newest comments, in their order."""
    root, board = await references.root(session, ref), Board(session, screen)
    with sought(ref):
        moment = await Moments(session).show(root)
        await board.learn([moment])
        if as_json:
            screen.json(board.moment_json(moment))
        else:
            board.moment(moment, whole=False)
        await show_under(session, screen, root, limit=limit, live=live, as_json=as_json)


@moments_command.command("narrow", epilog=references.ROOT_HELP)
@click.argument("ref")
@circle.whom_options
@yes_option
@json_option
@online
async def narrow_command(session: Session, screen: Screen, ref: str, *, yes: bool, as_json: bool, **whom: Any) -> None:
    """Show a moment of one's own to fewer: to those alone, of whom it is for, who are named, or not to some.

    It cannot be taken back. With --self nobody else sees it any more.
    """
    if not any(whom.values()):
        raise click.UsageError("say whom it is still for: --only, --tag, --without, --without-tag or --self")
    moments, board = Moments(session), Board(session, screen)
    moment, asked = await references.moment(session, ref), circle.chosen(session, **whom)
    with sought(ref):
        shown = await moments.show(Root(moment))
        if shown.audience is None:
            raise click.UsageError(f"{ref} is not yours to narrow")
        await board.learn([shown])
        left = _left(shown.audience, asked)
        question = "Show it to them alone, for good?"
        await circle.agree_to(session, screen, left, question, yes=yes, undone="nothing was changed")
        narrowed = await moments.narrow(moment, only=asked.only, without=asked.without)
    if as_json:
        screen.json(board.moment_json(narrowed))
    else:
        screen.say(f"It is {circle.words(screen, narrowed.audience or asked)} now.")


@moments_command.command("delete", epilog=references.ROOT_HELP)
@click.argument("ref")
@json_option
@online
async def delete_command(session: Session, screen: Screen, ref: str, *, as_json: bool) -> None:
    """Delete a moment of one's own, for good, with all that is said under it; or recall a post of one's own."""
    root = await references.root(session, ref)
    with sought(ref):
        if root.topic is None:
            assert root.moment is not None
            await Moments(session).delete(root.moment)
        else:
            assert root.seq is not None
            await session.request(Recall(id=0, cid=session.new_cid(), topic=root.topic, target=root.seq))
    if as_json:
        screen.json({"reference": references.reference(root)})
    else:
        screen.say("It is gone, with all that was said under it; nobody sees it any more.")


@moments_command.command("notices")
@limit_option
@json_option
@online
async def notices_command(session: Session, screen: Screen, limit: int, *, as_json: bool) -> None:
    """Show who liked, commented or answered something of one's own, newest first.

    What is new is marked; what is shown counts as read, on all one's devices. With --json it does not.
    """
    moments, board = Moments(session), Board(session, screen)
    reply = await moments.notices(limit)
    for number, notice in enumerate(reply.notices):
        is_new = number < reply.unread
        if as_json:
            screen.json(board.notice_json(notice, is_new=is_new))
        else:
            board.notice(notice, is_new=is_new)
    if not reply.notices:
        screen.note("Nobody has liked or commented anything of yours yet.")
        return
    if not reply.complete:
        screen.note(f"There is more: --limit {limit + 20}")
    if reply.unread and not as_json:
        await moments.read_notices(reply.notices[0].at)


async def _somebody(session: Session, who: str) -> PersonId:
    """Return whom `who` means: a contact, by what one calls them too, or anybody by their handle."""
    try:
        return named(session.cache.contacts.all(), who).person
    except ContactError:
        return await names.person(session, who)


async def _publish(session: Session, screen: Screen, content: Content, *, yes: bool, as_json: bool) -> None:
    """Publish on one's square, having said each time who will see it: the same command says private things."""
    if publications.is_empty(content):
        raise click.UsageError("there is nothing to publish")
    here = await square(session)
    await ask(screen, here, yes=yes)
    publish = Publish(id=0, cid=session.new_cid(), surface=Surface.SQUARE, content=content)
    submission = await submit(session, screen, publish)
    tell(screen, submission, here.gate.grounds, as_json=as_json)
    if submission.state is SubmissionState.PUBLISHED and not as_json:
        root = Root(None, submission.topic, submission.seq)
        screen.say(f"Posted, publicly, for everyone: [{references.of_root(session, root)}]")


def _left(now: Audience, asked: Audience) -> Audience:
    """Return whom a moment is for that was for `now` and is narrowed to `asked`."""
    both = tuple(each for each in now.only or () if asked.only is None or each in asked.only)
    return Audience(only=asked.only if now.only is None else both, without=(*now.without, *asked.without))


class _Shown:
    """Shows moments, each once."""

    def __init__(self, session: Session, screen: Screen, *, as_json: bool) -> None:
        self._board, self._screen, self._as_json = Board(session, screen), screen, as_json
        self._roots: set[Root] = set()

    async def all(self, moments: Iterable[Moment]) -> None:
        new = [moment for moment in moments if Root.of(moment) not in self._roots]
        self._roots |= {Root.of(moment) for moment in new}
        await self._board.learn(new)
        for moment in new:
            if self._as_json:
                self._screen.json(self._board.moment_json(moment))
            else:
                self._board.moment(moment)
