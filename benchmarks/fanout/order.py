"""What came of a numbered sequence, and how far many are in it. No socket, no clock."""

from collections import Counter


class Order:
    """What one has of the numbers after `head`: which are missing, how many came twice or late, after higher ones."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.missing: set[int] = set()
        self.twice = self.late = 0

    def take(self, number: int) -> None:
        """Take in the next one that came."""
        head = self.head
        if number == head + 1:
            self.head = number
        elif number > head:
            self.missing.update(range(head + 1, number))
            self.head = number
        elif number in self.missing:
            self.missing.remove(number)
            self.late += 1
        else:
            self.twice += 1


class Advance:
    """How far each of `count` is, all at `begin` at first. `low`: how far the last one is."""

    def __init__(self, count: int, begin: int) -> None:
        self.at = [begin] * count
        self.low = begin
        self._standing = Counter({begin: count})  # How many are just there.

    def move(self, who: int, to: int) -> None:
        """Move one of them on, to `to`."""
        begin, standing = self.at[who], self._standing
        self.at[who] = to
        standing[to] += 1
        standing[begin] -= 1
        if not standing[begin]:
            del standing[begin]
            if begin == self.low:
                while self.low not in standing:
                    self.low += 1
