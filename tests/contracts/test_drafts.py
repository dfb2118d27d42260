"""The ports: what an account's operators have not said yet. Drafts are opaque; what is scheduled goes out once."""

import pytest

from protocol.ids import Cid, PersonId, TopicId, new_cid
from server.store.backstage_port import Item
from server.store.backstage_writes import CloseItem, DropDraft, Plan, Planned, PutDraft, TakeUp, Unplan
from server.store.base import Failed
from server.store.writes import Conflict, Done, Outcome, Stale, TargetGone, TooMany
from tests.contracts.desk import NOON, Desk, digest

LANE, MARKET = TopicId("0lane00000000000"), TopicId("0market000000000")
ANN, BO = PersonId("ann"), PersonId("bo")
ROOM = 1 << 20


def cids(count: int) -> list[Cid]:
    """Return cids in the order they were made."""
    return [new_cid(NOON + number) for number in range(count)]


def save(
    desk: Desk, draft: Cid, body: bytes = b"words", *, by: PersonId = ANN, account: TopicId = LANE
) -> Outcome | Failed:
    return desk.do(PutDraft(account=account, draft=draft, body=body, by=by, at=NOON, most=3))


def plan(
    desk: Desk,
    item: Cid,
    *,
    due: int = NOON,
    by: PersonId = ANN,
    account: TopicId = LANE,
    said: str = "words",
) -> Outcome | Failed:
    return desk.do(
        Plan(
            account=account,
            item=item,
            by=by,
            handle=str(by),
            digest=digest(said),
            request=said.encode(),
            due=due,
            most=3,
        )
    )


def drafts(desk: Desk, *, before: Cid | None = None, room: int = ROOM) -> tuple[list[bytes], bool]:
    reply = desk.read.drafts(LANE, before=before, reply_bytes=room)
    return [item.draft for item in reply.drafts], reply.complete


def scheduled(desk: Desk, *, after: Cid | None = None, room: int = ROOM) -> tuple[list[Cid], bool]:
    items, complete = desk.read.scheduled(LANE, after=after, reply_bytes=room)
    return [item.item for item in items], complete


def due(desk: Desk, at: int = NOON, most: int = 10) -> list[Cid]:
    return [item.item for item in desk.read.due_items(at, most)]


# Drafts.


def test_a_draft_is_kept_in_the_place_of_what_was_there(private_desk: Desk) -> None:
    (draft,) = cids(1)
    save(private_desk, draft, b"one")
    assert save(private_desk, draft, b"two", by=BO) == Done()
    (item,) = private_desk.read.drafts(LANE, before=None, reply_bytes=ROOM).drafts
    assert (item.draft, item.body, item.by, item.at) == (draft, b"two", BO, NOON)


def test_drafts_are_listed_from_the_last_begun_in_pages(private_desk: Desk) -> None:
    first, second, third = cids(3)
    for draft in (second, third, first):
        save(private_desk, draft, b"x" * 500)
    assert drafts(private_desk) == ([third, second, first], True)
    assert drafts(private_desk, room=700) == ([third, second], False)
    save(private_desk, third, b"saved again")
    assert drafts(private_desk, before=second, room=700) == ([first], True)
    assert drafts(private_desk, before=first) == ([], True)


def test_one_draft_comes_even_when_there_is_no_room_for_it(private_desk: Desk) -> None:
    first, second = cids(2)
    save(private_desk, first, b"x" * 500)
    save(private_desk, second, b"x" * 500)
    assert drafts(private_desk, room=1) == ([second], False)


def test_an_account_has_so_many_drafts_and_saving_one_again_is_not_one_more(private_desk: Desk) -> None:
    *kept, over = cids(4)
    for draft in kept:
        save(private_desk, draft)
    assert save(private_desk, over) == TooMany()
    assert save(private_desk, kept[0], b"again") == Done()
    assert save(private_desk, over, account=MARKET) == Done()


def test_a_draft_is_dropped_however_often_it_is_asked(private_desk: Desk) -> None:
    (draft,) = cids(1)
    save(private_desk, draft)
    for _ in range(2):
        assert private_desk.do(DropDraft(account=LANE, draft=draft)) == Done()
    assert drafts(private_desk) == ([], True)


# What is scheduled.


