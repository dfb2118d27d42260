"""Two who have the same friends, and a store full of what these have said: nearly all of it is for one of them alone.

What each of the two is to be shown is known here from the first moment to the last, since all of it was made up here.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.broadcast.accounts import publish
from benchmarks.broadcast.rows import strangers
from benchmarks.checks import dialogue
from benchmarks.circles import rows
from benchmarks.circles.rows import Said, Shown
from benchmarks.figures import progress
from benchmarks.gate.hooks import gated
from benchmarks.load.crowd import sign_up
from benchmarks.servers import Running
from protocol.content import Text, encode
from protocol.ids import MomentId, PersonId

TEXT_CHARS = 100
POSTERS = 20  # Friends who have a square; the others are rows.
NAMED = 5  # People that a moment for some names besides.
STEP_MS = 1000  # From one moment to the next.
BODIES = 1000  # Texts, each of which is said several times.
MANY, FEW = "sees-many", "sees-few"


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the two. `timeline`: all that is to be in it, newest first."""

    handle: str
    timeline: list[Shown]


@dataclass(frozen=True, slots=True)
class World:
    """The server, and who reads there."""

    server: Running
    readers: tuple[Reader, ...]


@contextmanager
def world(*, friends: int, moments: int, one_in: int, posts: int, seed: int) -> Iterator[World]:
    """Run a server in whose store it all is already."""
    source = Random(seed)
    with TemporaryDirectory(prefix="hutong-circles-") as folder:
        data = Path(folder)
        with gated("none", terms=0, seed=seed, data=data) as server:
            many, few = (_sign_up(server, handle) for handle in (MANY, FEW))
            posters = _post(server, posts, source)
        posted = [each.shown for each in rows.posts(data)]
        times = _times(moments, sorted({shown.at for shown in posted}))
        others = strangers(friends - len(posters), source)
        rows.add_people(data, others, times[0])
        for reader in (many, few):
            rows.befriend(data, reader, [*posters, *others], times[0])
        said = list(_said([*posters, *others], times, one_in, many, few, source))
        rows.add_moments(data, said)
        progress(f"{friends:,} friends have said {moments:,} things")
        for_few = [each for each in said if _is_for(each, few)]
        readers = Reader(MANY, _timeline(posted, said)), Reader(FEW, _timeline(posted, for_few))
        with gated("none", terms=0, seed=seed, data=data) as server:
            yield World(server, readers)


def _sign_up(server: Running, handle: str) -> PersonId:
    wire, person = sign_up(server.url, handle)
    wire.close()
    return PersonId(person)


def _post(server: Running, count: int, source: Random) -> list[PersonId]:
    """Have some people post on their squares in turn, `count` times together; return who they are."""
    people = [sign_up(server.url, f"poster-{number}") for number in range(min(POSTERS, count))]
    for number, text in zip(range(count), dialogue(TEXT_CHARS, source), strict=False):
        publish(people[number % len(people)][0], None, "square", {"text": text})
    for wire, _ in people:
        wire.close()
    return [PersonId(person) for _, person in people]


def _times(count: int, taken: list[int]) -> list[int]:
    """Return when things are said, each a second after the other; the last of them at the times that are `taken`."""
    last = taken[-count:]
    first = (last or [time.time_ns() // 10**6])[0] - (count - len(last)) * STEP_MS
    return [*range(first, first + (count - len(last)) * STEP_MS, STEP_MS), *last]


def _said(
    authors: list[PersonId], times: list[int], one_in: int, many: PersonId, few: PersonId, source: Random
) -> Iterator[Said]:
    """Return moments, oldest first.

    Of those that are not for `few`, every other one is for all but them, every other one for some, `many` among those.
    """
    texts = dialogue(TEXT_CHARS, source)
    bodies = [encode(Text(text=next(texts))) for _ in range(BODIES)]
    for number, at in enumerate(times):
        only: tuple[PersonId, ...] | None = None
        without: tuple[PersonId, ...] = ()
        if source.randrange(one_in):
            if number % 2:
                without = (few,)
            else:
                only = (many, *source.sample(authors, min(NAMED, len(authors))))
        yield Said(
            moment=MomentId(_id(source)),
            author=source.choice(authors),
            at=at,
            body=source.choice(bodies),
            only=only,
            without=without,
        )


def _id(source: Random) -> str:
    return strangers(1, source)[0]


def _is_for(said: Said, person: PersonId) -> bool:
    return person not in said.without and (said.only is None or person in said.only)


def _timeline(posted: Iterable[Shown], said: Iterable[Said]) -> list[Shown]:
    return sorted((*posted, *(Shown(at=each.at, id=each.moment) for each in said)), reverse=True)
