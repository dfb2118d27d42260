"""What ten installed hooks cost those who chat privately: nothing that can be told from noise, and nothing is asked.

Three servers run at once and are busy in turn: two without hooks, whose difference is the noise, and one with ten.
"""

import json
import random
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.chat.talk import Talk, talking
from benchmarks.fanout.loads import FIGURES
from benchmarks.fanout.room import Stretch
from benchmarks.figures import Report, Row, middle, progress, quantile, spread
from benchmarks.gate.hooks import Hooks, gated
from benchmarks.load.crowd import sign_up
from benchmarks.load.wire import Wire, now_cid
from benchmarks.servers import Running
from benchmarks.systems.hutong import Hutong

PLAIN, AGAIN, TEN = "no hooks", "no hooks, another server", "ten hooks"
SERVERS: dict[str, Hooks] = {PLAIN: "none", AGAIN: "none", TEN: "ten"}
WARM_UP_S = 0.5
_COST, _RATE = FIGURES["cpu_us_per_delivery"], FIGURES["deliveries_per_s"]


@dataclass(slots=True)
class _Server:
    """One server under load, and what each of its stretches gave."""

    running: Running
    talk: Talk
    leaves: int  # Of its audit log, before.
    stretches: list[Stretch] = field(default_factory=list)
    hosts_s: float = 0.0


def measure(
    report: Report, *, pair_count: int, window: int, rounds: int, seconds: float, terms: int, seed: int
) -> None:
    """Chat on all three servers in turn, then make sure that the ten hooks were there."""
    source = random.Random(seed)
    with ExitStack() as stack:
        servers: dict[str, _Server] = {}
        for name, hooks in SERVERS.items():
            running = stack.enter_context(gated(hooks, terms=terms, seed=seed))
            talk = stack.enter_context(talking(Hutong(), running, pair_count))
            talk.warm_up(window, min(WARM_UP_S, seconds))
            servers[name] = _Server(running, talk, leaves(running))
            progress(f"{name}: {2 * pair_count} people chat")
        for number in range(rounds):
            for name in source.sample(sorted(servers), len(servers)):
                server = servers[name]
                hosts = server.running.hosts_cpu_s()
                server.stretches.append(server.talk.run(window, seconds))
                server.hosts_s += server.running.hosts_cpu_s() - hosts
            progress(f"round {number + 1} of {rounds}")
        _tell(report, servers)
        answered = hooks_that_answer(servers[TEN].running)
        report.note(f"Afterwards one publication there was judged by {len(answered)} hooks: {', '.join(answered)}.")


def _tell(report: Report, servers: dict[str, _Server]) -> None:
    costs = {name: list(map(_COST, server.stretches)) for name, server in servers.items()}
    rows: list[Row] = []
    for name, server in servers.items():
        ratios = [cost / plain for cost, plain in zip(costs[name], costs[PLAIN], strict=True)]
        latencies = [1000 * latency for each in server.stretches for latency in each.to_last]
        rows.append(
            {
                "server": name,
                "members": 1,
                "deliveries": sum(each.deliveries for each in server.stretches),
                "cpu_us_per_delivery": middle(costs[name]),
                "beside no hooks": middle(ratios),
                "of the rounds": spread(ratios),
                "deliveries_per_s": middle(list(map(_RATE, server.stretches))),
                "p50_ms": quantile(latencies, 0.5),
                "p99_ms": quantile(latencies, 0.99),
                "hosts' CPU ms": round(server.hosts_s * 1000),
                "audit leaves": leaves(server.running) - server.leaves,
                "lost": sum(each.lost for each in server.stretches),
                "duplicated": sum(each.twice for each in server.stretches),
            }
        )
    report.table("Private chats, one to one", rows)


def leaves(server: Running) -> int:
    """Return how many leaves its audit log has: each judgement of a hook is one."""
    anybody = Wire(server.url)
    anybody.request("hello", versions=[1])
    size: int = anybody.request("audit")["size"]
    anybody.close()
    return size


def hooks_that_answer(server: Running) -> list[str]:
    """Publish something and return the names of the hooks that its receipt has verdicts of."""
    author, _ = sign_up(server.url, "author-of-one")
    topic = author.request("group.found_public", cid=now_cid())["topic"]
    said = {"surface": "group_message", "content": {"text": "one text for everybody"}, "topic": topic}
    submission = author.request("publish", cid=now_cid(), **said)["submission"]["submission"]
    verdicts = author.request("receipt", submission=submission)["verdicts"]
    author.close()
    says = [json.loads(verdict["leaf"]) for verdict in verdicts]
    return sorted(leaf["hook"] for leaf in says if leaf["leaf"] == "verdict")
