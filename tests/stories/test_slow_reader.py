"""Who stops reading is let go of, and nobody else notices. Coming back, they have everything."""

import sys
from pathlib import Path

import pytest
import trio

from protocol.errors import CloseCode
from protocol.frames import EntryPush, History, Sync
from tests.support.daemon import PATIENCE_S
from tests.support.town import open_town
from tests.support.wire import raw_client

SMALL = {"limits.outbox_bytes": 1 << 19, "limits.outboxes_bytes": 1 << 22}
LONG = "blah " * 6000  # 30,000 bytes.
SMALL_BUFFER = 4096
MUCH = 200  # Pages; 38 MB in all.
MEBIBYTE_KIB = 1024


async def test_a_slow_reader_in_a_busy_group_is_closed_and_the_others_hear_every_word(tmp_path: Path) -> None:
    async with open_town(tmp_path, SMALL) as town:
        alice, bob, carol, dan = await town.settle("alice", "bob", "carol", "dan")
        group = await alice.founds("the market", bob, carol, dan)
        await dan.goes_offline()
        async with raw_client(town.daemon, receive_buffer=SMALL_BUFFER) as slow:
            await slow.signs_in(dan.session.account)
            await slow.asks(Sync(id=0, heads={}))  # The group is live from here on; from here on it reads nothing.
            said = 0
            while '"link.slow"' not in town.daemon.log:
                said += 1
                assert said < 1000, "30 MB, and the server still keeps them for who does not read"
                await alice.says(f"{said} {LONG}", topic=group)
            for number in range(3):
                last = await alice.says(f"last words {number}", topic=group)
            await alice.has(group, last.seq)
            for listener in (bob, carol):
                await listener.hears("last words 2")
                numbers = [entry.seq for entry in listener.heard if entry.topic == group]
                assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
                assert listener.log(group)[-said - 3 :] == alice.log(group)[-said - 3 :]
            assert await slow.is_closed() == (CloseCode.SLOW, "slow")
            heard = [push.entry for push in slow.pushes if isinstance(push, EntryPush)]
            assert heard, "what the system had taken comes before the close"
            assert [entry.seq for entry in heard] == list(range(heard[0].seq, heard[0].seq + len(heard)))
            assert len(heard) < said
        await dan.comes_online()
        assert dan.log(group) == bob.log(group)[dan.knows(group).start - bob.knows(group).start :]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the server's memory from /proc")
async def test_who_asks_for_much_before_reading_waits_and_costs_little_memory(tmp_path: Path) -> None:
    async with open_town(tmp_path, SMALL) as town:
        alice, bob = await town.settle("alice", "bob")
        chat = (await alice.says("let me tell you everything", to=bob)).topic
        for number in range(8):
            await alice.says(f"{number} {LONG}", topic=chat)
        before = town.daemon.peak_kib()
        async with raw_client(town.daemon, receive_buffer=SMALL_BUFFER) as greedy:
            await greedy.signs_in(bob.session.account)
            for _ in range(MUCH):
                await greedy.says(History(id=0, topic=chat))
            await alice.says("that was everything", topic=chat)
            await bob.hears("that was everything")
            with trio.fail_after(PATIENCE_S):
                while len(greedy.replies) < MUCH:
                    assert await greedy.reads()
        assert town.daemon.peak_kib() - before < 16 * MEBIBYTE_KIB
        assert '"link.slow"' not in town.daemon.log
