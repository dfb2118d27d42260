"""Everybody looks at everything: at their timelines, at each other's pages, at each thing, and at what is said there.

Pages are small, so that there are many: one that is not the last has to be full.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec
import trio

from benchmarks.neighbours.graph import View
from benchmarks.neighbours.names import Names
from benchmarks.neighbours.neighbour import Neighbour
from client.errors import RefusedError
from client.moments import Root
from protocol.errors import ErrorCode
from protocol.moments import Comment, Moment, Moments, MomentsReply, ShowThread, ThreadReply, Timeline

PAGE = 5
Item = TypeVar("Item", Moment, Comment)
Page = TypeVar("Page", MomentsReply, ThreadReply)
T = TypeVar("T")


@dataclass(slots=True)
class Sight:
    """What all of them have been shown. `holes`: pages that are short and not the last, or not newest first."""

    views: dict[tuple[str, str], View] = field(default_factory=dict)
    pages: int = 0
    holes: int = 0


class Looking:
    """One look of everybody at everything that was ever said. `articles`: which of it are articles."""

    def __init__(self, names: Names, articles: frozenset[str]) -> None:
        self._names = names
        self._articles = articles
        self._sight = Sight()

    async def everybody(self, neighbours: Iterable[Neighbour]) -> Sight:
        """Have all of them look, at the same time."""
        async with trio.open_nursery() as looking:
            for neighbour in neighbours:
                looking.start_soon(self._one, neighbour)
        return self._sight

    async def _one(self, viewer: Neighbour) -> None:
        shown = {
            key: await _found(viewer.moments.show(root))
            for key, root in self._names.roots.items()
            if key not in self._articles
        }
        timeline = self._counted(await self._timeline(viewer), shown)
        pages: Counter[str] = Counter()
        for author in self._names.people:
            pages += self._counted(await self._page(viewer, author), shown)
        threads = {key: await self._thread(viewer, root) for key, root in self._names.roots.items()}
        for key in {*threads, *timeline, *pages}:
            view = self._view(shown.get(key), threads.get(key))
            self._sight.views[viewer.handle, key] = replace(view, timeline=timeline[key], page=pages[key])

    def _view(self, moment: Moment | None, thread: ThreadReply | None) -> View:
        """Return what is shown of one thing, by itself and as a thread."""
        if thread is None:
            return View(shown=moment is not None)
        return View(
            shown=moment is not None,
            opens=True,
            comments=frozenset(self._names.comment(each.comment) for each in thread.comments),
            likers=frozenset(each.handle for each in thread.likers),
            likes=thread.likes,
            counted=len(thread.comments) if moment is None else moment.comments,
            liked=thread.liked,
        )

    def _counted(self, moments: Iterable[Moment], shown: dict[str, Moment | None]) -> Counter[str]:
        """Count what is in a list, by its keys; what is another there than by itself is something else."""
        counted: Counter[str] = Counter()
        for moment in moments:
            key = self._names.key(Root.of(moment))
            counted[key if shown.get(key) == moment else f"{key}, otherwise than when asked for"] += 1
        return counted

    async def _timeline(self, viewer: Neighbour) -> list[Moment]:
        return await self._turned(
            lambda before: viewer.session.request(Timeline(id=0, before=before, limit=PAGE)),
            lambda page: page.moments,
        )

    async def _page(self, viewer: Neighbour, author: str) -> list[Moment]:
        person = self._names.people[author]
        return await self._turned(
            lambda before: viewer.session.request(Moments(id=0, person=person, before=before, limit=PAGE)),
            lambda page: page.moments,
        )

    async def _thread(self, viewer: Neighbour, root: Root) -> ThreadReply | None:
        first = await _found(viewer.session.request(ShowThread(id=0, limit=PAGE, **root.where)))
        if first is None:
            return None

        async def page(before: str) -> ThreadReply:
            again = ShowThread(id=0, before=before, limit=PAGE, **root.where)
            return await viewer.session.request(again) if before else first

        return msgspec.structs.replace(first, comments=tuple(await self._turned(page, lambda page: page.comments)))

    async def _turned(
        self, ask: Callable[[str], Awaitable[Page]], items: Callable[[Page], tuple[Item, ...]]
    ) -> list[Item]:
        """Return what is on all pages, from the first to the one that is said to be the last."""
        found: list[Item] = []
        before, is_over = "", False
        while not is_over:
            page = await ask(before)
            found += items(page)
            before, is_over = page.before, page.complete
            self._sight.pages += 1
            self._sight.holes += not is_over and len(items(page)) != PAGE
        times = [each.at for each in found]
        self._sight.holes += times != sorted(times, reverse=True)
        return found


async def _found(asked: Awaitable[T]) -> T | None:
    """Return what is there; None: it is not, for whoever asked."""
    try:
        return await asked
    except RefusedError as refused:
        if refused.code != ErrorCode.NOT_FOUND:
            raise
        return None
