"""How long a page of a timeline takes, from request to reply; and how long a chat waits beside somebody who reads.

Every page is held against what was made up: it is to have these moments and posts, in this order, and no others. The
first turning of all pages, from the newest to the oldest, gives the places from which pages are read afterwards.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from benchmarks.broadcast.accounts import log_in
from benchmarks.circles.rows import Shown
from benchmarks.circles.world import MANY, Reader, World, world
from benchmarks.figures import Report, Row, progress, quantile
from benchmarks.load.small_chats import ALONE, SmallChats, Stretch, in_turn, tell
from benchmarks.load.wire import Wire
from benchmarks.load.worker import worker
from protocol.limits import MOMENTS_SHOWN

LIMIT = 20  # Of a page, as clients ask for.
FIRST, ANYWHERE, ALL = "the first page", "a page from anywhere", f"all of them, {MOMENTS_SHOWN} a page"
BESIDE, AGAIN = "while timelines are read", "alone, again"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: after so many items; `before`: how a request says it."""

    after: int
    before: str


@dataclass(slots=True)
class _Pages:
    """What reading pages of one kind took."""

    times_ms: list[float] = field(default_factory=list)
    items: int = 0
    wrong: int = 0
    cpu_s: float = 0.0


@dataclass(slots=True)
class _Reading:
    """One of the two, who reads. `places`: one for each page that there is."""

    wire: Wire
    reader: Reader
    places: list[_Place] = field(default_factory=lambda: [_Place(0, "")])

    def page(self, place: _Place, limit: int, pages: _Pages) -> str:
        """Read a page and hold it against what it is to be; return what asks on from there, nothing at the end."""
        begun = time.perf_counter()
        reply = self.wire.request("timeline", before=place.before, limit=limit)
        pages.times_ms.append((time.perf_counter() - begun) * 1000)
        shown = [_shown(moment) for moment in reply["moments"]]
        due = self.reader.timeline[place.after : place.after + limit]
        is_last = place.after + limit >= len(self.reader.timeline)
        pages.items += len(shown)
        pages.wrong += shown != due or reply["complete"] is not is_last
        before: str = reply.get("before", "")
        return before

    def turn(self, pages: _Pages) -> None:
        """Read all pages, one after the other, and note where they begin."""
        while before := self.page(self.places[-1], MOMENTS_SHOWN, pages):
            self.places.append(_Place(self.places[-1].after + MOMENTS_SHOWN, before))


def measure(
    report: Report,
    *,
    friends: int,
    moments: int,
    one_in: int,
    posts: int,
    reads: int,
    pairs: int,
    pace: float,
    rate: float,
    rounds: int,
    seconds: float,
    seed: int,
) -> None:
    """Turn all pages once; then read some of each kind, in turn; then let chats go on beside."""
    source = random.Random(seed)
    with world(friends=friends, moments=moments, one_in=one_in, posts=posts, seed=seed) as there:
        readings = [_Reading(log_in(there.server.url, reader.handle), reader) for reader in there.readers]
        found = {(reading.reader.handle, kind): _Pages() for reading in readings for kind in (FIRST, ANYWHERE, ALL)}
        for reading in readings:
            pages = found[reading.reader.handle, ALL]
            before = there.server.cpu_s()
            reading.turn(pages)
            pages.cpu_s += there.server.cpu_s() - before
            progress(f"{reading.reader.handle}: {len(pages.times_ms):,} pages turned")
        for number in range(rounds + 1):  # The first one warms up.
            for reading, kind in source.sample([(each, kind) for each in readings for kind in (FIRST, ANYWHERE)], 4):
                pages, before = _Pages(), there.server.cpu_s()
                for _ in range(reads):
                    place = reading.places[0] if kind is FIRST else source.choice(reading.places)
                    reading.page(place, LIMIT, pages)
                pages.cpu_s = there.server.cpu_s() - before
                if number:
                    _add(found[reading.reader.handle, kind], pages)
            progress(f"round {number} of {rounds}")
        _tell_pages(report, found, one_in, f"{friends:,} friends, {moments:,} moments and {posts:,} posts in the store")
        chats = _beside(
            there, readings, source, pairs=pairs, pace=pace, rate=rate, rounds=rounds, seconds=seconds, seed=seed
        )
        title = f"{pairs} chats, {pace:,.0f} messages a second; {rate:,.0f} pages a second asked for"
        tell(report, title, chats, what="pages", count=int)
        report.note(f"The server has {there.server.memory_kib() / 1024:,.0f} MiB.")
        for reading in readings:
            reading.wire.close()


def read_along(url: str, handles: Sequence[tuple[str, list[str]]], rate: float, seed: int, orders: Connection) -> None:
    """Whenever it is ordered, read pages at `rate`, half of them the first, and tell how many.

    `handles`: who reads in turn, with what asks for each of their pages.
    """
    source = random.Random(seed)
    readers = [(log_in(url, handle), befores) for handle, befores in handles]
    orders.send(None)
    while True:
        _, seconds = orders.recv()
        begun, read = time.perf_counter(), 0
        while (due := begun + read / rate) < begun + seconds and time.perf_counter() < begun + seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            wire, befores = readers[read % len(readers)]
            wire.request("timeline", before=source.choice(befores) if read // len(readers) % 2 else "", limit=LIMIT)
            read += 1
        orders.send(read)


def _beside(
    there: World,
    readings: list[_Reading],
    source: random.Random,
    *,
    pairs: int,
    pace: float,
    rate: float,
    rounds: int,
    seconds: float,
    seed: int,
) -> dict[str, list[Stretch]]:
    handles = [(each.reader.handle, [place.before for place in each.places]) for each in readings]
    with (
        worker(read_along, there.server.url, handles, rate, source.randrange(2**32)) as readers,
        SmallChats(there.server, pairs, pace=pace, seed=seed) as chats,
    ):
        readers.answer()
        others = {ALONE: None, BESIDE: readers, AGAIN: None}
        return in_turn(chats, others, rounds=rounds, seconds=seconds, source=source)


def _shown(moment: dict[str, object]) -> Shown:
    """Return the place of a moment, or of a post, as the wire has it."""
    at, name, topic, seq = (moment.get(key) for key in ("at", "moment", "topic", "seq"))
    assert isinstance(at, int)
    return Shown(at=at, id=str(name or topic), seq=seq if isinstance(seq, int) else 0)


def _add(all_of_them: _Pages, pages: _Pages) -> None:
    all_of_them.times_ms += pages.times_ms
    all_of_them.items += pages.items
    all_of_them.wrong += pages.wrong
    all_of_them.cpu_s += pages.cpu_s


def _tell_pages(report: Report, found: dict[tuple[str, str], _Pages], one_in: int, title: str) -> None:
    rows: list[Row] = [
        {
            "read": f"{kind}, {'all is shown' if handle == MANY else f'1 in {one_in:,} is shown'}",
            "times": len(pages.times_ms),
            "items": pages.items,
            "p50_ms": quantile(pages.times_ms, 0.5),
            "p99_ms": quantile(pages.times_ms, 0.99),
            "longest ms": max(pages.times_ms),
            "CPU ms": pages.cpu_s / len(pages.times_ms) * 1000,
            "wrong": pages.wrong,
        }
        for (handle, kind), pages in found.items()
    ]
    report.table(title, rows)
    report.note(f"Pages have {LIMIT}, unless it says otherwise. CPU: of the server, all threads.")
