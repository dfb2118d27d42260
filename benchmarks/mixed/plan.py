"""Who hears whom on that day, and how often. Seeded and pure: the same seed, the same town.

Few are told much by many, and most are told little by few: sizes and rates are drawn from distributions whose tails are
heavy (Pareto). So that no seed makes a town without a crowd, one public group and one account reach everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from benchmarks.load.closed_loop import Way
from protocol.limits import PRIVATE_GROUP_MEMBERS

LEAST_PEOPLE = 50
SIZE_TAIL, RATE_TAIL = 1.0, 1.2  # Pareto's alpha: the less, the heavier.
SMALLEST = 5  # Of groups, and circles of friends.


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What is said in one way. `many`: in how many places; `a_second`: how often, in all of them together.

    `sizes`: from how many to how many it reaches in a town of so many people; `reaches_all`: one of them everybody.
    """

    name: str
    way: Way
    many: Callable[[int], int]
    sizes: Callable[[int], tuple[int, int]]
    a_second: float
    reaches_all: bool = False


def _small(people: int) -> tuple[int, int]:
    return SMALLEST, min(PRIVATE_GROUP_MEMBERS, people // 10)


def _large(people: int) -> tuple[int, int]:
    return _small(people)[1] + 1, people


TRAFFIC = {
    each.name: each
    for each in (
        Traffic(name="private groups", way="message", many=lambda n: n // 25, sizes=_small, a_second=80.0),
        Traffic(
            name="public groups", way="group_message", many=lambda _: 8, sizes=_large, a_second=6.0, reaches_all=True
        ),
        Traffic(name="moments", way="moment", many=lambda n: n // 50, sizes=_small, a_second=20.0),
        Traffic(name="broadcasts", way="broadcast", many=lambda _: 5, sizes=_large, a_second=1.0, reaches_all=True),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Those who are told something in one place, by number. `share`: how often, beside others; the sum is a second's.

    A group's founder is the first of its members; who posts or broadcasts is none of these people.
    """

    traffic: Traffic
    people: tuple[int, ...]
    share: float


def draw(people: int, seed: int) -> list[Circle]:
    """Return the circles of the town of `seed` with so many people."""
    source = Random(seed)
    return [circle for traffic in TRAFFIC.values() for circle in _circles(traffic, people, source)]


def _circles(traffic: Traffic, people: int, source: Random) -> list[Circle]:
    least, most = traffic.sizes(people)
    sizes = [_size(least, most, source) for _ in range(traffic.many(people))]
    if traffic.reaches_all:
        sizes[0] = people
    weights = [source.paretovariate(RATE_TAIL) for _ in sizes]
    return [
        Circle(
            traffic=traffic,
            people=tuple(source.sample(range(people), size)),
            share=traffic.a_second * weight / sum(weights),
        )
        for size, weight in zip(sizes, weights, strict=True)
    ]


def _size(least: int, most: int, source: Random) -> int:
    """Return a number of `least` to `most`, from what Pareto's distribution has between these."""
    share = 1 - (least / (most + 1)) ** SIZE_TAIL  # Of all there is above `least`.
    return int(least * (1 - source.random() * share) ** (-1 / SIZE_TAIL))
