"""What an operator submits for an account: what becomes of it, who is told, and what the other operators see of it."""

from typing import Any

import pytest

from client.proofs import is_included
from compliance.pack import NOT_ACTIVE, NOT_ENTITLED
from protocol.accounts import ActPush, SetOperator
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Role
from protocol.frames import EntryPush, Recall
from protocol.ids import Cid, new_public_topic_id
from protocol.public import Publish, ShowReceipt, SubmissionPush, Submissions, TakeBack
from protocol.publications import Content, Surface
from protocol.staff import OfficerAct, OfficerDecide
from server.store.public_writes import Concluded, Expire
from tests.support.accounts import Press, active, article, broadcast, operator, profile, whole, words
from tests.support.inline import Caller, InlineServer
from tests.support.public import GROUND, HOLD, HOUR_S, REJECT, connection_of, leaves_of, rows


@pytest.fixture
def press(server: InlineServer) -> Press:
    return Press(server)


def held(press: Press, author: Caller | None = None, **more: Any) -> Submission:
    """Return an article of the editor's, or `author`'s, that is held."""
    press.server.panel.hooks = {"terms": lambda _: HOLD}
    said = article(author or press.editor, press.topic, "held", **more)
    assert said.state is SubmissionState.HELD
    press.server.panel.hooks = {}
    for caller in press.server.callers:
        caller.collect()
    return said


def release(press: Press, said: Submission, act: OfficerAct = OfficerAct.RELEASE) -> None:
    reviewer = press.server.officer(f"T{sum(bool(caller.session.officer) for caller in press.server.callers)}")
    reviewer.do(OfficerDecide, item=said.submission, act=act, ground=GROUND, facts="A fact.")


def told(caller: Caller) -> list[tuple[str, int | None]]:
    """Return the acts of other operators that `caller` was pushed since the last time, with their entries."""
    return [(push.act.act, push.act.seq) for push in caller.pushes() if isinstance(push, ActPush)]


# Who is told of what.


def test_the_other_operators_are_told_who_did_what_and_readers_are_not(press: Press) -> None:
    said = article(press.editor, press.topic, "one")
    for caller in (press.owner, press.analyst):
        (push,) = [push for push in caller.pushes() if isinstance(push, ActPush)]
        assert (push.topic, push.act.by, push.act.act, push.act.seq) == (
            press.topic,
            press.editor.person,
            "published",
            said.seq,
        )
    assert told(press.editor) == []
    assert press.reader.collect() == []


def test_each_act_has_its_name_and_is_on_record(press: Press) -> None:
    before = len(press.acts())
    first = article(press.editor, press.topic, "one")
    edit = article(press.owner, press.topic, "two", target=first.seq, base=1)
    sent = broadcast(press.editor, press.topic, "three")
    press.editor.do(Recall, topic=press.topic, target=first.seq)
    about = profile(press.owner, press.topic)
    others = [
        press.editor.publish(Content(text="x"), press.topic, Surface.ACCOUNT_WELCOME),
        press.editor.publish(Content(), press.topic, Surface.ACCOUNT_MENU),
        press.editor.publish(Content(), press.topic, Surface.ACCOUNT_REPLIES),
    ]
    ann, ben = press.owner.person, press.editor.person
    assert press.acts()[before:] == [
        (ben, "published", first.seq),
        (ann, "edited", edit.target),
        (ben, "published", sent.seq),
        (ben, "recalled", first.seq),
        (ann, "profile", about.seq),
        *((ben, name, said.seq) for name, said in zip(("welcome", "menu", "replies"), others, strict=True)),
    ]


def test_what_is_held_was_handed_in_and_when_it_appears_that_is_another_act(press: Press) -> None:
    before = len(press.acts())
    said = held(press)
    ben = press.editor.person
    assert press.acts()[before:] == [(ben, "submitted", None)]
    release(press, said)
    seq = press.history()[-1].seq
    assert press.acts()[before:] == [(ben, "submitted", None), (ben, "published", seq)]
    assert told(press.owner) == [("published", seq)]
    (push,) = [push for push in press.editor.pushes() if isinstance(push, SubmissionPush)]
    assert push.submission.state is SubmissionState.PUBLISHED


@pytest.mark.parametrize("end", ["rejected by a hook", "rejected by an officer", "taken back"])
def test_what_does_not_appear_is_an_act_of_handing_in_alone(press: Press, end: str) -> None:
    before = len(press.acts())
    if end == "rejected by a hook":
        press.server.panel.hooks = {"terms": lambda _: REJECT}
        article(press.editor, press.topic, "one")
    else:
        said = held(press)
        if end == "taken back":
            press.editor.do(TakeBack, submission=said.submission)
        else:
            release(press, said, OfficerAct.REJECT)
    names = [name for _, name, _ in press.acts()[before:]]
    assert names == ["submitted", "taken_back"][: 1 + (end == "taken back")]


def test_an_operators_other_device_learns_what_became_of_it(press: Press) -> None:
    tablet = press.server.login("ben")
    said = article(press.editor, press.topic, "one")
    assert SubmissionPush(submission=said) in tablet.pushes()
    assert not [push for push in press.owner.pushes() if isinstance(push, SubmissionPush)]


