"""What became public lately, as sketches, put together by what resembles what: how often something is going round.

Bounded in memory and in work: what no one repeats is forgotten after the window, or before, when there is no room.
"""

from array import array
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import chain, count
from operator import itemgetter
from typing import Self

from compliance.checks.sketch import Sketch, resemblance

VERSIONS = 8  # Of one rumour that are kept to compare with: it changes on its way.
ANOTHER = 0.9  # What resembles all kept versions less is one more.
INDEXED = 16  # Hashes of each version by which it is found.
FOUND = 8  # Versions that are found by one hash: the latest.
COMPARED = 4  # Versions that one text is compared with: those that share most.
SHARED = 3  # Fewest hashes in common for a comparison.


@dataclass(slots=True, eq=False)
class Rumour:
    """What resembles each other. `minutes`: when it was said, as many times as anyone asks about."""

    minutes: deque[int]
    versions: list[int] = field(default_factory=list)


class Spread:
    """`alike`: resemblance from which on two texts are versions of each other; `times`: up to how many are counted;
    `minutes`: the window; `room`: how many versions are kept at most, some 2 KB each.
    """

    def __init__(self, *, alike: float, times: int, minutes: int, room: int) -> None:
        self._alike, self._times, self._minutes, self._room = alike, times, minutes, room
        self._numbers = count()
        self._sketches: dict[int, Sketch] = {}
        self._rumour_of: dict[int, Rumour] = {}
        self._rumours: OrderedDict[int, Rumour] = OrderedDict()  # By the id of the object; the one heard last is last.
        self._index: dict[int, array[int]] = {}  # Arrays: their numbers are in one place of the memory.

    def __len__(self) -> int:
        """How many versions are kept."""
        return len(self._sketches)

    def heard(self, sketch: Sketch, *, at: int) -> int:
        """Return how many texts like `sketch` became public in the `minutes` before `at` (Unix minutes)."""
        rumours = {id(rumour): rumour for _, rumour in self._like(sketch)}
        said = chain.from_iterable(rumour.minutes for rumour in rumours.values())
        return sum(at - self._minutes < minute <= at for minute in said)

    def add(self, sketch: Sketch, *, at: int, counts: bool = True) -> None:
        """Take in that something became public at `at`; `counts`: it was not public before in another version."""
        nearest, rumour = max(self._like(sketch), key=lambda found: found[0], default=(0.0, None))
        if rumour is None:
            rumour = Rumour(deque(maxlen=self._times))
        if counts:
            rumour.minutes.append(at)
        if nearest < ANOTHER and len(rumour.versions) < VERSIONS:
            self._keep(sketch, rumour)
        self._rumours[id(rumour)] = rumour
        self._rumours.move_to_end(id(rumour))
        self._forget(at)

    def adopt(self, other: Self) -> None:
        """Take in what `other` has heard, as far as there is room; the bounds stay this one's."""
        for rumour in other._rumours.values():
            mine = Rumour(deque(rumour.minutes, maxlen=self._times))
            for number in rumour.versions:
                self._keep(other._sketches[number], mine)
            self._rumours[id(mine)] = mine
            self._forget(max(mine.minutes, default=0))

    def _like(self, sketch: Sketch) -> Iterator[tuple[float, Rumour]]:
        """Yield the rumours with a version that `sketch` resembles, and how much."""
        shared = Counter(chain.from_iterable(filter(None, map(self._index.get, sketch.hashes))))
        if max(shared.values(), default=0) < SHARED:  # So it is of nearly everything, and all the rest is dear.
            return
        enough = [found for found in shared.items() if found[1] >= SHARED]
        for number, _ in nlargest(COMPARED, enough, key=itemgetter(1)):
            alike = resemblance(sketch, self._sketches[number])
            if alike >= self._alike:
                yield alike, self._rumour_of[number]

    def _keep(self, sketch: Sketch, rumour: Rumour) -> None:
        number = next(self._numbers)
        self._sketches[number] = sketch
        self._rumour_of[number] = rumour
        rumour.versions.append(number)
        for value in sketch.hashes[:INDEXED]:
            found = self._index.get(value)
            if found is None:
                self._index[value] = array("q", (number,))
                continue
            if len(found) == FOUND:
                del found[0]
            found.append(number)

    def _forget(self, now: int) -> None:
        """Forget the rumours heard last before the window, and, without room, the one that was silent longest."""
        while self._rumours:
            oldest = next(iter(self._rumours.values()))
            if len(self._sketches) <= self._room and max(oldest.minutes, default=now) > now - self._minutes:
                return
            self._drop(self._rumours.popitem(last=False)[1])

    def _drop(self, rumour: Rumour) -> None:
        for number in rumour.versions:
            del self._rumour_of[number]
            for value in self._sketches.pop(number).hashes[:INDEXED]:
                found = self._index.get(value)
                if found is not None and number in found:  # Later ones may have pushed it out, and be gone themselves.
                    found.remove(number)
                    if not found:
                        del self._index[value]
