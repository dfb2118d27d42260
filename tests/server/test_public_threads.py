"""Threads under what is public: read in pages, live while open; likes, and notices for whom a comment concerns."""

from typing import Any

import pytest

from protocol.codec import Refusal
from protocol.frames import Push, Recall
from protocol.ids import CommentId
from protocol.limits import OPEN_THREADS
from protocol.moments import (
    Choice,
    ChooseComments,
    CloseThread,
    DeleteComment,
    Like,
    NoticeKind,
    NoticePush,
    Notices,
    SelectComment,
    ShowMoment,
    ShowThread,
    ThreadPush,
)
from protocol.staff import OfficerAct, OfficerDecide, OfficerShow, StaffRole
from tests.support.accounts import active, article, words
from tests.support.inline import Caller, InlineServer, configured
from tests.support.public import GROUND, HOLD, private_dump, public_dump
from tests.support.squares import Square, text_of


@pytest.fixture
def square(server: InlineServer) -> Square:
    return Square(server)


# Pages.


def pages(square: Square, caller: Caller, limit: int, **more: Any) -> list[list[str]]:
    found: list[list[str]] = []
    before = ""
    while True:
        reply = square.thread(caller, before=before, limit=limit, **more)
        found.append([text_of(comment) for comment in reply.comments])
        assert (reply.before == "") is reply.complete
        if reply.complete:
            return found
        before = reply.before


def test_pages_go_from_the_newest_to_the_first_and_are_full_of_what_one_sees(square: Square) -> None:
    square.chooses(Choice.SELECTED)
    for number in range(9):
        square.says(square.ben if number % 2 else square.cyd, str(number))
    assert pages(square, square.ben, 2) == [["7", "5"], ["3", "1"]]
    assert pages(square, square.cyd, 2) == [["8", "6"], ["4", "2"], ["0"]]
    assert pages(square, square.ann, 20) == [["8", "7", "6", "5", "4", "3", "2", "1", "0"]]
    assert pages(square, square.eve, 2) == [[]]


def test_a_page_ends_where_a_reply_has_no_more_room() -> None:
    square = Square(InlineServer(configured(messages={"slice_bytes": 4096})))
    texts = [f"{number}" * 1500 for number in range(5)]
    for text in texts:
        square.says(square.ben, text)
    turned = pages(square, square.eve, 20)
    assert [text for page in turned for text in page] == texts[::-1]
    assert [len(page) for page in turned] == [3, 2]


def test_a_place_is_of_one_reader_and_one_thread(square: Square) -> None:
    topic, other = square.posts("another")
    for number in range(3):
        square.says(square.ben, str(number))
    place = square.thread(square.ben, limit=1).before
    for caller, seq, before in (
        (square.eve, square.seq, place),
        (square.ben, square.seq, place[:-1] + ("x" if place[-1] != "x" else "y")),
        (square.ben, other, place),
    ):
        for live in (False, True):
            refusal = caller.refusal(ShowThread, topic=topic, seq=seq, before=before, live=live)
            assert (refusal.code, refusal.field) == ("bad_request", "before")


def test_a_comment_is_later_than_those_before_whatever_has_become_of_them(square: Square) -> None:
    """All in one millisecond: that one was deleted says nothing about when the next was said."""
    first, *_ = [square.says(square.ben, text) for text in ("one", "two", "three")]
    square.ben.do(DeleteComment, comment=first)
    square.says(square.ben, "four")
    times = {text: comment.at for text, comment in square.comments(square.ann).items()}
    assert times["two"] < times["three"] < times["four"]
    assert [text_of(notice.comment) for notice in square.ann.do(Notices).notices if notice.comment] == [
        "four",
        "three",
        "two",
    ]


def test_a_place_tells_nothing_of_what_is_hidden(server: InlineServer) -> None:
    """The same comments with others between them that one does not see: what one gets is no longer, and no shorter."""
    square = Square(server)
    square.chooses(Choice.SELECTED)
    square.says(square.ben, "mine")
    plain = square.thread(square.ben, limit=1)
    square.says(square.cyd, "not shown")
    assert square.thread(square.ben, limit=1) == plain
    assert square.ben.do(ShowMoment, topic=square.topic, seq=1).moment.comments == 1


# Likes.


def test_likes_are_counted_and_nobody_is_told_who_likes_it(square: Square) -> None:
    for caller in (square.ben, square.cyd, square.cyd):
        likes = caller.do(Like, topic=square.topic, seq=1).likes
    assert likes == 2
    for caller, liked in ((square.ben, True), (square.ann, False)):
        thread, moment = square.thread(caller), caller.do(ShowMoment, topic=square.topic, seq=1).moment
        assert (thread.likes, thread.liked, thread.likers) == (2, liked, ())
        assert (moment.likes, moment.liked) == (2, liked)
    assert square.ben.do(Like, topic=square.topic, seq=1, liked=False).likes == 1
    assert square.thread(square.ben).liked is False
    assert square.ann.do(Notices).notices == ()


