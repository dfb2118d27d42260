"""I11, of applications for public accounts: none is approved or refused but by a decision with all its parts.

Random scripts of applicants and officers; whatever they do, what is on record is whole, its applicant has been told it
and nobody else has, and where an application stands follows from the last decision about it.
"""

from collections import defaultdict
from contextlib import closing
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from compliance.leaves import LeafKind, commitment
from protocol.account_states import AccountState
from protocol.accounts import AccountApply, AccountPush, AccountSubmit, AccountTakeBack, OwnAccounts
from protocol.decisions import Decision, DecisionKind
from protocol.ids import PersonId, TopicId
from protocol.staff import OfficerReview, ReviewAct, StaffRole
from tests.support.accounts import application
from tests.support.decided import assert_whole, decisions_of
from tests.support.inline import Caller, InlineServer
from tests.support.public import GROUND, leaves_of, officer, rows

STEPS = ("apply", "change", "submit", "submit", "take back", "refuse", "approve", "wait")
SCRIPTS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), min_size=3, max_size=30)
STANDS = {DecisionKind.REFUSE: AccountState.REFUSED, DecisionKind.APPROVE: AccountState.APPROVED}


class Desk:
    """Two who apply, and two who review. `told`: the decisions that each was told."""

    def __init__(self) -> None:
        self.server = InlineServer()
        self.applicants = self.server.people("ann", "ben")
        self.staff = [officer(self.server, StaffRole.REVIEWER), officer(self.server, StaffRole.CHIEF)]
        self.told: dict[PersonId, list[Decision]] = defaultdict(list)
        self.topics: list[TopicId] = []

    def play(self, script: list[tuple[str, int]]) -> None:
        """Do all steps, reasonable or not."""
        for what, number in script:
            self.step(what, self.applicants[number % 2], number)
            for caller in self.applicants:
                pushes = [message for message in caller.collect() if isinstance(message, AccountPush)]
                self.told[caller.person] += [push.account.decision for push in pushes if push.account.decision]

    def step(self, what: str, who: Caller, number: int) -> None:
        topic = self.topics[number % len(self.topics)] if self.topics else TopicId("0" * 16)
        reviewer = self.staff[number % 2]
        match what:
            case "apply":
                name = f"The {number % 3}th lane"  # Some want the same one.
                answer = who.try_(who.request(AccountApply, application=application(self.server, name)))
                self.topics += [account.topic for account in (getattr(answer, "account", None),) if account]
            case "change":
                changed = application(self.server, f"The {number}th lane", scope=f"As of {number}.")
                who.try_(who.request(AccountApply, application=changed, topic=topic))
            case "submit":
                who.try_(who.request(AccountSubmit, topic=topic))
            case "take back":
                who.try_(who.request(AccountTakeBack, topic=topic))
            case "refuse":
                against: dict[str, Any] = {"ground": GROUND, "facts": "It is not clear." * (number != 10)}
                reviewer.try_(reviewer.request(OfficerReview, topic=topic, act=ReviewAct.REFUSE, **against))
            case "approve":
                reviewer.try_(reviewer.request(OfficerReview, topic=topic, act=ReviewAct.APPROVE))
            case "wait":
                self.server.clock.pass_time(3600 * number)
                self.server.every_second()


@given(script=SCRIPTS)
def test_after_any_script_every_decision_is_whole_and_its_applicant_was_told(script: list[tuple[str, int]]) -> None:
    desk = Desk()
    with closing(desk.server):
        desk.play(script)
        accounts = {row["topic"]: row for row in rows(desk.server, "SELECT * FROM accounts")}
        last: dict[str, Decision] = {}
        for topic, decision in decisions_of(desk.server):
            assert_whole(desk.server, {"submission": topic, "content": None, "salt": accounts[topic]["salt"]}, decision)
            assert not decision.automated, "nobody's application is decided by a program"
            told = {person for person, decisions in desk.told.items() if decision in decisions}
            assert told == {accounts[topic]["owner"]}
            last[topic] = decision
        for topic, row in accounts.items():
            assert row["decision"] == (last[topic].decision if topic in last else None)
            if row["state"] in STANDS.values():
                assert STANDS[last[topic].kind] == row["state"]
        assert len(leaves_of(desk.server, LeafKind.DECISION)) == len(decisions_of(desk.server))


def test_a_refusal_and_an_approval_are_shown_to_the_applicant_as_they_are_on_record() -> None:
    desk = Desk()
    with closing(desk.server):
        desk.play([("apply", 0), ("submit", 0), ("refuse", 0), ("change", 0), ("submit", 0), ("approve", 1)])
        (_, refused), (_, approved) = decisions_of(desk.server)
        assert (refused.kind, approved.kind) == (DecisionKind.REFUSE, DecisionKind.APPROVE)
        ann, _ = desk.applicants
        assert desk.told[ann.person] == [refused, approved]
        assert [account.decision for account in ann.do(OwnAccounts).accounts] == [approved]


def test_the_leaf_of_a_decision_is_bound_to_what_was_applied_with_then() -> None:
    desk = Desk()
    with closing(desk.server):
        desk.play([("apply", 0), ("submit", 0), ("refuse", 0)])
        (before,) = rows(desk.server, "SELECT salt, application FROM accounts")
        desk.play([("change", 0), ("submit", 0), ("approve", 1)])
        (after,) = rows(desk.server, "SELECT salt, application FROM accounts")
        bound = [leaf["commitment"] for leaf in leaves_of(desk.server, LeafKind.DECISION)]
        assert bound == [commitment(row["salt"], row["application"]) for row in (before, after)]
        assert bound[0] != bound[1]
        said = msgspec.json.encode(leaves_of(desk.server))
        assert not [words for words in ("lane", "As of", "Ann of the lane") if words.encode() in said]
