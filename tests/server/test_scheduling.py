"""Scheduling: what may be scheduled by whom, how it is listed and ended, and how a repeat is answered."""

from typing import Any

import pytest

from protocol.accounts import Schedule, Scheduled, SetOperator, Unschedule
from protocol.codec import Refusal
from protocol.entries import Role
from protocol.frames import Request
from protocol.ids import Cid, TopicId
from protocol.limits import DRAFTS, TEXT_CHARS
from protocol.publications import Content
from server.handlers.backstage import YEAR_MS
from tests.support.accounts import active, operator, profile, service, words
from tests.support.inline import Caller, InlineServer
from tests.support.scheduling import HOUR_MS, pass_time, said, schedule, scheduled, titles


def refused(caller: Caller, topic: TopicId, text: str | Content = "news", in_ms: int = HOUR_MS, **more: Any) -> Refusal:
    content = words(text) if isinstance(text, str) else text
    return caller.refusal(Schedule, topic=topic, content=content, due=caller.server.clock.ms + in_ms, **more)


@pytest.mark.parametrize(
    ("in_ms", "possible"), [(-1, False), (0, False), (1, True), (YEAR_MS, True), (YEAR_MS + 1, False)]
)
def test_it_is_due_in_the_future_and_within_a_year(server: InlineServer, in_ms: int, possible: bool) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    if possible:
        schedule(ann, topic, in_ms=in_ms)
    else:
        refusal = refused(ann, topic, in_ms=in_ms)
        assert (refusal.code, refusal.field) == ("bad_request", "due")


@pytest.mark.parametrize(
    ("content", "more", "field"),
    [
        (Content(text="without a title"), {}, "content.title"),
        (Content(title="nothing more"), {}, "content"),
        (Content(title="x", text="x", parts=()), {"tag": "east"}, "tag"),
        (Content(title="x", text="x"), {"tag": "north", "broadcast": False}, "tag"),
        (Content(title="x", text="x", category="no such"), {}, "content.category"),
        (Content(title="x", text="x", tags=("x",)), {}, "content"),
    ],
)
def test_its_shape_is_looked_at_when_it_is_scheduled(
    server: InlineServer, content: Content, more: dict[str, Any], field: str
) -> None:
    (ann,) = server.people("ann")
    topic = service(server, ann, tags=("north",))
    refusal = refused(ann, topic, content, **more)
    assert (refusal.code, refusal.field) == ("bad_request", field)
    assert scheduled(ann, topic) == []