def test_what_is_scheduled_is_kept_as_it_was_asked_for(private_desk: Desk) -> None:
    (item,) = cids(1)
    assert plan(private_desk, item, due=NOON + 5) == Planned()
    kept = Item(LANE, item, ANN, "ann", digest("words"), b"words", NOON + 5, "")
    assert private_desk.read.scheduled_item(LANE, item) == kept
    assert private_desk.read.scheduled_item(MARKET, item) is None


def test_a_repeat_changes_nothing_and_another_thing_is_a_conflict(private_desk: Desk) -> None:
    (item,) = cids(1)
    plan(private_desk, item)
    assert plan(private_desk, item, due=NOON + 1) == Planned()
    assert plan(private_desk, item, said="other words") == Conflict()
    assert plan(private_desk, item, by=BO) == Conflict()
    kept = private_desk.read.scheduled_item(LANE, item)
    assert kept is not None
    assert kept.due == NOON


def test_an_account_schedules_so_much_and_may_repeat_it_all_the_same(private_desk: Desk) -> None:
    *kept, over = cids(4)
    for item in kept:
        plan(private_desk, item)
    assert plan(private_desk, over) == TooMany()
    assert plan(private_desk, kept[0]) == Planned()


def test_the_next_one_due_comes_first_in_pages(private_desk: Desk) -> None:
    first, second, third = cids(3)
    for item, when in ((first, 3), (second, 1), (third, 3)):
        plan(private_desk, item, due=NOON + when, said="x" * 500)
    assert scheduled(private_desk) == ([second, first, third], True)
    assert scheduled(private_desk, room=600) == ([second], False)
    assert scheduled(private_desk, after=second, room=600) == ([first], False)
    assert scheduled(private_desk, after=first) == ([third], True)


def test_a_page_after_what_has_gone_begins_anew(private_desk: Desk) -> None:
    first, second, gone = cids(3)
    plan(private_desk, first)
    plan(private_desk, second)
    assert scheduled(private_desk, after=gone) == ([first, second], True)


@pytest.mark.parametrize(("late", "found"), [(-1, False), (0, True), (1, True)])
def test_what_is_due_is_found_from_its_moment_on(private_desk: Desk, late: int, found: bool) -> None:
    (item,) = cids(1)
    plan(private_desk, item, due=NOON)
    assert due(private_desk, NOON + late) == [item] * found


def test_what_is_due_is_found_in_order_and_so_much_at_a_time(private_desk: Desk) -> None:
    first, second, third = cids(3)
    plan(private_desk, first, due=NOON)
    plan(private_desk, second, due=NOON - 5)
    plan(private_desk, third, due=NOON - 5, account=MARKET)
    assert due(private_desk) == [second, third, first]
    assert due(private_desk, most=2) == [second, third]


def test_what_was_taken_up_is_nobodys_to_unschedule_and_found_again_until_it_is_closed(private_desk: Desk) -> None:
    (item,) = cids(1)
    plan(private_desk, item)
    assert private_desk.do(TakeUp(account=LANE, item=item)) == Done()
    assert private_desk.do(Unplan(account=LANE, item=item)) == Stale()
    assert due(private_desk) == [item]
    private_desk.do(CloseItem(account=LANE, item=item))
    assert (due(private_desk), scheduled(private_desk)) == ([], ([], True))


def test_what_was_unscheduled_is_not_taken_up(private_desk: Desk) -> None:
    (item,) = cids(1)
    plan(private_desk, item)
    assert private_desk.do(Unplan(account=LANE, item=item)) == Done()
    assert private_desk.do(Unplan(account=LANE, item=item)) == TargetGone()
    assert private_desk.do(TakeUp(account=LANE, item=item)) == TargetGone()


def test_what_was_refused_stays_to_be_seen_is_not_due_any_more_and_can_be_unscheduled(private_desk: Desk) -> None:
    (item,) = cids(1)
    plan(private_desk, item)
    private_desk.do(TakeUp(account=LANE, item=item))
    private_desk.do(CloseItem(account=LANE, item=item, failed="too_many"))
    kept = private_desk.read.scheduled_item(LANE, item)
    assert kept is not None
    assert kept.failed == "too_many"
    assert due(private_desk) == []
    assert private_desk.do(TakeUp(account=LANE, item=item)) == TargetGone()
    assert private_desk.do(Unplan(account=LANE, item=item)) == Done()
