"""I11: there is no decision without its parts, and none that its addressee is not told.

The parts (docs/COMPLIANCE.md, "Decisions"): the clause and the agreement's version, the bottom line as a heading, where
exactly, the facts, who decided and whether that was a program, from when and until when, how to appeal, the leaf.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance import leaves
from compliance.leaves import LeafKind
from compliance.pack import AtEnd
from compliance.tree import verify_inclusion
from protocol.decisions import Decision, DecisionKind, Span, SubmissionState
from protocol.ids import DecisionId, SubmissionId, new_id
from protocol.public import Publish, ShowReceipt, Submissions
from protocol.publications import Surface, fields_of
from protocol.staff import OfficerAct, OfficerDecide, OfficerShow, StaffRole
from server.store import submissions
from server.store.audit import AuditLog
from server.store.records import Records
from tests.support.decided import assert_whole, decisions_of
from tests.support.inline import InlineServer
from tests.support.newsroom import SCRIPTS, Newsroom
from tests.support.panel import StaffedPanel
from tests.support.places import place
from tests.support.pressroom import PRESS_SCRIPTS, Pressroom
from tests.support.public import (
    GROUND,
    HOLD,
    LABEL,
    REJECT,
    connection_of,
    leaves_of,
    officer,
    public_group,
    publish,
    rows,
)

BINDING = {
    SubmissionState.HELD: DecisionKind.HOLD,
    SubmissionState.REJECTED: DecisionKind.REJECT,
    SubmissionState.LAPSED: DecisionKind.LAPSE,
}


def assert_told(room: Newsroom, about: dict[str, Any], decision: Decision) -> None:
    """Its addressee, and nobody else, was told `decision` just as it is on record."""
    hearers = {
        person: [each.decision for each in said if each.decision and each.decision.decision == decision.decision]
        for person, said in room.wire.items()
    }
    told = hearers.pop(about["author"], [])
    assert told, f"nobody told its author of {decision}"
    assert set(map(msgspec.json.encode, told)) == {msgspec.json.encode(decision)}
    assert not any(hearers.values())


@pytest.mark.parametrize("room", [Newsroom, Pressroom])
@given(data=st.data(), at_end=st.sampled_from(AtEnd))
def test_after_any_script_every_decision_is_whole_and_was_told(
    room: type[Newsroom], data: st.DataObject, at_end: AtEnd
) -> None:
    there = room(at_end=at_end)
    with closing(there.server):
        there.play(data.draw(PRESS_SCRIPTS if room is Pressroom else SCRIPTS))
        about = {row["submission"]: row for row in there.submissions()}
        for submission, decision in decisions_of(there.server):
            if decision.kind is not DecisionKind.APPROVE:  # Of an application: that has tests of its own.
                assert_whole(there.server, about[submission], decision)
                assert_told(there, about[submission], decision)
        assert_every_binding_thing_is_decided(there)


def assert_every_binding_thing_is_decided(room: Newsroom) -> None:
    """What is held, rejected, lapsed, labelled or withdrawn is so by a decision that says that."""
    by_id = {decision.decision: (submission, decision) for submission, decision in decisions_of(room.server)}
    kinds: dict[str, list[DecisionKind]] = {}
    for submission, decision in by_id.values():
        kinds.setdefault(submission, []).append(decision.kind)
    for row in room.submissions():
        state = SubmissionState(row["state"])
        if state in BINDING:
            submission, decision = by_id[row["decision"]]
            assert (submission, decision.kind) == (row["submission"], BINDING[state])
            assert row["until"] == decision.until
        if row["withdrawn"]:
            assert [kind for kind in kinds[row["submission"]] if kind in {"withdraw", "restore"}][-1] == "withdraw"
        if state is SubmissionState.PUBLISHED and msgspec.json.decode(row["labels"]):
            (why,) = [
                decision
                for submission, decision in by_id.values()
                if submission == row["submission"] and decision.kind in {DecisionKind.LABEL, DecisionKind.RELEASE}
            ]
            assert "labels: rumour" in why.facts
            assert "labels 1" in why.by + why.facts or "mood 1" in why.by + why.facts


def test_the_leaves_of_decisions_and_the_decisions_are_the_same_in_number(server: InlineServer) -> None:
    room = Newsroom()
    with closing(room.server):
        room.play([("say", 0, "holds"), ("release", 0, "allows"), ("withdraw", 0, "allows"), ("restore", 0, "allows")])
        kinds = [decision.kind for _, decision in decisions_of(room.server)]
        assert kinds == ["hold", "release", "withdraw", "restore"]
        assert [leaf["kind"] for leaf in leaves_of(room.server, LeafKind.DECISION)] == kinds


@pytest.fixture
def server() -> Iterator[InlineServer]:
    server = InlineServer(panel=StaffedPanel())
    yield server
    server.close()


# One by one: each kind of decision, told with all that its addressee needs.


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("outcome", [REJECT, HOLD, LABEL], ids=["reject", "hold", "label"])
def test_a_hooks_decision_says_which_hook_in_which_version_and_where(
    server: InlineServer, outcome: Any, surface: Surface
) -> None:
    (ann,) = server.people("ann")
    fields = place(server, surface, ann).fields("a rumour")
    path = next(path for path, text in fields_of(fields["content"]).items() if text == "a rumour")
    outcome = replace(outcome, where=(Span(path=path, start=1, end=4),))
    server.panel.hooks = {"judge": lambda _: outcome}
    submission = ann.do(Publish, **fields).submission
    decision = submission.decision
    assert decision is not None
    (*_, about) = rows(server, "SELECT * FROM submissions ORDER BY number")
    assert_whole(server, about, decision)
    assert (decision.by, decision.automated) == ("hook judge 1", True)
    assert decision.where == outcome.where


def test_under_a_pack_with_an_agreement_a_bottom_line_is_its_heading_and_nothing_more(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = public_group(server, ann)
    server.panel.hooks = {"judge": lambda _: REJECT}
    decision = publish(ann, topic, "a rumour").decision
    assert decision is not None
    agreement = server.bench.agreement
    titles = {server.bench.said(line.titles) for line in agreement.lines} if agreement else {""}
    assert decision.bottom_line in titles
    assert bool(decision.bottom_line) is (agreement is not None)


@pytest.mark.parametrize("act", OfficerAct)
def test_an_officers_decision_is_told_at_once_and_names_a_code_not_a_person(
    server: InlineServer, act: OfficerAct
) -> None:
    (ann,) = server.people("ann")
    topic = public_group(server, ann)
    chief = officer(server)
    if act in {OfficerAct.RELEASE, OfficerAct.REJECT}:
        server.panel.hooks = {"judge": lambda _: HOLD}
    item = publish(ann, topic, "a rumour").submission
    if act is OfficerAct.RESTORE:
        chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="First.")
    ann.collect()
    where = (Span(path="text", start=2, end=8),)
    reply = chief.do(OfficerDecide, item=item, act=act, ground=GROUND, facts="A fact.", where=where)
    (told,) = [push.submission for push in ann.pushes() if hasattr(push, "submission")]
    assert told == reply.submission
    assert told.decision == reply.decisions[-1] == chief.do(OfficerShow, item=item).decisions[-1]
    assert (told.decision.kind, told.decision.facts, told.decision.where) == (act, "A fact.", where)
    assert (told.decision.by, told.decision.automated) == ("officer chief-0", False)
    (about,) = rows(server, "SELECT * FROM submissions")
    assert_whole(server, about, told.decision)


def test_who_was_away_finds_the_decision_when_they_are_back(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = public_group(server, ann)
    chief = officer(server)
    item = publish(ann, topic, "a rumour").submission
    ann.hang_up()
    reply = chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="A fact.")
    (found,) = server.login("ann").do(Submissions).submissions
    assert found.decision == reply.submission.decision


def test_a_decision_can_be_proved_by_its_addressee(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = public_group(server, ann)
    chief = officer(server)
    item = publish(ann, topic, "a rumour").submission
    reply = chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="A fact.")
    receipt = ann.do(ShowReceipt, submission=item)
    (decision,) = reply.decisions
    (leaf,) = [verdict for verdict in receipt.verdicts if verdict.number == decision.leaf]
    assert verify_inclusion(leaf.leaf, number=leaf.number, size=receipt.size, root=receipt.root, path=leaf.path)
    assert receipt.salt is not None
    assert leaves.read(leaf.leaf)["facts"] == leaves.commitment(receipt.salt, decision.facts.encode())


# What lacks a part is not decided.

LACKING: dict[str, dict[str, Any]] = {
    "the ground": {"ground": ""},
    "a ground that the pack has": {"ground": "whatever"},
    "the facts": {"facts": ""},
    "facts that say something": {"facts": " \n\t"},
    "a place in the text": {"where": (Span(path="text", start=0, end=9),)},
    "a place with something in it": {"where": (Span(path="text", start=3, end=3),)},
    "a text that is there": {"where": (Span(path="parts[0].text", start=0, end=1),)},
}


@pytest.mark.parametrize("act", [OfficerAct.REJECT, OfficerAct.WITHDRAW])
@pytest.mark.parametrize("lacking", LACKING)
def test_against_an_author_nothing_is_decided_that_lacks(server: InlineServer, lacking: str, act: OfficerAct) -> None:
    (ann,) = server.people("ann")
    topic = public_group(server, ann)
    if act is OfficerAct.REJECT:
        server.panel.hooks = {"judge": lambda _: HOLD}
    item, before = publish(ann, topic, "a rumour").submission, ann.do(Submissions)
    asked: dict[str, Any] = {"ground": GROUND, "facts": "A fact."} | LACKING[lacking]
    assert officer(server).refused(OfficerDecide, item=item, act=act, **asked) == "bad_request"
    assert ann.do(Submissions) == before


@pytest.mark.parametrize("act", [OfficerAct.WITHDRAW, OfficerAct.RESTORE])
def test_a_reviewer_does_not_decide_what_a_chief_has_to(server: InlineServer, act: OfficerAct) -> None:
    (ann,) = server.people("ann")
    topic = public_group(server, ann)
    chief, reviewer = officer(server), officer(server, StaffRole.REVIEWER)
    item = publish(ann, topic, "a rumour").submission
    if act is OfficerAct.RESTORE:
        chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="A fact.")
    before = ann.do(Submissions)
    assert reviewer.refused(OfficerDecide, item=item, act=act, ground=GROUND, facts="A fact.") == "not_allowed"
    assert ann.do(Submissions) == before


# The file refuses what lacks a part, whatever program writes it.


@pytest.fixture
def held() -> Iterator[SimpleNamespace]:
    """A held item, in a file to which a program of somebody's own writes."""
    server = InlineServer(panel=StaffedPanel(judge=lambda _: HOLD))
    (ann,) = server.people("ann")
    topic = public_group(server, ann)
    first, second = publish(ann, topic, "held"), publish(ann, topic, "another")
    connection = connection_of(server)
    row = submissions.by_id(connection, first.submission)
    assert row is not None
    yield SimpleNamespace(
        server=server, connection=connection, row=row, decision=first.decision, item=first.submission,
        other=second.submission, others=second.decision
    )  # fmt: skip
    server.close()


