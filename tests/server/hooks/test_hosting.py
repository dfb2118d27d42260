"""Plugins in their hosts, with real processes: whatever a hook does, it does to its own publication only."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from compliance.publication import publication
from compliance.verdicts import Allow, Failure, Hold, Label, Reject, Verdict
from protocol import limits
from protocol.publications import Content, Part, Surface
from server.hooks import hosting
from server.hooks.confine import NICE
from server.hooks.hook import Said
from server.hooks.hosting import HostError
from server.hooks.plugin import PluginHook
from tests.server.hooks.conftest import Opener
from tests.server.hooks.support import GROUND, text

PATIENCE_S = 30.0  # Nothing here takes a tenth of it; past that something hangs.
SHORT_S = 0.3
WILD = """
import os, re, select, signal, socket, stat, sys, threading, time
from pathlib import Path
import msgpack
from compliance.hooks import Allow, Hold, Label, Reject, Span, hookimpl

def wire():
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                return socket.socket(fileno=os.dup(fd)), fd
        except OSError:
            pass

def sleeps(_):
    time.sleep(3600)

def loops(_):
    while True:
        pass

def is_stuck_in_a_pattern(_):
    re.match("(a+)+$", "a" * 64 + "b")

def allocates_without_end(_):
    kept = []
    while True:
        kept.append(bytearray(1 << 24))

def forks_for_ever(_):
    while True:
        try:
            os.fork()
        except OSError:
            pass

def forks(_):
    os.fork()

def starts_a_thread(_):
    threading.Thread(target=print).start()

def writes_garbage(_):
    wire()[0].send(b"\\x93garbage")

def answers_what_was_not_asked(_):
    wire()[0].send(msgpack.packb({"id": "another", "last": False, "said": {"verdict": "allow"}}))

def answers_something_else(p):
    wire()[0].send(msgpack.packb({"id": p.id, "last": False, "said": {"verdict": "allow"}, "more": 1}))

def answers_twice(p):
    wire()[0].send(msgpack.packb({"id": p.id, "last": False, "said": {"verdict": "label", "labels": ["first"]}}))

def answers_hugely(_):
    wire()[0].send(b"x" * 40_000)

def closes_its_socket(_):
    os.close(wire()[1])

def exits(_):
    os._exit(3)

def asks_to_exit(_):
    sys.exit(3)

def aborts(_):
    os.abort()

def raises(_):
    raise RuntimeError("canary")

def recurses(p):
    return recurses(p)

def writes_a_file(_):
    Path("/tmp/hutong-hook-was-here").write_text("x")

def runs_a_program(_):
    os.execv("/bin/true", ["true"])

def uses_the_network(_):
    socket.create_connection(("127.0.0.1", 9), timeout=5)

def returns_text(_):
    return "allow"

def labels_too_much(_):
    return Label(labels=tuple(f"l{n}" for n in range(17)))

def labels_by_force(_):
    label = Label(labels=("fine",))
    object.__setattr__(label, "labels", ("Not Fine",))
    return label

def names_no_ground(_):
    return Hold(ground="nonsense", text="x")

def points_outside(_):
    return Reject(ground="house_rules", text="x", where=(Span(path="text", start=0, end=1000),))

def tells_its_process(_):
    return Label(labels=(f"p{os.getpid()}",))

@hookimpl
def judge(publication):
    return globals().get(publication.content.text, lambda _: Hold(ground="house_rules", text="Judged."))(publication)
"""
DOWN = Said(outcome=Failure.CRASHED, why="its host is down")
LIES = """
import os, stat
from compliance.hooks import hookimpl

def lie():
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, b"lies")
        except OSError:
            pass
