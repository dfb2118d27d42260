"""Comments under what is public: published like all that is, known by a name, and shown as its author chooses."""

from typing import Any

import pytest

from compliance.leaves import LeafKind
from protocol.accounts import ActPush
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Kind, Role
from protocol.errors import ErrorCode
from protocol.frames import History, Recall, ShowTopic
from protocol.ids import CommentId, TopicId, new_public_comment_id
from protocol.moments import Choice, ChooseComments, DeleteComment, SelectComment, ShowThread
from protocol.public import Publish, ShowReceipt, Submissions, TakeBack
from protocol.publications import Content, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, OfficerQueue, OfficerShow, StaffRole
from tests.support.accounts import active, article, operator, words
from tests.support.inline import Caller, InlineServer
from tests.support.public import GROUND, HOLD, REJECT, leaves_of, rows
from tests.support.squares import Square

WANTED = "no comments are wanted there any more"


@pytest.fixture
def square(server: InlineServer) -> Square:
    return Square(server)


# Saying something.


def test_whoever_is_nobodys_friend_says_something_and_everybody_reads_it(square: Square) -> None:
    square.says(square.ben, "first")
    for caller in (square.ann, square.ben, square.eve):
        (comment,) = square.thread(caller).comments
        assert (comment.author, comment.handle) == (square.ben.person, "ben")
        assert (comment.answers, comment.selected) == (None, False)
        assert decode(comment.body).content == Content(text="first")


def test_its_author_is_told_what_it_is_known_by_and_no_number(square: Square) -> None:
    first = square.says(square.ben, "first")
    said = square.submits(square.cyd, "second", answers=first)
    assert (said.topic, said.root, said.seq, said.answers) == (square.topic, square.seq, None, first)
    assert said.comment is not None
    assert said.comment.startswith("0")
    assert [comment.comment for comment in square.thread(square.eve).comments] == [said.comment, first]
    (listed,) = square.cyd.do(Submissions).submissions
    assert (listed.comment, listed.topic, listed.root, listed.seq) == (said.comment, square.topic, square.seq, None)


def test_nothing_that_anybody_gets_names_the_topic_it_is_in(square: Square) -> None:
    thread = hidden_topic(square, square.says(square.ben, "first"))
    said = square.submits(square.cyd, "second")
    square.ann.do(SelectComment, comment=said.comment)
    square.cyd.do(DeleteComment, comment=said.comment)
    asked = [square.cyd.do(ShowReceipt, submission=said.submission), square.cyd.do(Submissions)]
    got = [asked, *(caller.collect() for caller in square.server.callers), square.thread(square.ann)]
    assert thread not in repr(got)


def test_a_leaf_says_what_it_is_under(square: Square) -> None:
    said = square.submits(square.ben, "first")
    (*_, leaf) = leaves_of(square.server, LeafKind.PUBLISHED)
    assert (leaf["submission"], leaf["topic"], leaf["seq"]) == (said.submission, square.topic, square.seq)


def test_the_topic_it_is_in_is_there_for_nobody(square: Square) -> None:
    thread = hidden_topic(square, square.says(square.ben, "first"))
    for caller in (square.ann, square.ben, square.eve):
        assert caller.refused(History, topic=thread) == "not_found"
        assert caller.refused(ShowTopic, topic=thread) == "not_found"
        assert caller.refused(Recall, topic=thread, target=1) == "not_found"
        assert caller.refused(ShowThread, topic=thread, seq=1) == "not_found"
        assert caller.sync({thread: 0}, side="public").gone == (thread,)  # type: ignore[arg-type]


def hidden_topic(square: Square, comment: CommentId) -> TopicId:
    (row,) = rows(square.server, "SELECT topic FROM comments WHERE comment = ?", comment)
    return TopicId(row["topic"])