# Asked again where it would appear.


@pytest.mark.parametrize("role", [None, Role.ANALYST], ids=["none", "analyst"])
def test_what_an_operator_leaves_behind_who_may_not_any_more_lapses(press: Press, role: Role | None) -> None:
    said = held(press)
    press.owner.do(SetOperator, topic=press.topic, person=press.editor.person, role=role)
    release(press, said)
    (own,) = press.editor.do(Submissions).submissions
    assert own.state is SubmissionState.LAPSED
    assert own.decision is not None
    assert (own.decision.ground, own.decision.by) == (NOT_ENTITLED, "server")
    assert "words" not in repr(press.history())


def test_what_waits_while_its_author_is_put_out_lapses_too(press: Press) -> None:
    press.server.panel.is_slow = True
    press.editor.publishes(words("one"), press.topic, Surface.ARTICLE)
    press.owner.do(SetOperator, topic=press.topic, person=press.editor.person)
    press.server.panel.answer()
    (own,) = press.editor.do(Submissions).submissions
    assert own.state is SubmissionState.LAPSED


def test_an_edit_lapses_when_there_is_another_version_by_then_or_none(press: Press) -> None:
    for end in ("edited", "recalled"):
        first = article(press.owner, press.topic, "one")
        edit = held(press, target=first.seq, base=1)
        if end == "edited":
            article(press.owner, press.topic, "two", target=first.seq, base=1)
        else:
            press.owner.do(Recall, topic=press.topic, target=first.seq)
        release(press, edit)
        own = press.editor.do(Submissions).submissions[0]
        assert (own.submission, own.state) == (edit.submission, SubmissionState.LAPSED)


def test_a_broadcast_lapses_when_its_tag_is_not_offered_any_more(press: Press) -> None:
    press.server.panel.hooks = {"terms": lambda _: HOLD}
    said = broadcast(press.editor, press.topic, "one", tag="north")
    press.server.panel.hooks = {}
    profile(press.owner, press.topic, tags=("south",))
    release(press, said)
    own = press.editor.do(Submissions).submissions[0]
    assert own.decision is not None
    assert (own.state, own.decision.ground) == (SubmissionState.LAPSED, NOT_ENTITLED)
    assert "no such tag" in own.decision.facts


def test_a_hold_that_nobody_decides_ends_by_itself(press: Press) -> None:
    said = held(press)
    press.server.clock.pass_time(73 * HOUR_S)
    press.server.every_second()
    (*_, entry) = press.history()
    assert (entry.sender, entry.cid) == (press.sender, said.cid)
    assert whole(press.reader, press.topic, entry.seq).content == words("held")


# What operators see of what others submitted.


