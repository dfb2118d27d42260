"""Forwards: a message in a public group that brings an article of a public account along, as a text of one's own."""

from typing import Any

import msgspec
import pytest

from compliance.publication import Hop
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Kind
from protocol.errors import ErrorCode
from protocol.frames import History
from protocol.ids import Seq, TopicId
from protocol.limits import BODY_BYTES
from protocol.public import Publish
from protocol.publications import Content, Part, Published, Source, Surface, decode, digest_of
from protocol.staff import OfficerAct, OfficerDecide
from server.forms import ENVELOPE_BYTES, SOURCE_BYTES
from tests.support.inline import InlineServer
from tests.support.public import HOLD
from tests.support.reprinting import SAID, Presses, origin

WORDS = "Look who has repaired the lamp:"


class Square:
    """Two accounts, and a public group in which somebody brings along what they read."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.presses = Presses(server, 2)
        self.member, self.other = server.people("mia", "noa")
        self.topic = server.lane(self.member, self.other)

    def forwards(self, article: Submission, words: str | Content = WORDS, **more: Any) -> Submission:
        return self.member.publish(words, self.topic, **{"source": origin(article)} | more)

    def refusal(self, article: Submission, **changes: Any) -> tuple[str, str | None]:
        fields = {
            "surface": Surface.GROUP_MESSAGE,
            "topic": self.topic,
            "content": Content(text=WORDS),
            "source": origin(article),
        }
        refused = self.member.refusal(Publish, **fields | changes)
        return refused.code, refused.field

    def seen(self) -> list[Published]:
        """Return what another member sees of it."""
        entries = self.other.do(History, topic=self.topic, limit=200).entries
        return [decode(entry.body) for entry in entries if entry.kind in {Kind.MESSAGE, Kind.EDIT} and entry.body]


@pytest.fixture
def square(server: InlineServer) -> Square:
    return Square(server)


def test_who_reads_it_sees_the_words_of_who_forwards_and_where_the_article_is(square: Square) -> None:
    article = square.presses.says(0, reprintable=False)  # To bring it along is no reprint.
    assert square.forwards(article).state is SubmissionState.PUBLISHED
    (seen,) = square.seen()
    assert seen.content == Content(text=WORDS)
    assert seen.source is not None
    (hop,) = seen.source.hops
    assert (hop.account, hop.seq, hop.digest) == (article.topic, article.seq, digest_of(SAID))
    assert (seen.source.author, seen.source.title) == ("A. Writer", "The lamp")


def test_a_forwarded_reprint_comes_with_all_its_hops(square: Square) -> None:
    first = square.presses.says(0)
    second = square.presses.reprints(1, first)
    square.forwards(second)
    (seen,) = square.seen()
    assert seen.source is not None
    assert [(hop.account, hop.seq) for hop in seen.source.hops] == [(it.topic, it.seq) for it in (first, second)]
    assert seen.source.title == "The lamp"


def test_hooks_judge_the_words_and_are_told_the_source_and_no_account(square: Square) -> None:
    article = square.presses.says(0)
    square.server.panel.seen.clear()
    square.forwards(article)
    (seen,) = square.server.panel.seen
    assert (seen.content, seen.account) == (Content(text=WORDS), None)
    assert seen.source is not None
    assert seen.source.hops == (Hop(account=article.topic or "", seq=article.seq or 0, digest=digest_of(SAID).hex()),)


def test_what_was_read_is_what_is_public_or_it_is_read_again_first(square: Square) -> None:
    article = square.presses.says(0)
    assert square.refusal(article, source=origin(article, digest=bytes(32))) == (ErrorCode.CONFLICT, "source")
    square.presses.recalls(article)
    assert square.refusal(article) == (ErrorCode.NOT_FOUND, "source")
    assert square.refusal(article, source=origin(article, account=TopicId("0" * 16))) == (
        ErrorCode.NOT_FOUND,
        "source",
    )
    assert square.refusal(article, source=origin(article, seq=Seq(99))) == (ErrorCode.NOT_FOUND, "source")
    assert square.seen() == []


@pytest.mark.parametrize(
    "surface", [Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_LISTING, Surface.GROUP_SCREEN_NAME]
)
def test_nothing_but_a_message_brings_anything_along(square: Square, surface: Surface) -> None:
    article = square.presses.says(0)
    assert square.refusal(article, surface=surface) == (ErrorCode.BAD_REQUEST, "source")


def test_who_may_not_publish_there_may_not_forward_there(square: Square) -> None:
    article = square.presses.says(0)
    stranger = square.server.register("oto")
    fields = {"content": Content(text=WORDS), "source": origin(article)}
    refused = stranger.refusal(Publish, surface=Surface.GROUP_MESSAGE, topic=square.topic, **fields)
    assert (refused.code, refused.field) == (ErrorCode.NOT_FOUND, None)


def test_an_edit_says_for_itself_whether_it_still_brings_it(square: Square) -> None:
    article = square.presses.says(0)
    said = square.forwards(article)
    square.forwards(article, "Look:", target=said.seq, base=1)
    square.member.publish("Never mind.", square.topic, target=said.seq, base=2)
    assert [seen.source is not None for seen in square.seen()] == [True, True, False]


def test_it_has_room_beside_the_longest_words(square: Square) -> None:
    article = square.presses.says(0)
    room = BODY_BYTES - ENVELOPE_BYTES - SOURCE_BYTES
    parts = tuple(Part(text="x" * 7900) for _ in range(3))
    fits = Content(parts=parts, text="x" * (room - 3 * 7900 - 3 * 10 - 30))
    assert square.forwards(article, fits).state is SubmissionState.PUBLISHED
    longer = msgspec.structs.replace(fits, text=fits.text + "x" * 40)
    assert square.refusal(article, content=longer) == (ErrorCode.BAD_REQUEST, "content")
    assert square.member.publish(longer, square.topic).state is SubmissionState.PUBLISHED


@pytest.mark.parametrize("gone", ["withdrawn", "recalled"])
def test_when_the_article_goes_the_message_stays_and_leads_nowhere(square: Square, gone: str) -> None:
    article = square.presses.says(0)
    square.forwards(article)
    for caller in square.server.callers:
        caller.collect()
    (square.presses.withdraws if gone == "withdrawn" else square.presses.recalls)(article)
    (seen,) = square.seen()
    assert isinstance(seen.source, Source)
    assert square.other.pushes() == []
    assert square.refusal(article) == (ErrorCode.NOT_FOUND, "source")


def test_what_was_held_lapses_when_the_article_has_gone_meanwhile(square: Square) -> None:
    article = square.presses.says(0)
    square.server.panel.hooks = {"terms": lambda _: HOLD}
    held = square.forwards(article)
    square.presses.recalls(article)
    square.server.panel.hooks = {}
    officer = square.presses.chief
    lapsed = officer.do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE).submission
    assert lapsed.state is SubmissionState.LAPSED
    assert lapsed.decision is not None
    why = "there is no such article, or it is not public any more"
    assert lapsed.decision.facts == f"By the time it could appear: {why}."
