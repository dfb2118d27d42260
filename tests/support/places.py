"""A place for every surface: where something can be published on it, by whom, and who looks on.

A group for what is said in groups, an active account for what accounts say (an approved one, for its first profile),
somebody's square with a post for what is said under it; for a post the author's own, with another one; nowhere for a
card. No hook is asked about what stands there before a test begins.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from protocol.entries import Kind
from protocol.following import Pages, ReadArticle
from protocol.ids import TopicId
from protocol.moments import Moments, ShowMoment, ShowThread
from protocol.publications import OF_ACCOUNTS, Surface
from tests.support.accounts import active, approved, broadcast
from tests.support.inline import Caller, InlineServer
from tests.support.panel import StaffedPanel
from tests.support.public import content_of, public_group, publication_of, shown_to
from tests.support.reprinting import origin

ARTICLES = (Kind.ARTICLE, Kind.BROADCAST, Kind.EDIT)


@dataclass(frozen=True)
class Place:
    """Where `author` publishes on `surface`. `topic`: for a card, of a group that they are in; for a post, their own
    square; for a comment, that of somebody else, with a post as its first entry.
    """

    server: InlineServer
    author: Caller
    surface: Surface
    topic: TopicId
    source: Caller | None = None  # Who has what a reprint is to be of, in an account of their own.

    def fields(self, words: str) -> dict[str, Any]:
        """Return the fields of a `publish` of `words` there. What is reprinted is public elsewhere, from now on."""
        fields = publication_of(self.surface, words, self.topic)
        if self.source is None:
            return fields
        with unasked(self.server):
            first = active(self.server, self.source, f"Source of {words[:16]}")
            said = broadcast(self.source, first, content_of(self.surface, words), reprintable=True)
        for caller in self.server.callers:
            caller.collect()
        return fields | {"source": origin(said)}

    def shown_to(self, reader: Caller, *, word: str = "") -> dict[str, Any]:
        """Return all that `reader` can ask for about it: answers and refusals."""
        shown = shown_to(reader, self.topic, [self.author.person], word=word)
        shown["page"] = reader.try_(reader.request(Pages, topics=(self.topic,)))
        entries = getattr(shown["history"], "entries", ())
        for seq in [entry.seq for entry in entries if entry.kind in ARTICLES]:
            shown[f"article {seq}"] = reader.try_(reader.request(ReadArticle, topic=self.topic, seq=seq))
        for seq in [entry.seq for entry in entries if entry.kind is Kind.POST]:
            shown[f"post {seq}"] = reader.try_(reader.request(ShowMoment, topic=self.topic, seq=seq))
            shown[f"thread {seq}"] = reader.try_(reader.request(ShowThread, topic=self.topic, seq=seq))
        shown["moments"] = reader.try_(reader.request(Moments, person=self.author.person))
        return shown


def place(server: InlineServer, surface: Surface, author: Caller, *members: Caller) -> Place:
    """Return where `author` can publish on `surface`; of a group, `members` are in it, and anybody may read it."""
    with unasked(server):
        if surface in {Surface.SQUARE, Surface.COMMENT}:
            owner = author if surface is Surface.SQUARE else server.register("zoe")
            square = owner.publish("A first post", surface=Surface.SQUARE).topic
            assert square is not None
            return _quiet(Place(server, author, surface, square))
        if surface not in OF_ACCOUNTS:
            topic = public_group(server, author, *members, listed=True, history_open=True)
            return Place(server, author, surface, topic)
        topic = approved(server, author) if surface is Surface.ACCOUNT_PROFILE else active(server, author)
        source = server.register("zoe") if surface is Surface.REPRINT else None
    return _quiet(Place(server, author, surface, topic, source))


def _quiet(place: Place) -> Place:
    for caller in place.server.callers:
        caller.collect()
    return place


@contextmanager
def unasked(server: InlineServer) -> Iterator[None]:
    """Let everything be published as if no hook were installed."""
    panel, server.gatekeeper._panel = server.gatekeeper._panel, StaffedPanel()
    yield
    server.gatekeeper._panel = panel
