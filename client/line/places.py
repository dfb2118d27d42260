"""What public groups need beside what all groups have: founding, succeeding, finding, joining, opening, naming.

Commands of `hutong group` that say something public go through the gate as every publication does.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import click
import msgspec
from rich.text import Text

from client.errors import RefusedError
from client.line.audience import OF_GROUPS, Audience, agree, ask, open_gate
from client.line.publishing import publish_here, submit, tell
from client.line.screen import Screen, openness_words, visible, visible_lines
from client.session import Session
from client.view import read_text
from protocol import content, limits
from protocol.decisions import SubmissionState
from protocol.entries import Admission, Role, Side, side_of
from protocol.errors import ErrorCode
from protocol.frames import GroupMember, Summary
from protocol.ids import PersonId, TopicId
from protocol.public import GroupFoundPublic, GroupListing, Listing, Publish
from protocol.publications import Content, Surface

PUBLISHED_AS: Mapping[str, Surface] = {
    "name": Surface.GROUP_NAME,
    "notice": Surface.GROUP_NOTICE,
    "listing": Surface.GROUP_LISTING,
    "screen name": Surface.GROUP_SCREEN_NAME,
}


def openness(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say who comes into a public group, finds it and reads it."""
    for option in (
        click.option("--open-history", is_flag=True, help="Public: anybody may read it, member or not."),
        click.option("--listed", is_flag=True, help="Public: anybody may find it."),
        click.option("--approval", is_flag=True, help="Public: who wants to come in has to be approved."),
    ):
        command = option(command)
    return command


async def found_public(
    session: Session, screen: Screen, name: str, *, approval: bool, listed: bool, open_history: bool, yes: bool
) -> TopicId:
    """Found a public group and publish its name, which passes the gate first; return its id.

    Raises:
        RefusedError: `public_closed` and the like, or the person does not want it: nothing is founded then.
    """
    if not name.strip() or len(name) > limits.TITLE_CHARS:
        raise click.UsageError(f"a public group's name has 1 to {limits.TITLE_CHARS} characters")
    gate = await open_gate(session)
    # Asked before it exists: a group whose founder thinks better of it would stay without a name.
    here = Audience(
        topic=None, title=f"[public] {visible(name)}", members=1, open_history=open_history, gate=gate,
        surfaces=OF_GROUPS,
    )  # fmt: skip
    await ask(screen, here, yes=yes)
    founded = await session.request(
        GroupFoundPublic(
            id=0,
            cid=session.new_cid(),
            admission=Admission.APPROVAL if approval else Admission.OPEN,
            listed=listed,
            history_open=open_history,
        )
    )
    agree(session.cache, replace(here, topic=founded.topic))
    screen.say(founded.topic)
    named = Publish(
        id=0, cid=session.new_cid(), surface=Surface.GROUP_NAME, content=Content(text=name), topic=founded.topic
    )
    try:
        submission = await submit(session, screen, named)
        tell(screen, submission, gate.grounds)
        if submission.state is SubmissionState.HELD:
            screen.note("The group exists, without a name until that is decided.")
    except RefusedError as error:
        retry = f"hutong group name {founded.topic} NAME"
        raise RefusedError(error.code, f"the group exists, but has no name: {error.message}; {retry}") from error
    return founded.topic


async def succeed(session: Session, screen: Screen, old: Summary, topic: TopicId, name: str) -> None:
    """Tell the private group `old` of its public successor `topic`. Nothing else of the one gets into the other."""
    words = (
        f"This group has a public successor: {name}. What is said here stays here; nobody is in the other one before "
        f"they join it: hutong group join {topic}"
    )
    await session.say(content.encode(content.Text(text=words, places=(topic,))), topic=old.topic)
    screen.note(f"{screen.place(old)} has been told. Who wants to come joins by: hutong group join {topic}")


