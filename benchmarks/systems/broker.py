"""What the brokers have in common: whoever is subscribed to a subject gets what anybody publishes on it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from benchmarks.servers import Running
from benchmarks.systems.base import Heard, Seat, Speech
from benchmarks.systems.line import Line
from benchmarks.systems.machine import missing, program


class Broker(ABC):
    """A server that stores nothing and acknowledges nothing; who publishes is subscribed, too.

    `name`: of the program, too. `heard` and `publishes`: what is heard on a connection, and how things are said on a
    subject.
    """

    name: str
    stores = acks = own = False
    alike = True
    heard: Callable[[], Heard]
    publishes: Callable[[bytes], Speech]

    def missing(self) -> str | None:
        """Return why it cannot be run here; None if it can."""
        return None if program(self.name) else missing(self.name, f"program {self.name}")

    @abstractmethod
    def subscribed(self, server: Running, subjects: Sequence[bytes]) -> list[Line]:
        """Return a connection for each subject, subscribed to it; nothing is left to read."""

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """Return `members` connections that are all subscribed to one subject, which the first one publishes on."""
        return self._seats(server, [b"room"] * members, [b"room"] * members)

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """Return pairs of connections; each is subscribed to a subject that the other one publishes on."""
        names = [b"side-%d" % number for number in range(2 * pairs)]
        seats = self._seats(server, names, [names[number ^ 1] for number in range(2 * pairs)])
        return list(zip(seats[::2], seats[1::2], strict=True))

    def _seats(self, server: Running, theirs: Sequence[bytes], others: Sequence[bytes]) -> list[Seat]:
        lines = self.subscribed(server, theirs)
        return [line.seat(self.heard(), self.publishes(other)) for line, other in zip(lines, others, strict=True)]