def test_a_repeat_is_answered_as_the_first_time_even_when_what_it_is_under_is_gone(square: Square) -> None:
    fields: dict[str, Any] = {"topic": square.topic, "root": 1, "surface": Surface.COMMENT}
    request = square.ben.request(Publish, content=Content(text="once"), **fields)
    said = square.ben.ask(request)
    square.ann.do(Recall, topic=square.topic, target=1)
    assert square.ben.ask(request) == said
    again = square.ben.request(Publish, content=Content(text="twice"), cid=request.cid, **fields)
    assert square.ben.try_(again).code == "conflict"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"topic": None}, "topic"),
        ({"root": None}, "root"),
        ({"base": 0}, "base"),
        ({"target": 1, "base": 1}, "target"),
        ({"reply_to": 1}, "reply_to"),
        ({"content": Content(text=" ")}, "content"),
        ({"content": Content(text="x" * 2001)}, "content"),
        ({"content": Content(text="x", title="No title")}, "content"),
    ],
)
def test_what_a_comment_cannot_have_is_said(square: Square, wrong: dict[str, Any], field: str) -> None:
    fields = {"surface": Surface.COMMENT, "content": Content(text="x"), "topic": square.topic, "root": 1}
    refusal = square.ben.refusal(Publish, **fields | wrong)
    assert (refusal.code, refusal.field) == ("bad_request", field)


@pytest.mark.parametrize("surface", [Surface.GROUP_MESSAGE, Surface.ARTICLE])
def test_nothing_else_is_under_anything(square: Square, surface: Surface) -> None:
    topic = square.server.lane(square.ben)
    for wrong, field in (({"root": 1}, "root"), ({"answers": new_public_comment_id()}, "answers")):
        fields = {"surface": surface, "content": Content(title="x", text="x"), "topic": topic}
        refusal = square.ben.refusal(Publish, **fields | wrong)
        assert (refusal.code, refusal.field) == ("bad_request", field)


@pytest.mark.parametrize("where", ["nowhere", "ahead", "a group", "a comment", "a card", "what is recalled"])
def test_of_what_is_not_there_nothing_can_be_said(square: Square, where: str) -> None:
    thread = hidden_topic(square, square.says(square.ben, "first"))
    lane = square.server.lane(square.ben)
    square.ben.publish("hello", lane)
    card = square.ben.publish(Content(title="Ben"), surface=Surface.CARD).topic
    gone = square.posts("gone")
    square.ann.do(Recall, topic=gone[0], target=gone[1])
    topic, root = {
        "nowhere": (TopicId("0" * 16), 1),
        "ahead": (square.topic, 99),
        "a group": (lane, 2),
        "a comment": (thread, 1),
        "a card": (card, 1),
        "what is recalled": gone,
    }[where]
    refusals = [
        square.ben.refusal(Publish, surface=Surface.COMMENT, content=Content(text="x"), topic=topic, root=root),
        square.ben.refusal(
            Publish, surface=Surface.COMMENT, content=Content(text="x"), topic=TopicId("0" * 16), root=7
        ),
    ]
    assert refusals[0] == refusals[1]
    assert refusals[0].code == ErrorCode.NOT_FOUND


# Answers.


def test_only_what_one_sees_there_can_be_answered(square: Square) -> None:
    other = square.posts("other")
    elsewhere = square.submits(square.ben, "elsewhere", topic=other[0], root=other[1]).comment
    square.chooses(Choice.SELECTED)
    unseen = square.says(square.ben, "unseen")
    deleted = square.says(square.ben, "deleted")
    square.ben.do(DeleteComment, comment=deleted)
    for answers in (elsewhere, unseen, deleted, new_public_comment_id(), CommentId("a" * 16)):
        assert refusal(square, square.cyd, answers=answers).code == ErrorCode.NOT_FOUND
    assert square.submits(square.ben, "to myself", answers=unseen).state is SubmissionState.PUBLISHED
    assert square.submits(square.ann, "to ben", answers=unseen).state is SubmissionState.PUBLISHED


def refusal(square: Square, caller: Caller, **more: Any) -> Any:
    fields = {"surface": Surface.COMMENT, "content": Content(text="x"), "topic": square.topic, "root": square.seq}
    return caller.refusal(Publish, **fields | more)


# The gate.