def owned_private(screen: Screen, summary: Summary) -> Summary:
    """Return `summary`, which is of a private group that is one's own.

    Raises:
        click.UsageError: It is public already.
        RefusedError: It is somebody else's.
    """
    if side_of(summary.topic) is Side.PUBLIC:
        raise click.UsageError(f"{screen.place(summary)} is public already")
    if summary.role is not Role.OWNER:
        raise RefusedError(ErrorCode.NOT_ALLOWED, f"only the owner of {screen.title(summary)} can found its successor")
    return summary


async def invite(session: Session, screen: Screen, summary: Summary, person: PersonId, handle: str) -> None:
    """Tell `person`, privately, of the public group `summary` is of; they join by their own act."""
    words = f"Come to {screen.title(summary)}, a public group: hutong group join {summary.topic}"
    body = content.encode(content.Text(text=words, places=(summary.topic,)))
    await session.say(body, to=person)
    screen.say(f"{handle} has been told, privately, of {screen.place(summary)}.")


async def publish_text(session: Session, screen: Screen, summary: Summary, what: str, text: str, *, yes: bool) -> None:
    """Publish a group's name, notice or listing, or one's screen name in it, and tell what became of that."""
    if what == "name" and not text.strip():
        raise click.UsageError("a public group has a name")
    submission = await publish_here(session, screen, summary, PUBLISHED_AS[what], Content(text=text), yes=yes)
    if submission.state is SubmissionState.PUBLISHED:
        screen.say(f"The {what} is {visible(text)} now." if text else f"The {what} is gone.")


async def look(session: Session, topic: TopicId) -> Listing:
    """Return what anybody may see of a public group.

    Raises:
        click.UsageError: There is none with that id.
    """
    try:
        return (await session.request(GroupListing(id=0, topic=topic))).listing
    except RefusedError as refused:
        if refused.code == ErrorCode.NOT_FOUND:
            raise click.UsageError(f"there is no public group {topic}") from refused
        raise


def listing_lines(listing: Listing, *, is_in: bool) -> list[Text]:
    """Return a public group as whoever looks at it from outside sees it; who is not in it is told how to get in."""
    name = read_text(listing.name, Side.PUBLIC)[0]
    lines = [Text(f"[public] {visible(name or f'group {listing.topic[:6]}')}", style="bold"), Text(_open(listing))]
    about = read_text(listing.listing, Side.PUBLIC)[0]
    if about:
        lines.append(Text(visible_lines(about, 0)))
    if not is_in:
        lines.append(Text(f"To come in: hutong group join {listing.topic}", style="dim"))
    return lines


def listing_row(listing: Listing) -> list[str]:
    """Return the same as cells: name, members, admission, history, id."""
    name = read_text(listing.name, Side.PUBLIC)[0]
    reading = "anybody reads" if listing.history_open else "members read"
    return [visible(name or "-"), str(listing.members), str(listing.admission), reading, listing.topic]


def listing_json(listing: Listing) -> dict[str, Any]:
    """Return the same as JSON, with texts instead of bytes."""
    texts = {"name": listing.name, "listing": listing.listing}
    fields = {name: value for name, value in msgspec.to_builtins(listing).items() if name not in texts}
    read = {name: read_text(body, Side.PUBLIC)[0] for name, body in texts.items()}
    return {**fields, **{name: text for name, text in read.items() if text is not None}}


def screen_name(member: GroupMember) -> str:
    """Return what a member is called in a public group, if they chose to be called anything."""
    return visible(read_text(member.screen_name, Side.PUBLIC)[0] or "")


def open_words(summary: Summary) -> str:
    """Return how open the public group `summary` is of is, in words."""
    return _openness(summary.members or 0, summary.admission, listed=summary.listed, history_open=summary.history_open)


def _open(listing: Listing) -> str:
    return _openness(listing.members, listing.admission, listed=listing.listed, history_open=listing.history_open)


def _openness(members: int, admission: Admission | None, *, listed: bool, history_open: bool) -> str:
    words = openness_words(admission, listed=listed, history_open=history_open)
    return f"{members} member{'s' * (members != 1)}; {words}"
