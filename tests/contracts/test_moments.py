"""The ports: moments, and who sees them. A moment that is not for somebody is not there for them, whatever they ask."""

import pytest
from msgspec.structs import replace

from protocol.entries import Side
from protocol.ids import Cid, MomentId, PersonId, new_cid, new_id
from protocol.moments import Audience, Moment, NoticeKind
from server.positions import SortKey
from server.store.contact_writes import PutHiding
from server.store.moment_writes import DropMoment, MomentDropped, MomentNarrowed, MomentPut, Narrow, PutMoment
from server.store.writes import Conflict, SetPreferences, TargetGone, TooMany
from tests.contracts.company import Company
from tests.contracts.desk import NOON, Desk, digest

DAY = 86_400_000


@pytest.fixture
def company(private_desk: Desk) -> Company:
    return Company(private_desk)


def put(
    author: PersonId,
    body: bytes = b"words",
    *,
    at: int = NOON,
    cid: Cid | None = None,
    only: tuple[PersonId, ...] | None = None,
    without: tuple[PersonId, ...] = (),
) -> PutMoment:
    """Return what has `author` say something."""
    return PutMoment(
        moment=MomentId(new_id()),
        author=author,
        cid=cid or new_cid(at),
        digest=digest(repr((body, only, without))),
        at=at,
        body=body,
        only=only,
        without=without,
    )


def narrow(
    company: Company,
    author: PersonId,
    moment: MomentId,
    *,
    only: tuple[PersonId, ...] | None = None,
    without: tuple[PersonId, ...] = (),
    most: int = 9,
) -> object:
    """Take a moment from some of those it is for; return what it is for then."""
    outcome = company.desk.do(Narrow(moment=moment, author=author, only=only, without=without, most=most))
    return outcome.moment.audience if isinstance(outcome, MomentNarrowed) else outcome


def hide(
    company: Company, person: PersonId, friend: PersonId, *, mine: bool | None = None, theirs: bool | None = None
) -> None:
    """Have `person` hide their moments from a friend, or a friend's from themselves."""
    company.desk.do(PutHiding(person=person, contact=friend, mine=mine, theirs=theirs, at=NOON))


def sees(company: Company, viewer: PersonId, moment: MomentId, *, at: int = NOON) -> bool:
    """Say whether `viewer` sees a moment, in every way it can be asked: they all say the same."""
    read = company.desk.read
    row = company.desk.store._writer._connection.execute("SELECT author FROM moments WHERE moment = ?", (moment,))  # type: ignore[attr-defined]
    author = row.fetchone()[0]
    shown = read.moment(viewer, moment, at=at)
    pages = [
        read.timeline(viewer, before=None, limit=50, at=at).moments,
        read.moments(viewer, author, before=None, limit=50, at=at) or (),
    ]
    found = {shown is not None, *(any(each.moment == moment for each in page) for page in pages)}
    assert len(found) == 1, "it is there in one way, and not in another"
    assert all(each == shown for page in pages for each in page if each.moment == moment)
    return found.pop()


# Saying something.


