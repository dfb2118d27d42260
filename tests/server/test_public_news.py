"""What has become public is told to who is here; and when it cannot be read any more, to nobody."""

from collections.abc import Callable, Iterable
from typing import Any

from structlog.testing import capture_logs

from protocol.entries import Entry, Kind, Side
from protocol.ids import PersonId, Seq, TopicId, new_cid
from protocol.moments import Moment
from server.fanout import FanOut
from server.outcomes import Tell
from server.public_news import PublicNews
from server.readers import Found, Sources
from server.store.writes import Draft, Post, Posted
from server.threads import OpenThreads
from tests.support.adapters import came_of

ANN, BEN = PersonId("a" * 16), PersonId("b" * 16)
POST = Moment(side=Side.PUBLIC, author=ANN, handle="ann", at=0, body=b"x", topic=TopicId("0" * 16), seq=Seq(1))


class Answers:
    """Reads that give this, or fail with it, at once."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def ask(self, query: Callable[[Any], Any], done: Callable[[Found[Any]], None]) -> None:
        done(came_of(self.answer))


def shown(*, post: Any, around: Any) -> list[tuple[Moment, tuple[PersonId, ...]]]:
    """Return what is shown to whom once a post is public, when this is read of it."""
    shows: list[tuple[Moment, tuple[PersonId, ...]]] = []

    def show(moment: Moment, persons: Iterable[PersonId]) -> None:
        shows.append((moment, tuple(persons)))

    def tell(told: Tell) -> None:
        raise AssertionError(told)

    reads = Sources(public=Answers(post), private=Answers(around))
    news = PublicNews(threads=OpenThreads(FanOut()), reads=reads, tell=tell, show=show)
    draft = Draft(kind=Kind.POST, sender=ANN, cid=new_cid(0), digest=b"", at=0)
    entry = Entry(topic=TopicId("0" * 16), seq=Seq(1), kind=Kind.POST, sender=ANN)
    post_ = Post(topic=entry.topic, generation=0, draft=draft)
    news.committed(Posted(post=post_, entry=entry, generation=1))
    return shows


def test_a_post_is_told_to_its_author_and_those_around() -> None:
    assert shown(post=POST, around=(BEN,)) == [(POST, (BEN, ANN))]


def test_what_is_gone_again_is_told_to_nobody() -> None:
    assert shown(post=None, around=(BEN,)) == []


def test_what_cannot_be_read_is_told_to_nobody_and_logged_without_a_word_of_it() -> None:
    for failing in ({"post": OSError("secret"), "around": (BEN,)}, {"post": POST, "around": OSError("secret")}):
        with capture_logs() as logs:
            assert shown(**failing) == []
        assert [(line["event"], line["error"]) for line in logs] == [("news.failed", "OSError")]
        assert "secret" not in repr(logs)
