"""Small chats, and how long they wait: alone, and while something else goes on that is none of their business.

Both sides of each speak, at random times, in sentences of real dialogue. Stretches of several kinds come in turn; in
each of one round the same people say the same at the same times.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Self

from benchmarks.figures import Report, Row, advancing, middle, quantile, spread
from benchmarks.load.closed_loop import settle
from benchmarks.load.crowd import sign_up_all
from benchmarks.load.open_loop import Flow, OpenLoop, Place
from benchmarks.load.wire import now_cid
from benchmarks.load.worker import Worker
from benchmarks.servers import Running
from benchmarks.town.dialogue import sentences
from benchmarks.town.people import ARRIVING

CHATS = "small chats"
ALONE = "alone"


def sentence(source: Random) -> str:
    """Return something that is said in one of the town's languages."""
    return source.choice(sentences(source.choice(ARRIVING).corpus))


class SmallChats:
    """Chats that are begun, `pace` messages a second in all of them together."""

    def __init__(self, server: Running, pairs: int, *, pace: float, seed: int) -> None:
        self._server, self._pace, self._seed = server, pace, seed
        people = sign_up_all(server.url, (f"chat-{number}" for number in range(2 * pairs)))
        places = []
        for (one, _), (other, person) in zip(people[::2], people[1::2], strict=True):
            topic = one.request("send", cid=now_cid(), to=person, body=b"hello")["topic"]
            places.append(Place(CHATS, "message", topic, (one, other), hearers=1, share=1))
        settle([wire for wire, _ in people])
        self._loop = OpenLoop(places)

    def __enter__(self) -> Self:
        self.stretch(1.0, 0)  # To warm up.
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.close()

    def stretch(self, seconds: float, number: int) -> "Stretch":
        """Let them go on for so long, as in round `number`."""
        source, cpu = Random(f"{self._seed} {number}"), self._server.whole_cpu_s()
        flows = self._loop.stretch(rate=self._pace, seconds=seconds, source=source, text=lambda _: sentence(source))
        return Stretch(flow=flows[CHATS], seconds=seconds, cpu_s=self._server.whole_cpu_s() - cpu)


@dataclass(slots=True)
class Stretch:
    """What the chats waited. `cpu_s`: of the server, whatever it did; `beside`: what those said who were busy aside."""

    flow: Flow
    seconds: float
    cpu_s: float
    beside: Any = None

    @property
    def p99_ms(self) -> float:
        return quantile(self.flow.last_ms, 0.99)


def in_turn(
    chats: SmallChats, others: Mapping[str, Worker | None], *, rounds: int, seconds: float, source: Random
) -> dict[str, list[Stretch]]:
    """Have the chats go on with each of `others` busy aside, in another order each round; return what that gave.

    An order says which round it is, and for how many seconds.
    """
    kinds: dict[str, list[Stretch]] = {kind: [] for kind in others}
    with advancing(rounds * len(kinds)) as begin:
        for number in range(1, rounds + 1):
            for kind in source.sample(sorted(kinds), len(kinds)):
                begin(f"round {number}, {kind}")
                other = others[kind]
                if other is not None:
                    other.order((number, seconds))
                stretch = chats.stretch(seconds, number)
                if other is not None:
                    stretch.beside = other.answer()
                kinds[kind].append(stretch)
    return kinds


def tell(
    report: Report,
    title: str,
    kinds: Mapping[str, Sequence[Stretch]],
    *,
    what: str = "deliveries",
    count: Callable[[Any], int],
) -> None:
    """Show a row for the stretches of each kind, by round. `what` is done beside, and how often, `count` says."""
    alone = [stretch.p99_ms for stretch in kinds[ALONE]]
    rows: list[Row] = []
    for kind, stretches in kinds.items():
        beside = sum(count(each.beside) for each in stretches if each.beside is not None)
        rows.append(
            _row(kind, stretches, alone, {f"{what}/s beside": beside / sum(each.seconds for each in stretches)})
        )
    report.table(title, rows)
    report.note(
        "Latencies are from the intended time to the other side; p99 beside alone: within each round, and the median"
        " of these. CPU: of the server, of one processor."
    )


def _row(kind: str, stretches: Sequence[Stretch], alone: Sequence[float], beside: Row) -> Row:
    flow = Flow()
    for stretch in stretches:
        flow.add(stretch.flow)
    seconds, cpu_s = sum(each.seconds for each in stretches), sum(each.cpu_s for each in stretches)
    is_alone = all(each.beside is None for each in stretches)
    p99s = [each.p99_ms for each in stretches]
    ratios = [mine / other for mine, other in zip(p99s, alone, strict=True)]
    return {
        "chats": kind,
        "members": 1,
        "window": None,
        "deliveries": flow.deliveries,
        "deliveries_per_s": flow.deliveries / seconds,
        **beside,
        "CPU %": cpu_s / seconds * 100,
        "cpu_us_per_delivery": cpu_s / flow.deliveries * 1e6 if is_alone else None,
        "p50_ms": quantile(flow.last_ms, 0.5),
        "p99_ms": quantile(flow.last_ms, 0.99),
        "longest ms": max(flow.last_ms, default=None),
        "p99 beside alone": middle(ratios),
        "of the rounds": spread(ratios),
        "lost": flow.lost,
        "duplicated": flow.duplicated,
    }
