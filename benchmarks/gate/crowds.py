"""What it costs to tell many: public groups of thousands, through the gate, beside a private group of some hundreds."""

import random
from dataclasses import dataclass, field

from benchmarks.checks import dialogue
from benchmarks.figures import Report, Row, middle, progress, quantile, spread
from benchmarks.gate.hooks import gated
from benchmarks.load.closed_loop import Speaker, Stretch, hang_up, run, settle, way_in
from benchmarks.load.crowd import come_in, found, sign_up_all
from benchmarks.load.wire import Wire
from benchmarks.servers import Running, raise_limit

TEXT_CHARS = 100
PORTION = 100  # People who come in at once, between two looks at the cost.


@dataclass(slots=True)
class _Crowd:
    """One group, and what its stretches gave."""

    speaker: Speaker
    costs_us: list[float]  # Of one person's coming in, by portions, the first ones first.
    stretches: list[Stretch] = field(default_factory=list)

    def per_delivery(self) -> list[float]:
        return [each.cpu_us / each.deliveries for each in self.stretches]


def measure(
    report: Report, *, private: int, publics: tuple[int, ...], terms: int, rounds: int, seconds: float, seed: int
) -> None:
    """Sign everybody up, have them join, and let one of each group speak, one thing at a time."""
    source = random.Random(seed)
    texts = dialogue(TEXT_CHARS, source)
    most = max(private, *publics)
    raise_limit(2 * most + 100)
    with gated("checks", terms=terms, seed=seed) as server:
        before = server.cpu_s()
        people = sign_up_all(server.url, (f"reader-{number}" for number in range(most)))
        each_us = (server.cpu_s() - before) / most * 1e6
        report.note(f"Signing up {most:,} people took {each_us:,.0f} µs of CPU each.")
        crowds = {f"private, {private:,}": _gather(server, people[:private], public=False)}
        for size in publics:
            crowds[f"public, {size:,}"] = _gather(server, people[:size], public=True)
        settle([wire for wire, _ in people], quiet_s=1.0)
        first = 10**6
        for number in range(rounds + 1):  # The first one warms up.
            for name in source.sample(sorted(crowds), len(crowds)):
                first += 10**6
                stretch = run(server, [crowds[name].speaker], texts, window=1, seconds=seconds, first=first)
                if number:
                    crowds[name].stretches.append(stretch)
            progress(f"round {number} of {rounds}")
        _tell(report, crowds)
        report.note(f"The server has {server.memory_kib() / 1024:,.0f} MiB with {most:,} people online.")
        hang_up([crowd.speaker for crowd in crowds.values()])


def _gather(server: Running, people: list[tuple[Wire, str]], *, public: bool) -> _Crowd:
    """Found a group of `people`, the first of whom will speak."""
    (mouth, _), others = people[0], people[1:]
    topic = found(mouth, public=public)
    costs_us = []
    for begin in range(0, len(others), PORTION):
        portion = others[begin : begin + PORTION]
        before = server.cpu_s()
        come_in(mouth, topic, portion, public=public)
        costs_us.append((server.cpu_s() - before) / len(portion) * 1e6)
    progress(f"{len(people):,} are in a {'public' if public else 'private'} group")
    speaker = Speaker(mouth, topic, tuple(wire for wire, _ in others), way_in(public=public))
    return _Crowd(speaker, costs_us)


def _tell(report: Report, crowds: dict[str, _Crowd]) -> None:
    private = next(iter(crowds.values())).per_delivery()
    rows: list[Row] = []
    for name, crowd in crowds.items():
        stretches, each = crowd.stretches, crowd.per_delivery()
        latencies = [latency for stretch in stretches for latency in stretch.latencies_ms]
        ratios = [mine / beside for mine, beside in zip(each, private, strict=True)]
        rows.append(
            {
                "group": name,
                "members": len(crowd.speaker.ears),
                "window": 1,
                "entries": sum(stretch.said for stretch in stretches),
                "deliveries": sum(stretch.deliveries for stretch in stretches),
                "cpu_us_per_delivery": middle(each),
                "beside private": middle(ratios),
                "of the rounds": spread(ratios),
                "ms/entry": middle([stretch.cpu_us / stretch.said / 1000 for stretch in stretches]),
                "deliveries_per_s": middle([stretch.deliveries / stretch.seconds for stretch in stretches]),
                "p50_ms": quantile(latencies, 0.5),
                "p99_ms": quantile(latencies, 0.99),
                "µs/join, first": crowd.costs_us[0],
                "µs/join, last": crowd.costs_us[-1],
                "lost": sum(stretch.lost for stretch in stretches),
                "duplicated": sum(stretch.twice for stretch in stretches),
            }
        )
    report.table(f"One speaks, all of them hear it: {TEXT_CHARS} characters, built-in checks on", rows)
    report.note(
        "µs and ms are of CPU; p50 and p99: until the last member has it;"
        " joins: of the first hundred, who come at once, and of the last."
    )
