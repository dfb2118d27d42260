"""What people type to name a topic or a person, and what is meant by it."""

import unicodedata
from dataclasses import dataclass

import click

from client.errors import RefusedError
from client.follows import is_followed
from client.line.cards import named_in
from client.line.screen import Screen, visible
from client.session import Session
from client.view import account_name, read_text
from protocol import handles, limits
from protocol.accounts import OwnAccount, OwnAccounts
from protocol.entries import Side, Standing, TopicKind, side_of
from protocol.errors import ErrorCode
from protocol.following import SearchKind
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
    """Return the topic that `name` means: the handle of a chat, a group's or account's name or its beginning, or an id.

    An account's name means the dialogue with it, where there is one.

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
        or _name(session, summary).casefold() == wanted
    ]
    found = exact or [each for each in topics if wanted and _name(session, each).casefold().startswith(wanted)]
    dialogues = {summary.account for summary in found}
    found = [summary for summary in found if summary.topic not in dialogues]
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
        raise click.UsageError(f"{screen.place(summary)} is no group but a {summary.kind}")
    return summary


async def place(session: Session, screen: Screen, name: str) -> TopicId:
    """Return the public place that `name` means: one's own group, an id, or the name of a listed group.

    Raises:
        click.UsageError: There is none, several, or it is private.
    """
    summary = known(session, screen, name)
    if summary is not None and side_of(summary.topic) is Side.PRIVATE:
        raise click.UsageError(f"{screen.place(summary)} is private; this is for public places")
    if summary is not None or is_public_id(name):
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
        return TopicId(name) if is_public_id(name) else None
    is_in = summary.standing is Standing.MEMBER or side_of(summary.topic) is Side.PRIVATE
    return None if is_in else summary.topic


async def target(session: Session, screen: Screen, name: str) -> Target:
    """Return where a message to `name` goes. Offline, a handle never seen before is left to be looked up later.

    Raises:
        click.UsageError: It is neither a topic here nor a possible handle.
        RefusedError: Nobody is called that.
    """
    summary = known(session, screen, name)
    if summary is not None and summary.kind is TopicKind.ACCOUNT:
        if not is_followed(summary):
            raise click.UsageError(
                f"{screen.place(summary)} is an account you run: hutong account publish speaks for it, "
                "hutong account inbox has what is written to it"
            )
        return Target(person=PersonId(summary.topic))
    if summary is not None:
        return Target(topic=summary.topic, person=summary.peer.person if summary.peer else None)
    if is_public_id(name):
        return Target(person=PersonId(name))
    try:
        handle = handles.normalise(name.removeprefix("@"))
    except handles.HandleError as error:
        raise click.UsageError(
            f"no conversation called {name!r}, and it is no handle: {error}. To write to a public account, follow it "
            f"first: hutong follow {name!r}"
        ) from error
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
            raise RefusedError(error.code, f"nobody to be found is called {handle}; is it spelled right?") from error
        raise


async def account(session: Session, name: str) -> TopicId:
    """Return the public account that `name` means: its id, its name among those one follows or runs, or its name.

    Raises:
        click.UsageError: There is none, or several.
    """
    if is_public_id(name):
        return TopicId(name)
    wanted = _folded(name)
    topics = [summary.topic for summary in session.cache.topics() if summary.kind is TopicKind.ACCOUNT]
    mine = {topic: session.cache.follows.name(topic) or "" for topic in topics}
    found = [topic for topic, called in mine.items() if _folded(called) == wanted]
    found = found or [topic for topic, called in mine.items() if wanted and _folded(called).startswith(wanted)]
    others: dict[TopicId, str] = {}
    if not found and name.strip():
        searched = (await session.search(name.strip()[: limits.QUERY_CHARS], SearchKind.ACCOUNT)).found
        others = {each.topic: account_name(each.body) for each in searched}
        found = [topic for topic, called in others.items() if _folded(called) == wanted]
    if len(found) == 1:
        return found[0]
    meant = {topic: called for topic, called in (mine | others).items() if topic in found or topic in others}
    if meant:
        several = ", ".join(f"{visible(called)} ({topic})" for topic, called in meant.items())
        raise click.UsageError(f"{name!r} may be {several}: use the id")
    raise click.UsageError(f"no public account is called {name!r}; look for one: hutong search {name!r}")


async def article(session: Session, name: str, seq: int | None) -> tuple[TopicId, Seq | None]:
    """Return the article that an account and a number mean; or a reference from a message, which has both in it.

    Raises:
        click.UsageError: There is no such account, or several; or a number is given beside a reference.
    """
    named = named_in(name)
    if named and seq is not None:
        raise click.UsageError(f"{name!r} has the number of its article in it: leave out the other")
    if named:
        return named[0]
    return await account(session, name), None if seq is None else Seq(seq)


async def own_account(session: Session, name: str | None) -> OwnAccount:
    """Return the account of one's own that `name` means, an id or a name or the beginning of one; None: the only one.

    Raises:
        click.UsageError: There is none, or several.
    """
    mine = (await session.request(OwnAccounts(id=0))).accounts
    if not mine:
        raise click.UsageError("you run no public account, and have applied for none: hutong account apply")
    wanted = _folded(name or "")
    found = [each for each in mine if name in {None, each.name}]
    found = found or [each for each in mine if wanted in {each.topic, _folded(each.name)}]
    found = found or [each for each in mine if any(k.startswith(wanted) for k in (each.topic, _folded(each.name)))]
    if len(found) == 1:
        return found[0]
    several = ", ".join(f"{visible(each.name)} ({each.topic})" for each in found or mine)
    if found:
        raise click.UsageError(f"which of your accounts? Say the name or the id of one: {several}")
    raise click.UsageError(f"you run no account {name!r}; yours: {several}")


def spoken_with(session: Session, target: Target) -> TopicId | None:
    """Return the account that a message to `target` goes to; None: it goes to people."""
    if target.person is not None and is_public_id(target.person):
        return TopicId(target.person)
    summary = session.cache.topic(target.topic) if target.topic is not None else None
    return summary.account if summary is not None else None


def _folded(name: str) -> str:
    """Return what an account's name is compared by: width, case and spaces make no difference."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def is_public_id(name: str) -> bool:
    """Say whether `name` is the id of something public."""
    return len(name) == ID_CHARS and name.isascii() and name.isalnum() and side_of(TopicId(name)) is Side.PUBLIC


def _listed_name(listing: Listing) -> str:
    return read_text(listing.name, Side.PUBLIC)[0] or ""


def _name(session: Session, summary: Summary) -> str:
    account = summary.topic if summary.kind is TopicKind.ACCOUNT else summary.account
    if account is not None:
        return session.cache.follows.name(account) or ""
    return read_text(summary.name, side_of(summary.topic))[0] or ""