"""
NORMAL = Said(outcome=Hold(ground=GROUND, text="Judged."))


async def outcome(hook: PluginHook, words: str, deadline_s: float = PATIENCE_S) -> Verdict | Failure:
    return (await hook.ask(text(words), deadline_s)).outcome


async def worker_of(hook: PluginHook) -> int:
    """Return the process that judged just now."""
    label = await outcome(hook, "tells_its_process")
    assert isinstance(label, Label)
    return int(label.labels[0][1:])


def niceness_of_session(process: int) -> int | None:
    """Return how nice the session of `process` is, or None where sessions do not share the processors."""
    try:
        said = Path(f"/proc/{process}/autogroup").read_text()
    except OSError:
        return None
    return int(said.split()[-1]) if said else None


def lives(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


async def gone(process: int) -> None:
    with trio.fail_after(PATIENCE_S):
        await until(lambda: not lives(process))


async def until(true: Callable[[], bool]) -> None:
    """Wait for what nobody tells: the end of a process that is not one's child, a line in a log."""
    while not true():  # noqa: ASYNC110
        await trio.sleep(0.005)


async def judges_normally(hook: PluginHook) -> None:
    """Wait until `hook` is there again."""
    while await hook.ask(text("next"), PATIENCE_S) != NORMAL:  # noqa: ASYNC110
        await trio.sleep(0.005)


@pytest.mark.parametrize(
    ("behaviour", "deadline_s", "failure"),
    [
        ("sleeps", SHORT_S, Failure.LATE),
        ("loops", SHORT_S, Failure.LATE),
        ("is_stuck_in_a_pattern", SHORT_S, Failure.LATE),
        ("allocates_without_end", PATIENCE_S, Failure.CRASHED),
        ("forks_for_ever", SHORT_S, Failure.LATE),
        ("forks", PATIENCE_S, Failure.CRASHED),
        ("starts_a_thread", PATIENCE_S, Failure.CRASHED),
        ("writes_garbage", PATIENCE_S, Failure.MALFORMED),
        ("answers_what_was_not_asked", PATIENCE_S, Failure.MALFORMED),
        ("answers_something_else", PATIENCE_S, Failure.MALFORMED),
        ("answers_hugely", PATIENCE_S, Failure.OVERSIZE),
        ("closes_its_socket", PATIENCE_S, Failure.CRASHED),
        ("exits", PATIENCE_S, Failure.CRASHED),
        ("asks_to_exit", PATIENCE_S, Failure.CRASHED),
        ("aborts", PATIENCE_S, Failure.CRASHED),
        ("raises", PATIENCE_S, Failure.CRASHED),
        ("recurses", PATIENCE_S, Failure.CRASHED),
        ("writes_a_file", PATIENCE_S, Failure.CRASHED),
        ("uses_the_network", PATIENCE_S, Failure.CRASHED),
        ("returns_text", PATIENCE_S, Failure.MALFORMED),
        ("labels_too_much", PATIENCE_S, Failure.MALFORMED),
        ("labels_by_force", PATIENCE_S, Failure.MALFORMED),
        ("names_no_ground", PATIENCE_S, Failure.MALFORMED),
        ("points_outside", PATIENCE_S, Failure.MALFORMED),
    ],
)
async def test_a_hook_that_misbehaves_fails_and_judges_the_next_publication_normally(
    started: Opener, behaviour: str, deadline_s: float, failure: Failure
) -> None:
    hook = await started(WILD, memory_mib=256)
    for _ in range(3):  # More often than there are warm workers.
        assert await outcome(hook, behaviour, deadline_s) is failure
    assert await hook.ask(text("next"), PATIENCE_S) == NORMAL


async def test_what_answers_twice_is_believed_once_and_replaced(started: Opener) -> None:
    hook = await started(WILD, workers=1)
    before = await worker_of(hook)
    assert await outcome(hook, "answers_twice") == Label(labels=("first",))
    assert await hook.ask(text("next"), PATIENCE_S) == NORMAL
    assert await worker_of(hook) != before


