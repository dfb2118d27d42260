"""The ports: what is said and liked under moments. Whoever does not see it finds nothing, and can add nothing to it."""

import pytest

from protocol.frames import Person
from protocol.ids import CommentId, MomentId, PersonId, new_cid, new_id
from protocol.limits import MOMENTS_SHOWN
from protocol.moments import Comment
from server.positions import SortKey
from server.store.comment_writes import CommentDropped, CommentPut, LikePut, PutLike
from server.store.moment_writes import DropMoment
from server.store.writes import Conflict, TargetGone
from tests.contracts.company import Company
from tests.contracts.desk import NOON, Desk


@pytest.fixture
def company(private_desk: Desk) -> Company:
    return Company(private_desk)


def unlike(company: Company, person: PersonId, moment: MomentId) -> object:
    return company.desk.do(PutLike(moment=moment, person=person, liked=False, at=NOON))


def shown(comments: list[Comment] | None) -> list[bytes]:
    assert comments is not None
    return [said.body for said in comments]


# Comments.


def test_a_comment_is_shown_to_all_who_see_the_moment_and_know_its_author(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    said = company.comment(ben, moment, b"hello")
    assert said == Comment(comment=said.comment, author=ben, handle="ben", at=NOON, body=b"hello")
    for viewer in (ann, ben, cyd):
        assert company.said(viewer, moment) == [said]


def test_a_stranger_to_who_says_it_is_not_shown_it(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    company.comment(ben, moment, b"hello")
    company.unfriend(cyd, ben)
    assert company.said(cyd, moment) == []
    assert company.thread(cyd, moment) == company.thread(cyd, company.moment(ann))


def test_an_answer_is_shown_to_those_alone_who_see_what_it_answers(company: Company) -> None:
    ann, ben, cyd, dan = company.people("ann", "ben", "cyd", "dan")
    moment = company.moment(ann)
    first = company.comment(ben, moment, b"one")
    second = company.comment(cyd, moment, b"two", answers=first.comment)
    company.comment(cyd, moment, b"three", answers=second.comment)
    company.comment(cyd, moment, b"four", at=NOON + 9)
    company.block(ben, dan)
    assert shown(company.said(ann, moment)) == [b"one", b"two", b"three", b"four"]
    assert shown(company.said(dan, moment)) == [b"four"]


def test_an_answer_is_later_than_what_it_answers_whatever_the_clock_says(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    first = company.comment(ben, moment)
    assert company.comment(ann, moment, answers=first.comment, at=NOON - 5).at == NOON + 1


@pytest.mark.parametrize("what", ["no such moment", "a stranger's", "not for them", "deleted"])
def test_nobody_comments_on_what_they_do_not_see(company: Company, what: str) -> None:
    ann, ben = company.people("ann", "ben")
    stranger = company.person("sid")
    moment = {
        "no such moment": lambda: MomentId(new_id()),
        "a stranger's": lambda: company.moment(stranger),
        "not for them": lambda: company.moment(ann, without=(ben,)),
        "deleted": lambda: company.moment(ann),
    }[what]()
    company.desk.do(DropMoment(moment=moment, author=ann, at=NOON)) if what == "deleted" else None
    assert company.desk.do(company.comments(ben, moment)) == TargetGone()
    assert company.desk.do(PutLike(moment=moment, person=ben, liked=True, at=NOON)) == TargetGone()
    assert company.thread(ben, moment) is None


def test_nobody_answers_what_they_do_not_see_or_what_is_elsewhere(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment, elsewhere = company.moment(ann), company.moment(ann)
    unseen, there = company.comment(ben, moment), company.comment(ann, elsewhere)
    company.unfriend(ben, cyd)
    for answered in (unseen.comment, there.comment, CommentId(new_id())):
        assert company.desk.do(company.comments(cyd, moment, answers=answered)) == TargetGone()


# Repeats.


def test_a_repeat_gives_the_first_comment_and_says_nothing_twice(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment, cid = company.moment(ann), new_cid(NOON)
    first = company.desk.do(company.comments(ben, moment, cid=cid))
    again = company.desk.do(company.comments(ben, moment, cid=cid, at=NOON + 9))
    assert isinstance(first, CommentPut)
    assert again == CommentPut(comment=first.comment, new=False)
    assert company.said(ann, moment) == [first.comment]
    assert len(company.notices(ann).notices) == 1


def test_the_same_cid_for_something_else_is_a_conflict_and_another_persons_is_their_own(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment, cid = company.moment(ann), new_cid(NOON)
    company.desk.do(company.comments(ben, moment, cid=cid))
    assert company.desk.do(company.comments(ben, moment, b"other words", cid=cid)) == Conflict()
    assert isinstance(company.desk.do(company.comments(ann, moment, b"other words", cid=cid)), CommentPut)


@pytest.mark.parametrize("how", ["deleted", "with the moment", "hidden"])
def test_a_repeat_of_what_is_not_there_any_more_finds_nothing_whatever_the_reason(company: Company, how: str) -> None:
    ann, ben = company.people("ann", "ben")
    moment, cid = company.moment(ann), new_cid(NOON)
    put = company.desk.do(company.comments(ben, moment, cid=cid))
    assert isinstance(put, CommentPut)
    match how:
        case "deleted":
            company.delete(ben, put.comment)
        case "with the moment":
            company.desk.do(DropMoment(moment=moment, author=ann, at=NOON))
        case "hidden":
            company.unfriend(ann, ben)
    assert company.desk.do(company.comments(ben, moment, cid=cid)) == TargetGone()


# Deleting.


def test_deleting_a_comment_takes_its_answers_and_theirs(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    first = company.comment(ben, moment, b"one")
    second = company.comment(cyd, moment, b"two", answers=first.comment)
    company.comment(ann, moment, b"three", answers=second.comment)
    company.comment(cyd, moment, b"four")
    assert company.delete(ben, first) == CommentDropped(moment, erased=True)
    assert shown(company.said(ann, moment)) == [b"four"]
    connection = company.desk.store._writer._connection  # type: ignore[attr-defined]
    assert connection.execute("SELECT count(*) FROM comments WHERE body IS NOT NULL").fetchone() == (1,)
    assert [notice.comment.body for notice in company.notices(ann).notices if notice.comment] == [b"four"]
    assert connection.execute("SELECT count(*) FROM notices").fetchone() == (1,)


def test_the_moments_author_deletes_any_and_nobody_else_does(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    said = company.comment(ben, moment)
    assert company.delete(cyd, said) == TargetGone()
    assert company.delete(ann, said) == CommentDropped(moment, erased=True)
    assert company.said(ben, moment) == []
    assert company.delete(ann, said) == company.delete(ben, said) == CommentDropped(moment, erased=False)


def test_both_delete_what_they_do_not_see_any_more(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    first, second = company.comment(ben, moment), company.comment(ben, moment)
    company.unfriend(ben, ann)
    assert company.said(ann, moment) == []
    assert company.delete(ann, first) == company.delete(ben, second) == CommentDropped(moment, erased=True)
    assert company.said(cyd, moment) == []


# Likes.


def test_likes_are_counted_as_far_as_one_knows_those_whose_they_are(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    company.unfriend(ben, cyd)
    assert company.like(ben, moment) == LikePut(changed=True, seen=True, told=(ann,))
    assert company.like(cyd, moment, at=NOON + 1) == LikePut(changed=True, seen=True, told=(ann,))
    assert [company.desk.read.likes(viewer, moment) for viewer in (ann, ben, cyd)] == [2, 1, 1]
    threads = [company.thread(viewer, moment) for viewer in (ann, ben, cyd)]
    seen = [(thread.likes, thread.liked, [one.handle for one in thread.likers]) for thread in threads if thread]
    assert seen == [(2, False, ["cyd", "ben"]), (1, True, ["ben"]), (1, True, ["cyd"])]


def test_a_like_is_taken_back_also_from_what_one_does_not_see_any_more(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    company.like(ben, moment)
    company.unfriend(ann, ben)
    again = PutLike(moment=moment, person=ben, liked=True, at=NOON)
    assert company.desk.do(again) == TargetGone()
    assert unlike(company, ben, moment) == LikePut(changed=True, seen=False)
    assert company.desk.read.likes(cyd, moment) == 0
    nothing = LikePut(changed=False, seen=False)
    assert unlike(company, ben, moment) == unlike(company, ben, MomentId(new_id())) == nothing


def test_liking_twice_is_liking_once_and_so_is_not_liking(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    company.like(ben, moment)
    assert company.like(ben, moment, at=NOON + 9) == LikePut(changed=False, seen=True)
    assert company.desk.read.likes(ann, moment) == 1
    assert unlike(company, ben, moment) == LikePut(changed=True, seen=True)
    assert unlike(company, ben, moment) == LikePut(changed=False, seen=True)
    assert company.desk.read.likes(ann, moment) == 0


def test_of_many_likers_the_newest_are_named(company: Company) -> None:
    (ann,) = company.people("ann")
    moment = company.moment(ann)
    people = [company.person(f"p{number}") for number in range(MOMENTS_SHOWN + 1)]
    for number, person in enumerate(people):
        company.befriend(person, ann)
        company.like(person, moment, at=NOON + number)
    thread = company.thread(ann, moment)
    assert thread is not None
    assert thread.likes == len(people)
    assert list(thread.likers) == [Person(person=each, handle=company.desk.handles[each]) for each in people[:0:-1]]


# Pages.


def test_pages_have_no_holes_where_something_is_hidden(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    for number in range(6):
        company.comment((ann, ben)[number % 2], moment, b"%d" % number, at=NOON + number // 4)
    company.unfriend(cyd, ben)
    first = company.thread(cyd, moment, limit=2)
    assert first is not None
    assert (len(first.comments), first.complete) == (2, False)
    last = first.comments[-1]
    second = company.thread(cyd, moment, before=SortKey(last.at, last.comment), limit=2)
    assert second is not None
    assert (len(second.comments), second.complete) == (1, True)
    whole = company.thread(cyd, moment)
    assert whole is not None
    assert whole.comments == first.comments + second.comments
    assert {said.author for said in whole.comments} == {ann}


def test_a_page_is_complete_when_only_hidden_comments_are_left(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    company.comment(ben, moment, at=NOON)
    company.comment(ann, moment, at=NOON + 1)
    company.unfriend(cyd, ben)
    thread = company.thread(cyd, moment, limit=1)
    assert thread is not None
    assert (len(thread.comments), thread.complete) == (1, True)


# Who sees it.


def test_who_sees_a_comment_can_be_asked_also_when_it_is_deleted(company: Company) -> None:
    ann, ben, cyd, dan = company.people("ann", "ben", "cyd", "dan")
    moment = company.moment(ann, without=(dan,))
    said = company.comment(ben, moment)
    company.unfriend(cyd, ben)
    people = (dan, cyd, ben, ann)
    assert company.desk.read.seeing_comment(said.comment, people, at=NOON) == (ben, ann)
    company.delete(ben, said)
    assert company.desk.read.seeing_comment(said.comment, people, at=NOON) == (ben, ann)
    assert company.desk.read.seeing_comment(said.comment, (), at=NOON) == ()


def test_who_sees_a_like_can_be_asked_also_when_it_is_taken_back(company: Company) -> None:
    ann, ben, cyd, dan = company.people("ann", "ben", "cyd", "dan")
    moment = company.moment(ann, only=(ben, cyd))
    company.unfriend(cyd, ben)
    for act in (company.like, lambda *what: unlike(company, *what)):
        act(ben, moment)
        assert company.desk.read.seeing_like(moment, ben, (ann, ben, cyd, dan), at=NOON) == (ann, ben)
