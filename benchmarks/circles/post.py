"""What it costs to tell one's friends something: a moment to friends online, beside groups that say it to as many.

The same people hear all of it, in one run. Each moment comes to each friend once, and is one row however many they are.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.checks import dialogue
from benchmarks.circles.rows import moment_rows
from benchmarks.figures import Report, Row, middle, progress, quantile, spread
from benchmarks.gate.hooks import gated
from benchmarks.load.closed_loop import Speaker, Stretch, among_friends, in_group, run, settle
from benchmarks.load.crowd import sign_up_all
from benchmarks.servers import raise_limit

TEXT_CHARS = 100


@dataclass(slots=True)
class _Place:
    """Where one speaks and all hear it, and what the stretches there gave. `said`: in all, to warm up too."""

    speaker: Speaker
    stretches: list[Stretch] = field(default_factory=list)
    said: int = 0

    def per_delivery(self) -> list[float]:
        return [each.cpu_us / each.deliveries for each in self.stretches]

    def rates(self) -> list[float]:
        return [each.deliveries / each.seconds for each in self.stretches]


def measure(report: Report, *, friends: int, group: int, window: int, rounds: int, seconds: float, seed: int) -> None:
    """Have the same people hear, in turn, two groups, and two whose friends they are."""
    source = random.Random(seed)
    texts = dialogue(TEXT_CHARS, source)
    raise_limit(2 * friends + 200)
    with (
        TemporaryDirectory(prefix="hutong-circles-") as folder,
        gated("none", terms=0, seed=seed, data=Path(folder)) as server,
    ):
        people = sign_up_all(server.url, (f"reader-{number}" for number in range(friends)))
        few, many = sign_up_all(server.url, ("author-of-few", "author-of-many"))
        groups = {
            f"a private group of {group:,}": in_group(people[:group], public=False),
            f"a public group of {friends:,}": in_group(people, public=True),
        }
        authors = {
            f"{group - 1:,} friends": among_friends(few, people[1:group]),
            f"{friends:,} friends": among_friends(many, people),
        }
        progress(f"{friends:,} people are in groups, and friends")
        places = {name: _Place(speaker) for name, speaker in (groups | authors).items()}
        settle([wire for wire, _ in people], quiet_s=1.0)
        before, first = moment_rows(Path(folder)), 10**6
        for number in range(rounds + 1):  # The first one warms up.
            for name in source.sample(sorted(places), len(places)):
                first += 10**6
                place = places[name]
                stretch = run(server, [place.speaker], texts, window=window, seconds=seconds, first=first)
                place.said += stretch.said
                if number:
                    place.stretches.append(stretch)
            progress(f"round {number} of {rounds}")
        _tell(report, places, f"One speaks, all of them hear it: {TEXT_CHARS} characters, {window} under way")
        said = sum(places[name].said for name in authors)
        report.note(
            f"{said:,} moments were said, and the rows of moments grew by {moment_rows(Path(folder)) - before:,}."
        )
        for wire in {wire for place in places.values() for wire in (place.speaker.mouth, *place.speaker.ears)}:
            wire.close()


def _tell(report: Report, places: dict[str, _Place], title: str) -> None:
    private = next(iter(places.values()))
    rows: list[Row] = []
    for name, place in places.items():
        stretches, each, rates = place.stretches, place.per_delivery(), place.rates()
        latencies = [latency for stretch in stretches for latency in stretch.latencies_ms]
        ratios = [mine / beside for mine, beside in zip(each, private.per_delivery(), strict=True)]
        faster = [mine / beside for mine, beside in zip(rates, private.rates(), strict=True)]
        rows.append(
            {
                "one speaks to": name,
                "members": len(place.speaker.ears),
                "said": sum(stretch.said for stretch in stretches),
                "deliveries": sum(stretch.deliveries for stretch in stretches),
                "cpu_us_per_delivery": middle(each),
                "beside private": middle(ratios),
                "of the rounds": spread(ratios),
                "deliveries_per_s": middle(rates),
                "rate beside": middle(faster),
                "rates of the rounds": spread(faster),
                "p50_ms": quantile(latencies, 0.5),
                "p99_ms": quantile(latencies, 0.99),
                "lost": sum(stretch.lost for stretch in stretches),
                "duplicated": sum(stretch.twice for stretch in stretches),
            }
        )
    report.table(title, rows)
    report.note("µs are of CPU; p50 and p99: until the last one has it. Each moment is counted at each friend.")