async def test_a_hook_that_forks_for_ever_leaves_no_process_behind(started: Opener) -> None:
    hook = await started(WILD, workers=1)
    worker = await worker_of(hook)
    await outcome(hook, "forks_for_ever", SHORT_S)
    await gone(worker)
    processes = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
    left = [process for process in processes if _group(process) == hook.process_id and lives(process)]
    assert len(left) == 2, "the host and the new worker"


def _group(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return 0


async def test_an_exception_is_told_by_type_and_place_and_its_message_apart(started: Opener) -> None:
    hook = await started(WILD)
    said = await hook.ask(text("raises"), PATIENCE_S)
    assert said.why.startswith("RuntimeError at plugin.py:")
    assert said.quoted == "canary"


async def test_a_publication_arrives_whole_and_a_verdict_comes_back_whole(started: Opener) -> None:
    hook = await started(
        """
        from compliance.hooks import Reject, Span, hookimpl

        @hookimpl
        def judge(publication):
            span = Span(path="parts[0].heading", start=1, end=3)
            return Reject(ground="house_rules", text=repr(publication), where=(span,))
        """
    )
    about = publication(
        Content(text="字🙂", parts=(Part(heading="head"),)),
        surface=Surface.CARD,
        version=2,
        previous=b"\1" * 32,
        at=60_000,
    )
    said = (await hook.ask(about, PATIENCE_S)).outcome
    assert isinstance(said, Reject)
    assert said.text == repr(about)
    assert said.where[0].end == 3


async def test_a_publication_that_is_too_large_is_not_even_sent(started: Opener) -> None:
    hook = await started(WILD)
    content = Content(parts=(Part(text="字" * limits.TEXT_CHARS),) * 8)
    large = publication(content, surface=Surface.CARD, version=1, previous=None, at=0)
    assert (await hook.ask(large, PATIENCE_S)).outcome is Failure.OVERSIZE


async def test_a_hook_that_is_stuck_delays_nobody_elses_publication(started: Opener) -> None:
    hook = await started(WILD, workers=3)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome, hook, "sleeps")
        nursery.start_soon(outcome, hook, "loops")
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(10):
            assert await hook.ask(text("next"), PATIENCE_S) == NORMAL
        nursery.cancel_scope.cancel()


async def test_with_all_workers_stuck_a_publication_is_refused_at_its_deadline(started: Opener) -> None:
    hook = await started(WILD, workers=2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome, hook, "sleeps")
        nursery.start_soon(outcome, hook, "sleeps")
        await trio.testing.wait_all_tasks_blocked()
        said = await hook.ask(text("next"), SHORT_S)
        assert said == Said(outcome=Failure.REFUSED, why="all its workers were busy")
        nursery.cancel_scope.cancel()
    assert await hook.ask(text("next"), PATIENCE_S) == NORMAL


async def test_who_waits_for_a_worker_gets_the_first_that_is_free(started: Opener) -> None:
    hook = await started(WILD, workers=1)
    said: list[Said] = []

    async def ask() -> None:
        said.append(await hook.ask(text("next"), PATIENCE_S))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome, hook, "sleeps", SHORT_S)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(5):
            nursery.start_soon(ask)
    assert said == [NORMAL] * 5


async def test_a_late_worker_is_killed(started: Opener) -> None:
    hook = await started(WILD, workers=1)
    worker = await worker_of(hook)
    assert await outcome(hook, "loops", SHORT_S) is Failure.LATE
    await gone(worker)


async def test_a_question_taken_back_kills_its_worker(started: Opener) -> None:
    hook = await started(WILD, workers=1)
    worker = await worker_of(hook)
    with trio.move_on_after(SHORT_S):
        await outcome(hook, "loops")
    await gone(worker)
    assert await hook.ask(text("next"), PATIENCE_S) == NORMAL


async def test_a_worker_that_died_while_it_was_idle_is_noticed_before_it_is_asked(started: Opener) -> None:
    hook = await started(WILD, workers=1)
    worker = await worker_of(hook)
    os.kill(worker, signal.SIGKILL)
    await gone(worker)
    assert await hook.ask(text("next"), PATIENCE_S) == NORMAL


