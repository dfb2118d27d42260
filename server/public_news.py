"""Tells who is here what has become public on squares and under what is public: that there is something to be read.

Who may see a change was found out where it was made. To whose timelines a post comes the private store alone knows, so
that is asked there, once the post is public. The poller's thread only.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import structlog

from protocol.entries import Entry, Kind
from protocol.ids import PersonId
from protocol.moments import Moment, NoticePush, ThreadPush
from server.outcomes import Result, Stir, Tell
from server.readers import Found, Sources
from server.roots import public_root_of
from server.store.public_writes import Concluded
from server.store.square_writes import Chosen, PublicCommentDropped, Selected, Stirred
from server.store.writes import Posted
from server.threads import OpenThreads

_GONE_OR_BACK = frozenset({Kind.RECALL, Kind.WITHDRAWN, Kind.RESTORED})

T = TypeVar("T")
log = structlog.get_logger("hutong.squares")


class PublicNews:
    """`tell` pushes to people; `show` shows them a post."""

    def __init__(
        self,
        *,
        threads: OpenThreads,
        reads: Sources,
        tell: Callable[[Tell], None],
        show: Callable[[Moment, Iterable[PersonId]], None],
    ) -> None:
        self._threads = threads
        self._reads = reads
        self._tell = tell
        self._show = show

    def committed(self, result: Result) -> None:
        """Take in what a commit did, whoever asked for it."""
        match result:
            case Posted(entry=Entry() as entry):
                self._entered(entry)
            case Concluded():
                for posted in result.posted:
                    if posted.entry is not None:
                        self._entered(posted.entry)
                self._stirred(result.stirred)
            case Chosen() | Selected() | PublicCommentDropped():
                self._stirred(result.stirred)
            case _:
                pass

    def _entered(self, entry: Entry) -> None:
        if entry.kind is Kind.POST:
            self._posted(entry)
        elif entry.kind in _GONE_OR_BACK and entry.target is not None:  # With it goes all that is said under it.
            push = ThreadPush(topic=entry.topic, seq=entry.target)
            self._threads.stir(Stir(public_root_of(entry.topic, entry.target), push, None))

    def _stirred(self, stirred: Stirred | None) -> None:
        if stirred is None:
            return
        push = ThreadPush(topic=stirred.topic, seq=stirred.seq)
        self._threads.stir(Stir(public_root_of(stirred.topic, stirred.seq), push, stirred.seen_by))
        if stirred.noticed:
            self._tell(Tell(persons=stirred.noticed, push=NoticePush()))

    # A post comes to the timelines of friends.

    def _posted(self, entry: Entry) -> None:
        author = entry.sender
        assert author is not None
        topic, seq = entry.topic, entry.seq
        self._reads.public.ask(lambda reader: reader.post(topic, seq, viewer=author), partial(self._found, author))

    def _found(self, author: PersonId, found: Found[Moment | None]) -> None:
        post = _result(found)
        if post is not None:  # It may be gone again.
            self._reads.private.ask(lambda reader: reader.around(author), partial(self._around, post))

    def _around(self, post: Moment, found: Found[tuple[PersonId, ...]]) -> None:
        persons = _result(found)
        if persons is not None:
            self._show(post, (*persons, post.author))


def _result(found: Found[T]) -> T | None:
    """Return what was read; None when that failed: whoever looks finds it all the same."""
    error = found.exception()
    if error is None:
        return found.result()
    log.error("news.failed", error=type(error).__name__)
    return None