def insert(held: SimpleNamespace, *, leaf_says: dict[str, Any] | None = None, **changes: Any) -> None:
    """Write one more hold of the item down, with `changes`; its leaf says the same, but for `leaf_says`."""
    decision = msgspec.structs.replace(held.decision, decision=DecisionId(new_id()))
    spoken = {"decision", "kind", "ground", "clause", "bottom_line", "agreement", "by", "automated", "at", "until"}
    said = {name: value for name, value in changes.items() if name in spoken and (value is not None or name == "until")}
    said |= leaf_says or {}
    told = msgspec.structs.replace(decision, **{k: v for k, v in said.items() if k in spoken})
    audit = AuditLog(held.connection)
    number = audit.append(
        leaves.decided(told, submission=(leaf_says or {}).get("submission", held.item), commitment="c", facts="f")
    )
    row = {
        "decision": decision.decision, "submission": held.item, "kind": "hold", "ground": decision.ground,
        "clause": decision.clause, "bottom_line": decision.bottom_line, "agreement": decision.agreement,
        "places": "[]", "facts": decision.facts, "by": decision.by, "automated": 1, "at": decision.at,
        "until": decision.until, "appeal": decision.appeal, "leaf": number
    } | changes  # fmt: skip
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    held.connection.execute(f"INSERT INTO decisions ({names}) VALUES ({values})", row)


