"""The day as a whole: small chats alone and in the middle of it, in turn, and what all others got meanwhile."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.broadcast.accounts import lifted_pack
from benchmarks.figures import Report, Row, progress, quantile
from benchmarks.gate.hooks import gated
from benchmarks.load.open_loop import Flow
from benchmarks.load.small_chats import ALONE, CHATS, SmallChats, Stretch, in_turn, tell
from benchmarks.load.worker import worker
from benchmarks.mixed.crowd import be_the_crowd
from benchmarks.mixed.plan import draw
from benchmarks.servers import raise_limit

DAY, ALL = "in the middle of the day", "all of it"


def measure(
    report: Report,
    *,
    people: int,
    rate_scale: float,
    pairs: int,
    pace: float,
    terms: int,
    rounds: int,
    seconds: float,
    seed: int,
) -> None:
    """Run a server for all of them, and have the day go by `rounds` times."""
    raise_limit(people + 2 * pairs + len(draw(people, seed)) + 200)
    with TemporaryDirectory(prefix="hutong-mixed-") as folder:
        pack, data = str(lifted_pack(Path(folder))), Path(folder) / "data"
        with (
            gated("checks", terms=terms, seed=seed, pack=pack, data=data) as server,
            worker(be_the_crowd, server, data, people, rate_scale, seed) as crowd,
        ):
            places: list[tuple[str, int]] = crowd.answer()
            progress(f"{people:,} people have come together in {len(places):,} places")
            with SmallChats(server, pairs, pace=pace, seed=seed) as chats:
                others = {ALONE: None, DAY: crowd}
                kinds = in_turn(chats, others, rounds=rounds, seconds=seconds, source=Random(seed))
            tell(report, f"{pairs:,} small chats in a town of {people:,}", kinds, count=_deliveries)
            _tell_day(report, kinds[DAY], [*places, *[(CHATS, 1)] * pairs])
            report.note(f"The server has {server.memory_kib() / 1024:,.0f} MiB with all of them online.")


def _deliveries(flows: dict[str, Flow]) -> int:
    return sum(flow.deliveries for flow in flows.values())


def _tell_day(report: Report, stretches: Sequence[Stretch], places: Sequence[tuple[str, int]]) -> None:
    """Show a row for each kind of traffic; `places`: the kind of each, and how many hear what is said there."""
    flows: dict[str, Flow] = defaultdict(Flow)
    hearers: dict[str, list[int]] = defaultdict(list)
    for stretch in stretches:
        for kind, flow in {CHATS: stretch.flow, **stretch.beside}.items():
            flows[kind].add(flow)
    for flow in [*flows.values()]:
        flows[ALL].add(flow)
    for kind, count in places:
        for name in (kind, ALL):
            hearers[name].append(count)
    seconds, cpu_s = sum(each.seconds for each in stretches), sum(each.cpu_s for each in stretches)
    rows: list[Row] = [
        {
            "traffic": kind,
            "places": len(hearers[kind]),
            "of the largest": max(hearers[kind]),
            "members": round(flow.deliveries / max(1, flow.said - flow.held)),
            "window": None,
            "said": flow.said,
            "held": flow.held,
            "deliveries": flow.deliveries,
            "deliveries_per_s": flow.deliveries / seconds,
            "cpu_us_per_delivery": cpu_s / flow.deliveries * 1e6 if kind is ALL else None,
            "p50_ms": quantile(flow.last_ms, 0.5),
            "p99_ms": quantile(flow.last_ms, 0.99),
            "any_p50_ms": quantile(flow.any_ms, 0.5),
            "any_p99_ms": quantile(flow.any_ms, 0.99),
            "lost": flow.lost,
            "duplicated": flow.duplicated,
        }
        for kind, flow in flows.items()
    ]
    report.table("The day, by what is said; from the intended time to the last who hears it, and to any of them", rows)
    report.note("Members: how many heard it, on the average; who says something and gets it, too, is not counted.")