def test_the_public_store_does_not_know_who_likes_or_reads_anything(square: Square) -> None:
    before = public_dump(square.server)
    square.eve.do(Like, topic=square.topic, seq=1)
    square.thread(square.eve, live=True)
    assert public_dump(square.server) == before
    assert square.eve.person in private_dump(square.server)


def test_a_like_is_taken_back_also_from_what_is_not_there_any_more(square: Square) -> None:
    square.ben.do(Like, topic=square.topic, seq=1)
    square.ann.do(Recall, topic=square.topic, target=1)
    assert square.ben.do(Like, topic=square.topic, seq=1, liked=False).likes == 0
    assert [row[0] for row in square.server.store._writer._connection.execute("SELECT count(*) FROM likes")] == [0]


def test_what_is_not_there_is_not_liked(square: Square) -> None:
    square.ann.do(Recall, topic=square.topic, target=1)
    for seq in (1, 2, 99):
        assert square.ben.refused(Like, topic=square.topic, seq=seq) == "not_found"
        assert square.ben.refused(ShowThread, topic=square.topic, seq=seq, live=True) == "not_found"


@pytest.mark.parametrize("shape", [Like, ShowThread, CloseThread, ShowMoment])
@pytest.mark.parametrize("named", [{}, {"seq": 1}, {"topic": "0" * 16}, {"moment": "a" * 16, "seq": 1}])
def test_one_names_one_thing(square: Square, shape: Any, named: dict[str, Any]) -> None:
    assert square.ben.refused(shape, **named) == "bad_request"


# Live.


def opens(square: Square, *callers: Caller, **more: Any) -> None:
    for caller in callers:
        square.thread(caller, live=True, **more)
    square.quiet()


def told(caller: Caller) -> list[Push]:
    return [push for push in caller.pushes() if isinstance(push, ThreadPush)]


def hint(square: Square) -> list[ThreadPush]:
    return [ThreadPush(topic=square.topic, seq=square.seq)]


def test_whoever_has_it_open_is_told_of_what_everybody_sees(square: Square) -> None:
    opens(square, square.ann, square.eve)
    comment = square.says(square.ben, "first")
    assert [told(caller) for caller in (square.ann, square.eve, square.cyd)] == [hint(square), hint(square), []]
    for does in (
        lambda: square.ben.do(Like, topic=square.topic, seq=1),
        lambda: square.selects(comment),
        lambda: square.ben.do(DeleteComment, comment=comment),
        lambda: square.chooses(Choice.SELECTED),
        lambda: square.ann.do(Recall, topic=square.topic, target=1),
    ):
        does()
        assert told(square.eve) == hint(square)
        assert square.cyd.collect() == []


def test_whatever_is_so_already_is_told_to_nobody(square: Square) -> None:
    comment = square.says(square.ben, "first")
    gone = square.says(square.ben, "gone")
    square.ben.do(DeleteComment, comment=gone)
    square.ben.do(Like, topic=square.topic, seq=1)
    opens(square, square.eve)
    square.ben.do(Like, topic=square.topic, seq=1)
    square.selects(comment, selected=False)
    square.chooses(Choice.EVERYONE)
    square.ben.do(DeleteComment, comment=gone)
    assert square.eve.collect() == []


def test_what_others_do_not_see_they_are_not_told_of(square: Square) -> None:
    square.chooses(Choice.SELECTED)
    opens(square, square.ann, square.ben, square.cyd, square.eve)

    def are_told(*callers: Caller) -> None:
        everybody = (square.ann, square.ben, square.cyd, square.eve)
        assert [told(caller) for caller in everybody] == [hint(square) * (each in callers) for each in everybody]

    comment = square.says(square.ben, "first")
    are_told(square.ann, square.ben)
    answer = square.says(square.ann, "to ben", answers=comment)
    are_told(square.ann)
    square.selects(answer)
    are_told(square.ann, square.ben)
    square.selects(comment)
    are_told(square.ann, square.ben, square.cyd, square.eve)
    square.selects(comment, selected=False)
    are_told(square.ann, square.ben, square.cyd, square.eve)
    square.ben.do(DeleteComment, comment=comment)
    are_told(square.ann, square.ben)
    square.chooses(Choice.EVERYONE)
    other = square.says(square.cyd, "other")
    square.chooses(Choice.OFF)
    square.quiet()
    square.cyd.do(DeleteComment, comment=other)
    are_told(square.ann, square.cyd)


def test_what_is_withdrawn_and_restored_or_held_and_released_is_told(square: Square) -> None:
    comment = square.says(square.ben, "first")
    opens(square, square.eve)
    chief = square.server.officer("C1", StaffRole.CHIEF)
    for find in ({"comment": comment}, {"topic": square.topic, "seq": 1}):
        item = chief.do(OfficerShow, **find).submission.submission
        for act in (OfficerAct.WITHDRAW, OfficerAct.RESTORE):
            chief.do(OfficerDecide, item=item, act=act, ground=GROUND, facts="Because.")
            assert told(square.eve) == hint(square)
    square.server.panel.hooks = {"terms": lambda _: HOLD}
    held = square.submits(square.ben, "hm")
    assert square.eve.collect() == []
    chief.do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE)
    assert told(square.eve) == hint(square)


