"""When to look at whom again: a wheel of whole seconds, so that no connection has a timer of its own."""

from collections import defaultdict
from typing import Generic, Protocol, TypeVar


class Timed(Protocol):
    """What the wheel carries. `due` is the wheel's: the second it has it in."""

    due: int


T = TypeVar("T", bound=Timed)


class Wheel(Generic[T]):
    """Each thing at most once; it is due up to a second late, never early."""

    def __init__(self) -> None:
        self._seconds: defaultdict[int, dict[T, None]] = defaultdict(dict)  # Ordered sets.

    def put(self, thing: T, when: float) -> None:
        """Let `thing` be due at `when`, and no longer when it was due before."""
        self.remove(thing)
        thing.due = int(when) + 1
        self._seconds[thing.due][thing] = None

    def remove(self, thing: T) -> None:
        """Forget `thing`, if it is here at all."""
        second = self._seconds.get(thing.due)
        if second is not None:
            second.pop(thing, None)
            if not second:
                del self._seconds[thing.due]

    def take_due(self, now: float) -> list[T]:
        """Remove and return what is due at `now`."""
        passed = sorted(second for second in self._seconds if second <= now)
        return [thing for second in passed for thing in self._seconds.pop(second)]