def test_what_one_says_is_shown_to_oneself_with_whom_it_is_for_and_to_friends_without(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    write = put(ann, b"hello", without=(cyd,))
    moment = write.moment
    shown = Moment(side=Side.PRIVATE, author=ann, handle="ann", at=NOON, body=b"hello", moment=moment)
    own = replace(shown, audience=Audience(without=(cyd,)))
    assert company.desk.do(write) == MomentPut(moment=own, new=True, told=(ben,))
    assert company.desk.read.moment(ann, moment, at=NOON) == own
    assert company.desk.read.moment(ben, moment, at=NOON) == shown
    assert company.desk.read.moment(cyd, moment, at=NOON) is None


def test_a_repeat_gets_what_it_became_the_first_time_as_it_is_now_and_nobody_is_told_again(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    first = put(ann)
    company.desk.do(first)
    company.like(ben, first.moment)
    again = company.desk.do(put(ann, cid=first.cid, at=NOON + 5))
    assert isinstance(again, MomentPut)
    assert (again.moment.moment, again.moment.at, again.moment.likes) == (first.moment, NOON, 1)
    assert (again.new, again.told) == (False, ())


def test_the_same_cid_with_something_else_is_a_conflict_and_somebody_else_s_is_another(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    first = put(ann)
    company.desk.do(first)
    assert company.desk.do(put(ann, b"other words", cid=first.cid)) == Conflict()
    assert company.desk.do(put(ann, cid=first.cid, only=())) == Conflict()
    assert isinstance(company.desk.do(put(ben, cid=first.cid)), MomentPut)


def test_what_is_said_at_one_time_by_one_person_has_an_order(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moments = [company.moment(ann, at=at) for at in (NOON, NOON, NOON - 50, NOON + 1)]
    page = company.desk.read.timeline(ben, before=None, limit=9, at=NOON).moments
    assert [(each.moment, each.at) for each in reversed(page)] == [
        (moment, NOON + index) for index, moment in enumerate(moments)
    ]


def test_a_time_is_not_used_again_after_what_was_said_then_is_deleted(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    deleted = company.moment(ann, without=(ben,))
    company.desk.do(DropMoment(moment=deleted, author=ann, at=NOON))
    moment = company.moment(ann)
    assert sees(company, ben, moment)
    assert company.desk.read.moment(ann, moment, at=NOON).at == NOON + 1  # type: ignore[union-attr]


# The formula. Each of its conditions hides a moment alone.


def test_a_moment_is_for_friends_by_itself(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    stranger = company.person("sid")
    moment = company.moment(ann)
    assert [sees(company, viewer, moment) for viewer in (ann, ben, stranger)] == [True, True, False]


@pytest.mark.parametrize("who", ["the author", "the viewer"])
@pytest.mark.parametrize("what", ["removes", "blocks"])
def test_either_of_two_friends_who_parts_ends_it(company: Company, who: str, what: str) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    one, other = (ann, ben) if who == "the author" else (ben, ann)
    (company.unfriend if what == "removes" else company.block)(one, other)
    assert not sees(company, ben, moment)
    assert sees(company, ann, moment)


def test_a_new_friend_sees_what_was_said_before(company: Company) -> None:
    ann, ben = company.person("ann"), company.person("ben")
    moment, left_out = company.moment(ann), company.moment(ann, without=(ben,))
    company.befriend(ann, ben)
    assert (sees(company, ben, moment), sees(company, ben, left_out)) == (True, False)


def test_an_author_may_hide_their_moments_from_a_friend(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    hide(company, ann, ben, mine=True)
    assert not sees(company, ben, moment)
    hide(company, ben, ann, mine=True)
    hide(company, ann, ben, mine=False)
    assert sees(company, ben, moment)


def test_who_does_not_want_them_in_their_timeline_can_look_at_them_still(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    first = company.moment(ann)
    hide(company, ben, ann, theirs=True)
    second = put(ann)
    outcome = company.desk.do(second)
    assert isinstance(outcome, MomentPut)
    assert outcome.told == ()
    page = company.desk.read.timeline(ben, before=None, limit=9, at=NOON)
    assert (page.moments, page.circle) == ((), (ben,))
    shown = company.desk.read.moments(ben, ann, before=None, limit=9, at=NOON)
    assert [each.moment for each in shown or ()] == [second.moment, first]


@pytest.mark.parametrize("days", [3, 30, 180])
def test_an_author_may_show_the_last_days_alone_and_their_last_millisecond_counts(company: Company, days: int) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann)
    company.desk.do(SetPreferences(person=ann, moments_days=days))
    assert sees(company, ben, moment, at=NOON + days * DAY)
    assert not sees(company, ben, moment, at=NOON + days * DAY + 1)
    assert sees(company, ann, moment, at=NOON + days * DAY + 1)


def test_a_moment_may_be_for_some_or_for_all_but_some_or_for_oneself(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    audiences = {
        company.moment(ann, only=(ben,)): {ann, ben},
        company.moment(ann, without=(ben,)): {ann, cyd},
        company.moment(ann, only=(ben, cyd), without=(ben,)): {ann, cyd},
        company.moment(ann, only=()): {ann},
        company.moment(ann, only=(PersonId("nobody".ljust(16)),), without=(ann,)): {ann},
    }
    for moment, seen_by in audiences.items():
        assert {viewer for viewer in (ann, ben, cyd) if sees(company, viewer, moment)} == seen_by


# Narrowing.


def test_a_moment_for_all_friends_may_become_one_for_some(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    assert narrow(company, ann, moment, without=(cyd,)) == Audience(without=(cyd,))
    assert (sees(company, ben, moment), sees(company, cyd, moment)) == (True, False)
    assert narrow(company, ann, moment, only=(ben, cyd)) == Audience(only=tuple(sorted((ben, cyd))), without=(cyd,))
    assert (sees(company, ben, moment), sees(company, cyd, moment)) == (True, False)
    assert narrow(company, ann, moment, only=()) == Audience(only=(), without=(cyd,))
    assert not sees(company, ben, moment)


def test_nobody_is_ever_added(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    for_ben, not_for_ben = company.moment(ann, only=(ben,)), company.moment(ann, without=(ben,))
    assert narrow(company, ann, for_ben, only=(ben, cyd)) == Audience(only=(ben,))
    assert narrow(company, ann, for_ben, only=(cyd,)) == Audience(only=())
    assert narrow(company, ann, not_for_ben, only=(ben, cyd)) == Audience(
        only=tuple(sorted((ben, cyd))), without=(ben,)
    )
    assert [sees(company, ben, for_ben), sees(company, cyd, for_ben)] == [False, False]
    assert [sees(company, ben, not_for_ben), sees(company, cyd, not_for_ben)] == [False, True]


def test_narrowing_to_what_it_is_changes_nothing(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann, without=(cyd,))
    before = company.desk.read.moment(ann, moment, at=NOON)
    for _ in range(2):
        assert narrow(company, ann, moment, without=(cyd,)) == Audience(without=(cyd,))
        assert narrow(company, ann, moment) == Audience(without=(cyd,))
    assert company.desk.read.moment(ann, moment, at=NOON) == before
    assert sees(company, ben, moment)


def test_so_many_may_be_left_out_of_one_moment(company: Company) -> None:
    ann, ben, cyd, dan = company.people("ann", "ben", "cyd", "dan")
    moment = company.moment(ann, without=(ben,))
    assert narrow(company, ann, moment, without=(ben, cyd), most=2) == Audience(without=tuple(sorted((ben, cyd))))
    assert narrow(company, ann, moment, without=(dan,), most=2) == TooMany()
    assert sees(company, dan, moment)


def test_what_is_not_one_s_own_or_is_gone_cannot_be_narrowed(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment, gone = company.moment(ann), company.moment(ben)
    company.desk.do(DropMoment(moment=gone, author=ben, at=NOON))
    for each in (moment, gone, MomentId(new_id())):
        assert narrow(company, ben, each, only=()) == TargetGone()
    assert sees(company, ben, moment)


# Deleting.


def test_with_a_moment_goes_all_that_was_said_under_it(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment, other = company.moment(ann), company.moment(ann)
    for each in (moment, other):
        company.comment(ann, each, b"more words", answers=company.comment(ben, each).comment)
        company.like(ben, each)
    assert company.desk.do(DropMoment(moment=moment, author=ann, at=NOON)) == MomentDropped(seen_by=())
    for viewer in (ann, ben):
        assert company.desk.read.moment(viewer, moment, at=NOON) is None
        assert company.thread(viewer, moment) is None
        assert {notice.moment for notice in company.notices(viewer).notices} == {other}
    assert [notice.kind for notice in company.notices(ann).notices] == [NoticeKind.LIKE, NoticeKind.COMMENT]
    dump = "\n".join(company.desk.store._writer._connection.iterdump())  # type: ignore[attr-defined]
    assert dump.count(b"words".hex().upper()) == 3, "of the other one alone there are words"


def test_whom_a_deleted_moment_was_for_or_not_for_is_forgotten(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    connection = company.desk.store._writer._connection  # type: ignore[attr-defined]
    before = [line for line in connection.iterdump() if ben in line]
    for only, without in ((None, (ben,)), ((ben,), ()), (None, ())):
        moment = company.moment(ann, only=only, without=without)
        narrow(company, ann, moment, without=(ben,))
        company.desk.do(DropMoment(moment=moment, author=ann, at=NOON))
    assert [line for line in connection.iterdump() if ben in line] == before


def test_who_listens_and_saw_it_is_to_be_told(company: Company) -> None:
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann, without=(cyd,))
    dropped = company.desk.do(DropMoment(moment=moment, author=ann, at=NOON, listening=(ann, ben, cyd)))
    assert isinstance(dropped, MomentDropped)
    assert set(dropped.seen_by) == {ann, ben}


def test_what_is_deleted_may_be_deleted_again_by_its_author_alone(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moment = company.moment(ann, only=(ben,))
    assert company.desk.do(DropMoment(moment=moment, author=ben, at=NOON)) == TargetGone()
    assert sees(company, ben, moment)
    for _ in range(2):
        drop = DropMoment(moment=moment, author=ann, at=NOON, listening=(ben,))
        assert isinstance(company.desk.do(drop), MomentDropped)
    assert not sees(company, ben, moment)
    assert company.desk.do(DropMoment(moment=moment, author=ben, at=NOON)) == TargetGone()
    assert company.desk.do(DropMoment(moment=MomentId(new_id()), author=ann, at=NOON)) == TargetGone()


def test_a_repeat_of_what_was_deleted_does_not_bring_it_back(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    first = put(ann)
    company.desk.do(first)
    company.desk.do(DropMoment(moment=first.moment, author=ann, at=NOON))
    assert company.desk.do(put(ann, cid=first.cid)) == TargetGone()
    assert company.desk.do(put(ann, b"other words", cid=first.cid)) == Conflict()
    assert company.desk.read.timeline(ben, before=None, limit=9, at=NOON).moments == ()


# Pages.


def test_a_page_begins_after_the_place_that_is_named_there_or_not(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moments = [company.moment(ann, at=NOON + at) for at in range(5)]
    last = SortKey(NOON + 3, moments[3])
    company.desk.do(DropMoment(moment=moments[3], author=ann, at=NOON))
    page = company.desk.read.timeline(ben, before=last, limit=2, at=NOON).moments
    assert [each.moment for each in page] == [moments[2], moments[1]]
    of_one = company.desk.read.moments(ben, ann, before=last, limit=2, at=NOON)
    assert of_one == page


def test_what_two_say_at_one_time_is_in_one_order_on_every_page(company: Company) -> None:
    people = company.people("ann", "ben", "cyd", "dan", "eve")
    ann = people[0]
    for at in (NOON, NOON + 10):
        for author in people:
            company.moment(author, at=at)
    whole = company.desk.read.timeline(ann, before=None, limit=50, at=NOON).moments
    assert [(each.at, each.moment) for each in whole] == sorted(
        ((each.at, each.moment) for each in whole), key=lambda key: key, reverse=True
    )
    for limit in (1, 2, 3, 4):
        shown: list[Moment] = []
        before: SortKey | None = None
        while page := company.desk.read.timeline(ann, before=before, limit=limit, at=NOON).moments:
            shown += page
            before = SortKey(page[-1].at, str(page[-1].moment))
        assert shown == list(whole)


def test_a_stranger_s_moments_are_none_and_nobody_s_are_not_there(company: Company) -> None:
    ann, stranger = company.person("ann"), company.person("sid")
    company.moment(stranger)
    assert company.desk.read.moments(ann, stranger, before=None, limit=9, at=NOON) == ()
    assert company.desk.read.moments(ann, PersonId(new_id()), before=None, limit=9, at=NOON) is None


def test_posts_come_from_friends_who_are_wanted_in_the_timeline_whether_they_show_their_moments_or_not(
    company: Company,
) -> None:
    ann, ben, cyd, dan = company.people("ann", "ben", "cyd", "dan")
    hide(company, ben, ann, mine=True)
    hide(company, ann, cyd, theirs=True)
    company.block(dan, ann)
    company.moment(ben)
    page = company.desk.read.timeline(ann, before=None, limit=9, at=NOON)
    assert (page.moments, set(page.circle)) == ((), {ann, ben})