def test_operators_see_what_was_submitted_for_the_account_and_by_whom(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    second = held(press)
    press.server.lane(press.owner)
    press.owner.publish(Content(title="Ann"), surface=Surface.CARD)
    for caller in (press.owner, press.editor):
        found = caller.do(Submissions, topic=press.topic).submissions
        assert [(one.submission, one.by) for one in found[:2]] == [
            (second.submission, press.editor.person),
            (first.submission, press.owner.person),
        ]
        assert {one.topic for one in found} == {press.topic}
    assert press.analyst.refused(Submissions, topic=press.topic) == "not_allowed"
    assert press.reader.refusal(Submissions, topic=press.topic) == press.reader.refusal(
        Submissions, topic=new_public_topic_id()
    )


def test_ones_own_list_has_what_one_submitted_anywhere_and_names_nobody(press: Press) -> None:
    card = press.owner.publish(Content(title="Ann"), surface=Surface.CARD)
    said = article(press.owner, press.topic, "one")
    found = press.owner.do(Submissions, limit=2).submissions
    assert [one.submission for one in found] == [said.submission, card.submission]
    assert {one.by for one in found} == {None}


def test_the_list_goes_on_from_any_of_its_items(press: Press) -> None:
    said = [article(author, press.topic, f"{author.person}").submission for author in (press.owner, press.editor) * 2]
    first = press.owner.do(Submissions, topic=press.topic, limit=2)
    rest = press.owner.do(Submissions, topic=press.topic, limit=3, before=first.submissions[-1].submission)
    found = [one.submission for one in (*first.submissions, *rest.submissions)]
    assert (found[:4], first.complete, rest.complete) == (said[::-1], False, True)  # And the profile.


def test_a_list_does_not_begin_at_something_of_another_place(press: Press) -> None:
    article(press.owner, press.topic, "one")
    elsewhere = press.owner.publish("hello", press.server.lane(press.owner))
    assert press.owner.do(Submissions, topic=press.topic, before=elsewhere.submission).submissions == ()


def test_every_operator_may_have_the_receipt_and_nobody_else(press: Press) -> None:
    said = article(press.editor, press.topic, "one")
    for caller in press.operators.values():
        receipt = caller.do(ShowReceipt, submission=said.submission)
        (verdict,) = receipt.verdicts
        assert is_included(verdict.leaf, verdict.number, receipt.size, verdict.path, receipt.root)
    assert press.reader.refused(ShowReceipt, submission=said.submission) == "not_found"
    press.owner.do(SetOperator, topic=press.topic, person=press.analyst.person)
    assert press.analyst.refused(ShowReceipt, submission=said.submission) == "not_found"


def test_only_its_author_takes_something_back(press: Press) -> None:
    said = held(press)
    assert press.owner.refused(TakeBack, submission=said.submission) == "not_found"


# Cids. The operators of an account share its own.


def test_a_repeat_gets_what_has_become_of_it(press: Press) -> None:
    request = press.editor.request(Publish, surface=Surface.ARTICLE, topic=press.topic, content=words("one"))
    first = press.editor.ask(request)
    assert press.editor.ask(request) == first
    assert len(press.history()) == 2
    press.owner.do(SetOperator, topic=press.topic, person=press.editor.person)
    assert press.editor.ask(request) == first  # Whatever has become of its author.


@pytest.mark.parametrize("field", ["content", "tag", "reprintable", "surface"])
def test_the_same_cid_for_something_else_is_a_conflict(press: Press, field: str) -> None:
    fields: dict[str, Any] = {"surface": Surface.BROADCAST, "topic": press.topic, "content": words("one")}
    cid = press.editor.cid()
    press.editor.do(Publish, cid=cid, **fields)
    other = {"content": words("two"), "tag": "north", "reprintable": True, "surface": Surface.ARTICLE}[field]
    assert press.editor.refused(Publish, cid=cid, **fields | {field: other}) == "conflict"


@pytest.mark.parametrize("state", ["published", "held"])
def test_what_one_operator_has_used_another_cannot_use(press: Press, state: str) -> None:
    cid = held(press).cid if state == "held" else article(press.editor, press.topic, "one").cid
    fields: dict[str, Any] = {"surface": Surface.ARTICLE, "topic": press.topic, "content": words("one")}
    assert press.owner.refused(Publish, cid=cid, **fields) == "conflict"
    assert press.owner.refused(Recall, topic=press.topic, target=1, cid=cid) != "conflict"  # It is no article.
    first = article(press.owner, press.topic, "two")
    assert press.owner.refused(Recall, topic=press.topic, target=first.seq, cid=cid) == "conflict"


def test_a_recall_has_a_cid_of_the_accounts_too(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    cid: Cid = press.owner.cid()
    press.owner.do(Recall, topic=press.topic, target=first.seq, cid=cid)
    fields: dict[str, Any] = {"surface": Surface.ARTICLE, "topic": press.topic, "content": words("two")}
    assert press.editor.refused(Publish, cid=cid, **fields) == "conflict"


# After a restart.


def test_what_waited_when_the_server_died_is_published_for_the_account(press: Press) -> None:
    press.server.panel.is_slow = True
    press.editor.publishes(words("one"), press.topic, Surface.BROADCAST, tag="north", reprintable=True)
    again = InlineServer(after=press.server)
    cases, _ = again.public_reads.reader.waiting()
    again.gatekeeper.recover(cases)
    reader = again.login("dee")
    (*_, row) = rows(again, "SELECT * FROM articles")
    assert (row["tag"], row["reprintable"], row["broadcast"]) == ("north", 1, 1)
    assert whole(reader, press.topic, row["seq"]).content == words("one")
    again.close()


def test_a_stage_that_is_not_passed_any_more_is_the_reason_that_is_told(press: Press) -> None:
    """There is no measure yet that ends an account: here the file is made to say that it is not active."""
    said = held(press)
    for trigger in ("accounts_move_step_by_step", "accounts_are_decided"):
        connection_of(press.server).execute(f"DROP TRIGGER {trigger}")
    connection_of(press.server).execute("UPDATE accounts SET state = 'refused'")
    assert press.editor.refused(Publish, surface=Surface.ARTICLE, topic=press.topic, content=words("x")) == (
        "not_allowed"
    )
    expired = press.server.write(
        Expire(submission=said.submission, at=press.server.clock.ms + 73 * HOUR_S * 1000, bench=press.server.bench)
    )
    assert isinstance(expired, Concluded)
    decision = expired.submission.decision
    assert decision is not None
    assert (decision.ground, decision.by) == (NOT_ACTIVE, "stage account")


def test_no_leaf_names_an_operator(press: Press) -> None:
    release(press, held(press))
    article(press.owner, press.topic, "one")
    told_all = repr(leaves_of(press.server))
    assert not [caller for caller in press.operators.values() if caller.person in told_all]


def test_what_is_pushed_to_operators_first_is_what_stands_in_the_log(press: Press) -> None:
    article(press.editor, press.topic, "one")
    (push,) = [push for push in press.owner.pushes() if isinstance(push, EntryPush)]
    assert push.entry == press.history()[-1]


def test_an_operator_of_another_account_is_a_stranger_here(press: Press) -> None:
    other = active(press.server, press.reader, "The Lantern")
    operator(press.reader, other, press.analyst)
    said = {"surface": Surface.ARTICLE, "content": words("x")}
    assert press.reader.refused(Publish, topic=press.topic, **said) == "not_found"
    assert press.analyst.do(Publish, topic=other, **said).submission.seq
