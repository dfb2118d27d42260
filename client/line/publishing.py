"""Publishing from the command line: `publish`, and what every command does that says something public.

Before the first publish in a place it is said who will see it, and asked (the room beside this one does that). What
became of it is told in full. `send` never comes here, and nothing here ever sends.
"""

import sys
from collections.abc import Mapping
from typing import Any

import click
import trio

from client import events
from client.cache import Cache
from client.errors import ClientError, RefusedError
from client.line import names
from client.line.audience import audience, audience_of, consent, has_ever_agreed
from client.line.mistakes import in_words
from client.line.program import catch_up, command, with_session
from client.line.screen import Screen
from client.line.verdicts import explain, submission_json
from client.session import Session
from client.view import in_force
from protocol import publications
from protocol.accounts import OwnAccount
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Side, TopicKind, side_of
from protocol.errors import ErrorCode, ProtocolError
from protocol.frames import Summary
from protocol.ids import Cid, Seq, TopicId
from protocol.public import Publish
from protocol.publications import Content, Surface

PATIENCE_SECONDS = 30.0  # A gate that cannot judge is asked again for so long.
NOT_PUBLISHED = frozenset({SubmissionState.REJECTED, SubmissionState.LAPSED, SubmissionState.TAKEN_BACK})

yes_option = click.option(
    "--yes", envvar="HUTONG_YES", is_flag=True, help="Do it without being asked (HUTONG_YES=1 does the same)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="What became of it, as one JSON object.")


async def submit(session: Session, screen: Screen, publish: Publish) -> Submission:
    """Publish, and return what became of it. Says when it takes longer than a moment.

    Raises:
        RefusedError: It was not submitted. It is out of the outbox then, and will not be tried again.
    """
    try:
        cid = session.post(publish)
    except ProtocolError as error:
        raise click.UsageError(f"it is out of bounds: {in_words(error)}") from error
    postponed: list[events.Postponed] = []
    come: list[Submission | ClientError] = []
    with session.subscribe() as arriving, trio.move_on_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch_postponed, arriving, cid, screen, postponed)
            try:
                come.append(await session.submitted(cid))
            except ClientError as error:
                come.append(error)
            nursery.cancel_scope.cancel()
    if not come and not postponed:
        raise RefusedError("unavailable", "no answer yet; it is kept, and what comes of it is told later")
    if not come or isinstance(come[0], RefusedError):
        session.cache.outbox.drop(cid)
        await session.until(lambda: not session.is_carrying)  # The last try may be under way.
    known = session.cache.submissions.of(cid)
    match come:
        case [Submission() as submission]:
            return submission
        case [ClientError() as failed]:
            raise failed
        case _ if known is not None:
            return known
        case _:
            raise RefusedError(postponed[-1].code, f"{postponed[-1].message}; nothing was published, try again later")


async def _watch_postponed(
    arriving: trio.MemoryReceiveChannel[events.Event], cid: Cid, screen: Screen, postponed: list[events.Postponed]
) -> None:
    async for event in arriving:
        if isinstance(event, events.Postponed) and event.cid == cid:
            if not postponed:
                screen.note(f"Not yet: {event.message} ({event.code}); trying again.")
            postponed.append(event)


def tell(
    screen: Screen, submission: Submission, grounds: Mapping[str, str], *, as_json: bool = False, quietly: bool = True
) -> None:
    """Tell its author what became of `submission`; what is published as it was needs no words if `quietly`.

    Raises:
        RefusedError: It was not published, and will not be.
    """
    screen.told.add(submission.submission)
    if as_json:
        screen.json(submission_json(submission))
    elif not (quietly and submission.state is SubmissionState.PUBLISHED and submission.decision is None):
        for line in explain(screen, submission, grounds):
            screen.note(line)
    if submission.state in NOT_PUBLISHED:
        raise RefusedError(submission.state.value, "it was not published")


async def publish_here(
    session: Session,
    screen: Screen,
    summary: Summary | None,
    surface: Surface,
    content: Content,
    *,
    yes: bool,
    as_json: bool = False,
) -> Submission:
    """Do all of it: say who will see it, ask, publish, tell. `summary` None: one's card."""
    here = await audience(session, screen, summary)
    await consent(session, screen, here, yes=yes)
    topic = summary.topic if summary else None
    publish = Publish(id=0, cid=session.new_cid(), surface=surface, content=content, topic=topic)
    submission = await submit(session, screen, publish)
    tell(screen, submission, here.gate.grounds, as_json=as_json)
    return submission


