"""The table of an account's moves, the deadline of its application, and what its name is compared by."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.accounts import DRAFTED, FOUNDED, NEXT, Move, after, due, name_key
from compliance.pack import HOUR_MS, AccountRules, Pack, load, shipped
from protocol.account_states import AccountState
from server.store.account_schema import ACCOUNT_TABLES

EVERY = tuple(itertools.product(AccountState, Move))
FORBIDDEN = tuple(pair for pair in EVERY if pair not in NEXT)
NOON = 1_760_000_000_000
RULES = AccountRules(review_h=100, encouraged_h=10, subscription_daily=1, service_monthly=4)


# The table.


@pytest.mark.parametrize(("state", "move"), NEXT)
def test_a_move_in_the_table_leads_where_it_says(state: AccountState, move: Move) -> None:
    assert after(state, move) is NEXT[state, move]


@pytest.mark.parametrize(("state", "move"), FORBIDDEN)
def test_a_move_that_is_not_in_the_table_is_not_possible(state: AccountState, move: Move) -> None:
    assert after(state, move) is None


def test_nobody_is_approved_or_refused_who_was_not_submitted() -> None:
    deciding = {state for state, move in NEXT if move in {Move.APPROVE, Move.REFUSE}}
    assert deciding == {AccountState.SUBMITTED}


def test_nothing_is_active_that_was_not_approved() -> None:
    assert [pair for pair, end in NEXT.items() if end is AccountState.ACTIVE] == [(AccountState.APPROVED, Move.OPEN)]


def test_who_is_refused_may_submit_again() -> None:
    assert after(AccountState.REFUSED, Move.SUBMIT) is AccountState.SUBMITTED


def test_an_application_may_be_changed_where_it_may_be_submitted() -> None:
    assert frozenset({AccountState.DRAFT, AccountState.REFUSED}) == DRAFTED


def test_an_account_never_goes_back_from_having_been_approved() -> None:
    assert all(end in FOUNDED for (state, _), end in NEXT.items() if state in FOUNDED)


def test_every_state_can_be_reached() -> None:
    assert set(NEXT.values()) == set(AccountState)


def test_one_move_has_one_end_wherever_it_begins() -> None:
    for move in Move:
        assert len({end for (_, each), end in NEXT.items() if each is move}) == 1, move


def test_the_file_itself_allows_the_moves_of_the_table_and_no_others() -> None:
    (trigger,) = (statement for statement in ACCOUNT_TABLES if "accounts_move_step_by_step" in statement)
    allowed = re.findall(r"\('(\w+)', '(\w+)'\)", trigger)
    assert sorted(allowed) == sorted((state.value, end.value) for (state, _), end in NEXT.items())


# When it is to be decided.


def test_an_application_is_decided_within_the_packs_hours() -> None:
    assert due(NOON, RULES, encouraged=False) == NOON + 100 * HOUR_MS
    assert due(NOON, RULES, encouraged=True) == NOON + 10 * HOUR_MS


@pytest.mark.parametrize("pack", [load(name) for name in shipped()], ids=shipped())
def test_encouraged_bodies_never_wait_longer_than_others(pack: Pack) -> None:
    assert due(NOON, pack.accounts, encouraged=True) <= due(NOON, pack.accounts, encouraged=False)


# What a name is compared by.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Lane", "the lane"),
        ("The Lane", "TheLane"),
        ("The Lane", "The\u3000Lane"),
        ("The Lane", "The\u00a0Lane"),
        ("The Lane", "Ｔｈｅ　Ｌａｎｅ"),
        ("人民日报", "人民 日报"),
        ("人民日报", "人民\u200d日报"),
        ("人民日报", "人民\u200b日报"),
        *(("人民日报", f"人民日报{unseen}") for unseen in "\u3164\uffa0\u115f\u034f\ufe0f\u180b\u2800\U000e0100"),
        ("ﬁne", "fine"),
        ("STRASSE", "straße"),
        ("①", "1"),
        ("é", "e\u0301"),
    ],
)
def test_names_that_are_taken_for_each_other_are_one(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("The Lane", "The Lanes"), ("人民日报", "人民晚报"), ("a-b", "ab")])
def test_other_names_are_others(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text())
def test_what_a_name_is_compared_by_is_compared_by_itself(name: str) -> None:
    key = name_key(name)
    assert name_key(key) == key
    assert not any(character.isspace() for character in key)
