"""Reprints: an article that another account says again, word for word; where it comes from, and when that is gone."""

from typing import Any

import msgspec
import pytest

from compliance.publication import Account, Hop
from protocol import limits, publications
from protocol.account_states import NewsRight
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Entry, Kind
from protocol.errors import ErrorCode
from protocol.frames import EntryPush, Recall
from protocol.ids import Seq, TopicId
from protocol.public import Publish
from protocol.publications import Content, Part, Published, Source, Surface, card_of, decode, digest_of, encode
from protocol.staff import OfficerAct, OfficerDecide
from tests.support.accounts import article, profile
from tests.support.inline import InlineServer
from tests.support.public import HOLD
from tests.support.reprinting import SAID, Presses, origin

PUBLISHED, LAPSED = SubmissionState.PUBLISHED, SubmissionState.LAPSED


@pytest.fixture
def presses(server: InlineServer) -> Presses:
    return Presses(server)


def hop(said: Submission) -> publications.Hop:
    assert said.topic is not None
    assert said.seq is not None
    return publications.Hop(account=said.topic, seq=said.seq, digest=digest_of(SAID))


def refusal(presses: Presses, number: int, said: Submission, **changes: Any) -> tuple[str, str | None, str]:
    refused = presses.owners[number].refusal(Publish, **presses.request(number, said, **changes))
    return refused.code, refused.field, refused.message


# Where it comes from.


def test_a_reprint_says_what_its_source_says_and_where_it_comes_from(presses: Presses) -> None:
    said = presses.says(0)
    again = presses.reprints(1, said)
    assert (again.state, again.surface) == (PUBLISHED, Surface.REPRINT)
    assert presses.read(again).content == SAID
    assert presses.source(again) == Source(hops=(hop(said),), author="A. Writer", title="The lamp")


def test_each_hop_is_added_to_those_before_and_the_author_stays_the_first(presses: Presses) -> None:
    first, second, third = presses.chain()
    assert presses.source(second).hops == (hop(first),)
    assert presses.source(third) == Source(hops=(hop(first), hop(second)), author="A. Writer", title="The lamp")
    assert presses.read(first).source is None


def test_the_card_of_a_reprint_says_it_too_and_it_is_a_broadcast(presses: Presses) -> None:
    again = presses.reprints(1, presses.says(0))
    (entry,) = [entry for entry in presses.page(again.topic) if entry.seq == again.seq]
    assert entry.kind is Kind.BROADCAST
    assert entry.body is not None
    assert decode(entry.body).source == presses.source(again)
    assert decode(entry.body).digest == digest_of(SAID)


def test_an_article_that_was_not_broadcast_can_be_reprinted_and_its_newest_version_is(presses: Presses) -> None:
    said = article(presses.owners[0], presses.topics[0], SAID, reprintable=True)
    newer = msgspec.structs.replace(SAID, text="The lamp of the lane works again, and well.")
    edit = article(presses.owners[0], presses.topics[0], newer, target=said.seq, base=1, reprintable=True)
    assert edit.state is PUBLISHED
    assert refusal(presses, 1, said)[0] == ErrorCode.CONFLICT
    now = msgspec.structs.replace(said, content=newer)
    assert presses.read(presses.reprints(1, now)).content == newer


def test_what_a_reprint_comes_through_has_room_on_its_card() -> None:
    wide = Content(title="𝕏" * limits.TITLE_CHARS, summary="𝕏" * limits.SUMMARY_CHARS, author="𝕏" * limits.BYLINE_CHARS)
    hops = tuple(
        publications.Hop(account=TopicId("0" * 16), seq=Seq(limits.SEQ_MAX), digest=bytes(32))
        for _ in range(limits.HOPS)
    )
    source = Source(hops=hops, author=wide.author, title=wide.title)
    labels = tuple("x" * limits.LABEL_CHARS for _ in range(limits.LABELS))
    assert len(encode(card_of(Published(content=wide, source=source, labels=labels)))) <= limits.CARD_BYTES


