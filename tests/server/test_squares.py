"""Squares: what one person says to everybody. Published like all that is public, and read, never followed or synced."""

from contextlib import closing
from typing import Any

import pytest

from compliance.bench import Bench
from compliance.leaves import LeafKind
from compliance.pack import load
from protocol.codec import Refusal
from protocol.contacts import HideContact
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Side
from protocol.errors import ErrorCode
from protocol.following import FollowAccount, ReadArticle, Search
from protocol.frames import History, Recall, ShowTopic
from protocol.moments import Moment, MomentPush, Moments, ShowMoment
from protocol.public import GroupFind, GroupJoin, GroupListing, Publish, Submissions, TakeBack
from protocol.publications import Content, Part, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, OfficerQueue, OfficerShow, StaffRole
from tests.support.friends import befriend
from tests.support.inline import Caller, InlineServer
from tests.support.public import GROUND, HOLD, LABEL, REJECT, leaves_of
from tests.support.squares import Square


@pytest.fixture
def square(server: InlineServer) -> Square:
    return Square(server)


def posts(square: Square, caller: Caller) -> list[Any]:
    return list(caller.do(History, topic=square.topic).entries)


def shown(square: Square, caller: Caller) -> Moment | None:
    answer = caller.try_(caller.request(ShowMoment, topic=square.topic, seq=square.seq))
    if isinstance(answer, Refusal):
        assert answer.code == ErrorCode.NOT_FOUND
        return None
    return answer.moment


# What readers get.


def test_whoever_has_never_heard_of_its_owner_reads_it(square: Square) -> None:
    (entry,) = posts(square, square.eve)
    assert (entry.seq, entry.kind, entry.sender) == (1, Kind.POST, square.ann.person)
    assert decode(entry.body).content == Content(text="hello")
    moment = shown(square, square.eve)
    assert moment is not None
    assert (moment.side, moment.author, moment.handle, moment.at) == (Side.PUBLIC, square.ann.person, "ann", entry.at)
    assert (moment.topic, moment.seq, moment.body) == (square.topic, 1, entry.body)
    assert (moment.moment, moment.audience) == (None, None)


def test_everybody_has_one_square_beside_their_card(square: Square) -> None:
    card = square.ann.publish(Content(title="Ann"), surface=Surface.CARD)
    assert square.posts("again")[0] == square.topic != card.topic
    assert [entry.seq for entry in posts(square, square.ben)] == [1, 2]
    assert square.ben.publish("mine", surface=Surface.SQUARE).topic not in {square.topic, card.topic}


def test_a_post_may_have_a_title_and_parts(square: Square) -> None:
    content = Content(
        title="The lamp", text="It works.", parts=(Part(link="https://lane.example/"),), category="society"
    )
    said = square.ann.publish(content, surface=Surface.SQUARE)
    (*_, entry) = posts(square, square.eve)
    assert (entry.seq, decode(entry.body).content) == (said.seq, content)


def test_labels_of_hooks_stand_on_it(square: Square) -> None:
    square.server.panel.hooks = {"one": lambda _: LABEL}
    square.posts("a rumour")
    (*_, entry) = posts(square, square.eve)
    assert decode(entry.body).labels == LABEL.labels


def test_posts_of_one_person_never_have_the_same_time(square: Square) -> None:
    square.posts("again")
    square.server.clock.ms -= 60_000  # A clock that was set.
    square.posts("and again")
    times = [entry.at for entry in posts(square, square.eve)]
    assert times == sorted(set(times))


def test_a_post_is_later_than_those_before_whatever_has_become_of_them(square: Square) -> None:
    """All in one millisecond: that one was recalled says nothing about when the next was said."""
    for text in ("two", "three", "four"):
        square.posts(text)
    square.ann.do(Recall, topic=square.topic, target=2)
    square.posts("five")
    times = [entry.at for entry in posts(square, square.eve) if entry.kind is Kind.POST]
    assert times == sorted(set(times))
    assert [moment.seq for moment in square.ann.do(Moments, person=square.ann.person).moments] == [6, 4, 3, 1]


@pytest.mark.parametrize("whose", ["ann", "eve"])
def test_it_is_no_topic_to_be_in_to_follow_or_to_find(square: Square, whose: str) -> None:
    caller: Caller = getattr(square, whose)
    for shape in (ShowTopic, GroupJoin, GroupListing, FollowAccount):
        assert caller.refused(shape, topic=square.topic) == "not_found"
    assert caller.refused(ReadArticle, topic=square.topic, seq=1) == "not_found"
    assert caller.do(GroupFind, query="hello").listings == ()
    assert caller.do(Search, query="hello").found == ()


def test_it_is_read_and_not_synced(square: Square) -> None:
    for caller in (square.ann, square.eve):
        reply = caller.sync({square.topic: 0}, side=Side.PUBLIC)
        assert (reply.topics, reply.slices, reply.gone) == ((), (), (square.topic,))


# Friends hear of it.


def test_a_post_is_told_to_friends_who_are_here_once_it_is_public(square: Square) -> None:
    befriend(square.ann, square.ben)
    square.quiet()
    square.server.panel.hooks = {"terms": lambda _: HOLD}
    held = square.ann.publish("hm", surface=Surface.SQUARE)
    assert square.ben.collect() == []
    square.server.officer().do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE)
    (push,) = square.ben.pushes()
    assert isinstance(push, MomentPush)
    assert (push.moment.topic, push.moment.seq, push.moment.handle) == (square.topic, 2, "ann")
    assert [square.cyd.collect(), square.eve.collect()] == [[], []]


