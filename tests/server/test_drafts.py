"""Drafts: what operators share before anything is said. The server keeps bytes, and nobody judges them."""

from typing import Any

import pytest

from protocol.accounts import Drafts, DraftsReply, DropDraft, SaveDraft
from protocol.entries import Role
from protocol.frames import Request
from protocol.ids import Cid, TopicId, new_cid
from protocol.limits import DRAFT_BYTES
from tests.support.accounts import active, applied, operator
from tests.support.inline import Caller, InlineServer


def save(caller: Caller, topic: TopicId, body: bytes = b"words", draft: Cid | None = None) -> Cid:
    """Keep a draft, and return what it goes by."""
    draft = draft or caller.cid()
    caller.do(SaveDraft, topic=topic, draft=draft, body=body)
    return draft


def drafts(caller: Caller, topic: TopicId, **asked: Any) -> DraftsReply:
    return caller.do(Drafts, topic=topic, **asked)


def test_what_one_operator_saves_the_others_find_and_go_on_with(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    draft = save(ann, topic, b"a beginning")
    server.clock.pass_time(60)
    save(ben, topic, b"and an end", draft)
    (item,) = drafts(ann, topic).drafts
    assert (item.draft, item.body, item.by, item.at) == (draft, b"and an end", ben.person, server.clock.ms)


def test_a_draft_is_any_bytes_at_all(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    body = bytes(range(256)) * (DRAFT_BYTES // 256)
    save(ann, topic, body)
    assert drafts(ann, topic).drafts[0].body == body


def test_a_draft_dropped_is_gone_and_to_drop_it_again_is_the_same(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    draft = save(ann, topic)
    for _ in range(2):
        ann.do(DropDraft, topic=topic, draft=draft)
    assert drafts(ann, topic) == DraftsReply(drafts=(), complete=True)


def test_long_drafts_come_in_pages(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    made = [save(ann, topic, b"x" * DRAFT_BYTES, new_cid(server.clock.ms + number)) for number in range(8)]
    first = drafts(ann, topic)
    second = drafts(ann, topic, before=first.drafts[-1].draft)
    assert [item.draft for item in (*first.drafts, *second.drafts)] == made[::-1]
    assert (len(first.drafts), first.complete, second.complete) == (6, False, True)


def test_a_draft_goes_by_a_cid(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    refusal = ann.refusal(SaveDraft, topic=active(server, ann), draft=bytes(16), body=b"x")
    assert (refusal.code, refusal.field) == ("bad_request", "draft")


def test_an_account_has_so_many_drafts(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    made = [save(ann, topic) for _ in range(100)]
    assert ann.refused(SaveDraft, topic=topic, draft=ann.cid(), body=b"x") == "too_many"
    save(ann, topic, b"again", made[0])
    ann.do(DropDraft, topic=topic, draft=made[1])
    save(ann, topic)


ASKS: list[tuple[type[Request[Any]], dict[str, Any]]] = [
    (Drafts, {}),
    (SaveDraft, {"draft": new_cid(0), "body": b"x"}),
    (DropDraft, {"draft": new_cid(0)}),
]


@pytest.mark.parametrize(("shape", "fields"), ASKS)
def test_analysts_have_no_drafts_and_to_others_there_are_none(
    server: InlineServer, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = active(server, ann)
    operator(ann, topic, ben, Role.ANALYST)
    before = server.dump()
    assert ben.refused(shape, topic=topic, **fields) == "not_allowed"
    assert cyd.refused(shape, topic=topic, **fields) == "not_found"
    assert cyd.refused(shape, topic=server.lane(ann, cyd), **fields) == "not_found"
    assert cyd.refused(shape, topic=TopicId("0" + "z" * 15), **fields) == "not_found"
    assert cyd.refused(shape, topic=server.chat(ann, cyd), **fields) == "wrong_side"
    assert len([line for line in server.dump() if "draft" in line]) == len([line for line in before if "draft" in line])


def test_who_has_applied_for_an_account_has_none_to_draft_for_yet(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    assert ann.refused(SaveDraft, topic=applied(server, ann), draft=ann.cid(), body=b"x") == "not_found"


def test_what_operators_draft_is_private(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    before = list(server.public_store._writer._connection.iterdump())
    save(ann, topic)
    assert list(server.public_store._writer._connection.iterdump()) == before
