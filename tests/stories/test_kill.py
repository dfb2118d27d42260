"""kill -9 under load, at many random moments: what was acked is there, once, in order, and everybody sees the same."""

import random
from itertools import count
from pathlib import Path

import pytest
import trio

from protocol.entries import Kind
from protocol.ids import Cid, TopicId
from tests.support.evidence import assert_dense, assert_kept, the_log
from tests.support.town import Resident, open_town, plain
from tests.support.wire import Pump

KILLS = 14
# So that every device can be expected to hold everything, and not a gap where it was far behind.
EVERYTHING = {"messages.reach": 1_000_000, "messages.newest": 10_000}


async def write_on(author: Resident, topic: TopicId, written: dict[Cid, bytes], pump: Pump) -> None:
    """Write one message after the other into the outbox, waiting for each, until `pump` stops."""
    for number in count(1):
        if pump.stopping:
            return
        text = f"{author.handle} writes {number}"
        written[author.writes(text, topic=topic)] = plain(text)
        await author.has_sent_all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
async def test_what_was_acked_before_kill_9_is_there_after_every_restart(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with open_town(tmp_path, EVERYTHING) as town:
        alice, bob, *loud = await town.settle("alice", "bob", "carol", "dan", "eve")
        daemon = town.daemon
        chat = (await alice.says("shall we begin?", to=bob)).topic
        club = await bob.founds("the club", alice, *loud)
        for person in loud:
            await person.goes_offline()  # They talk on, past their cache.
        pumps = [
            Pump(daemon, alice.session.account, topic=chat, name="alice pumps"),
            Pump(daemon, bob.session.account, topic=club, name="bob pumps"),
            *(Pump(daemon, person.session.account, topic=club, name=person.handle, window=16) for person in loud),
        ]
        written: dict[Cid, bytes] = {}

        async with trio.open_nursery() as nursery:
            for pump in pumps:
                nursery.start_soon(pump.run)
            nursery.start_soon(write_on, alice, club, written, pumps[0])
            nursery.start_soon(write_on, bob, chat, written, pumps[0])
            for _ in range(KILLS):
                await chance.choice(pumps).has_acked(chance.randint(1, 60))
                await trio.sleep(chance.uniform(0, 0.02))  # Waits for nothing: the moment is to be anywhere.
                await daemon.kill()
                if chance.random() < 0.25:
                    await daemon.launch()
                    await trio.sleep(chance.uniform(0, 0.5))  # Dies again at its start, before or after it listens.
                    await daemon.kill()
                await daemon.start()
            for pump in pumps:
                await pump.has_acked(1)  # Everybody has found back.
                pump.stopping = True

        log = await the_log(daemon.url, "bob")
        assert_dense(log)
        acked = assert_kept((pump.acked for pump in pumps), log)
        assert len(acked) > KILLS

        # Whatever was ever sent came through in the end, and nothing else did.
        messages = {
            entry.cid: entry.body for entries in log.values() for entry in entries if entry.kind is Kind.MESSAGE
        }
        assert messages.keys() - acked - written.keys() == {log[chat][0].cid}
        assert written.items() <= messages.items()

        # Every device has what the log has: those that were there all along, those that were not, and a new one.
        await town.another_device(bob)
        for person in loud:
            await person.comes_online()
        for device in town.residents:
            for topic in {club, chat} if device in {alice, bob} else {club}:
                await device.has(topic, log[topic][-1].seq)
                start = device.knows(topic).start
                lines = ((entry.seq, entry.sender, entry.kind, entry.body) for entry in log[topic])
                assert device.log(topic) == tuple(line for line in lines if line[0] >= start)
