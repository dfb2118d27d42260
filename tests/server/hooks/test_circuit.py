"""When a webhook is left alone, and when it is tried again."""

import pytest

from server.hooks.circuit import NEXT, Circuit, Event, State

REST_S = 10.0


@pytest.fixture
def circuit() -> Circuit:
    return Circuit(failures=2, rest_s=REST_S)


def test_every_state_but_the_closed_one_that_never_rests_has_an_answer_to_every_event() -> None:
    missing = {(state, event) for state in State for event in Event} - NEXT.keys()
    assert missing == {(State.CLOSED, Event.RESTED), (State.HALF_OPEN, Event.RESTED)}


def test_it_is_asked_as_long_as_failures_do_not_come_in_a_row(circuit: Circuit) -> None:
    for _ in range(5):
        circuit.failed(0)
        circuit.succeeded(0)
    assert circuit.admits(0)
    assert circuit.state is State.CLOSED


def test_so_many_failures_in_a_row_open_it(circuit: Circuit) -> None:
    circuit.failed(0)
    assert circuit.admits(0)
    circuit.failed(0)
    assert not circuit.admits(0)


def test_after_its_rest_one_question_is_asked_and_no_more(circuit: Circuit) -> None:
    circuit.failed(0)
    circuit.failed(0)
    assert not circuit.admits(REST_S - 0.001)
    assert circuit.admits(REST_S)
    assert circuit.state is State.HALF_OPEN
    assert not circuit.admits(REST_S)


def test_a_verdict_then_closes_it(circuit: Circuit) -> None:
    circuit.failed(0)
    circuit.failed(0)
    circuit.admits(REST_S)
    circuit.succeeded(REST_S)
    assert circuit.state is State.CLOSED
    circuit.failed(REST_S)
    assert circuit.admits(REST_S)  # And the failures are counted from the beginning.


def test_a_failure_then_opens_it_for_another_rest(circuit: Circuit) -> None:
    circuit.failed(0)
    circuit.failed(0)
    circuit.admits(REST_S)
    circuit.failed(REST_S)
    assert not circuit.admits(2 * REST_S - 0.001)
    assert circuit.admits(2 * REST_S)


def test_a_question_that_is_taken_back_lets_the_next_one_tell(circuit: Circuit) -> None:
    circuit.failed(0)
    circuit.failed(0)
    circuit.admits(REST_S)
    circuit.abandoned(REST_S)
    assert circuit.admits(REST_S)


def test_late_answers_to_old_questions_change_nothing_while_it_is_open(circuit: Circuit) -> None:
    circuit.failed(0)
    circuit.failed(0)
    circuit.failed(5)
    circuit.succeeded(5)
    circuit.abandoned(5)
    assert not circuit.admits(REST_S - 0.001)
    assert circuit.admits(REST_S)  # The rest is counted from when it opened.