def test_hooks_are_told_where_it_comes_from_and_what_the_account_is(presses: Presses) -> None:
    said = presses.says(0)
    presses.server.panel.seen.clear()
    presses.reprints(1, said)
    (seen,) = presses.server.panel.seen
    assert seen.account == Account(category="society", news=NewsRight.NONE)
    assert seen.source is not None
    assert seen.source.hops == (Hop(account=said.topic or "", seq=said.seq or 0, digest=digest_of(SAID).hex()),)
    assert (seen.source.author, seen.source.title) == ("A. Writer", "The lamp")


# What is refused.


@pytest.mark.parametrize(
    "change",
    [
        {"text": "The lamp of the lane works again!"},
        {"title": "The lamp."},
        {"author": "Another"},
        {"category": "life"},
        {"lang": "en"},
        {"summary": "A lamp."},
        {"parts": (Part(text="More."),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_altered_reprint_is_refused(presses: Presses, change: dict[str, Any]) -> None:
    said = presses.says(0)
    altered = msgspec.structs.replace(SAID, **change)
    told = (ErrorCode.CONFLICT, "source", "a reprint says exactly what its source says")
    assert refusal(presses, 1, said, content=altered) == told
    spoilt = origin(said, digest=digest_of(altered))
    told = (ErrorCode.CONFLICT, "source", "the article has another version by now: read it first")
    assert refusal(presses, 1, said, content=altered, source=spoilt) == told
    assert presses.marks(presses.topics[1]) == []
    assert [entry.kind for entry in presses.page(presses.topics[1])] == [Kind.PROFILE]


def test_what_its_author_keeps_to_themselves_is_not_reprinted(presses: Presses) -> None:
    said = presses.says(0, reprintable=False)
    code, field, text = refusal(presses, 1, said)
    assert (code, field) == (ErrorCode.NOT_ALLOWED, "source")
    assert text == "the account that published it does not let others reprint it"


def test_an_account_does_not_reprint_itself_but_what_it_got_back_from_another(presses: Presses) -> None:
    said = presses.says(0)
    again = presses.reprints(1, said)
    presses.server.clock.pass_time(24 * 3600)
    assert refusal(presses, 0, said)[:2] == (ErrorCode.BAD_REQUEST, "source")
    assert presses.reprints(0, again).state is PUBLISHED


def test_what_can_never_be_reprinted_is_not_put_off_until_tomorrow(presses: Presses) -> None:
    said = presses.says(0)  # All that this account may broadcast today.
    assert refusal(presses, 0, said)[:2] == (ErrorCode.BAD_REQUEST, "source")


def test_a_reprint_without_a_source_is_none_and_no_article_has_one(presses: Presses) -> None:
    said = presses.says(0)
    assert refusal(presses, 1, said, source=None)[:2] == (ErrorCode.BAD_REQUEST, "source")
    assert refusal(presses, 1, said, surface=Surface.BROADCAST)[:2] == (ErrorCode.BAD_REQUEST, "source")


@pytest.mark.parametrize("how", ["recalled", "withdrawn", "no entry", "a profile", "an edit", "no account", "a group"])
def test_what_is_no_article_in_force_is_no_source(presses: Presses, how: str) -> None:
    said = presses.says(0)
    source = origin(said)
    match how:
        case "recalled":
            presses.recalls(said)
        case "withdrawn":
            presses.withdraws(said)
        case "no entry":
            source = origin(said, seq=Seq(99))
        case "a profile":
            source = origin(said, seq=Seq(1))
        case "an edit":
            fields = {"target": said.seq, "base": 1, "reprintable": True}
            edit = presses.owners[0].publish(SAID, presses.topics[0], Surface.BROADCAST, **fields)
            source = origin(said, seq=edit.seq)
        case "no account":
            source = origin(said, account=TopicId("0" * 16))
        case "a group":
            lane = presses.server.lane(presses.owners[0])
            message = presses.owners[0].publish("hello", lane)
            source = origin(message)
    told = (ErrorCode.NOT_FOUND, "source", "there is no such article, or it is not public any more")
    assert refusal(presses, 1, said, source=source) == told


def test_what_reprints_something_withdrawn_is_not_reprinted_further(presses: Presses) -> None:
    said = presses.says(0)
    again = presses.reprints(1, said)
    presses.withdraws(said)
    told = (ErrorCode.NOT_ALLOWED, "source", "what it reprints has been withdrawn")
    assert refusal(presses, 2, again) == told
    presses.restores(said)
    assert presses.reprints(2, again).state is PUBLISHED


def test_there_is_a_last_hop(presses: Presses) -> None:
    said, day = presses.says(0), 24 * 3600
    for hops in range(1, limits.HOPS + 1):
        presses.server.clock.pass_time(day)
        said = presses.reprints(hops % 3, said)
        assert len(presses.source(said).hops) == hops
    presses.server.clock.pass_time(day)
    code, field, text = refusal(presses, (limits.HOPS + 1) % 3, said)
    assert (code, field) == (ErrorCode.TOO_MANY, "source")
    assert text == "it has come through 8 accounts already: take it from one of them"


def test_a_repeat_gets_what_became_of_it_though_its_source_is_gone(presses: Presses) -> None:
    said = presses.says(0)
    owner = presses.owners[1]
    request = owner.request(Publish, **presses.request(1, said))
    before = owner.ask(request).submission
    presses.recalls(said)
    assert owner.ask(msgspec.structs.replace(request, id=owner.next_id())).submission == before


# Asked again in the transaction that would publish it.


def held(presses: Presses, source: Submission) -> Submission:
    presses.server.panel.hooks = {"terms": lambda _: HOLD}
    waiting = presses.reprints(1, source)
    assert waiting.state is SubmissionState.HELD
    presses.server.panel.hooks = {}
    return waiting


def release(presses: Presses, waiting: Submission) -> Submission:
    return presses.chief.do(OfficerDecide, item=waiting.submission, act=OfficerAct.RELEASE).submission


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        ("recalled", "there is no such article, or it is not public any more"),
        ("withdrawn", "there is no such article, or it is not public any more"),
        ("edited", "the article has another version by now: read it first"),
        ("kept", "the account that published it does not let others reprint it"),
    ],
)
def test_what_was_held_lapses_when_its_source_has_gone_meanwhile(presses: Presses, meanwhile: str, why: str) -> None:
    said = presses.says(0)
    waiting = held(presses, said)
    newer = msgspec.structs.replace(SAID, text="It does not." if meanwhile == "edited" else SAID.text)
    match meanwhile:
        case "recalled":
            presses.recalls(said)
        case "withdrawn":
            presses.withdraws(said)
        case _:
            edit = presses.says(0, newer, target=said.seq, base=1, reprintable=meanwhile == "edited")
            assert edit.state is PUBLISHED
    lapsed = release(presses, waiting)
    assert lapsed.state is LAPSED
    assert lapsed.decision is not None
    assert lapsed.decision.facts == f"By the time it could appear: {why}."


def test_what_was_held_appears_with_its_source_when_nothing_has_changed(presses: Presses) -> None:
    said = presses.says(0)
    released = release(presses, held(presses, said))
    assert released.state is PUBLISHED
    assert presses.source(msgspec.structs.replace(released, topic=presses.topics[1])).hops == (hop(said),)


# When a source goes, and comes back.


@pytest.mark.parametrize("gone", ["withdrawn", "recalled"])
def test_when_a_source_goes_every_reprint_down_the_chain_is_marked(presses: Presses, gone: str) -> None:
    first, second, third = presses.chain()
    (presses.withdraws if gone == "withdrawn" else presses.recalls)(first)
    assert [presses.is_marked(each) for each in (second, third)] == [True, True]
    for each in (second, third):
        assert presses.marks(each.topic) == [(Kind.SOURCE_WITHDRAWN, each.seq)]
    assert presses.read(third).content == SAID  # It is another account's, and stays.


def test_when_it_is_restored_the_marks_go(presses: Presses) -> None:
    first, second, third = presses.chain()
    presses.withdraws(first)
    presses.restores(first)
    assert [presses.is_marked(each) for each in (second, third)] == [False, False]
    for each in (second, third):
        told = [(Kind.SOURCE_WITHDRAWN, each.seq), (Kind.SOURCE_RESTORED, each.seq)]
        assert presses.marks(each.topic) == told


def test_what_comes_before_is_not_marked(presses: Presses) -> None:
    first, second, third = presses.chain()
    presses.withdraws(second)
    assert presses.is_marked(third)
    assert not presses.is_marked(first)
    assert presses.marks(first.topic) == []


def test_a_reprint_stays_marked_until_everything_it_comes_through_is_back(presses: Presses) -> None:
    first, second, third = presses.chain()
    presses.withdraws(second)
    presses.withdraws(first)
    assert presses.marks(third.topic) == [(Kind.SOURCE_WITHDRAWN, third.seq)]  # Once.
    presses.restores(second)
    assert (presses.is_marked(second), presses.is_marked(third)) == (True, True)
    presses.restores(first)
    assert (presses.is_marked(second), presses.is_marked(third)) == (False, False)
    assert presses.marks(third.topic)[-1] == (Kind.SOURCE_RESTORED, third.seq)


def test_a_reprint_that_was_recalled_is_not_told_of_and_those_behind_it_stay_marked(presses: Presses) -> None:
    first, second, third = presses.chain()
    presses.recalls(second)
    presses.withdraws(first)
    presses.restores(first)
    assert presses.marks(second.topic) == []
    assert presses.marks(third.topic) == [(Kind.SOURCE_WITHDRAWN, third.seq)]
    assert presses.is_marked(third)


def test_every_reprint_of_a_tree_is_marked_once(server: InlineServer) -> None:
    presses = Presses(server, 5)
    said = presses.says(0)
    left, right = presses.reprints(1, said), presses.reprints(2, said)
    leaves = [presses.reprints(3, left), presses.reprints(4, right)]
    presses.withdraws(said)
    for each in (left, right, *leaves):
        assert presses.marks(each.topic) == [(Kind.SOURCE_WITHDRAWN, each.seq)]


def test_the_mark_says_nothing_but_which_article_is_meant(presses: Presses) -> None:
    first, second, _ = presses.chain()
    presses.recalls(first)
    (mark,) = [entry for entry in presses.page(second.topic) if entry.kind is Kind.SOURCE_WITHDRAWN]
    said = {name for name in Entry.__struct_fields__ if getattr(mark, name)}
    assert said == {"topic", "seq", "nth", "at", "kind", "sender", "cid", "target"}
    assert str(mark.sender) == second.topic


def test_the_operators_are_pushed_the_mark_at_once(presses: Presses) -> None:
    first, second, third = presses.chain()
    presses.withdraws(first)
    for each in (second, third):
        pushed = [push.entry for push in presses.owner(each.topic).pushes() if isinstance(push, EntryPush)]
        assert [(entry.kind, entry.target) for entry in pushed] == [(Kind.SOURCE_WITHDRAWN, each.seq)]


def test_the_mark_of_what_was_for_some_followers_is_for_them(server: InlineServer) -> None:
    presses = Presses(server, tags=("north",))
    said = presses.says(0)
    again = presses.reprints(1, said, tag="north")
    presses.recalls(said)
    (mark,) = [entry for entry in presses.page(again.topic) if entry.kind is Kind.SOURCE_WITHDRAWN]
    assert mark.tag == "north"


def test_recalling_a_profile_marks_nothing(presses: Presses) -> None:
    presses.chain()
    newer = profile(presses.owners[0], presses.topics[0], "One", about="newer")
    assert newer.state is PUBLISHED
    presses.owners[0].try_(presses.owners[0].request(Recall, topic=presses.topics[0], target=newer.seq))
    assert presses.marks(presses.topics[1]) == []
