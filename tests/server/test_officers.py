"""Staff at work: who is on duty, what they see, what they may decide, and what becomes of it."""

from typing import Any

import msgpack
import pytest

from compliance.verdicts import Allow, Failure, Hold, Label
from protocol.decisions import DecisionKind, Span, Submission, SubmissionState
from protocol.entries import Kind
from protocol.frames import REQUESTS, EntryPush, GroupLeave, History, Login, Recall, ShowTopic
from protocol.ids import SubmissionId, new_id
from protocol.public import GroupFind, GroupListing, GroupSettings, Publish, SubmissionPush, Submissions, TakeBack
from protocol.publications import Content, Surface, decode
from protocol.staff import (
    ItemReply,
    OfficerAct,
    OfficerDecide,
    OfficerQueue,
    OfficerShow,
    StaffLogin,
    StaffRole,
)
from server.dispatch import Anyone, Open, Shown, Staffed
from tests.server.test_session import VALID, answer
from tests.support.inline import PASSWORD, Caller, InlineServer
from tests.support.public import leaves_of, rows
from tests.support.rules import RULES

HOLD = Hold(ground="truthfulness", text="Somebody should look at it.")
AGAINST: dict[str, Any] = {"ground": "spam", "facts": "The same as yesterday."}


class Desk:
    """A public group with an owner and a member, a reviewer and a chief."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.owner, self.member = server.people("ann", "cyd")
        self.topic = server.lane(self.owner, self.member)
        self.reviewer, self.chief = server.officer("K7"), server.officer("C1", StaffRole.CHIEF)

    def held(self, text: str = "hello", surface: Surface = Surface.GROUP_MESSAGE, **more: Any) -> Submission:
        self.server.panel.hooks = {"terms": lambda _: HOLD}
        said = self.member.publish(text, self.topic, surface, **more)
        assert said.state is SubmissionState.HELD
        self.server.panel.hooks = {}
        return said

    def decides(self, officer: Caller, item: SubmissionId, act: OfficerAct, **more: Any) -> ItemReply:
        return officer.do(OfficerDecide, item=item, act=act, **more)

    def texts(self) -> list[str | None]:
        entries = self.owner.do(History, topic=self.topic, limit=200).entries
        said = (Kind.MESSAGE, Kind.EDIT, Kind.RESTORED)
        return [decode(it.body).content.text if it.body else None for it in entries if it.kind in said]

    def told(self, caller: Caller) -> list[Submission]:
        return [push.submission for push in caller.pushes() if isinstance(push, SubmissionPush)]


@pytest.fixture
def desk(server: InlineServer) -> Desk:
    return Desk(server)


# On duty.


def test_an_officer_signs_in_with_code_and_token(desk: Desk) -> None:
    caller = desk.server.connect()
    reply = caller.do(StaffLogin, code="K7", token="token of K7")
    assert (reply.code, reply.role) == ("K7", StaffRole.REVIEWER)
    assert caller.session.signed_in


@pytest.mark.parametrize(("code", "token"), [("K7", "token of C1"), ("K8", "token of K7"), ("", ""), ("k7", "")])
def test_a_wrong_code_and_a_wrong_token_are_one_answer(desk: Desk, code: str, token: str) -> None:
    caller = desk.server.connect()
    refusals = [caller.refusal(StaffLogin, code=code, token=token), caller.refusal(StaffLogin, code="K7", token="x")]
    assert refusals[0] == refusals[1]
    assert refusals[0].code == "bad_credentials"
    assert not caller.session.signed_in


def test_nobody_is_a_person_and_an_officer_on_one_connection(desk: Desk) -> None:
    assert desk.member.refused(StaffLogin, code="K7", token="token of K7") == "already_signed_in"
    assert desk.reviewer.refused(Login, handle="cyd", password=PASSWORD) == "already_signed_in"
    assert desk.reviewer.refused(StaffLogin, code="C1", token="token of C1") == "already_signed_in"


def test_staff_have_no_operation_but_theirs_and_what_anybody_may_ask(desk: Desk) -> None:
    before = desk.server.dump()
    for op, shape in REQUESTS.items():
        said = answer(desk.reviewer, _packed(op))
        code = said.get("error", {}).get("code", "done")
        match RULES[shape]:
            case Staffed():
                assert code in {"done", "not_found", "bad_request"}, op
            case Open() | Shown():
                assert code in {"done", "not_found"}, op
            case Anyone():
                assert code == ("done" if op == "hello" else "already_signed_in"), op
            case _:
                assert code == "not_signed_in", op
    assert desk.server.dump() == before


def test_who_is_no_officer_does_nothing_that_officers_do(desk: Desk) -> None:
    for caller in (desk.member, desk.server.connect()):
        for op in ("officer.queue", "officer.show", "officer.decide"):
            assert answer(caller, _packed(op))["error"]["code"] == "not_signed_in"


def _packed(op: str) -> bytes:
    packed: bytes = msgpack.packb(VALID[op] | {"op": op, "id": 9})
    return packed


def test_who_is_removed_while_on_duty_does_nothing_more(desk: Desk) -> None:
    said = desk.held()
    desk.server.dismiss("K7")
    assert desk.reviewer.refused(OfficerQueue) == "not_allowed"
    assert desk.reviewer.refused(OfficerShow, item=said.submission) == "not_allowed"
    assert desk.reviewer.refused(OfficerDecide, item=said.submission, act=OfficerAct.RELEASE) == "not_allowed"
    assert desk.server.connect().refused(StaffLogin, code="K7", token="token of K7") == "bad_credentials"
    assert rows(desk.server, "SELECT state FROM submissions") == [{"state": "held"}]


# The queue.


def test_the_queue_has_the_oldest_deadline_first(desk: Desk) -> None:
    first = desk.held("reviewed")
    desk.server.clock.pass_time(60)
    desk.server.panel.hooks = {"terms": lambda _: Failure.LATE}
    second = desk.member.publish("failed", desk.topic)
    queue = desk.reviewer.do(OfficerQueue)
    assert [item.item for item in queue.items] == [second.submission, first.submission]
    assert queue.total == 2
    assert [item.due for item in queue.items] == [second.until, first.until]


def test_an_item_of_the_queue_says_what_one_needs_and_nothing_of_its_author(desk: Desk) -> None:
    said = desk.held("hello\nto all " + "x" * 200)
    (item,) = desk.reviewer.do(OfficerQueue).items
    assert (item.surface, item.state, item.at, item.ground, item.by) == (
        Surface.GROUP_MESSAGE,
        SubmissionState.HELD,
        said.at,
        "truthfulness",
        "hook terms 1",
    )
    assert item.excerpt.startswith("hello to all xxx")
    assert len(item.excerpt) == 120
    assert desk.member.person not in repr(item)


def test_the_queue_comes_in_parts_and_says_how_many_there_are(desk: Desk) -> None:
    for number in range(3):
        desk.held(str(number))
    queue = desk.reviewer.do(OfficerQueue, limit=2)
    assert (len(queue.items), queue.total) == (2, 3)


def test_what_is_decided_leaves_the_queue(desk: Desk) -> None:
    said = desk.held()
    desk.decides(desk.reviewer, said.submission, OfficerAct.RELEASE)
    assert desk.reviewer.do(OfficerQueue).items == ()


# One item.


def test_an_item_shows_its_words_and_every_decision_about_it(desk: Desk) -> None:
    said = desk.held()
    desk.decides(desk.reviewer, said.submission, OfficerAct.RELEASE)
    shown = desk.reviewer.do(OfficerShow, item=said.submission)
    assert shown.submission.content == Content(text="hello")
    assert [decision.kind for decision in shown.decisions] == [DecisionKind.HOLD, DecisionKind.RELEASE]


def test_an_item_is_found_by_the_entry_it_became(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    shown = desk.reviewer.do(OfficerShow, topic=desk.topic, seq=said.seq)
    assert shown.submission.submission == said.submission


@pytest.mark.parametrize("where", [{}, {"topic": True}, {"seq": 1}, {"item": True, "topic": True, "seq": 1}])
def test_an_item_is_named_in_one_way(desk: Desk, where: dict[str, Any]) -> None:
    named = {key: {"item": new_id(), "topic": desk.topic}.get(key, value) for key, value in where.items()}
    assert desk.reviewer.refused(OfficerShow, **named) == "bad_request"


def test_what_is_not_there_is_not_shown(desk: Desk) -> None:
    assert desk.reviewer.refused(OfficerShow, item=new_id()) == "not_found"
    assert desk.reviewer.refused(OfficerShow, topic=desk.topic, seq=1) == "not_found"


# Decisions about what is held.


def test_a_reviewer_releases_and_it_appears(desk: Desk) -> None:
    said = desk.held()
    reply = desk.decides(desk.reviewer, said.submission, OfficerAct.RELEASE)
    assert reply.submission.state is SubmissionState.PUBLISHED
    assert desk.texts() == ["hello"]
    (entry,) = desk.owner.entries()
    assert (entry.kind, entry.sender, entry.cid) == (Kind.MESSAGE, desk.member.person, said.cid)


def test_its_author_is_told_at_once_by_whom_and_why(desk: Desk) -> None:
    said = desk.held()
    desk.decides(desk.reviewer, said.submission, OfficerAct.RELEASE, facts="A joke, plainly.")
    (told,) = desk.told(desk.member)
    assert told.decision is not None
    assert (told.decision.kind, told.decision.by, told.decision.automated, told.decision.facts) == (
        DecisionKind.RELEASE,
        "officer K7",
        False,
        "A joke, plainly.",
    )
    assert told.decision.ground == "truthfulness"


def test_a_rejection_says_where_and_what_was_found(desk: Desk) -> None:
    said = desk.held()
    where = (Span(path="text", start=0, end=5),)
    desk.decides(desk.reviewer, said.submission, OfficerAct.REJECT, where=where, **AGAINST)
    (told,) = desk.told(desk.member)
    assert told.decision is not None
    assert (told.state, told.decision.ground, told.decision.facts, told.decision.where) == (
        SubmissionState.REJECTED,
        "spam",
        "The same as yesterday.",
        where,
    )
    assert desk.texts() == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"facts": "x"}, "ground"),
        ({"ground": "whatever", "facts": "x"}, "ground"),
        ({"ground": "spam"}, "facts"),
        ({"ground": "spam", "facts": " \n"}, "facts"),
        ({"ground": "spam", "facts": "x", "where": (Span(path="text", start=0, end=6),)}, "where"),
        ({"ground": "spam", "facts": "x", "where": (Span(path="title", start=0, end=1),)}, "where"),
        ({"ground": "spam", "facts": "x", "where": (Span(path="text", start=2, end=2),)}, "where"),
    ],
)
def test_a_decision_against_somebody_has_all_its_parts(desk: Desk, fields: dict[str, Any], field: str) -> None:
    said = desk.held()
    refusal = desk.reviewer.refusal(OfficerDecide, item=said.submission, act=OfficerAct.REJECT, **fields)
    assert (refusal.code, refusal.field) == ("bad_request", field)
    assert len(rows(desk.server, "SELECT * FROM decisions")) == 1


def test_a_release_on_a_ground_that_the_pack_does_not_have_is_refused(desk: Desk) -> None:
    said = desk.held()
    refusal = desk.reviewer.refusal(
        OfficerDecide, item=said.submission, act=OfficerAct.RELEASE, ground="whatever", facts="x"
    )
    assert refusal.field == "ground"


def test_a_release_of_what_may_not_appear_any_more_lets_it_lapse(desk: Desk) -> None:
    said = desk.held()
    desk.member.do(GroupLeave, topic=desk.topic)
    reply = desk.decides(desk.reviewer, said.submission, OfficerAct.RELEASE)
    assert reply.submission.state is SubmissionState.LAPSED
    assert [decision.kind for decision in reply.decisions] == [DecisionKind.HOLD, DecisionKind.LAPSE]


def test_a_release_says_whose_labels_appear_with_it(desk: Desk) -> None:
    desk.server.panel.hooks = {"satire": lambda _: Label(labels=("satire",)), "terms": lambda _: HOLD}
    said = desk.member.publish("hello", desk.topic)
    reply = desk.decides(desk.reviewer, said.submission, OfficerAct.RELEASE)
    assert reply.submission.labels == ("satire",)
    assert "satire (hook satire 1)" in reply.decisions[-1].facts


@pytest.mark.parametrize("state", ["published", "rejected", "taken back", "withdrawn"])
@pytest.mark.parametrize("act", list(OfficerAct))
def test_what_the_state_of_an_item_does_not_allow_is_a_conflict_and_changes_nothing(
    desk: Desk, state: str, act: OfficerAct
) -> None:
    item = _in_state(desk, state)
    possible = {("published", OfficerAct.WITHDRAW), ("withdrawn", OfficerAct.RESTORE)}
    before = rows(desk.server, "SELECT * FROM decisions")
    answered = desk.chief.try_(desk.chief.request(OfficerDecide, item=item, act=act, **AGAINST))
    assert (getattr(answered, "code", "done") == "done") is ((state, act) in possible)
    if (state, act) not in possible:
        assert getattr(answered, "code", "") == "conflict"
        assert rows(desk.server, "SELECT * FROM decisions") == before


def _in_state(desk: Desk, state: str) -> SubmissionId:
    if state in {"published", "withdrawn"}:
        item = desk.member.publish("hello", desk.topic).submission
        if state == "withdrawn":
            desk.decides(desk.chief, item, OfficerAct.WITHDRAW, **AGAINST)
        return item
    item = desk.held().submission
    if state == "rejected":
        desk.decides(desk.reviewer, item, OfficerAct.REJECT, **AGAINST)
    else:
        desk.member.do(TakeBack, submission=item)
    return item


def test_what_still_waits_is_decided_by_hooks_and_not_by_officers(desk: Desk) -> None:
    desk.server.panel.is_slow = True
    desk.member.publishes("hello", desk.topic)
    (own,) = desk.member.do(Submissions).submissions
    for act in OfficerAct:
        assert desk.chief.refused(OfficerDecide, item=own.submission, act=act, **AGAINST) == "conflict"


def test_of_two_officers_who_decide_at_once_one_is_told_it_is_decided(desk: Desk) -> None:
    said, other = desk.held(), desk.server.officer("K8")
    desk.server.public_commits.gather()
    for officer, act in ((desk.reviewer, OfficerAct.RELEASE), (other, OfficerAct.REJECT)):
        officer.say(officer.request(OfficerDecide, item=said.submission, act=act, **AGAINST))
    desk.server.public_commits.commit()
    codes = [
        message.get("error", {}).get("code")
        for officer in (desk.reviewer, other)
        for message in officer.collect()
        if isinstance(message, dict)
    ]
    assert codes == [None, "conflict"]
    assert desk.texts() == ["hello"]


def test_about_what_is_not_there_nothing_is_decided(desk: Desk) -> None:
    assert desk.reviewer.refused(OfficerDecide, item=new_id(), act=OfficerAct.RELEASE) == "not_found"


# Withdrawal and restoration: a chief's.


@pytest.mark.parametrize("act", [OfficerAct.WITHDRAW, OfficerAct.RESTORE])
def test_a_reviewer_withdraws_and_restores_nothing(desk: Desk, act: OfficerAct) -> None:
    said = desk.member.publish("hello", desk.topic)
    assert desk.reviewer.refused(OfficerDecide, item=said.submission, act=act, **AGAINST) == "not_allowed"


def test_what_is_withdrawn_is_kept_from_readers_and_not_destroyed(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    reply = desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    assert (reply.submission.state, reply.submission.withdrawn) == (SubmissionState.PUBLISHED, True)
    entry = next(it for it in desk.owner.do(History, topic=desk.topic).entries if it.seq == said.seq)
    assert (entry.body, entry.withdrawn, entry.erased) == (None, True, False)
    assert rows(desk.server, "SELECT body IS NOT NULL AS kept FROM entries WHERE seq = ?", said.seq) == [{"kept": 1}]


def test_readers_are_told_by_an_entry_about_it(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    desk.owner.collect()
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    desk.decides(desk.chief, said.submission, OfficerAct.RESTORE)
    gone, back = desk.owner.entries()
    assert (gone.kind, gone.target, gone.body) == (Kind.WITHDRAWN, said.seq, None)
    assert (back.kind, back.target) == (Kind.RESTORED, said.seq)
    assert back.body is not None
    assert decode(back.body).content == Content(text="hello")


def test_its_author_is_told_of_both(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    desk.decides(desk.chief, said.submission, OfficerAct.RESTORE, facts="On second thoughts.")
    gone, back = desk.told(desk.member)
    assert [it.decision and it.decision.kind for it in (gone, back)] == [DecisionKind.WITHDRAW, DecisionKind.RESTORE]
    assert (gone.withdrawn, back.withdrawn) == (True, False)
    assert back.decision is not None
    assert (back.decision.ground, back.decision.facts) == ("spam", "On second thoughts.")


def test_all_versions_of_a_text_go_together_and_the_last_comes_back(desk: Desk) -> None:
    first = desk.member.publish("one", desk.topic)
    second = desk.member.publish("two", desk.topic, target=first.seq, base=1)
    desk.decides(desk.chief, second.submission, OfficerAct.WITHDRAW, **AGAINST)
    assert desk.texts() == [None, None]
    desk.decides(desk.chief, first.submission, OfficerAct.RESTORE)
    assert desk.texts() == ["one", "two", "two"]


def test_what_is_withdrawn_a_second_time_is_gone_from_where_it_was_restored_too(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    for act in (OfficerAct.WITHDRAW, OfficerAct.RESTORE, OfficerAct.WITHDRAW):
        desk.decides(desk.chief, said.submission, act, **AGAINST)
    assert desk.texts() == [None, None]
    desk.decides(desk.chief, said.submission, OfficerAct.RESTORE)
    assert desk.texts() == ["hello"] * 3


def test_its_author_recalls_what_is_withdrawn_and_then_it_is_not_restored(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    desk.member.do(Recall, topic=desk.topic, target=said.seq)
    assert desk.chief.refused(OfficerDecide, item=said.submission, act=OfficerAct.RESTORE) == "conflict"
    assert "hello" not in str(desk.server.log(desk.topic))


def test_a_recall_after_a_restoration_leaves_the_words_nowhere(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    for act in (OfficerAct.WITHDRAW, OfficerAct.RESTORE):
        desk.decides(desk.chief, said.submission, act, **AGAINST)
    desk.member.do(Recall, topic=desk.topic, target=said.seq)
    assert desk.texts() == [None, None]
    assert rows(desk.server, "SELECT count(*) AS bodies FROM entries WHERE body IS NOT NULL") == [{"bodies": 0}]


def test_what_is_withdrawn_is_not_edited(desk: Desk) -> None:
    said = desk.member.publish("hello", desk.topic)
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    fields = {"content": Content(text="x"), "surface": Surface.GROUP_MESSAGE, "target": said.seq, "base": 1}
    assert desk.member.refused(Publish, topic=desk.topic, **fields) == "not_found"


PLACES = [Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_LISTING, Surface.GROUP_SCREEN_NAME]


def shown_as(desk: Desk, surface: Surface) -> str:
    """Return what a text of the group is, as members see it; empty: none."""
    shown = desk.member.do(ShowTopic, topic=desk.topic)
    (owner,) = [member for member in shown.members if member.person == desk.owner.person]
    summary = shown.summary
    body = {
        Surface.GROUP_NAME: summary.name,
        Surface.GROUP_NOTICE: summary.notice,
        Surface.GROUP_LISTING: summary.listing,
        Surface.GROUP_SCREEN_NAME: owner.screen_name,
    }[surface]
    return decode(body).content.text if body else ""


@pytest.mark.parametrize("surface", PLACES)
def test_what_a_place_is_called_goes_with_the_withdrawal_and_comes_back(desk: Desk, surface: Surface) -> None:
    desk.owner.publish("before", desk.topic, surface)
    said = desk.owner.publish("Lane", desk.topic, surface)
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    assert shown_as(desk, surface) == ""
    desk.decides(desk.chief, said.submission, OfficerAct.RESTORE)
    assert shown_as(desk, surface) == "Lane"


@pytest.mark.parametrize("surface", PLACES)
def test_the_withdrawal_of_an_older_version_leaves_the_newer_one(desk: Desk, surface: Surface) -> None:
    first = desk.owner.publish("before", desk.topic, surface)
    desk.owner.publish("Lane", desk.topic, surface)
    for act in (OfficerAct.WITHDRAW, OfficerAct.RESTORE):
        desk.decides(desk.chief, first.submission, act, **AGAINST)
        assert shown_as(desk, surface) == "Lane"


@pytest.mark.parametrize("surface", PLACES)
def test_a_new_version_after_a_withdrawal_shows(desk: Desk, surface: Surface) -> None:
    said = desk.owner.publish("Lane", desk.topic, surface)
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    assert desk.owner.publish("Long lane", desk.topic, surface).version == 2
    assert shown_as(desk, surface) == "Long lane"


def test_a_withdrawn_name_is_not_found_by(desk: Desk) -> None:
    desk.owner.do(GroupSettings, topic=desk.topic, listed=True)
    said = desk.owner.publish("Lane", desk.topic, Surface.GROUP_NAME)
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    assert desk.member.do(GroupFind, query="lane").listings == ()
    assert desk.member.do(GroupListing, topic=desk.topic).listing.name is None


def test_the_screen_name_of_who_has_left_is_withdrawn_without_a_place(desk: Desk) -> None:
    said = desk.member.publish("Cyd", desk.topic, Surface.GROUP_SCREEN_NAME)
    desk.member.do(GroupLeave, topic=desk.topic)
    reply = desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    assert reply.submission.withdrawn


# The record.


def test_every_decision_has_its_leaf_which_names_no_person_and_quotes_nothing(desk: Desk) -> None:
    said = desk.held("a canary in the lane")
    desk.decides(desk.reviewer, said.submission, OfficerAct.RELEASE, facts="a canary, too")
    desk.decides(desk.chief, said.submission, OfficerAct.WITHDRAW, **AGAINST)
    told = [leaf for leaf in leaves_of(desk.server) if leaf["leaf"] == "decision"]
    assert [leaf["kind"] for leaf in told] == ["hold", "release", "withdraw"]
    stored = {row["leaf"]: row["kind"] for row in rows(desk.server, "SELECT leaf, kind FROM decisions")}
    assert stored == {leaf["number"]: leaf["kind"] for leaf in told}
    everything = repr(leaves_of(desk.server))
    assert "canary" not in everything
    assert desk.member.person not in everything


def test_the_comings_and_goings_of_staff_are_leaves(desk: Desk) -> None:
    desk.server.dismiss("K7")
    told = [(leaf["code"], leaf["act"]) for leaf in leaves_of(desk.server) if leaf["leaf"] == "staff"]
    assert told == [("K7", "added"), ("C1", "added"), ("K7", "removed")]


def test_hooks_that_allow_and_officers_meet_nowhere(desk: Desk) -> None:
    desk.server.panel.hooks = {"terms": lambda _: Allow()}
    desk.member.publish("hello", desk.topic)
    assert desk.reviewer.do(OfficerQueue).total == 0
    assert [push for push in desk.reviewer.pushes() if isinstance(push, EntryPush)] == []
