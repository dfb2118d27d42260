"""How a server stops: with all its answers given and a time to come back named; and how it refuses to start."""

import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from protocol.entries import Entry, Kind
from protocol.errors import CloseCode
from protocol.ids import Cid, TopicId
from tests.support.daemon import Daemon
from tests.support.evidence import assert_dense, assert_kept, the_log
from tests.support.town import Town, open_town
from tests.support.wire import Pump, RawClient, raw_client

DRAIN_S = 10  # As the server has it by default.
WINDOW = re.compile(r"reconnect in (\d+)-(\d+) ms")


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_it_answers_what_it_stored_and_stores_nothing_more(
    town: Town, asked: signal.Signals
) -> None:
    alice, bob, carol = await town.settle("alice", "bob", "carol")
    chat = (await alice.says("we talk until the end", to=bob)).topic
    club = await bob.founds("the club", carol)
    people = [(alice, chat), (bob, chat), (bob, club), (carol, club)]
    pumps = [
        Pump(town.daemon, person.session.account, topic=topic, name=f"{person.handle} {topic}", window=16)
        for person, topic in people
    ]
    async with trio.open_nursery() as nursery:
        for pump in pumps:
            nursery.start_soon(pump.once)
        for pump in pumps:
            await pump.has_acked(20)
        with trio.fail_after(DRAIN_S):
            assert await town.daemon.stop(asked) == 0

    for pump in pumps:
        [(code, reason)] = pump.lost
        assert code == CloseCode.SHUTDOWN
        named = WINDOW.fullmatch(reason)
        assert named, reason
        assert 0 < int(named[1]) < int(named[2]) <= 60_000

    await town.daemon.start()
    log = await the_log(town.daemon.url, "bob")
    assert_dense(log)
    acked = assert_kept((pump.acked for pump in pumps), log)
    assert spoken(log[chat]) | spoken(log[club]) == acked | {log[chat][0].cid}


def spoken(entries: tuple[Entry, ...]) -> set[Cid | None]:
    return {entry.cid for entry in entries if entry.kind is Kind.MESSAGE}


async def test_people_come_back_by_themselves_when_it_is_there_again(town: Town) -> None:
    alice, bob = await town.settle("alice", "bob")
    chat = (await alice.says("before", to=bob)).topic
    assert await town.daemon.stop() == 0
    alice.writes("meanwhile", topic=chat)
    await town.daemon.start()
    await bob.hears("meanwhile")
    await alice.has_sent_all()


@asynccontextmanager
async def somebody_who_never_says_goodbye(town: Town) -> AsyncIterator[RawClient]:
    [alice] = await town.settle("alice")
    await alice.goes_offline()
    async with raw_client(town.daemon) as rude:
        await rude.signs_in(alice.session.account)
        yield rude


async def test_a_second_signal_stops_it_at_once(town: Town) -> None:
    async with somebody_who_never_says_goodbye(town):
        town.daemon.process.send_signal(signal.SIGTERM)
        await town.daemon.logged("server.draining")
        started = trio.current_time()
        assert await town.daemon.stop() == 0
        assert trio.current_time() - started < 2  # Without the second it waits for that goodbye for five seconds.
    assert '"server.stopping_at_once"' in town.daemon.log


async def test_who_comes_while_it_drains_is_refused_by_the_system(town: Town) -> None:
    async with somebody_who_never_says_goodbye(town):
        town.daemon.process.send_signal(signal.SIGTERM)
        await town.daemon.logged("server.draining")
        with pytest.raises(OSError, match="refused"):
            async with raw_client(town.daemon):
                pass
        assert await town.daemon.stop() == 0


async def test_its_port_is_free_once_it_has_stopped(town: Town) -> None:
    await town.settle("alice")
    assert await town.daemon.stop() == 0
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", town.daemon.port))
        other.listen()


async def test_two_servers_never_share_one_data_directory(town: Town) -> None:
    alice, bob = await town.settle("alice", "bob")
    second = Daemon(town.daemon.data)
    second.log_file = town.daemon.data.with_name("second.log")
    await second.launch()
    assert await second.ended() == 1
    assert f"in use by process {town.daemon.process.pid}" in second.log
    assert "Traceback" not in second.log
    await alice.says("the first one does not notice", to=bob)
    await bob.hears("the first one does not notice")


async def test_two_servers_never_share_one_port(town: Town, tmp_path: Path) -> None:
    second = Daemon(tmp_path / "elsewhere", {"server.listen": f"127.0.0.1:{town.daemon.port}"})
    await second.launch()
    assert await second.ended() == 2
    assert f"cannot listen on 127.0.0.1:{town.daemon.port}" in second.log
    assert "Traceback" not in second.log


async def test_an_unknown_setting_keeps_it_from_starting(tmp_path: Path) -> None:
    file = tmp_path / "hutong.toml"
    file.write_text("[limits]\nconections = 5\n", encoding="utf-8")
    daemon = Daemon(tmp_path / "data", program=("-m", "server", "serve", "--config", str(file)))
    await daemon.launch()
    assert await daemon.ended() == 2
    assert "there is no setting limits.conections; did you mean connections?" in daemon.log
    assert not daemon.data.exists()


async def test_a_restart_in_the_middle_of_a_stop_loses_nothing(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        alice, bob = await town.settle("alice", "bob")
        chat: TopicId = (await alice.says("one", to=bob)).topic
        for number in range(3):
            alice.writes(f"round {number}", topic=chat)
            assert await town.daemon.stop() == 0
            await town.daemon.start()
            heard = await bob.hears(f"round {number}")
            await alice.has(chat, heard.seq)  # It may reach others before it comes back to who wrote it.
        assert alice.log(chat) == bob.log(chat)
