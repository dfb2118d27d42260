"""When to leave a webhook alone: after so many failures in a row, for so long. A table of states; no clock, no I/O."""

from enum import StrEnum


class State(StrEnum):
    """Closed: it is asked. Open: it is not. Half open: one question tells which it will be."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Event(StrEnum):
    """What happens to a circuit."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # But not yet too often.
    FAILED_TOO_OFTEN = "failed_too_often"
    RESTED = "rested"
    ABANDONED = "abandoned"  # A question was taken back before it told anything.


NEXT: dict[tuple[State, Event], State] = {
    (State.CLOSED, Event.SUCCEEDED): State.CLOSED,
    (State.CLOSED, Event.FAILED): State.CLOSED,
    (State.CLOSED, Event.FAILED_TOO_OFTEN): State.OPEN,
    (State.CLOSED, Event.ABANDONED): State.CLOSED,
    # Questions from before it opened, answered late.
    (State.OPEN, Event.SUCCEEDED): State.OPEN,
    (State.OPEN, Event.FAILED): State.OPEN,
    (State.OPEN, Event.FAILED_TOO_OFTEN): State.OPEN,
    (State.OPEN, Event.ABANDONED): State.OPEN,
    (State.OPEN, Event.RESTED): State.HALF_OPEN,
    (State.HALF_OPEN, Event.SUCCEEDED): State.CLOSED,
    (State.HALF_OPEN, Event.FAILED): State.OPEN,
    (State.HALF_OPEN, Event.FAILED_TOO_OFTEN): State.OPEN,
    (State.HALF_OPEN, Event.ABANDONED): State.OPEN,
}


class Circuit:
    """The state for one webhook. Times are seconds of any clock that does not run backwards."""

    def __init__(self, *, failures: int, rest_s: float) -> None:
        self.state = State.CLOSED
        self._most = failures
        self._rest_s = rest_s
        self._failures = 0
        self._rested_at = 0.0

    def admits(self, now: float) -> bool:
        """Say whether a question may be asked now; one that may is followed by `succeeded`, `failed` or `abandoned`."""
        if self.state is State.OPEN and now >= self._rested_at:
            self._happened(Event.RESTED, now)
            return True
        return self.state is State.CLOSED

    def succeeded(self, now: float) -> None:
        """Note a verdict."""
        self._failures = 0
        self._happened(Event.SUCCEEDED, now)

    def failed(self, now: float) -> None:
        """Note a failure."""
        self._failures += 1
        self._happened(Event.FAILED_TOO_OFTEN if self._failures >= self._most else Event.FAILED, now)

    def abandoned(self, now: float) -> None:
        """Note that a question was taken back."""
        self._happened(Event.ABANDONED, now)

    def _happened(self, event: Event, now: float) -> None:
        before, self.state = self.state, NEXT[self.state, event]
        if self.state is State.OPEN and before is not State.OPEN:
            # An abandoned question has told nothing: the next one may be asked at once.
            self._rested_at = now if event is Event.ABANDONED else now + self._rest_s
