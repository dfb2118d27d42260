"""What ten installed hooks cost those who chat privately: nothing that can be told from noise, and nothing is asked.

Three servers run at once and are busy in turn: two without hooks, whose difference is the noise, and one with ten.
"""

import json
import random
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.beside import now_cid
from benchmarks.chat import Figures, Talker, begin_chats, run_chats, sign_up
from benchmarks.figures import Report, Row, middle, progress, quantile, spread
from benchmarks.gate.hooks import Hooks, gated
from benchmarks.servers import Running
from benchmarks.wire import Wire

PLAIN, AGAIN, TEN = "no hooks", "no hooks, another server", "ten hooks"
SERVERS: dict[str, Hooks] = {PLAIN: "none", AGAIN: "none", TEN: "ten"}


@dataclass(slots=True)
class _Server:
    """One server under load, and what each of its stretches gave."""

    running: Running
    talkers: list[Talker]
    leaves: int  # Of its audit log, before.
    stretches: list[Figures] = field(default_factory=list)
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
            talkers = begin_chats(running.url, pair_count)
            run_chats(running, talkers, window=window, seconds=min(1.0, seconds))  # To warm up.
            for talker in talkers:
                stack.callback(talker.wire.close)  # A server that stops waits a while for those who do not.
            servers[name] = _Server(running, talkers, leaves(running))
            progress(f"{name}: {2 * pair_count} people chat")
        for number in range(rounds):
            for name in source.sample(sorted(servers), len(servers)):
                server = servers[name]
                hosts = server.running.hosts_cpu_s()
                server.stretches.append(run_chats(server.running, server.talkers, window=window, seconds=seconds))
                server.hosts_s += server.running.hosts_cpu_s() - hosts
            progress(f"round {number + 1} of {rounds}")
        _tell(report, servers)
        answered = hooks_that_answer(servers[TEN].running)
        report.note(f"Afterwards one publication there was judged by {len(answered)} hooks: {', '.join(answered)}.")


def _tell(report: Report, servers: dict[str, _Server]) -> None:
    plain = servers[PLAIN].stretches
    rows: list[Row] = []
    for name, server in servers.items():
        ratios = [each.cpu_us / beside.cpu_us for each, beside in zip(server.stretches, plain, strict=True)]
        latencies = [latency for each in server.stretches for latency in each.latencies_ms]
        rows.append(
            {
                "server": name,
                "messages": sum(each.messages for each in server.stretches),
                "CPU µs/message": middle([each.cpu_us for each in server.stretches]),
                "beside no hooks": middle(ratios),
                "of the rounds": spread(ratios),
                "messages/s": middle([each.per_second for each in server.stretches]),
                "p50 ms": quantile(latencies, 0.5),
                "p99 ms": quantile(latencies, 0.99),
                "hosts' CPU ms": round(server.hosts_s * 1000),
                "audit leaves": leaves(server.running) - server.leaves,
                "lost": sum(each.lost for each in server.stretches),
                "twice": sum(each.duplicated for each in server.stretches),
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
