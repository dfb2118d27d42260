"""What can become of a submission: a table, from which the page's diagram and the tests of forbidden moves come."""

from enum import StrEnum

from protocol.decisions import SubmissionState


class Move(StrEnum):
    """What happens to a submission."""

    PUBLISH = "publish"  # The gate let it through.
    HOLD = "hold"  # A hook wants a person to look, or failed.
    REJECT = "reject"  # A hook's verdict, an officer's, or the end of a hold.
    RELEASE = "release"  # An officer's decision, or the end of a hold.
    LAPSE = "lapse"  # By commit or release a stage is no longer passed.
    TAKE_BACK = "take_back"  # The author does not want it any more.


_S = SubmissionState
NEXT: dict[tuple[SubmissionState, Move], SubmissionState] = {
    (_S.WAITING, Move.PUBLISH): _S.PUBLISHED,
    (_S.WAITING, Move.HOLD): _S.HELD,
    (_S.WAITING, Move.REJECT): _S.REJECTED,
    (_S.WAITING, Move.LAPSE): _S.LAPSED,
    (_S.WAITING, Move.TAKE_BACK): _S.TAKEN_BACK,
    (_S.HELD, Move.RELEASE): _S.PUBLISHED,
    (_S.HELD, Move.REJECT): _S.REJECTED,
    (_S.HELD, Move.LAPSE): _S.LAPSED,
    (_S.HELD, Move.TAKE_BACK): _S.TAKEN_BACK,
}
FINAL = frozenset(SubmissionState) - {state for state, _ in NEXT}


def after(state: SubmissionState, move: Move) -> SubmissionState | None:
    """Return the state that `move` leads to from `state`; None: that move is not possible."""
    return NEXT.get((state, move))
