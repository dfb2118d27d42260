"""The table of moves: what it allows, what it forbids, and that nothing is stuck."""

import itertools

import pytest

from compliance.submissions import FINAL, NEXT, Move, after
from protocol.decisions import SubmissionState

EVERY = tuple(itertools.product(SubmissionState, Move))
FORBIDDEN = tuple(pair for pair in EVERY if pair not in NEXT)


@pytest.mark.parametrize(("state", "move"), NEXT)
def test_a_move_in_the_table_leads_where_it_says(state: SubmissionState, move: Move) -> None:
    assert after(state, move) is NEXT[state, move]


@pytest.mark.parametrize(("state", "move"), FORBIDDEN)
def test_a_move_that_is_not_in_the_table_is_not_possible(state: SubmissionState, move: Move) -> None:
    assert after(state, move) is None


def test_only_what_waits_or_is_held_goes_on_to_anything() -> None:
    assert frozenset(SubmissionState) - FINAL == {SubmissionState.WAITING, SubmissionState.HELD}


def test_what_is_final_stays_so() -> None:
    assert [after(state, move) for state in FINAL for move in Move] == [None] * (len(FINAL) * len(Move))


def test_nothing_is_released_that_was_not_held() -> None:
    assert [state for state, move in NEXT if move is Move.RELEASE] == [SubmissionState.HELD]


def test_nothing_goes_back_to_waiting_and_nothing_is_held_twice() -> None:
    assert SubmissionState.WAITING not in NEXT.values()
    assert [state for (state, _), end in NEXT.items() if end is SubmissionState.HELD] == [SubmissionState.WAITING]


def test_its_author_can_take_back_whatever_has_not_ended() -> None:
    assert {state for state, move in NEXT if move is Move.TAKE_BACK} == frozenset(SubmissionState) - FINAL


def test_every_state_but_the_first_can_be_reached() -> None:
    assert set(NEXT.values()) == frozenset(SubmissionState) - {SubmissionState.WAITING}


def test_one_move_has_one_end_wherever_it_begins() -> None:
    for move in Move:
        assert len({end for (_, each), end in NEXT.items() if each is move}) == 1, move