def test_what_changes_under_what_is_gone_is_told_to_nobody(square: Square) -> None:
    comment = square.says(square.ben, "first")
    opens(square, square.ann, square.ben, square.eve)
    square.ann.do(Recall, topic=square.topic, target=1)
    square.quiet()
    square.ben.do(DeleteComment, comment=comment)
    assert [caller.collect() for caller in (square.ann, square.ben, square.eve)] == [[]] * 3


def test_whoever_closes_it_hears_no_more(square: Square) -> None:
    opens(square, square.eve)
    square.eve.do(CloseThread, topic=square.topic, seq=1)
    square.eve.do(CloseThread, topic=square.topic, seq=99)  # What is not open may be closed.
    square.says(square.ben, "first")
    assert square.eve.collect() == []


def test_by_whichever_version_an_article_is_named_its_thread_is_one(server: InlineServer) -> None:
    (zoe,) = server.people("zoe")
    topic = active(server, zoe)
    first = article(zoe, topic, "Its lamp works again.").seq
    assert first is not None
    edit = article(zoe, topic, words("Its lamp is new."), target=first, base=1).seq
    square = Square(server, topic=topic, seq=first)
    opens(square, square.eve, seq=edit)
    square.ben.do(Like, topic=topic, seq=edit)
    assert square.thread(square.cyd, seq=first).likes == 1
    square.says(square.ben, "first")
    assert told(square.eve) == hint(square) * 2
    square.eve.do(CloseThread, topic=topic, seq=edit)
    square.says(square.ben, "second")
    assert square.eve.collect() == []


def test_only_so_many_threads_are_open_on_one_connection(square: Square) -> None:
    open_ones = [square.posts(str(number)) for number in range(OPEN_THREADS)]
    for topic, seq in open_ones:
        square.eve.do(ShowThread, topic=topic, seq=seq, live=True)
    refusal = square.eve.try_(square.eve.request(ShowThread, topic=square.topic, seq=1, live=True))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "too_many"
    assert square.thread(square.eve).complete


# Notices.


def noticed(caller: Caller) -> list[tuple[Any, ...]]:
    return [
        (notice.kind, notice.by, notice.handle, notice.comment and notice.comment.comment)
        for notice in caller.do(Notices).notices
    ]


def test_who_is_concerned_has_a_notice_of_it_and_is_told_at_once(square: Square) -> None:
    first = square.says(square.ben, "first")
    assert [type(push) for push in square.ann.pushes()] == [NoticePush]
    second = square.says(square.cyd, "second", answers=first)
    assert [type(push) for push in square.ann.pushes()] == [NoticePush]
    assert NoticePush() in square.ben.pushes()
    assert noticed(square.ann) == [
        (NoticeKind.COMMENT, square.cyd.person, "cyd", second),
        (NoticeKind.COMMENT, square.ben.person, "ben", first),
    ]
    assert noticed(square.ben) == [(NoticeKind.ANSWER, square.cyd.person, "cyd", second)]
    (notice,) = square.ben.do(Notices).notices
    assert (notice.topic, notice.seq, notice.moment) == (square.topic, square.seq, None)


def test_an_answer_on_ones_own_square_is_one_notice(square: Square) -> None:
    own = square.says(square.ann, "what do you say?")
    assert noticed(square.ann) == []
    answer = square.says(square.ben, "this", answers=own)
    assert noticed(square.ann) == [(NoticeKind.ANSWER, square.ben.person, "ben", answer)]


def test_what_one_does_not_see_any_more_is_in_no_notice(square: Square) -> None:
    square.chooses(Choice.SELECTED)
    first = square.says(square.ben, "first")
    square.quiet()
    answer = square.says(square.ann, "to ben", answers=first)
    assert square.ben.collect() == []
    assert noticed(square.ben) == []
    square.selects(answer)
    assert noticed(square.ben) == [(NoticeKind.ANSWER, square.ann.person, "ann", answer)]
    square.ben.do(DeleteComment, comment=first)
    assert [noticed(caller) for caller in (square.ann, square.ben)] == [[], []]


def test_notices_of_both_sides_are_counted_together(square: Square) -> None:
    assert square.ann.do(Notices).unread == 0
    for number in range(3):
        square.says(square.ben, str(number))
        square.server.clock.pass_time(1)
    assert square.ann.do(Notices, limit=1).unread == 3


def test_an_unknown_comment_is_selected_by_nobody(square: Square) -> None:
    assert square.ann.refused(SelectComment, comment=CommentId("0" * 16)) == "not_found"
    assert square.ann.refused(ChooseComments, topic="a" * 16, seq=1, choice=Choice.OFF) == "wrong_side"
