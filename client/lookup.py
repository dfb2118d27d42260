"""Finding things out from the server, into the cache: who has which handle, what accounts are called, what they wrote.

`ask` is how: a session's `request`.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from client.articles import AlteredError, Article, Card, card_among, opened, vouches
from client.cache import Cache
from client.errors import RefusedError
from protocol import limits
from protocol.entries import Side, side_of
from protocol.errors import ErrorCode
from protocol.following import AccountPage, Pages, ReadArticle
from protocol.frames import History, People, Person, Reply, Request
from protocol.ids import PersonId, Seq, TopicId

R = TypeVar("R", bound=Reply)
ARTICLE_TRIES = 3  # An article that is edited just while it is opened is asked for again.


class Ask(Protocol):
    """Puts a request to the server, and returns its reply."""

    async def __call__(self, request: Request[R], /) -> R: ...


async def person(ask: Ask, cache: Cache, handle: str) -> PersonId:
    """Return who has `handle`, spelled as it is kept; see Session.find."""
    known = cache.person(handle)
    if known is not None:
        return known
    people = (await ask(People(id=0, handles=(handle,)))).people
    cache.learn(people)
    if not people:
        raise RefusedError(ErrorCode.NOT_FOUND, f"nobody is called {handle}")
    return people[0].person


async def names(ask: Ask, cache: Cache, persons: Sequence[PersonId]) -> None:
    """Make the cache know what `persons` are called, those that are accounts too."""
    accounts = [TopicId(each) for each in dict.fromkeys(persons) if side_of(TopicId(each)) is Side.PUBLIC]
    unnamed = [account for account in accounts if cache.follows.name(account) is None]
    for first in range(0, len(unnamed), limits.ACCOUNT_PAGES):
        await ask(Pages(id=0, topics=tuple(unnamed[first : first + limits.ACCOUNT_PAGES])))
    people = [each for each in dict.fromkeys(persons) if side_of(TopicId(each)) is Side.PRIVATE]
    unknown = [each for each in people if cache.handle(each) is None]
    for first in range(0, len(unknown), limits.LOOKUP_PEOPLE):
        asked = tuple(unknown[first : first + limits.LOOKUP_PEOPLE])
        found = (await ask(People(id=0, persons=asked))).people
        hidden = [Person(person=each, handle=each) for each in set(asked) - {known.person for known in found}]
        cache.learn([*found, *hidden])


async def page(ask: Ask, cache: Cache, account: TopicId) -> AccountPage:
    """Return the page of an account; see Session.page."""
    known = cache.follows.page(account)
    pages = (known,) if known else (await ask(Pages(id=0, topics=(account,)))).pages
    if not pages:
        raise RefusedError(ErrorCode.NOT_FOUND, f"there is no account {account}")
    return pages[0]


async def card(ask: Ask, cache: Cache, account: TopicId, seq: Seq) -> Card:
    """Return the card in force of an article, from the cache where that has it; the server counts no reader for it.

    Raises:
        RefusedError: `not_found`: there is none, or it is not public any more.
    """
    found = _known(cache, account, seq) or await _around(ask, account, seq)
    if found is None or found.published.digest is None:
        raise _none(seq)
    return found


async def article(ask: Ask, cache: Cache, account: TopicId, seq: Seq) -> Article:
    """Return an article that its card vouches for; see Session.article."""
    for _ in range(ARTICLE_TRIES):
        try:
            found = opened(await ask(ReadArticle(id=0, topic=account, seq=seq)))
        except RefusedError as refused:
            raise _none(seq) if refused.code == ErrorCode.NOT_FOUND else refused from refused
        root = found.entry.seq
        if vouches(_known(cache, account, root), found) or vouches(await _around(ask, account, root), found):
            return found
    raise AlteredError("the server has no card for what it gave as this article; it is not shown")


def _none(seq: Seq) -> RefusedError:
    return RefusedError(ErrorCode.NOT_FOUND, f"there is no article [{seq}], or it is not public any more")


def _known(cache: Cache, account: TopicId, seq: Seq) -> Card | None:
    """Return the card that this device knows: maybe of an older version than the one in force."""
    entries = cache.entries(account, after=seq - 1, before=Seq(seq + 1))
    return card_among([*entries, *cache.about(account, seq, seq)], account, seq)


async def _around(ask: Ask, account: TopicId, seq: Seq) -> Card | None:
    page = await ask(History(id=0, topic=account, around=seq, limit=1))
    return card_among([*page.entries, *page.related], account, seq)
