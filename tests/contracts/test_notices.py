"""The ports: what somebody is told of. A notice is a reference: when what it is of is hidden, it is not there."""

import pytest

from protocol.ids import PersonId
from protocol.moments import Notice, NoticeKind
from server.store.comment_writes import CommentPut, LikePut, MarkNotices, NoticesMarked, PutLike
from server.store.moment_writes import DropMoment
from server.store.thread_port import place_of
from tests.contracts.company import Company
from tests.contracts.desk import NOON, Desk

LIKE, COMMENT, ANSWER = NoticeKind


@pytest.fixture
def company(private_desk: Desk) -> Company:
    return Company(private_desk)


def told(company: Company, person: PersonId) -> list[tuple[NoticeKind, PersonId]]:
    """Return what `person` is told of, newest first: what, and whose it is."""
    return [(notice.kind, notice.by) for notice in company.notices(person).notices]


def read(company: Company, person: PersonId, at: int) -> object:
    return company.desk.do(MarkNotices(person=person, at=at))


def test_who_says_something_is_told_of_likes_and_comments_and_who_comments_of_answers(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    company.like(ben, moment, at=NOON + 1)
    said = company.comment(ben, moment, at=NOON + 2)
    company.comment(cyd, moment, answers=said.comment, at=NOON + 3)
    assert told(company, ann) == [(COMMENT, cyd), (COMMENT, ben), (LIKE, ben)]
    assert told(company, ben) == [(ANSWER, cyd)]
    assert told(company, cyd) == []


def test_who_is_answered_under_something_of_their_own_is_told_once(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    company.comment(ben, moment, answers=company.comment(ann, moment).comment)
    assert told(company, ann) == [(ANSWER, ben)]


def test_a_notice_shows_what_it_is_of_as_it_is_now(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    said = company.comment(ben, moment, b"hello")
    company.like(ben, moment, at=NOON - 1)
    comment, like = company.notices(ann).notices
    assert comment == Notice(kind=COMMENT, at=NOON, by=ben, handle="ben", moment=moment, comment=said)
    assert like == Notice(kind=LIKE, at=NOON - 1, by=ben, handle="ben", moment=moment)


def test_nobody_is_told_of_what_they_do_themselves(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    company.like(ann, moment)
    said = company.comment(ann, moment)
    company.comment(ann, moment, answers=said.comment)
    assert (told(company, ann), told(company, ben)) == ([], [])


def test_those_are_told_at_once_who_see_what_it_is_of(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    first = company.comment(ben, moment)

    def answer() -> tuple[PersonId, ...]:
        put = company.desk.do(company.comments(cyd, moment, answers=first.comment))
        assert isinstance(put, CommentPut), put
        return put.told

    assert answer() == (ann, ben)
    company.unfriend(ben, ann)  # Now ann does not see what is answered, and ben does not see the moment.
    assert answer() == ()
    assert (told(company, ann), told(company, ben)) == ([], [])


@pytest.mark.parametrize("how", ["unfriended", "blocked", "deleted", "taken back", "with the moment"])
def test_of_what_is_not_to_be_seen_any_more_there_is_no_notice(company: Company, how: str) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    company.like(ben, moment)
    said = company.comment(ben, moment)
    match how:
        case "unfriended":
            company.unfriend(ben, ann)
        case "blocked":
            company.block(ann, ben)
        case "deleted":
            company.delete(ben, said)
        case "taken back":
            company.desk.do(PutLike(moment=moment, person=ben, liked=False, at=NOON))
        case "with the moment":
            company.desk.do(DropMoment(moment=moment, author=ann, at=NOON))
    left = {"deleted": [(LIKE, ben)], "taken back": [(COMMENT, ben)]}.get(how, [])
    assert told(company, ann) == left
    assert company.notices(ann).unread == len(left)


def test_a_notice_is_there_again_when_its_thing_is(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    company.like(ben, company.moment(ann))
    company.unfriend(ann, ben)
    assert told(company, ann) == []
    company.befriend(ann, ben)
    assert told(company, ann) == [(LIKE, ben)]


# Reading them.


def test_those_are_unread_that_came_after_what_was_read(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    for number in range(3):
        company.comment(ben, moment, at=NOON + number)
    assert company.notices(ann).unread == 3
    assert read(company, ann, NOON + 1) == NoticesMarked(moved=True)
    assert (company.notices(ann).unread, company.notices(ann).read) == (1, NOON + 1)


def test_what_was_read_stays_read(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    company.like(ben, company.moment(ann))
    read(company, ann, NOON)
    assert read(company, ann, NOON - 1) == read(company, ann, NOON) == NoticesMarked(moved=False)
    assert company.notices(ann).unread == 0


def test_so_many_unread_are_counted(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    for number in range(3):
        company.comment(ben, moment, at=NOON + number)
    assert company.notices(ann, most=2).unread == 2


def test_the_pages_have_each_notice_once_also_of_one_millisecond(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moments = [company.moment(ann, at=NOON + number) for number in range(2)]
    for moment in moments:
        for person in (ben, cyd):
            assert isinstance(company.like(person, moment, at=NOON + 5), LikePut)
            said = company.comment(person, moment, at=NOON + 5)
            company.comment(ben, moment, answers=said.comment, at=NOON + 5)
    whole = company.notices(ann).notices
    assert len(whole) == 12
    pages: list[Notice] = []
    for _ in range(len(whole)):
        before = place_of(pages[-1]) if pages else None
        pages += company.notices(ann, before=before, limit=1).notices
    assert pages == list(whole)
    assert company.notices(ann, before=place_of(whole[-1])).notices == ()