async def publish_as(
    session: Session,
    screen: Screen,
    own: OwnAccount,
    surface: Surface,
    content: Content,
    *,
    yes: bool,
    as_json: bool = False,
    **how: Any,
) -> Submission:
    """Do the same for an account one is an operator of. `how`: the fields of the request beside these."""
    here = await audience_of(session, screen, own)
    await consent(session, screen, here, yes=yes)
    publish = Publish(id=0, cid=session.new_cid(), surface=surface, content=content, topic=own.topic, **how)
    submission = await submit(session, screen, publish)
    tell(screen, submission, here.gate.grounds, as_json=as_json)
    return submission


def base_of(cache: Cache, topic: TopicId, seq: Seq) -> int:
    """Return the number of the version of `seq` that this device shows: what an edit of it is made from.

    Raises:
        RefusedError: There is no such message here, or nothing of it to read.
    """
    entries = cache.entries(topic, after=seq - 1, before=Seq(seq + 1))
    published = in_force(entries[0], cache.about(topic, seq, seq)) if entries else None
    if published is None:
        raise RefusedError(ErrorCode.NOT_FOUND, f"there is no message [{seq}] to edit on this device")
    return published.version


@command("publish")
@click.argument("place")
@click.argument("text", nargs=-1)
@click.option("--title", default="", help="A title above it.")
@click.option("--category", default="", metavar="CODE", help="What it is, of the categories `hutong gate` lists.")
@click.option("--lang", default="", metavar="TAG", help="The language it is in, as in --lang zh-Hans.")
@click.option("--reply-to", type=click.IntRange(1), metavar="SEQ", help="The number of the message it answers.")
@click.option("--edit", type=click.IntRange(1), metavar="SEQ", help="The number of one's own message it is to replace.")
@yes_option
@json_option
@with_session
async def publish_command(
    session: Session,
    screen: Screen,
    place: str,
    text: tuple[str, ...],
    title: str,
    category: str,
    lang: str,
    reply_to: int | None,
    edit: int | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Publish TEXT (`-`: standard input) in PLACE, a public group one is in.

    It passes the gate first: it may appear at once, be held until somebody decides, or be rejected; one is told why,
    and where exactly. What is held counts as done (status 0), what is rejected does not. When the server is away, what
    one has agreed to publish in that place before waits here, and the next command that gets through publishes it.
    """
    said = sys.stdin.read().rstrip("\n") if text == ("-",) else " ".join(text)
    content = Content(text=said, title=title, category=category, lang=lang)
    if publications.is_empty(content):
        raise click.UsageError("there is nothing to publish")
    away: ClientError | None = None
    try:
        await catch_up(session)
    except ClientError as error:
        away = error
    summary = public_group(screen, await names.topic(session, screen, place))
    target = Seq(edit) if edit is not None else None
    publish = Publish(
        id=0, cid=session.new_cid(), surface=Surface.GROUP_MESSAGE, content=content, topic=summary.topic,
        reply_to=None if reply_to is None else Seq(reply_to), target=target,
        base=None if target is None else base_of(session.cache, summary.topic, target),
    )  # fmt: skip
    if away is not None:
        if not has_ever_agreed(session.cache, summary.topic):
            raise away  # Nobody has been told who would see it.
        session.post(publish)
        screen.note("Kept: it will be published by the next command that gets through.")
        raise away
    here = await audience(session, screen, summary)
    await consent(session, screen, here, yes=yes)
    tell(screen, await submit(session, screen, publish), here.gate.grounds, as_json=as_json)


def public_group(screen: Screen, summary: Summary) -> Summary:
    """Return `summary`, which is of a public group.

    Raises:
        click.UsageError: It is not.
    """
    if side_of(summary.topic) is not Side.PUBLIC:
        raise click.UsageError(f"{screen.place(summary)} is private: hutong send says something there")
    if summary.kind is TopicKind.ACCOUNT:
        raise click.UsageError(f"{screen.place(summary)} is no group but a public account: hutong account publish")
    if summary.kind is not TopicKind.GROUP:
        raise click.UsageError(f"{screen.place(summary)} is no group: hutong card publish changes it")
    return summary