def test_what_is_held_is_seen_by_nobody_until_it_is_released(square: Square) -> None:
    first = square.says(square.ben, "first")
    square.server.panel.hooks = {"terms": lambda _: HOLD}
    held = square.submits(square.cyd, "hm", answers=first)
    assert (held.state, held.comment, held.topic, held.root) == (SubmissionState.HELD, None, square.topic, square.seq)
    assert [square.seen(caller) for caller in (square.ann, square.cyd, square.eve)] == [["first"]] * 3
    officer = square.server.officer()
    (item,) = officer.do(OfficerQueue).items
    assert (item.item, item.surface, item.excerpt) == (held.submission, Surface.COMMENT, "hm")
    officer.do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE)
    assert square.comments(square.eve)["hm"].answers == first


def test_what_is_rejected_or_taken_back_is_never_seen(square: Square) -> None:
    square.server.panel.hooks = {"terms": lambda said: HOLD if said.content.text == "hm" else REJECT}
    assert square.submits(square.ben, "not true").state is SubmissionState.REJECTED
    held = square.submits(square.ben, "hm")
    square.ben.do(TakeBack, submission=held.submission)
    assert square.seen(square.eve) == square.seen(square.ben) == []
    assert rows(square.server, "SELECT 1 FROM topics WHERE kind = 'thread'") == []


@pytest.mark.parametrize("change", ["recalled", "off", "what it answers"])
def test_what_could_not_be_said_any_more_when_it_is_released_lapses(square: Square, change: str) -> None:
    first = square.says(square.ben, "first")
    square.server.panel.hooks = {"terms": lambda _: HOLD}
    held = square.submits(square.cyd, "hm", answers=first)
    match change:
        case "recalled":
            square.ann.do(Recall, topic=square.topic, target=square.seq)
        case "off":
            square.chooses(Choice.OFF)
        case _:
            square.ben.do(DeleteComment, comment=first)
    square.server.officer().do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE)
    lapsed = newest(square.cyd)
    assert (lapsed.state, lapsed.comment) == (SubmissionState.LAPSED, None)
    assert lapsed.decision is not None
    assert lapsed.decision.ground == "not_entitled"
    assert (WANTED in lapsed.decision.facts) is (change == "off")


def newest(caller: Caller) -> Submission:
    return caller.do(Submissions, limit=1).submissions[0]


def test_an_officer_finds_a_comment_by_what_it_is_known_by(square: Square) -> None:
    comment = square.says(square.ben, "first")
    item = square.server.officer().do(OfficerShow, comment=comment).submission
    assert (item.comment, item.topic, item.root, item.seq) == (comment, square.topic, square.seq, None)
    assert item.content == Content(text="first")
    assert square.ben.person not in repr(item)
    assert square.server.officer("K8").refused(OfficerShow, comment=new_public_comment_id()) == "not_found"
    assert square.server.officer("K9").refused(OfficerShow, comment=comment, topic=square.topic, seq=1) == "bad_request"


def test_what_is_withdrawn_goes_with_its_answers_and_comes_back_with_them(square: Square) -> None:
    first = square.says(square.ben, "first")
    second = square.says(square.cyd, "second", answers=first)
    square.says(square.eve, "third", answers=second)
    square.says(square.eve, "other")
    chief = square.server.officer("C1", StaffRole.CHIEF)
    item = chief.do(OfficerShow, comment=first).submission.submission
    chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="It is not true.")
    for caller in (square.ann, square.ben, square.eve):
        assert square.seen(caller) == ["other"]
    assert newest(square.ben).withdrawn
    chief.do(OfficerDecide, item=item, act=OfficerAct.RESTORE, facts="It is.")
    assert square.seen(square.eve) == ["first", "second", "third", "other"]


# What its author chooses.


def test_without_a_choice_everybody_sees_all(square: Square) -> None:
    square.says(square.ben, "first")
    assert square.thread(square.eve).choice is Choice.EVERYONE


