"""No room on the disk. Nothing is acked that is not stored, and with room again everything goes on."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from client.errors import RefusedError
from client.events import NotSent
from protocol.entries import Kind
from protocol.errors import ErrorCode
from protocol.frames import Send
from protocol.ids import TopicId
from tests.support.daemon import Daemon, operator
from tests.support.evidence import assert_dense, assert_kept, the_log
from tests.support.town import Resident, open_town, plain
from tests.support.wire import Pump

LONG = b"x" * 30_000
MEBIBYTE = 1 << 20


def limit_files(daemon: Daemon, size: int) -> None:
    """From now on `daemon` can write no file past `size` bytes: a write beyond it fails (EFBIG)."""
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux changes the limits of a running process (prlimit)")
async def test_when_the_disk_fails_at_a_commit_it_stops_without_an_ack(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        alice, bob = await town.settle("alice", "bob")
        chat = (await alice.says("it is getting tight", to=bob)).topic
        pumps = [Pump(town.daemon, person.session.account, topic=chat, name=person.handle) for person in (alice, bob)]
        async with trio.open_nursery() as nursery:
            for pump in pumps:
                nursery.start_soon(pump.run)
            for pump in pumps:
                await pump.has_acked(20)
            limit_files(town.daemon, (town.daemon.data / "private.db-wal").stat().st_size + 9000)
            assert await town.daemon.ended() == 1
            acked = [dict(pump.acked) for pump in pumps]
            assert '"store.broken"' in town.daemon.log
            town.daemon.log_file.write_bytes(b"")  # Nothing like it may come after the restart.

            await town.daemon.start()
            for pump in pumps:
                await pump.has_acked(20)
                pump.stopping = True
        log = await the_log(town.daemon.url, "bob")
        assert_dense(log)
        assert assert_kept(acked, log)
        everything = assert_kept((pump.acked for pump in pumps), log)
        assert {entry.cid for entry in log[chat] if entry.kind is Kind.MESSAGE} == everything | {log[chat][0].cid}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB; skipped, and shown as skipped, where we may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    if sys.platform != "linux":
        pytest.skip("knows how to mount a small file system on Linux only")
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"may not mount a small file system here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


async def fill(person: Resident, topic: TopicId) -> int:
    """Say long things until the disk is full; return how many were acked."""
    said = 0

    async def talk_on() -> None:
        nonlocal said
        while True:
            await person.asks(Send(id=0, cid=person.cid(), body=LONG, topic=topic))
            said += 1

    with pytest.raises(RefusedError) as refused:
        await talk_on()
    assert refused.value.code == ErrorCode.UNAVAILABLE
    assert refused.value.retry_after_ms
    return said


async def test_on_a_full_disk_it_says_so_and_stores_nothing_until_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(12 * MEBIBYTE))
    async with open_town(small_disk) as town:
        alice, bob = await town.settle("alice", "bob")
        chat = (await alice.says("the first", to=bob)).topic
        said = await fill(alice, chat)
        assert said > 10
        assert await alice.is_refused(Send(id=0, cid=alice.cid(), body=LONG, topic=chat)) == "unavailable"
        await bob.has(chat, alice.knows(chat).head)
        assert alice.knows(chat).head == said + 1, "what was refused is not there"
        waiting = alice.writes("this one waits in the outbox " + "…" * 5000, topic=chat)

        ballast.unlink()
        await bob.hears("this one waits in the outbox " + "…" * 5000)
        await alice.has_sent_all()
        assert not any(isinstance(event, NotSent) for event in alice.events)
        assert bob.knows(chat).head == said + 2
        assert bob.log(chat)[-1][3] == plain("this one waits in the outbox " + "…" * 5000)
        assert bob.heard[-1].cid == waiting

        assert await town.daemon.stop() == 0
        await town.daemon.start()
        log = await the_log(town.daemon.url, "bob")
        assert_dense(log)
        assert len(log[chat]) == said + 2
        assert operator("doctor", "--data", town.daemon.data) == 0