def test_it_is_shown_to_all_who_may_publish_the_next_one_first(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    later, sooner = schedule(ann, topic, in_ms=2 * HOUR_MS), schedule(ben, topic, in_ms=HOUR_MS, broadcast=False)
    assert scheduled(ann, topic) == scheduled(ben, topic) == [sooner, later]
    assert (later.by, sooner.by, sooner.broadcast, sooner.content) == (ann.person, ben.person, False, later.content)


def test_long_items_come_in_pages(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    long = Content(title="x", text="x" * TEXT_CHARS)
    made = [schedule(ann, topic, long, in_ms=HOUR_MS + number).item for number in range(40)]
    first = ann.do(Scheduled, topic=topic)
    second = ann.do(Scheduled, topic=topic, after=first.items[-1].item)
    assert [item.item for item in (*first.items, *second.items)] == made
    assert (first.complete, second.complete) == (False, True)


def test_an_account_has_so_many_scheduled(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    for _ in range(DRAFTS):
        schedule(ann, topic)
    assert refused(ann, topic).code == "too_many"


def test_what_is_unscheduled_does_not_appear(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    item = schedule(ann, topic)
    ben.do(Unschedule, topic=topic, item=item.item)
    assert ben.refused(Unschedule, topic=topic, item=item.item) == "not_found"
    pass_time(server)
    assert said(server, topic) == []


def test_what_is_being_published_is_not_unscheduled(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    item = schedule(ann, topic)
    server.panel.is_slow = True
    pass_time(server)
    assert ann.refused(Unschedule, topic=topic, item=item.item) == "too_late"
    server.panel.answer()
    assert titles(server, topic) == ["From the lane"]
    assert ann.refused(Unschedule, topic=topic, item=item.item) == "not_found"


def test_what_is_unscheduled_while_it_is_looked_up_does_not_appear(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    item = schedule(ann, topic)
    server.reads.delay()
    pass_time(server)
    server.reads.look()
    ann.do(Unschedule, topic=topic, item=item.item)
    server.reads.catch_up()
    assert said(server, topic) == []
    assert server.scheduler._attempts == {}


# Repeats.


def again(caller: Caller, request: Request[Any]) -> Any:
    """Ask the same once more, as a client does that got no answer."""
    return caller.try_(request)


def asked(caller: Caller, topic: TopicId, **more: Any) -> Schedule:
    due = caller.server.clock.ms + HOUR_MS
    return caller.request(Schedule, **{"topic": topic, "content": words("news"), "due": due} | more)


@pytest.mark.parametrize("since", ["at once", "when due", "published", "failed", "offered no more"])
def test_a_repeat_is_answered_as_the_first_time_whatever_has_come_since(server: InlineServer, since: str) -> None:
    (ann,) = server.people("ann")
    topic = service(server, ann, tags=("north",))
    request = asked(ann, topic, tag="north")
    first = ann.ask(request)
    match since:
        case "when due":
            server.clock.pass_time(3600)
        case "published":
            pass_time(server)
        case "failed":
            profile(ann, topic)
            pass_time(server)
        case "offered no more":
            profile(ann, topic)
    assert again(ann, request) == first
    assert len(scheduled(ann, topic)) == (since != "published")


@pytest.mark.parametrize("published", [True, False])
def test_the_same_cid_for_something_else_is_a_conflict(server: InlineServer, published: bool) -> None:
    ann, ben = server.people("ann", "ben")
    topic, other = active(server, ann), active(server, ann, "The Market")
    operator(ann, topic, ben)
    request = asked(ann, topic)
    ann.ask(request)
    if published:
        pass_time(server)
    cid, due = request.cid, server.clock.ms + HOUR_MS if not published else request.due
    assert refused(ann, topic, "other words", due - server.clock.ms, cid=cid).code == "conflict"
    if published:
        assert refused(ann, other, "news", due - server.clock.ms, cid=cid).code == "conflict"
    else:
        assert refused(ben, topic, "news", due - server.clock.ms, cid=cid).code == "conflict"


# Who may.


ASKS: list[tuple[type[Request[Any]], dict[str, Any]]] = [
    (Schedule, {"content": Content(title="x", text="x"), "due": 1_700_000_000_001}),
    (Scheduled, {}),
    (Unschedule, {"item": Cid(bytes(16))}),
]


@pytest.mark.parametrize(("shape", "fields"), ASKS)
def test_analysts_schedule_nothing_and_to_others_nothing_is_scheduled(
    server: InlineServer, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = active(server, ann)
    operator(ann, topic, ben, Role.ANALYST)
    assert ben.refused(shape, topic=topic, **fields) == "not_allowed"
    assert cyd.refused(shape, topic=topic, **fields) == "not_found"
    assert cyd.refused(shape, topic=server.lane(ann, cyd), **fields) == "not_found"
    assert cyd.refused(shape, topic=server.chat(ann, cyd), **fields) == "wrong_side"


def test_who_knows_the_cid_of_an_item_and_is_no_operator_learns_nothing_by_it(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = active(server, ann)
    operator(ann, topic, ben)
    item = schedule(ann, topic).item
    ann.do(SetOperator, topic=topic, person=ben.person)  # He has seen it in the list.
    for caller in (ben, cyd):
        assert refused(caller, topic, cid=item).code == "not_found"


def test_until_it_is_due_nothing_public_knows_of_it(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    before = list(server.public_store._writer._connection.iterdump())
    item = schedule(ann, topic)
    pass_time(server, HOUR_MS - 1000)
    ann.do(Unschedule, topic=topic, item=item.item)
    assert list(server.public_store._writer._connection.iterdump()) == before