def test_whoever_hides_somebody_from_themselves_does_not_hear_of_their_posts(square: Square) -> None:
    befriend(square.ann, square.ben)
    square.ben.do(HideContact, person=square.ann.person, theirs=True)
    square.quiet()
    square.posts("again")
    assert square.ben.collect() == []


# How it goes, and comes back.


def test_its_owner_takes_a_post_back_at_any_time_and_nobody_else_does(square: Square) -> None:
    for caller in (square.ben, square.eve):
        assert caller.refused(Recall, topic=square.topic, target=1) == "not_found"
    square.server.clock.pass_time(365 * 86_400)
    square.ann.do(Recall, topic=square.topic, target=1)
    assert shown(square, square.eve) is None
    first, recall = posts(square, square.eve)
    assert (first.erased, first.body, recall.kind) == (True, None, Kind.RECALL)
    assert square.ann.refused(Recall, topic=square.topic, target=2) == "not_allowed"


def test_what_is_withdrawn_is_not_there_until_it_is_restored(square: Square) -> None:
    chief = square.server.officer("C1", StaffRole.CHIEF)
    item = chief.do(OfficerShow, topic=square.topic, seq=1).submission.submission
    chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="It is not true.")
    assert shown(square, square.eve) is None
    assert shown(square, square.ann) is None
    chief.do(OfficerDecide, item=item, act=OfficerAct.RESTORE, facts="It is.")
    assert shown(square, square.eve) is not None
    (restored,) = (entry for entry in posts(square, square.eve) if entry.kind is Kind.RESTORED)
    assert decode(restored.body).content.text == "hello"


def test_a_first_post_that_is_held_founds_no_square(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    server.panel.hooks = {"terms": lambda _: HOLD}
    held = ann.publish("hm", surface=Surface.SQUARE)
    assert (held.state, held.topic) == (SubmissionState.HELD, None)
    (item,) = server.officer().do(OfficerQueue).items
    assert (item.item, item.surface, item.excerpt) == (held.submission, Surface.SQUARE, "hm")
    taken = ann.do(TakeBack, submission=held.submission).submission
    assert (taken.state, taken.topic) == (SubmissionState.TAKEN_BACK, None)


def test_a_post_that_is_rejected_is_seen_by_nobody_and_has_its_reason(square: Square) -> None:
    square.server.panel.hooks = {"terms": lambda _: REJECT}
    said = square.ann.publish("not true", surface=Surface.SQUARE)
    assert said.decision is not None
    assert (said.state, said.seq, said.decision.ground) == (SubmissionState.REJECTED, None, GROUND)
    assert len(posts(square, square.eve)) == 1
    assert [each.submission for each in square.ann.do(Submissions).submissions] == [said.submission, first(square)]


def first(square: Square) -> str:
    (leaf,) = leaves_of(square.server, LeafKind.PUBLISHED)
    assert (leaf["topic"], leaf["seq"]) == (square.topic, 1)
    submission: str = leaf["submission"]
    return submission


def test_a_repeat_is_answered_as_the_first_time(square: Square) -> None:
    request = square.ann.request(Publish, surface=Surface.SQUARE, content=Content(text="once"))
    first_answer, second = square.ann.ask(request), square.ann.ask(request)
    assert first_answer == second
    assert [entry.seq for entry in posts(square, square.eve)] == [1, 2]
    other = square.ann.request(Publish, surface=Surface.SQUARE, content=Content(text="twice"), cid=request.cid)
    assert square.ann.try_(other).code == "conflict"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"topic": "the square"}, "topic"),
        ({"target": 1, "base": 1}, "target"),
        ({"base": 0}, "base"),
        ({"root": 1}, "root"),
        ({"answers": "0" * 16}, "answers"),
        ({"reply_to": 1}, "reply_to"),
        ({"tag": "north"}, "tag"),
        ({"reprintable": True}, "reprintable"),
        ({"content": Content(text=" ")}, "content"),
        ({"content": Content(text="x", author="Ann")}, "content"),
        ({"content": Content(text="x", category="nonsense")}, "content.category"),
    ],
)
def test_what_a_post_cannot_have_is_said(square: Square, wrong: dict[str, Any], field: str) -> None:
    wrong = wrong | ({"topic": square.topic} if "topic" in wrong else {})
    refusal = square.ann.refusal(Publish, **{"surface": Surface.SQUARE, "content": Content(text="x")} | wrong)
    assert (refusal.code, refusal.field) == ("bad_request", field)


@pytest.mark.parametrize("surface", [Surface.SQUARE, Surface.COMMENT])
def test_where_the_law_asks_for_a_licence_nothing_is_said_without_one(surface: Surface) -> None:
    with closing(InlineServer(bench=Bench(pack=load("cn-2014"), licence=None))) as server:
        (ann,) = server.people("ann")
        more = {"topic": "0" * 16, "root": 1} if surface is Surface.COMMENT else {}
        assert ann.refused(Publish, surface=surface, content=Content(text="x"), **more) == ErrorCode.PUBLIC_CLOSED