def test_where_they_are_selected_others_see_those_and_their_own(square: Square) -> None:
    square.chooses(Choice.SELECTED)
    first, _ = square.says(square.ben, "first"), square.says(square.cyd, "second")
    assert square.seen(square.ann) == ["first", "second"]
    assert square.seen(square.ben) == ["first"]
    assert square.seen(square.cyd) == ["second"]
    assert square.seen(square.eve) == []
    square.selects(first)
    assert square.seen(square.eve) == ["first"]
    assert square.comments(square.eve)["first"].selected
    assert square.seen(square.cyd) == ["first", "second"]
    square.selects(first, selected=False)
    assert square.seen(square.eve) == []


def test_an_answer_is_seen_by_those_alone_who_see_what_it_answers(square: Square) -> None:
    first = square.says(square.ben, "first")
    second = square.says(square.cyd, "second", answers=first)
    third = square.says(square.ben, "third", answers=second)
    square.chooses(Choice.SELECTED)
    square.selects(third)
    square.selects(second)
    assert square.seen(square.ben) == ["first", "second", "third"]  # What is not selected is all his own.
    assert [square.seen(caller) for caller in (square.cyd, square.eve)] == [[], []]
    square.selects(first)
    assert square.seen(square.eve) == ["first", "second", "third"]
    square.selects(second, selected=False)
    assert square.seen(square.cyd) == ["first", "second", "third"]
    assert square.seen(square.ben) == square.seen(square.eve) == ["first"]


def test_where_none_are_wanted_everybody_sees_their_own_and_the_author_all(square: Square) -> None:
    first = square.says(square.ben, "first")
    square.says(square.ben, "second", answers=first)
    square.says(square.cyd, "third", answers=first)
    square.selects(first)
    square.chooses(Choice.OFF)
    assert square.seen(square.ann) == ["first", "second", "third"]
    assert square.seen(square.ben) == ["first", "second"]
    assert square.seen(square.cyd) == square.seen(square.eve) == []
    for caller in (square.ann, square.ben):
        refused = refusal(square, caller)
        assert (refused.code, refused.message) == (ErrorCode.NOT_ALLOWED, WANTED)
    square.chooses(Choice.EVERYONE)
    assert square.seen(square.eve) == ["first", "second", "third"]


def test_nobody_else_has_the_say(square: Square) -> None:
    comment = square.says(square.ben, "first")
    for caller in (square.ben, square.eve):
        assert caller.refused(ChooseComments, topic=square.topic, seq=1, choice=Choice.OFF) == "not_allowed"
        assert caller.refused(SelectComment, comment=comment) == "not_allowed"
    assert square.eve.refused(DeleteComment, comment=comment) == "not_allowed"
    square.chooses(Choice.SELECTED)
    for shape in (SelectComment, DeleteComment):  # What one does not see is not there.
        assert square.eve.refused(shape, comment=comment) == "not_found"
        assert square.eve.refused(shape, comment=new_public_comment_id()) == "not_found"
    assert square.ann.refused(ChooseComments, topic=square.topic, seq=99, choice=Choice.OFF) == "not_found"
    assert square.ann.refused(SelectComment, comment=CommentId("a" * 16)) == "not_found"


# Deleting.


@pytest.mark.parametrize("who", ["ben", "ann"])
def test_its_author_and_who_published_what_it_is_under_delete_it_with_its_answers(square: Square, who: str) -> None:
    first = square.says(square.ben, "first")
    second = square.says(square.cyd, "a second one", answers=first)
    square.says(square.eve, "a third one", answers=second)
    square.says(square.eve, "other")
    caller: Caller = getattr(square, who)
    caller.do(DeleteComment, comment=first)
    for reader in (square.ann, square.ben, square.cyd, square.eve):
        assert square.seen(reader) == ["other"]
    thread = hidden_topic(square, first)
    assert [entry.erased for entry in square.server.log(thread)] == [True, True, True, False, False]
    words_left = rows(square.server, "SELECT content FROM submissions WHERE surface = 'comment'")
    assert sum(row["content"] is not None for row in words_left) == 1
    caller.do(DeleteComment, comment=first)  # It is so already.
    assert square.eve.refused(DeleteComment, comment=first) == "not_found"


