"""How long it takes to publish to a thousand followers and to a million: from the request to its ack, in turn.

A third account has as many as the first: what lies between these two is noise.
"""

import random
import statistics
import time
from dataclasses import dataclass, field

from benchmarks.broadcast.accounts import Account, publish
from benchmarks.broadcast.rows import entries, private_rows
from benchmarks.broadcast.world import World, world
from benchmarks.checks import dialogue
from benchmarks.figures import Report, Row, progress, quantile, spread
from benchmarks.load.closed_loop import settle
from benchmarks.load.crowd import ask_all, sign_up_all

TEXT_CHARS = 500


@dataclass(slots=True)
class _Timed:
    """One account, and its rounds. `entries`: of its log, before."""

    account: Account
    entries: int
    rounds_ms: list[list[float]] = field(default_factory=list)


def measure(
    report: Report, *, few: int, many: int, online: int, publications: int, terms: int, rounds: int, seed: int
) -> None:
    """Publish at each in turn, in another order each time."""
    source = random.Random(seed)
    texts = dialogue(TEXT_CHARS, source)
    sizes = {f"{few:,} followers": few, f"{few:,} followers, another": few, f"{many:,} followers": many}
    with world(sizes, hooks="checks", terms=terms, seed=seed) as there:
        people = sign_up_all(there.server.url, (f"follower-{number}" for number in range(online)))
        listeners = [wire for wire, _ in people]
        for account in there.accounts.values():
            ask_all(listeners, "follow", topic=account.topic)
        timed = {name: _Timed(account, 0) for name, account in there.accounts.items()}
        before = private_rows(there.data)
        for number in range(rounds + 1):  # The first one warms up.
            for each in timed.values():
                each.rounds_ms.append([])
            for _ in range(publications):
                for name in source.sample(sorted(timed), len(timed)):
                    _publish(timed[name], next(texts))
            if not number:
                for each in timed.values():
                    each.rounds_ms.clear()
                    each.entries = entries(there.data, each.account.topic)
            settle(listeners, quiet_s=0.05)
            progress(f"round {number} of {rounds}")
        _tell(report, there, timed, f"{online} of the followers online, {TEXT_CHARS} characters")
        report.note(f"The rows of the private store grew by {private_rows(there.data) - before} in all of this.")
        for wire in listeners:
            wire.close()


def _publish(timed: _Timed, text: str) -> None:
    content = {"title": " ".join(text.split())[:60], "text": text}
    begun = time.perf_counter()
    publish(timed.account.mouth, timed.account.topic, "broadcast", content)
    timed.rounds_ms[-1].append((time.perf_counter() - begun) * 1000)


def _tell(report: Report, there: World, timed: dict[str, _Timed], title: str) -> None:
    first = next(iter(timed.values()))
    rows: list[Row] = []
    for name, each in timed.items():
        times = [took for taken in each.rounds_ms for took in taken]
        ratios = [
            statistics.median(mine) / statistics.median(beside)
            for mine, beside in zip(each.rounds_ms, first.rounds_ms, strict=True)
        ]
        middle_ms = statistics.median(times)
        rows.append(
            {
                "published to": name,
                "times": len(times),
                "p50_ms": middle_ms,
                "p99_ms": quantile(times, 0.99),
                "beside the first": middle_ms
                / statistics.median([took for taken in first.rounds_ms for took in taken]),
                "of the rounds": spread(ratios),
                "log rows each": (entries(there.data, each.account.topic) - each.entries) / len(times),
            }
        )
    report.table(title, rows)