PARTS = (
    "decision", "submission", "kind", "ground", "clause", "bottom_line", "agreement", "places", "facts", "by",
    "automated", "at", "until", "appeal", "leaf",
)  # fmt: skip
WRONG: dict[str, dict[str, Any]] = {
    **{f"no {part}": {part: None} for part in PARTS},
    **{f"a blank {part}": {part: "  "} for part in ("ground", "clause", "facts", "by", "appeal")},
    **{f"an empty {part}": {part: ""} for part in ("ground", "clause", "facts", "by", "appeal", "places")},
    "a kind that there is not": {"kind": "ban"},
    "an end before its beginning": {"until": 1},
    "places that are none": {"places": "everywhere"},
    "places that are no list": {"places": "{}"},
    "neither a program nor a person": {"automated": 2},
    "a submission that there is not": {"submission": "x" * 16},
    "a leaf that there is not": {"leaf": 10_000},
    "a leaf about something else": {"leaf": 0},
}


def test_with_all_its_parts_a_decision_is_written_down(held: SimpleNamespace) -> None:
    insert(held)
    assert len(rows(held.server, "SELECT 1 FROM decisions WHERE submission = ?", held.item)) == 2


def test_every_column_is_a_part_that_is_tried() -> None:
    room = InlineServer()
    with closing(room):
        columns = {row["name"] for row in rows(room, "SELECT name FROM pragma_table_info('decisions')")}
    assert columns == {"number", *PARTS}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_file_refuses_a_decision_with(held: SimpleNamespace, wrong: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert(held, **WRONG[wrong])
    assert len(rows(held.server, "SELECT 1 FROM decisions WHERE submission = ?", held.item)) == 1


UNLIKE: dict[str, Any] = {
    "decision": DecisionId("z" * 16),
    "kind": DecisionKind.REJECT,
    "ground": "spam",
    "clause": "§0",
    "bottom_line": "another line",
    "agreement": "0.0",
    "by": "officer nobody",
    "automated": False,
    "at": 1,
    "until": 2**50,
    "where": (Span(path="text", start=0, end=1),),
    "submission": SubmissionId("y" * 16),
}


@pytest.mark.parametrize("part", UNLIKE)
def test_the_file_refuses_a_decision_whose_leaf_says_another(held: SimpleNamespace, part: str) -> None:
    if part == "where":
        held.decision = msgspec.structs.replace(held.decision, where=UNLIKE[part])
        changes: dict[str, Any] = {}
    else:
        changes = {"leaf_says": {part: UNLIKE[part]}}
    with pytest.raises(sqlite3.IntegrityError, match="a decision without its leaf"):
        insert(held, **changes)


@pytest.mark.parametrize("part", PARTS)
def test_a_decision_on_record_does_not_change(held: SimpleNamespace, part: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="a decision does not change"):
        held.connection.execute(f"UPDATE decisions SET {part} = {part}")


def test_a_decision_on_record_does_not_go(held: SimpleNamespace) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="a decision is kept"):
        held.connection.execute("DELETE FROM decisions")


