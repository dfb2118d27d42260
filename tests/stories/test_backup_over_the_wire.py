"""A backup is made while people talk; the data is lost; what was restored goes on, and nobody's words are doubled."""

from functools import partial
from pathlib import Path

import trio

from client.events import Resynced
from protocol.entries import Kind
from server.config import Config
from tests.support.daemon import Daemon, operator, serving
from tests.support.evidence import assert_dense, the_log
from tests.support.town import open_town, plain
from tests.support.wire import Pump


async def test_after_a_restored_backup_all_resync_and_outboxes_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        alice, bob = await town.settle("alice", "bob")
        chat = (await alice.says("before the backup", to=bob)).topic
        await bob.hears("before the backup")
        first = town.daemon
        pump = Pump(first, bob.session.account, topic=chat, name="meanwhile")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump.run)
            await pump.has_acked(20)
            done = await trio.to_thread.run_sync(operator, "backup", tmp_path / "backup", "--data", first.data)
            assert done == 0
            await pump.has_acked(20)
            pump.stopping = True
        after = await alice.says("after the backup", to=bob)
        await bob.hears("after the backup")

        # The machine is gone. What was in an outbox and what is written now waits there.
        assert await first.stop() == 0
        assert operator("doctor", "--data", tmp_path / "backup") == 0
        waiting = [alice.writes(f"in the outbox {number}", topic=chat) for number in range(3)]
        assert operator("restore", tmp_path / "backup", "--data", tmp_path / "restored") == 0
        restored = Daemon(tmp_path / "restored", first.settings)
        async with serving(restored):
            assert restored.url == first.url
            assert restored.said["epoch"] != first.said["epoch"]
            for person in (alice, bob):
                await person.until(partial(person.events.__contains__, Resynced()), "the other epoch")
            await alice.has_sent_all()
            await bob.hears("in the outbox 2")
            await bob.says("here we are again", topic=chat)
            await alice.hears("here we are again")

            log = await the_log(restored.url, "bob")
            assert_dense(log)
            said = [entry.body for entry in log[chat] if entry.kind is Kind.MESSAGE]
            assert said[0] == plain("before the backup")
            assert said[-4:] == [*(plain(f"in the outbox {number}") for number in range(3)), plain("here we are again")]
            assert plain("after the backup") not in said, "what came after the backup is lost, and nobody pretends"
            assert set(said[1:-4]) <= {body for _, _, body in pump.acked.values()}
            assert after.seq > len(said)
            assert [entry.cid for entry in log[chat][-4:-1]] == waiting
            whole = tuple((entry.seq, entry.sender, entry.kind, entry.body) for entry in log[chat])
            newest = Config().messages.newest  # Of a chat that was long before the backup, a device asks for no more.
            for person in (alice, bob):
                assert person.log(chat) == whole[-len(person.log(chat)) :]
                assert len(person.log(chat)) >= min(newest, len(whole))
            await town.go_home()
            assert await restored.stop() == 0
        assert operator("doctor", "--data", restored.data) == 0
        assert not restored.failures()


async def test_a_backup_of_a_running_server_is_itself_a_whole_store(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        alice, bob = await town.settle("alice", "bob")
        await alice.says("copy this", to=bob)
        done = await trio.to_thread.run_sync(operator, "backup", tmp_path / "copy", "--data", town.daemon.data)
        assert done == 0
        assert operator("doctor", "--data", tmp_path / "copy") == 0
        assert operator("backup", tmp_path / "copy", "--data", town.daemon.data) != 0, "it overwrote another backup"


async def test_nothing_is_restored_under_a_running_server(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        alice, bob = await town.settle("alice", "bob")
        await alice.says("mine", to=bob)
        assert operator("backup", tmp_path / "copy", "--data", town.daemon.data) == 0
        assert operator("restore", tmp_path / "copy", "--data", town.daemon.data, "--force") != 0
        await bob.says("still mine", to=alice)
        await alice.hears("still mine")