async def test_a_worker_is_replaced_after_its_time_of_cpu(started: Opener) -> None:
    hook = await started(
        """
        import os, time
        from compliance.hooks import Label, hookimpl

        @hookimpl
        def judge(publication):
            while publication.content.text == "burn" and time.process_time() < 1.1:
                pass
            return Label(labels=(f"p{os.getpid()}",))
        """,
        workers=1,
        cpu_s=1,
    )
    first = await worker_of(hook)
    assert await worker_of(hook) == first
    assert isinstance(await outcome(hook, "burn"), Label)
    assert await worker_of(hook) != first


@pytest.mark.parametrize(("memory_mib", "expected"), [(256, Failure.CRASHED), (1024, Allow())])
async def test_a_worker_has_the_memory_that_is_configured(
    started: Opener, memory_mib: int, expected: Verdict | Failure
) -> None:
    hook = await started(
        """
        from compliance.hooks import hookimpl

        @hookimpl
        def judge(publication):
            bytearray(300 << 20)
        """,
        memory_mib=memory_mib,
    )
    assert await outcome(hook, "words") == expected


@pytest.mark.parametrize("named", [True, False])
async def test_a_plugin_reads_the_files_that_are_named_to_it(started: Opener, open_folder: Path, named: bool) -> None:
    (open_folder / "words.txt").write_text("found")
    hook = await started(
        f"""
        from pathlib import Path
        from compliance.hooks import Label, hookimpl

        @hookimpl
        def judge(publication):
            return Label(labels=(Path({str(open_folder / "words.txt")!r}).read_text(),))
        """,
        reads=(open_folder,) if named else (),
    )
    assert hook.in_force is not None
    refused = not named and hook.in_force.landlock  # Without Landlock it can read whatever its user can.
    assert await outcome(hook, "words") == (Failure.CRASHED if refused else Label(labels=("found",)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def broken(", "SyntaxError"),
        ("import os; os._exit(1)", "its process ended while it was loaded"),
        ("import no_such_module", "ModuleNotFoundError at plugin.py:1: No module named 'no_such_module'"),
        ("x = 1", "it judges nothing"),
    ],
)
async def test_a_plugin_that_cannot_be_loaded_does_not_start(started: Opener, source: str, said: str) -> None:
    with pytest.raises(HostError, match=said):
        await started(source)


async def test_a_plugin_that_hangs_while_it_is_loaded_does_not_start(
    started: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "START_S", SHORT_S)
    monkeypatch.setattr(hosting, "STOP_S", SHORT_S)
    with pytest.raises(HostError, match=r"it was not ready after 0\.3 s"):
        await started("while True:\n    pass")


async def test_a_plugin_that_lies_while_it_is_loaded_does_not_start(started: Opener) -> None:
    with pytest.raises(HostError, match="is no answer"):
        await started(f"{LIES}\nlie()")


async def test_a_host_that_ends_is_started_again_and_meanwhile_its_hook_fails_as_crashed(
    started: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "BACKOFF_S", (0.5, 0.5))
    hook = await started(WILD)
    host = hook.process_id
    with capture_logs() as logged:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hook.run)
            os.kill(host, signal.SIGKILL)
            with trio.fail_after(PATIENCE_S):
                await until(lambda: not hook.process_id)
                assert await hook.ask(text("next"), PATIENCE_S) == DOWN
                await judges_normally(hook)
            nursery.cancel_scope.cancel()
    assert [event["event"] for event in logged] == ["hook.host_ended", "hook.host_restarted"]
    assert hook.process_id != host


async def test_a_host_that_does_not_come_back_is_tried_again(
    started: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await started(WILD)
    monkeypatch.setattr(hosting, "BACKOFF_S", (0.01, 0.02))
    monkeypatch.setattr(hosting, "_BOOT", "")
    with capture_logs() as logged:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hook.run)
            os.kill(hook.process_id, signal.SIGKILL)
            with trio.fail_after(PATIENCE_S):
                await until(lambda: [event["event"] for event in logged].count("hook.host_failed") >= 2)
                monkeypatch.undo()
                await judges_normally(hook)
            nursery.cancel_scope.cancel()


