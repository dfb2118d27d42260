"""Commands about what is said under moments, posts and articles: like, unlike, comment, comments."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from client import events
from client.errors import RefusedError
from client.line import references
from client.line.audience import below, consent
from client.line.board import Board, likes_words
from client.line.mistakes import in_words
from client.line.own import json_option
from client.line.program import EXITS, online
from client.line.publishing import submit, tell, yes_option
from client.line.screen import Screen
from client.moments import Moments, Root
from client.session import Session
from client.threads import changed
from protocol import content
from protocol.decisions import SubmissionState
from protocol.entries import Side
from protocol.errors import ErrorCode, ProtocolError
from protocol.ids import CommentId, MomentId, PrivateBody
from protocol.moments import Choice, ThreadReply
from protocol.public import Publish
from protocol.publications import Content, Surface

limit_option = click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many."
)
live_option = click.option("--follow", "live", is_flag=True, help="Go on, with what comes, until interrupted.")
_CHOICES = {
    Choice.OFF: "There are no more comments there; of those that were, others see only their own.",
    Choice.EVERYONE: "Everybody's comments are shown there.",
    Choice.SELECTED: "Only comments that you select are shown there: hutong comments select COMMENT",
}


@click.command("like", epilog=references.ROOT_HELP)
@click.argument("ref")
@json_option
@online
async def like_command(session: Session, screen: Screen, ref: str, *, as_json: bool) -> None:
    """Like a moment, a post or an article. Under a moment your friends see it, if they are its author's too; under what
    is public it is counted, and nobody is told who.
    """
    await _like(session, screen, ref, liked=True, as_json=as_json)


@click.command("unlike", epilog=references.ROOT_HELP)
@click.argument("ref")
@json_option
@online
async def unlike_command(session: Session, screen: Screen, ref: str, *, as_json: bool) -> None:
    """Like it no longer."""
    await _like(session, screen, ref, liked=False, as_json=as_json)


async def _like(session: Session, screen: Screen, ref: str, *, liked: bool, as_json: bool) -> None:
    root = await references.root(session, ref)
    with sought(ref):
        likes = await Moments(session).like(root, liked=liked)
    if as_json:
        screen.json({"reference": references.reference(root), "likes": likes, "liked": liked})
    else:
        screen.say(f"{likes_words(likes, liked=liked).capitalize()}.")


@click.command("comment", epilog=references.ROOT_HELP)
@click.argument("ref")
@click.argument("text", nargs=-1, required=True)
@click.option("--answers", metavar="COMMENT", help="The comment it answers, as it stands in brackets.")
@click.option("--lang", default="", metavar="TAG", help="The language it is in, as in --lang zh-Hans.")
@yes_option
@json_option
@online
async def comment_command(
    session: Session,
    screen: Screen,
    ref: str,
    text: tuple[str, ...],
    answers: str | None,
    lang: str,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Say TEXT (`-`: standard input) under a moment, privately; or publish it under a post or an article.

    Under a moment those see it who see the moment and are friends of yours; an answer, those who see what it answers.
    What is published passes the gate, and whom it is shown to is its author's choice.
    """
    words, root = spoken(text), await references.root(session, ref)
    answered = None if answers is None else references.comment(session, answers)
    with sought(ref):
        if root.moment is not None:
            await _say(session, screen, root.moment, encoded(words, lang), answered, as_json=as_json)
        else:
            said = Content(text=words, lang=lang)
            await _publish(session, screen, root, said, answered, yes=yes, as_json=as_json)


async def _say(
    session: Session, screen: Screen, moment: MomentId, body: PrivateBody, answers: CommentId | None, *, as_json: bool
) -> None:
    with in_bounds():
        comment = await Moments(session).comment(moment, body, answers=answers)
    if as_json:
        screen.json(Board(session, screen).comment_json(comment, Side.PRIVATE))
    else:
        whom = "see what it answers" if answers is not None else "see the moment"
        screen.say(f"Said, privately, to friends of yours who {whom}: [{references.of_comment(session, comment)}]")


