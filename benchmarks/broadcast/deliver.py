"""What it costs to broadcast to those who are online, beside a public group of as many: the same people, in one run.

Of a million followers some thousands are online. Each gets every card once, and nobody gets a row.
"""

import random
from dataclasses import dataclass, field

from benchmarks.broadcast.rows import entries, private_rows
from benchmarks.broadcast.world import World, world
from benchmarks.checks import dialogue
from benchmarks.figures import Report, Row, middle, progress, quantile, spread
from benchmarks.load.closed_loop import Speaker, Stretch, in_group, run, settle
from benchmarks.load.crowd import ask_all, sign_up_all
from benchmarks.servers import raise_limit
from protocol.ids import TopicId

TEXT_CHARS = 100
GROUP = "a public group"


@dataclass(slots=True)
class _Place:
    """Where one speaks and all hear it, and what the stretches there gave. `entries`: of its log, before."""

    speaker: Speaker
    entries: int
    stretches: list[Stretch] = field(default_factory=list)

    def per_delivery(self) -> list[float]:
        return [each.cpu_us / each.deliveries for each in self.stretches]

    def rates(self) -> list[float]:
        return [each.deliveries / each.seconds for each in self.stretches]


def measure(
    report: Report, *, followers: int, online: int, window: int, terms: int, rounds: int, seconds: float, seed: int
) -> None:
    """Have the same people hear a group and an account in turn."""
    source = random.Random(seed)
    texts = dialogue(TEXT_CHARS, source)
    raise_limit(2 * online + 200)
    name = f"an account with {followers:,} followers"
    with world({name: followers - online}, hooks="checks", terms=terms, seed=seed) as there:
        places = _places(there, name, online)
        before, first = private_rows(there.data), 10**6
        for number in range(rounds + 1):  # The first one warms up.
            for each in source.sample(sorted(places), len(places)):
                first += 10**6
                place = places[each]
                stretch = run(there.server, [place.speaker], texts, window=window, seconds=seconds, first=first)
                if number:
                    place.stretches.append(stretch)
                else:
                    place.entries = entries(there.data, TopicId(place.speaker.topic))
            progress(f"round {number} of {rounds}")
        _tell(report, there, places, f"{online:,} online, {TEXT_CHARS} characters, {window} under way")
        report.note(
            f"The rows of the private store grew by {private_rows(there.data) - before} in all of this;"
            f" the server has {there.server.memory_kib() / 1024:,.0f} MiB."
        )
        for wire in {wire for place in places.values() for wire in (place.speaker.mouth, *place.speaker.ears)}:
            wire.close()


def _places(there: World, name: str, online: int) -> dict[str, _Place]:
    """Gather the same people in a group, and as followers of the account."""
    people = sign_up_all(there.server.url, (f"reader-{number}" for number in range(online)))
    wires, account = tuple(wire for wire, _ in people), there.accounts[name]
    ask_all(wires, "follow", topic=account.topic)
    progress(f"{online:,} online follow")
    group = in_group(people, public=True)
    progress(f"{online:,} are in a public group")
    settle(wires, quiet_s=1.0)
    return {
        GROUP: _Place(group, 0),
        name: _Place(Speaker(account.mouth, account.topic, wires, "broadcast"), 0),
    }


def _tell(report: Report, there: World, places: dict[str, _Place], title: str) -> None:
    group = places[GROUP]
    rows: list[Row] = []
    for name, place in places.items():
        stretches, each, rates = place.stretches, place.per_delivery(), place.rates()
        latencies = [latency for stretch in stretches for latency in stretch.latencies_ms]
        ratios = [mine / beside for mine, beside in zip(each, group.per_delivery(), strict=True)]
        faster = [mine / beside for mine, beside in zip(rates, group.rates(), strict=True)]
        said = sum(stretch.said for stretch in stretches)
        rows.append(
            {
                "one speaks in": name,
                "members": len(place.speaker.ears),
                "entries": said,
                "deliveries": sum(stretch.deliveries for stretch in stretches),
                "cpu_us_per_delivery": middle(each),
                "beside the group": middle(ratios),
                "of the rounds": spread(ratios),
                "deliveries_per_s": middle(rates),
                "rate beside": middle(faster),
                "p50_ms": quantile(latencies, 0.5),
                "p99_ms": quantile(latencies, 0.99),
                "log rows each": (entries(there.data, TopicId(place.speaker.topic)) - place.entries) / said,
                "lost": sum(stretch.lost for stretch in stretches),
                "duplicated": sum(stretch.twice for stretch in stretches),
            }
        )
    report.table(title, rows)
    report.note("µs are of CPU; p50 and p99: until the last one has it. Each broadcast is counted at each follower.")
