"""What people type to name a topic or a person, and what is meant by it."""

from dataclasses import dataclass

import click

from client.errors import RefusedError
from client.line.screen import Screen, visible
from client.session import Session
from client.view import read_text
from protocol import handles, limits
from protocol.entries import Side, Standing, TopicKind, side_of
from protocol.errors import ErrorCode
from protocol.frames import Send, Summary
from protocol.ids import ID_CHARS, Cid, PersonId, Seq, TopicId
from protocol.public import GroupFind, Listing


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


async def place(session: Session, screen: Screen, name: str) -> TopicId:
    """Return the public place that `name` means: one's own group, an id, or the name of a listed group.

    Raises:
        click.UsageError: There is none, several, or it is private.
    """
    summary = known(session, screen, name)
    if summary is not None and side_of(summary.topic) is Side.PRIVATE:
        raise click.UsageError(f"{screen.place(summary)} is private; this is for public places")
    if summary is not None or _is_public_id(name):
        return summary.topic if summary else TopicId(name)
    found = (await session.request(GroupFind(id=0, query=name[: limits.QUERY_CHARS]))).listings
    called = [listing for listing in found if _listed_name(listing).casefold() == name.strip().casefold()]
    if len(called) == 1:
        return called[0].topic
    meant = ", ".join(f"{visible(_listed_name(listing))} ({listing.topic})" for listing in called or found)
    if meant:
        raise click.UsageError(f"{name!r} may be {meant}: use the id")
    raise click.UsageError(f"no public place is called {name!r}; `hutong group find` lists those that can be found")


def visited(session: Session, screen: Screen, name: str) -> TopicId | None:
    """Return the public place that `name` is the id of, or means here, if one is not in it; else None.

    Nothing is looked up: what people call their private groups is no public search.
    """
    summary = known(session, screen, name)
    if summary is None:
        return TopicId(name) if _is_public_id(name) else None
    is_in = summary.standing is Standing.MEMBER or side_of(summary.topic) is Side.PRIVATE
    return None if is_in else summary.topic


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


def _is_public_id(name: str) -> bool:
    return len(name) == ID_CHARS and name.isascii() and name.isalnum() and side_of(TopicId(name)) is Side.PUBLIC


def _listed_name(listing: Listing) -> str:
    return read_text(listing.name, Side.PUBLIC)[0] or ""


def _group_name(summary: Summary) -> str:
    return read_text(summary.name, side_of(summary.topic))[0] or ""