def test_one_takes_back_what_one_has_said_whatever_has_become_of_it(square: Square) -> None:
    comment = square.says(square.ben, "first")
    chief = square.server.officer("C1", StaffRole.CHIEF)
    item = chief.do(OfficerShow, comment=comment).submission.submission
    chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="It is not true.")
    assert square.ann.refused(DeleteComment, comment=comment) == "not_found"
    square.ann.do(Recall, topic=square.topic, target=square.seq)
    square.ben.do(DeleteComment, comment=comment)
    assert chief.refused(OfficerDecide, item=item, act=OfficerAct.RESTORE, facts="It is.") == "conflict"


# Under an article.


def test_an_article_has_one_thread_in_all_its_versions(server: InlineServer) -> None:
    (zoe,) = server.people("zoe")
    topic = active(server, zoe)
    first = article(zoe, topic, "Its lamp works again.")
    edit = article(zoe, topic, words("Its lamp is new."), target=first.seq, base=1)
    assert first.seq is not None
    assert edit.seq is not None
    square = Square(server, topic=topic, seq=edit.seq)
    said = square.submits(square.ben, "first")
    assert (said.topic, said.root) == (topic, first.seq)
    assert [square.seen(square.eve), list(square.thread(square.eve, seq=first.seq).comments)] == [
        ["first"],
        list(square.thread(square.eve, seq=edit.seq).comments),
    ]
    zoe.do(Recall, topic=topic, target=first.seq)
    assert square.eve.refused(ShowThread, topic=topic, seq=edit.seq) == "not_found"


def test_owner_and_editors_have_the_say_under_an_article_and_the_others_are_told(server: InlineServer) -> None:
    zoe, yan, xia = server.people("zoe", "yan", "xia")
    topic = active(server, zoe)
    operator(zoe, topic, yan)
    operator(zoe, topic, xia, Role.ANALYST)
    said = article(zoe, topic, "Its lamp works again.")
    assert said.seq is not None
    square = Square(server, topic=topic, seq=said.seq)
    square.chooses(Choice.SELECTED, by=yan)
    square.chooses(Choice.SELECTED, by=yan)  # It is so already: nothing is done.
    comment, other = square.says(square.ben, "first"), square.says(square.cyd, "second")
    assert xia.refused(ChooseComments, topic=topic, seq=said.seq, choice=Choice.OFF) == "not_allowed"
    assert [square.seen(caller) for caller in (zoe, yan, xia)] == [["first", "second"], ["first", "second"], []]
    yan.do(SelectComment, comment=comment)
    yan.do(SelectComment, comment=comment, selected=False)
    zoe.do(DeleteComment, comment=other)
    acts = rows(server, "SELECT by, act, seq FROM acts WHERE act LIKE 'comment%' ORDER BY number")
    assert [(row["by"], row["act"], row["seq"]) for row in acts] == [
        (yan.person, "comments_chosen", said.seq),
        (yan.person, "comment_selected", said.seq),
        (yan.person, "comment_unselected", said.seq),
        (zoe.person, "comment_deleted", said.seq),
    ]
    told = [push.act.act for push in xia.pushes() if isinstance(push, ActPush)]
    assert told[-4:] == [row["act"] for row in acts]


def test_what_is_said_there_is_none_of_the_accounts_submissions(server: InlineServer) -> None:
    (zoe,) = server.people("zoe")
    topic = active(server, zoe)
    said = article(zoe, topic, "Its lamp works again.")
    assert said.seq is not None
    square = Square(server, topic=topic, seq=said.seq)
    first = square.submits(square.ben, "first")
    server.panel.hooks = {"terms": lambda _: HOLD}
    held = square.submits(square.ben, "hm")
    listed = zoe.do(Submissions, topic=topic).submissions
    assert {first.submission, held.submission} & {each.submission for each in listed} == set()
    for each in (first, held):
        assert zoe.refused(ShowReceipt, submission=each.submission) == "not_found"
        assert square.ben.do(ShowReceipt, submission=each.submission).verdicts
    assert [entry.kind for entry in zoe.do(History, topic=topic).entries] == [Kind.PROFILE, Kind.ARTICLE]
