"""How long it takes to sign in for somebody who follows thousands: `resume`, `follows`, and `sync` of the public side.

Each sign-in is a new connection of a device that was there before. Counted is all from after the hello to the last of
what comes, read.
"""

import random
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.broadcast.accounts import lifted_pack, open_accounts
from benchmarks.broadcast.rows import add_follows
from benchmarks.figures import Report, Row, progress, quantile
from benchmarks.gate.hooks import gated
from benchmarks.load.wire import Wire
from benchmarks.servers import Running
from protocol.ids import PersonId, TopicId

NOTHING, SOMETHING, EVERYTHING = "nothing new", "{} have something new", "a new device: {} entries of each"


@dataclass(frozen=True, slots=True)
class _Device:
    """Somebody's device, known to the server."""

    person: PersonId
    token: str


def measure(report: Report, *, follows: int, people: int, news: int, rounds: int, seed: int) -> None:
    """Sign in again and again, in turn with nothing new, with some, and as if for the first time."""
    source = random.Random(seed)
    with TemporaryDirectory(prefix="hutong-broadcast-") as folder:
        pack, data = str(lifted_pack(Path(folder))), Path(folder) / "data"
        with gated("none", terms=0, seed=seed, pack=pack, data=data) as server:
            topics = open_accounts(server, data, follows)
            devices = [_device(server, f"reader-{number}") for number in range(people)]
        add_follows(data, topics, [device.person for device in devices])
        with gated("none", terms=0, seed=seed, pack=pack, data=data) as server:
            heads = dict.fromkeys(topics, 2)  # A profile and a broadcast.
            behind = dict.fromkeys(source.sample(topics, news), 1)
            kinds = {
                NOTHING: heads,
                SOMETHING.format(f"{news:,}"): heads | behind,
                EVERYTHING.format(2): dict.fromkeys(topics, 0),
            }
            took: dict[str, list[float]] = {kind: [] for kind in kinds}
            got = dict.fromkeys(kinds, 0)
            used = dict.fromkeys(kinds, 0.0)
            for number in range(rounds + 1):  # The first one warms up.
                for kind in source.sample(sorted(kinds), len(kinds)):
                    before, times = server.cpu_s(), []
                    for device in devices:
                        milliseconds, got[kind] = _sign_in(server, device, kinds[kind], follows)
                        times.append(milliseconds)
                    if number:
                        took[kind] += times
                        used[kind] += server.cpu_s() - before
                progress(f"round {number} of {rounds}")
    _tell(report, took, got, used, follows)


def _tell(
    report: Report, took: dict[str, list[float]], got: dict[str, int], used: dict[str, float], follows: int
) -> None:
    rows: list[Row] = [
        {
            "signing in": kind,
            "times": len(times),
            "p50_ms": quantile(times, 0.5),
            "p99_ms": quantile(times, 0.99),
            "longest ms": max(times),
            "CPU ms": used[kind] / len(times) * 1000,
            "entries": got[kind],
        }
        for kind, times in took.items()
    ]
    report.table(f"Somebody who follows {follows:,} accounts", rows)


def _device(server: Running, handle: str) -> _Device:
    wire = Wire(server.url)
    wire.request("hello", versions=[1])
    signed = wire.request("register", handle=handle, password="correct horse")  # noqa: S106
    wire.close()
    return _Device(signed["person"], signed["token"])


def _sign_in(server: Running, device: _Device, heads: dict[TopicId, int], follows: int) -> tuple[float, int]:
    """Return the milliseconds that it took, and how many entries came.

    Raises:
        RuntimeError: The server does not know of all that is followed, or did not make it live.
    """
    wire = Wire(server.url)
    wire.request("hello", versions=[1])
    begun = time.perf_counter()
    wire.request("resume", token=device.token, heads={})
    followed = wire.request("follows")["follows"]
    got, live = 0, 0
    wanted = dict(heads)
    while wanted:
        reply = wire.request("sync", heads=wanted, side="public")
        for piece in reply.get("slices", ()):
            got += len(piece["entries"])
            if piece["live"]:
                live += 1
                del wanted[piece["topic"]]
            elif piece["entries"]:
                wanted[piece["topic"]] = piece["entries"][-1]["seq"]
    took = (time.perf_counter() - begun) * 1000
    wire.close()
    if len(followed) != follows or live != follows:
        raise RuntimeError(f"{len(followed)} of {follows} are followed, and {live} live")
    return took, got
