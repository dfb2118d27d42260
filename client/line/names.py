"""What people type to name a topic or a person, and what is meant by it."""

from dataclasses import dataclass

import click

from client.errors import RefusedError
from client.line.screen import Screen
from client.session import Session
from client.view import read_text
from protocol import handles
from protocol.entries import TopicKind
from protocol.errors import ErrorCode
from protocol.frames import Send, Summary
from protocol.ids import Cid, PersonId, Seq, TopicId


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a message goes: to a topic one has, to a person, or to a handle nobody could look up yet."""

    topic: TopicId | None = None
    person: PersonId | None = None
    handle: str | None = None

    def send(self, cid: Cid, body: bytes, reply_to: Seq | None = None) -> Send:
        """Return the request that says `body` there."""
        if self.person is not None:
            return Send(id=0, cid=cid, body=body, to=self.person, reply_to=reply_to)
        return Send(id=0, cid=cid, body=body, topic=self.topic, reply_to=reply_to)


def known(session: Session, screen: Screen, name: str) -> Summary | None:
    """Return the topic that `name` means: the handle of a chat, a group's name or its beginning, or an id.

    Raises:
        click.UsageError: It means several.
    """
    topics = session.cache.topics()
    wanted = name.casefold()
    exact = [
        summary
        for summary in topics
        if summary.topic == wanted
        or (summary.peer is not None and summary.peer.handle == wanted.removeprefix("@"))
        or _group_name(summary).casefold() == wanted
    ]
    found = exact or [summary for summary in topics if wanted and _group_name(summary).casefold().startswith(wanted)]
    if len(found) > 1:
        meant = ", ".join(f"{screen.title(summary)} ({summary.topic})" for summary in found)
        raise click.UsageError(f"{name!r} may be {meant}: use the id")
    return found[0] if found else None


async def topic(session: Session, screen: Screen, name: str) -> Summary:
    """Return the topic that `name` means.

    Raises:
        click.UsageError: There is none, or several.
    """
    summary = known(session, screen, name)
    if summary is None:
        raise click.UsageError(f"no conversation called {name!r}; `hutong topics` lists them")
    return summary


async def group(session: Session, screen: Screen, name: str) -> Summary:
    """Return the group that `name` means.

    Raises:
        click.UsageError: There is none, or it is a chat.
    """
    summary = await topic(session, screen, name)
    if summary.kind is not TopicKind.GROUP:
        raise click.UsageError(f"{name!r} is a chat, not a group")
    return summary


async def target(session: Session, screen: Screen, name: str) -> Target:
    """Return where a message to `name` goes. Offline, a handle never seen before is left to be looked up later.

    Raises:
        click.UsageError: It is neither a topic here nor a possible handle.
        RefusedError: Nobody is called that.
    """
    summary = known(session, screen, name)
    if summary is not None:
        return Target(topic=summary.topic, person=summary.peer.person if summary.peer else None)
    try:
        handle = handles.normalise(name.removeprefix("@"))
    except handles.HandleError as error:
        raise click.UsageError(f"no conversation called {name!r}, and it is no handle: {error}") from error
    if session.cache.person(handle) is None and not session.is_online:
        return Target(handle=handle)
    return Target(person=await person(session, handle))


async def person(session: Session, handle: str) -> PersonId:
    """Return who `handle` is.

    Raises:
        RefusedError: Nobody is called that.
        click.UsageError: It is no handle.
    """
    try:
        return await session.find(handle.removeprefix("@"))
    except handles.HandleError as error:
        raise click.UsageError(str(error)) from error
    except RefusedError as error:
        if error.code == ErrorCode.NOT_FOUND:
            raise RefusedError(error.code, f"nobody is called {handle}; is it spelled right?") from error
        raise


def _group_name(summary: Summary) -> str:
    return read_text(summary.name)[0] or ""
