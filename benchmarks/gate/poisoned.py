"""Everybody else beside a hook that hangs: asleep, in a Python loop, inside a regular expression.

Authors publish at a steady rate through a plugin, others chat privately; latency counts from the intended time until
the other side has it. In some stretches one more author, in the same groups, says what makes the plugin hang. Stretches
come in turn, and two of each round are without: how far those two are apart is the noise. In one more, a program that
has nothing to do with the server takes the processor for as long as a hook that loops: a machine with few processors
slows everybody down by that much, whatever the server does.
"""

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count, cycle
from selectors import EVENT_READ, DefaultSelector

import msgpack

from benchmarks.figures import Report, Row, progress, quantile, spread
from benchmarks.gate.hanging import LOOPS, SLEEPS, STUCK
from benchmarks.gate.hooks import gated
from benchmarks.load.closed_loop import PATIENCE_S, Speaker, hang_up, pairs
from benchmarks.load.crowd import come_in, sign_up
from benchmarks.load.wire import Wire, now_cid
from benchmarks.servers import Running
from server.hooks.confine import NICE

CALM, CALM_AGAIN, ELSEWHERE = "without", "without, again", "without, but another program loops as long"
STRETCHES = {CALM: "", SLEEPS: SLEEPS, LOOPS: LOOPS, STUCK: STUCK, ELSEWHERE: "", CALM_AGAIN: ""}
DEADLINE_MS = 200  # The default.
REFUSED = "gate_unavailable"
_LOOP = """
import os, sys, time
busy, every, nice = map(float, sys.argv[1:])
os.nice(int(nice))
while True:
    ends = time.monotonic() + busy
    while time.monotonic() < ends:
        pass
    time.sleep(max(0.0, every - busy))
"""
TEXT = "what is said at its time, and should be with the other side a moment later; " * 2


@dataclass(slots=True)
class _Heard:
    """What all stretches of one kind gave, and the 99 % quantile of each of them."""

    publications: list[float] = field(default_factory=list)
    messages: list[float] = field(default_factory=list)
    publications_p99: list[float] = field(default_factory=list)
    messages_p99: list[float] = field(default_factory=list)
    hung: int = 0
    refused: int = 0

    def add(self, publications: Sequence[float], messages: Sequence[float], *, hung: int, refused: int) -> None:
        self.publications += publications
        self.messages += messages
        self.publications_p99.append(quantile(publications, 0.99))
        self.messages_p99.append(quantile(messages, 0.99))
        self.hung += hung
        self.refused += refused


@dataclass(slots=True)
class _Flow:
    """Things of one kind that fall due at a steady rate, said by each in turn. `starts`: how the text begins."""

    speakers: Iterator[Speaker]
    every_s: float
    starts: str
    latencies_ms: list[float]
    due: float = 0.0


class _Town:
    """All connections and what is under way between them."""

    def __init__(self, authors: Sequence[Speaker], chats: Sequence[Speaker], poisoner: Sequence[Speaker]) -> None:
        self.authors, self.chats, self.poisoner = authors, chats, poisoner
        self._numbers = count(10**6)  # Of requests: those of the setting-up are below.
        self._due: dict[tuple[Wire, bytes], tuple[float, list[float]]] = {}  # By who hears it, and what.
        self._asked: dict[int, tuple[Wire, bytes]] = {}
        self._poison: set[int] = set()
        self.hung = self.refused = 0  # Of the last stretch: by what hangs; of the others, though nothing of them hung.
        self._selector = DefaultSelector()
        everybody = (*authors, *chats, *poisoner)
        for wire in {wire for each in everybody for wire in (each.mouth, *each.ears)}:
            self._selector.register(wire, EVENT_READ, wire)

    def close(self) -> None:
        self._selector.close()
        hang_up((*self.authors, *self.chats, *self.poisoner))

    def stretch(self, flows: Sequence[_Flow], seconds: float) -> None:
        """Let the flows run for `seconds`, and wait for what is under way."""
        self.hung = self.refused = 0
        begun = time.perf_counter()
        for number, flow in enumerate(flows):
            flow.due = begun + flow.every_s * number / len(flows)
        while True:
            now = time.perf_counter()
            soonest = begun + seconds
            for flow in flows:
                while flow.due <= now and flow.due < begun + seconds:
                    self._say(flow)
                soonest = min(soonest, flow.due)
            if now >= begun + seconds and not (self._due or self._asked or self._poison):
                return
            if now > begun + seconds + PATIENCE_S:
                raise RuntimeError(f"{len(self._due)} things said never came; {len(self._poison)} were never answered")
            for key, _ in self._selector.select(soonest - now if soonest > now else 0.05):
                self._take(key.data)

    def flows(self, starts: str, *, rate: float, pace: float, poison_s: float) -> list[_Flow]:
        """Return what is said in a stretch: publications, private messages, and what hangs, if `starts` says how."""
        flows = [_Flow(cycle(self.authors), 1 / rate, "", []), _Flow(cycle(self.chats), 1 / pace, "", [])]
        return [*flows, _Flow(cycle(self.poisoner), poison_s, starts, [])] if starts else flows

    def _say(self, flow: _Flow) -> None:
        speaker, number, cid = next(flow.speakers), next(self._numbers), now_cid()
        if flow.starts:
            self._poison.add(number)
        else:
            self._asked[number] = due = speaker.ears[0], cid
            self._due[due] = flow.due, flow.latencies_ms
        flow.due += flow.every_s
        speaker.mouth.socket.sendall(speaker.request(number, f"{flow.starts} {TEXT}{number}", cid))

    def _take(self, wire: Wire) -> None:
        for payload in wire.poll():
            message = msgpack.unpackb(payload)
            error = message.get("error")
            if "entry" in message:
                due = self._due.pop((wire, message["entry"].get("cid")), None)
                if due is not None:
                    due[1].append((time.perf_counter() - due[0]) * 1000)
                continue
            asked, refused = message.get("re"), error is not None and error["code"] == REFUSED
            if asked in self._poison:
                self._poison.discard(asked)
                self.hung += refused
            elif asked in self._asked:
                place = self._asked.pop(asked)
                if refused:
                    del self._due[place]
                    self.refused += 1
                elif error is not None:
                    raise RuntimeError(error)