def test_a_decision_on_record_is_not_replaced(held: SimpleNamespace) -> None:
    columns = ", ".join(PARTS)
    others = ", ".join("'other facts'" if part == "facts" else part for part in PARTS)
    with pytest.raises(sqlite3.IntegrityError, match="a decision does not change"):
        held.connection.execute(f"INSERT OR REPLACE INTO decisions ({columns}) SELECT {others} FROM decisions LIMIT 1")


# Nothing binds anybody without its decision.

UNDECIDED = {
    "a rejection without one": "UPDATE submissions SET state = 'rejected', until = NULL WHERE submission = :item",
    "a lapse without one": "UPDATE submissions SET state = 'lapsed', until = NULL WHERE submission = :item",
    "a hold by another's": "UPDATE submissions SET state = 'held', decision = :others WHERE submission = :item",
    "a rejection by a hold": (
        "UPDATE submissions SET state = 'rejected', until = NULL, decision = :own WHERE submission = :item"
    ),
    "a withdrawal without one": "UPDATE submissions SET withdrawn = 1 WHERE submission = :item",
    "a withdrawal by a hold": "UPDATE submissions SET withdrawn = 1, decision = :own WHERE submission = :item",
}


@pytest.mark.parametrize("undecided", UNDECIDED)
def test_the_file_refuses(held: SimpleNamespace, undecided: str) -> None:
    known = {"item": held.item, "own": held.decision.decision, "others": held.others.decision}
    statement = UNDECIDED[undecided]
    with pytest.raises(sqlite3.IntegrityError, match="without its decision"):
        held.connection.execute(statement, {k: v for k, v in known.items() if f":{k}" in statement})


FORGETFUL: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the decision itself": lambda patch: patch.setattr(Records, "decide", lambda self, *a, **k: DecisionId("n" * 16)),
    "its leaf": lambda patch: patch.setattr(Records, "leave", lambda self, leaf: 0),
    "its facts": lambda patch: patch.setattr(
        "server.store.records._DECIDE",
        "INSERT INTO decisions SELECT NULL, ?, ?, ?, ?, ?, ?, ?, ?, substr(?, 1, 0), ?, ?, ?, ?, ?, ?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("forgotten", FORGETFUL)
def test_a_gate_that_forgets_a_part_decides_nothing(
    held: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    chief = officer(held.server)
    before = rows(held.server, "SELECT * FROM submissions")
    FORGETFUL[forgotten](monkeypatch)
    code = chief.refused(OfficerDecide, item=held.item, act=OfficerAct.REJECT, ground=GROUND, facts="A fact.")
    assert code == "internal"
    assert rows(held.server, "SELECT * FROM submissions") == before
