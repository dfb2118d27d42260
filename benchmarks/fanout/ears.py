"""All who hear in a room: bytes in, counts out. Where all get the same bytes, one stream is read, the others compared.

A delivery whose bytes are those of the stream that is read is as good as read. One who gets anything else is read from
there on, from the first byte of the stretch, so that what they lack or have twice is known.
"""

import time
from bisect import bisect_right
from collections.abc import Sequence

from benchmarks.fanout.order import Advance, Order
from benchmarks.systems.base import Heard, said_by

SAMPLED = 10  # The latency to any one is that to every tenth.
Bytes = bytes | memoryview


class Ears:
    """What all members have heard since `said` things had been said, when nothing was under way.

    The first member speaks: what they get may differ. If `alike`, all of the second one's stream is kept meanwhile.
    """

    def __init__(self, heard: Sequence[Heard], *, alike: bool, said: int) -> None:
        self._heard = heard
        self._said = said
        members = range(len(heard))
        self.advance = Advance(len(heard), said)
        self.passed: list[tuple[float, int, int]] = []  # When a sampled one came from which number to which.
        self._orders = {who: Order(said) for who in (members[:2] if alike else members)}
        self._sampled = frozenset(members[1::SAMPLED])
        self._model = 1 if alike else None
        self._stream = bytearray()
        self._ends, self._heads = [0], [said]  # Where in the stream, after which text, one has come how far.
        self._places = [0] * len(heard)
        self._ahead: dict[int, bytes] = {}  # What came after all that the stream has so far.

    def take(self, who: int, received: Bytes) -> None:
        """Take in what a member received."""
        if who in self._orders:
            self._read(who, bytes(received))
            return
        place = self._places[who]
        if self._stream.startswith(received, place):
            self._places[who] = place + len(received)
            self._pass(who)
        else:
            self._compare(who, bytes(received))

    @property
    def quiet(self) -> bool:
        """Whether nobody is in the middle of something that the one they are compared with has whole."""
        end = len(self._stream)
        return all(place == end for who, place in enumerate(self._places) if who not in self._orders)

    @property
    def odd(self) -> int:
        """How many got other bytes than the one they were compared with."""
        return 0 if self._model is None else len(self._orders) - len(range(len(self._heard))[:2])

    def lost(self, said: int) -> int:
        """Return how many deliveries are missing of what was said, up to the number `said`."""
        lost = 0
        for order, head in zip(self._their_orders(), self.advance.at, strict=True):
            lost += said - head + sum(number <= head for number in order.missing)
        return lost

    @property
    def twice(self) -> int:
        """How many deliveries came again."""
        return sum(order.twice for order in self._their_orders())

    @property
    def late(self) -> int:
        """How many deliveries came after later ones."""
        return sum(order.late for order in self._their_orders())

    def _their_orders(self) -> list[Order]:
        return [self._orders[who if who in self._orders else 1] for who in range(len(self._heard))]

    def _read(self, who: int, received: bytes) -> None:
        order = self._orders[who]
        if who == self._model:
            self._stream += received
        for text in self._heard[who].feed(received):
            order.take(said_by(text)[1])
            if who == self._model:
                self._ends.append(self._stream.index(text, self._ends[-1]) + len(text))
                self._heads.append(order.head)
        self._move(who, order.head)
        if who == self._model:
            for other in list(self._ahead):
                self._compare(other, b"")

    def _compare(self, who: int, received: bytes) -> None:
        received = self._ahead.pop(who, b"") + received
        place = self._places[who]
        known = self._stream[place : place + len(received)]
        if not received.startswith(known):
            self._orders[who] = Order(self._said)
            self._read(who, bytes(self._stream[:place]) + received)
            return
        self._places[who] = place + len(known)
        if len(known) < len(received):
            self._ahead[who] = received[len(known) :]
        self._pass(who)

    def _pass(self, who: int) -> None:
        """One who is compared has come as far in the stream as `_places` says."""
        self._move(who, self._heads[bisect_right(self._ends, self._places[who]) - 1])

    def _move(self, who: int, to: int) -> None:
        begin = self.advance.at[who]
        if to > begin:
            if who in self._sampled:
                self.passed.append((time.perf_counter(), begin, to))
            self.advance.move(who, to)