async def test_a_question_under_way_when_the_host_ends_is_crashed(started: Opener) -> None:
    hook = await started(WILD)
    said: list[Said] = []

    async def ask() -> None:
        said.append(await hook.ask(text("sleeps"), PATIENCE_S))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        os.kill(hook.process_id, signal.SIGKILL)
    assert said == [Said(outcome=Failure.CRASHED, why="its worker ended")]


async def test_a_host_that_speaks_out_of_turn_is_replaced(started: Opener) -> None:
    hook = await started(
        LIES
        + dedent(
            """
            os.register_at_fork(after_in_parent=lie)

            @hookimpl
            def judge(publication):
                pass
            """
        )
    )
    with capture_logs() as logged:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hook.run)
            with trio.fail_after(PATIENCE_S):
                await until(lambda: "hook.host_spoke" in [event["event"] for event in logged])
            nursery.cancel_scope.cancel()


async def test_a_closed_host_leaves_no_process(started: Opener) -> None:
    hook = await started(WILD, workers=1)
    host, worker = hook.process_id, await worker_of(hook)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome, hook, "loops")
        await trio.testing.wait_all_tasks_blocked()
        await hook.close()
    await gone(host)
    await gone(worker)
    assert await hook.ask(text("next"), PATIENCE_S) == DOWN


async def test_a_plugin_steps_back_behind_what_people_wait_for(started: Opener) -> None:
    worker = await worker_of(await started(WILD, workers=1))
    assert os.getpriority(os.PRIO_PROCESS, worker) == min(os.getpriority(os.PRIO_PROCESS, 0) + NICE, 19)
    assert niceness_of_session(worker) in (NICE, None)


async def test_what_a_rush_has_forked_is_let_go_afterwards(started: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "TRIM_S", 0.01)
    hook = await started(WILD, workers=4)
    workers: list[Said] = []

    async def ask() -> None:
        workers.append(await hook.ask(text("tells_its_process"), PATIENCE_S))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(ask)
    processes = [int(said.outcome.labels[0][1:]) for said in workers if isinstance(said.outcome, Label)]
    assert len(set(processes)) == 4
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hook.run)
        with trio.fail_after(PATIENCE_S):
            await until(lambda: sum(map(lives, processes)) <= hosting.SPARE)
        nursery.cancel_scope.cancel()
    assert await hook.ask(text("next"), PATIENCE_S) == NORMAL


async def test_when_the_server_is_killed_its_hosts_and_workers_end(tmp_path: Path) -> None:
    (tmp_path / "wild.py").write_text(WILD)
    server = f"""
import sys, trio
from pathlib import Path
sys.path[:] = {sys.path!r}
from tests.server.hooks.support import *
from server.hooks.plugin import PluginHook
from server.hooks.users import user_for
async def main():
    settings, plugin = plugin_settings(Path({str(tmp_path)!r}), {WILD!r}, workers=1)
    hook = PluginHook(settings, plugin, grounds=PACK.grounds, user=user_for(""))
    await hook.start()
    label = (await hook.ask(text("tells_its_process"), 30)).outcome
    print(hook.process_id, label.labels[0][1:], flush=True)
    await hook.ask(text("loops"), 60)
trio.run(main)
"""
    child = subprocess.Popen(  # noqa: ASYNC220 - trio's dies with the thread that starts it, and so would the host.
        [sys.executable, "-c", server], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout as said:
        host, worker = map(int, (await trio.to_thread.run_sync(said.readline)).split())
        assert lives(host)
        assert lives(worker)
        child.kill()
        await trio.to_thread.run_sync(partial(child.wait, PATIENCE_S))
    await gone(host)
    await gone(worker)
