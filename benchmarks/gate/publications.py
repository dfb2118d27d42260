"""What a publication costs, from its `publish` to the other side, beside a private message of the same size.

Servers with different hooks run at once and are busy in turn; all say the same texts, real dialogue, each another.
"""

import random
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.checks import dialogue
from benchmarks.figures import Report, Row, middle, progress, quantile, spread
from benchmarks.gate.hooks import Hooks, gated
from benchmarks.load.closed_loop import Speaker, Stretch, hang_up, pairs, run
from benchmarks.servers import Running

PRIVATE = "a private message"
ROWS: dict[str, Hooks] = {
    "published, no hooks": "none",
    "published, a plugin": "a plugin",
    "published, checks": "checks",
    "published, checks, labelled": "checks that find",
}


@dataclass(slots=True)
class _Load:
    server: Running
    speakers: list[Speaker]
    stretches: list[Stretch] = field(default_factory=list)

    def cpu_us(self) -> list[float]:
        return [each.cpu_us / each.said for each in self.stretches]


def measure(
    report: Report, *, authors: int, characters: int, terms: int, window: int, rounds: int, seconds: float, seed: int
) -> None:
    """Publish on every server in turn, and say the same privately."""
    source = random.Random(seed)
    texts = dialogue(characters, source)
    with ExitStack() as stack:
        loads: dict[str, _Load] = {}
        for name, hooks in ROWS.items():
            server = stack.enter_context(gated(hooks, terms=terms, seed=seed))
            if not loads:
                loads[PRIVATE] = _Load(server, pairs(server, authors, public=False, name="private"))
            loads[name] = _Load(server, pairs(server, authors, public=True, name="public"))
            progress(f"{name}: {authors} authors")
        first = 10**6
        for load in loads.values():  # To warm up.
            stack.callback(hang_up, load.speakers)
            first += 10**6
            run(load.server, load.speakers, texts, window=window, seconds=min(1.0, seconds), first=first)
        for number in range(rounds):
            for name in source.sample(sorted(loads), len(loads)):
                first += 10**6
                load = loads[name]
                load.stretches.append(
                    run(load.server, load.speakers, texts, window=window, seconds=seconds, first=first)
                )
            progress(f"round {number + 1} of {rounds}")
        _tell(report, loads, f"{characters:,} characters to one reader, {terms:,} terms, {authors} authors")


def _tell(report: Report, loads: dict[str, _Load], title: str) -> None:
    private = loads[PRIVATE].cpu_us()
    rows: list[Row] = []
    for name, load in loads.items():
        latencies = [latency for each in load.stretches for latency in each.latencies_ms]
        ratios = [each / beside for each, beside in zip(load.cpu_us(), private, strict=True)]
        said = sum(each.said for each in load.stretches)
        rows.append(
            {
                "what is said": name,
                "times": said,
                "CPU µs each": middle(load.cpu_us()),
                "beside private": middle(ratios),
                "of the rounds": spread(ratios),
                "a second": middle([each.said / each.seconds for each in load.stretches]),
                "p50_ms": quantile(latencies, 0.5),
                "p99_ms": quantile(latencies, 0.99),
                "hosts' CPU µs": sum(each.hosts_us for each in load.stretches) / said,
                "labelled": sum(each.labelled for each in load.stretches),
                "lost": sum(each.lost for each in load.stretches),
                "duplicated": sum(each.twice for each in load.stretches),
            }
        )
    report.table(title, rows)