async def _publish(
    session: Session,
    screen: Screen,
    root: Root,
    said: Content,
    answers: CommentId | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    choice = (await Moments(session).thread(root, 1)).choice
    if choice is Choice.OFF:
        raise RefusedError(ErrorCode.NOT_ALLOWED, "its author wants no comments there")
    here = await below(session, references.of_root(session, root))
    await consent(session, screen, here, yes=yes)
    publish = Publish(
        id=0, cid=session.new_cid(), surface=Surface.COMMENT, content=said, topic=root.topic, root=root.seq,
        answers=answers,
    )  # fmt: skip
    submission = await submit(session, screen, publish)
    tell(screen, submission, here.gate.grounds, as_json=as_json)
    if submission.state is SubmissionState.PUBLISHED and submission.comment is not None and not as_json:
        screen.say(f"Said, publicly: [{references.of_comment(session, submission.comment)}]")
        if choice is Choice.SELECTED:
            screen.note("Others see it when the author of what it is under has selected it.")


@click.group("comments", epilog=EXITS)
def comments_command() -> None:
    """Read what is said under something, and decide what is there. To say something: hutong comment."""


@comments_command.command("show", epilog=references.ROOT_HELP)
@click.argument("ref")
@limit_option
@live_option
@json_option
@online
async def show_command(session: Session, screen: Screen, ref: str, limit: int, *, live: bool, as_json: bool) -> None:
    """Show who likes it, and what is said under it: the newest comments, in their order."""
    root = await references.root(session, ref)
    with sought(ref):
        await show_under(session, screen, root, limit=limit, live=live, as_json=as_json)


@comments_command.command("choose", epilog=references.ROOT_HELP)
@click.argument("ref")
@click.argument("choice", type=click.Choice([choice.value for choice in Choice]))
@json_option
@online
async def choose_command(session: Session, screen: Screen, ref: str, choice: str, *, as_json: bool) -> None:
    """Say which comments there are under a post or an article of one's own: none, everyone's, or those one selects."""
    root, chosen = await references.root(session, ref), Choice(choice)
    if root.topic is None or root.seq is None:
        raise click.UsageError("this is for what is public; under a moment it is friends who see comments")
    with sought(ref):
        await Moments(session).choose(root.topic, root.seq, chosen)
    if as_json:
        screen.json({"reference": references.reference(root), "choice": chosen})
    else:
        screen.say(_CHOICES[chosen])


@comments_command.command("select")
@click.argument("comment")
@json_option
@online
async def select_command(session: Session, screen: Screen, comment: str, *, as_json: bool) -> None:
    """Show others COMMENT, which is under a post or an article of one's own."""
    await _select(session, screen, comment, selected=True, as_json=as_json)


@comments_command.command("unselect")
@click.argument("comment")
@json_option
@online
async def unselect_command(session: Session, screen: Screen, comment: str, *, as_json: bool) -> None:
    """Show it to others no longer, where one's choice is `selected`."""
    await _select(session, screen, comment, selected=False, as_json=as_json)


async def _select(session: Session, screen: Screen, typed: str, *, selected: bool, as_json: bool) -> None:
    comment, board = references.comment(session, typed), Board(session, screen)
    with sought(typed):
        changed_now = await Moments(session).select(comment, selected=selected)
    if as_json:
        screen.json(board.comment_json(changed_now, Side.PUBLIC))
    else:
        board.comment(changed_now, Side.PUBLIC)


@comments_command.command("delete")
@click.argument("comment")
@json_option
@online
async def delete_command(session: Session, screen: Screen, comment: str, *, as_json: bool) -> None:
    """Delete COMMENT, for good, with all that answers it: one's own, or one under something of one's own."""
    found = references.comment(session, comment)
    with sought(comment):
        await Moments(session).delete_comment(found)
    if as_json:
        screen.json({"comment": found})
    else:
        screen.say("It is gone, with all that answered it.")


# Showing what is there.


async def show_under(session: Session, screen: Screen, root: Root, *, limit: int, live: bool, as_json: bool) -> None:
    """Show who likes it, and the newest comments, the newest last; if `live`, go on with what changes there."""
    moments, reading = Moments(session), _Reading(Board(session, screen), screen, root.side, as_json=as_json)
    with session.subscribe() as arriving:
        thread = await moments.thread(root, limit, live=live)
        reading.first(thread, limit)
        if not live:
            return
        async for event in arriving:
            match event:
                case events.ThreadChanged(moment, topic, seq) if Root(moment, topic, seq) != root:
                    pass
                case events.ThreadChanged() | events.CaughtUp():  # A new connection has not been asked to tell.
                    reading.again(thread, now := await moments.thread(root, limit, live=True))
                    thread = now
                case events.Offline(error=error, retry_in=seconds):
                    screen.note(f"{error}; trying again in {seconds:.0f} s")
                case _:
                    pass
        await session.reach()  # Nothing arrives any more: this says why.


class _Reading:
    """Prints a thread: first as it is, then what has changed."""

    def __init__(self, board: Board, screen: Screen, side: Side, *, as_json: bool) -> None:
        self._board, self._screen, self._side, self._as_json = board, screen, side, as_json

    def first(self, thread: ThreadReply, limit: int) -> None:
        """Print all of it."""
        if self._as_json:
            self._screen.json(self._board.likes_json(thread))
            for comment in reversed(thread.comments):
                self._screen.json(self._board.comment_json(comment, self._side))
            return
        self._board.likes(thread)
        if thread.choice not in {None, Choice.EVERYONE}:
            self._screen.note(f"Comments: {thread.choice}.")
        if not thread.complete:
            self._screen.note(f"There are earlier ones: --limit {limit + 20}")
        for comment in reversed(thread.comments):
            self._board.comment(comment, self._side)
        if not thread.comments:
            self._screen.note("Nobody has said anything there that you can see.")

    def again(self, before: ThreadReply, now: ThreadReply) -> None:
        """Print what has changed."""
        news = changed(before, now)
        if self._as_json:
            if news.likes:
                self._screen.json(self._board.likes_json(now))
            for comment in news.gone:
                self._screen.json({"comment": comment.comment, "gone": True})
            for comment in news.said:
                self._screen.json(self._board.comment_json(comment, self._side))
            return
        if news.likes:
            self._board.likes(now)
        for comment in news.gone:
            self._board.gone(comment)
        for comment in news.said:
            self._board.comment(comment, self._side)


# What people type, and what is wrong with it.


def spoken(text: tuple[str, ...]) -> str:
    """Return what was typed; `-`: what is on standard input.

    Raises:
        click.UsageError: That is nothing.
    """
    said = sys.stdin.read().rstrip("\n") if text == ("-",) else " ".join(text)
    if not said.strip():
        raise click.UsageError("there is nothing to say")
    return said


def encoded(words: str, lang: str) -> PrivateBody:
    """Return `words` as a private body.

    Raises:
        click.UsageError: They are too long.
    """
    try:
        return content.encode(content.Text(text=words, lang=lang or None))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def in_bounds() -> Iterator[None]:
    """Say in words what is out of the wire's bounds."""
    try:
        yield
    except ProtocolError as error:
        raise click.UsageError(f"it is out of bounds: {in_words(error)}") from error


@contextmanager
def sought(typed: str) -> Iterator[None]:
    """Say in words that there is nothing called `typed`, if the server says so."""
    try:
        yield
    except RefusedError as refused:
        if refused.code != ErrorCode.NOT_FOUND:
            raise
        gone = f"there is no {typed} that you can see: it may be deleted, or not be for you any more"
        raise RefusedError(refused.code, gone) from refused