def measure(
    report: Report,
    *,
    authors: int,
    rate: float,
    chats: int,
    pace: float,
    poison_s: float,
    rounds: int,
    seconds: float,
    seed: int,
) -> None:
    """Run all stretches `rounds` times, in another order each time."""
    source = random.Random(seed)
    with gated("a plugin", terms=0, seed=seed, deadline_ms=DEADLINE_MS) as server:
        speakers = pairs(server, authors, public=True, name="author")
        talkers = pairs(server, chats, public=False, name="chat")
        with closing(_Town(speakers, talkers, _poisoner(server, speakers))) as town:
            heard = {name: _Heard() for name in STRETCHES}
            town.stretch(town.flows("", rate=rate, pace=pace, poison_s=poison_s), min(1.0, seconds))  # To warm up.
            for number in range(rounds):
                for name in source.sample(list(STRETCHES), len(STRETCHES)):
                    flows = town.flows(STRETCHES[name], rate=rate, pace=pace, poison_s=poison_s)
                    with _looping(poison_s) if name == ELSEWHERE else nullcontext():
                        town.stretch(flows, seconds)
                    publications, messages = flows[0].latencies_ms, flows[1].latencies_ms
                    heard[name].add(publications, messages, hung=town.hung, refused=town.refused)
                progress(f"round {number + 1} of {rounds}")
    for kind, of in (("publications", "publications"), ("private messages", "messages")):
        report.table(f"{kind.capitalize()} of the others, from their time to the other side", _rows(heard, of))
    hung = sum(each.hung for each in heard.values())
    refused = sum(each.refused for each in heard.values())
    report.note(
        f"A hook hung {hung:,} times, and each time the publication ended as {REFUSED}. Of the others' {refused}."
    )


@contextmanager
def _looping(every_s: float) -> Iterator[None]:
    """Have another process loop for a hook's deadline again and again, as nice as the workers of hooks are."""
    command = [sys.executable, "-c", _LOOP, str(DEADLINE_MS / 1000), str(every_s), str(NICE)]
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.kill()


def _poisoner(server: Running, speakers: Sequence[Speaker]) -> list[Speaker]:
    """Return one more author as a speaker in each of the groups."""
    mouth, person = sign_up(server.url, "one-more-author")
    for speaker in speakers:
        come_in(speaker.mouth, speaker.topic, [(mouth, person)], public=True)
    return [Speaker(mouth, speaker.topic, speaker.ears, speaker.way) for speaker in speakers]


def _rows(heard: dict[str, _Heard], of: str) -> list[Row]:
    rows: list[Row] = []
    calm = getattr(heard[CALM], of) + getattr(heard[CALM_AGAIN], of)
    for name, each in heard.items():
        latencies = getattr(each, of)
        rows.append(
            {
                "one more author": name,
                "hung": each.hung,
                "others": len(latencies),
                "p50_ms": quantile(latencies, 0.5),
                "p99_ms": quantile(latencies, 0.99),
                "p99 of the stretches": spread(getattr(each, f"{of}_p99")),
                "longest ms": max(latencies),
                "p50 beside without": quantile(latencies, 0.5) / quantile(calm, 0.5),
                "p99 beside without": quantile(latencies, 0.99) / quantile(calm, 0.99),
            }
        )
    return rows
