"""The poller with real sockets, turn by turn; time only passes when a test says so."""

import socket
import struct
from functools import partial
from typing import Any

import pytest
import structlog.testing
import trio
from websockets.exceptions import ConnectionClosed
from websockets.frames import CLOSE, PING, TEXT, Frame
from websockets.trio.client import connect
from websockets.typing import Subprotocol

from protocol.errors import CloseCode
from server.clock import SystemClock
from server.net.framing import binary_frame
from server.net.link import Link
from server.net.peer import Peer
from server.net.poller import CALLS_A_TURN, READING_S, YIELD_S, Poller
from server.net.settings import NetSettings
from tests.server.net.support import REQUEST, Recorder, Station, echo, keep, masked

# Messages.


def test_messages_come_and_go() -> None:
    with Station(answer=echo) as station:
        client, session = station.connect()
        client.send(b"hello")
        client.send(b"again")
        station.until(lambda: len(client.messages) == 2)
        assert session.messages == client.messages == [b"hello", b"again"]
        assert session.peer.address == "127.0.0.1"


def test_a_large_message_comes_and_goes() -> None:
    with Station(answer=lambda peer, message: peer.send(binary_frame(message * 20))) as station:
        client, _ = station.connect()
        client.send(bytes(60_000))
        station.until(lambda: client.messages)
        assert client.messages == [bytes(1_200_000)]


def test_what_is_posted_runs_in_the_next_turn_in_order() -> None:
    with Station() as station:
        done: list[int] = []
        station.poller.post(lambda: done.append(1))
        station.poller.post(lambda: station.poller.post(lambda: done.append(3)))
        station.poller.post(lambda: done.append(2))
        assert station.poller.tick()
        assert done == [1, 2]
        assert not station.poller.tick()
        assert done == [1, 2, 3]


def test_fan_out_goes_on_in_the_same_turn_while_nothing_else_has_come() -> None:
    with Station() as station:
        done: list[int] = []
        station.fanouts = [lambda: done.append(1), lambda: done.append(2), lambda: done.append(3)]
        assert not station.poller.tick()
        assert done == [1, 2, 3]


def test_fan_out_stops_for_what_is_posted_and_asks_for_another_turn() -> None:
    with Station() as station:
        done: list[str] = []
        station.fanouts = [lambda: station.poller.post(lambda: done.append("call")), lambda: done.append("fan-out")]
        assert station.poller.tick()
        assert done == []
        assert not station.poller.tick()
        assert done == ["call", "fan-out"]


def test_fan_out_stops_for_a_message_that_has_come() -> None:
    order: list[bytes] = []
    with Station(answer=lambda peer, message: order.append(message)) as station:
        client, _ = station.connect()

        def send() -> None:
            client.send(b"message")
            client.pump()  # From the protocol to the buffer,
            client.pump()  # and from there to the socket.

        station.fanouts = [send, *(lambda: order.append(b"fan-out") for _ in range(9))]
        station.until(lambda: len(order) == 10)
        assert order.index(b"message") < 3


def test_fan_out_does_not_keep_trio_waiting_however_long_it_is() -> None:
    with Station() as station:
        station.clock.step = YIELD_S / 4
        station.fanouts = [lambda: None] * 100
        assert station.poller.tick()
        assert len(station.fanouts) > 90


def test_one_busy_connection_does_not_keep_another_waiting() -> None:
    order: list[bytes] = []
    with Station(answer=lambda peer, message: order.append(message), frames_per_turn=4) as station:
        busy, busy_session = station.connect()
        calm, _ = station.connect()
        busy.write(b"".join(masked(b"busy") for _ in range(500)))
        station.until(lambda: order)
        calm.send(b"calm")
        station.until(lambda: b"calm" in order)
        assert order.index(b"calm") < 100
        station.until(lambda: len(busy_session.messages) == 500)


def test_a_turn_reads_only_so_long_and_the_next_goes_on_where_it_stopped() -> None:
    with Station() as station:
        pairs = [station.connect() for _ in range(3)]
        for client, _ in pairs:
            client.send(b"hello")
            client.pump()
            client.pump()
        station.clock.step = 2 * READING_S
        for delivered in (1, 2, 3):
            assert station.poller.tick() == (delivered < 3)
            assert sum(len(session.messages) for _, session in pairs) == delivered


def test_a_held_connection_is_not_read_until_its_release() -> None:
    with Station(answer=lambda peer, message: peer.hold()) as station:
        client, session = station.connect()
        client.write(masked(bytes(1000)) * 20_000)
        station.until(lambda: session.messages)
        station.turns(200)
        assert len(session.messages) == 1
        assert client._outgoing  # The sockets are full, and nothing took from them meanwhile.
        session.answer = keep
        session.peer.release()
        station.until(lambda: len(session.messages) == 20_000)


# Slow readers.


def fill(session: Recorder, *, frames: int = 1, size: int = 200_000) -> None:
    for _ in range(frames):
        session.peer.send(binary_frame(bytes(size)))


def unsent(session: Recorder) -> int:
    assert isinstance(session.peer, Link)
    return session.peer.outbox.unsent


def test_a_slow_reader_gets_4001_and_the_others_what_is_theirs() -> None:
    with Station(outbox_bytes=1 << 20) as station:
        slow, slow_session = station.connect()
        quick, quick_session = station.connect()
        slow.reads = False
        for turn in range(200):
            fill(slow_session)
            quick_session.peer.send(binary_frame(b"%d" % turn))
            station.pump()
            if slow_session.disconnections:
                break
        assert slow_session.disconnections == 1
        station.until(lambda: len(quick.messages) == turn + 1)
        slow.reads = True
        station.until(lambda: slow.close_code)
        assert slow.close_code == CloseCode.SLOW
        assert set(slow.messages) == {bytes(200_000)}
        assert quick_session.disconnections == 0


def test_a_slow_reader_that_never_reads_again_is_dropped_after_a_while() -> None:
    with Station(outbox_bytes=1000, closing_s=5) as station:
        slow, session = station.connect()
        slow.reads = False
        while not session.disconnections:
            fill(session)
            station.pump()
        station.wait(4)
        assert station.poller.links == 1
        station.wait(3)
        assert station.poller.links == 0


def test_a_peer_that_goes_on_asking_while_we_close_and_never_reads_is_dropped() -> None:
    with Station(outbox_bytes=1 << 20, closing_s=1e6) as station, structlog.testing.capture_logs() as events:
        client, session = station.connect()
        client.reads = False
        while not (station.poller._backlog.total or session.disconnections):
            fill(session, size=2000)
            station.pump()
        session.peer.close(4000, "shutdown")
        client.write(masked(bytes(125), PING) * 10_000)
        station.until(lambda: station.poller.links == 0)
        assert [event["event"] for event in events] == ["link.slow"]


def test_one_whole_outbox_more_than_all_may_have_costs_whoever_owes_most() -> None:
    with Station(outbox_bytes=1 << 30, outboxes_bytes=8 << 20) as station:
        most, most_session = station.connect()
        less, less_session = station.connect()
        most.reads = less.reads = False
        while not (most_session.disconnections or less_session.disconnections):
            fill(most_session, frames=3)
            fill(less_session)
            station.pump()
        assert most_session.disconnections == 1
        less.reads = True
        station.until(lambda: less.messages)
        assert less_session.disconnections == 0


def test_an_ephemeral_frame_is_dropped_for_who_is_behind_even_when_the_socket_has_room_again() -> None:
    with Station(outbox_bytes=1 << 30) as station:
        client, session = station.connect()
        client.reads = False
        fill(session, frames=60)
        station.pump()
        session.peer.send_ephemeral(binary_frame(b"typing"))
        client.reads = True
        station.until(lambda: len(client.messages) == 60)
        session.peer.send_ephemeral(binary_frame(b"typing again"))
        station.until(lambda: len(client.messages) == 61)
        assert client.messages[-1] == b"typing again"


# Ends.


def test_a_client_that_closes_is_answered_and_its_session_told_once() -> None:
    with Station() as station:
        client, session = station.connect()
        client.protocol.send_close(1000)
        station.until(lambda: client.close_code)
        station.until(lambda: client.at_end)
        client.close()
        station._clients.remove(client)
        station.until(lambda: station.poller.links == 0)
        assert client.close_code == 1000
        assert session.disconnections == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [(masked(b"text", TEXT), 1003), (masked(bytes(70_000)), 1009), (b"\xff\xff\xff\xff", 1002)],
)
def test_a_rule_broken_closes_with_its_code_and_hurts_nobody_else(frame: bytes, code: int) -> None:
    with Station(answer=echo) as station:
        client, session = station.connect()
        other, _ = station.connect()
        client.write(frame)
        station.until(lambda: client.close_code)
        assert client.close_code == code
        assert session.disconnections == 1
        other.send(b"still here")
        station.until(lambda: other.messages)


def test_a_session_may_close_after_its_reply() -> None:
    def reply_and_close(peer: Peer, message: bytes) -> None:
        peer.send(binary_frame(b"goodbye"))
        peer.close(1000, "")

    with Station(answer=reply_and_close) as station:
        client, session = station.connect()
        client.send(b"logout")
        station.until(lambda: client.at_end)
        assert client.messages == [b"goodbye"]
        assert client.close_code == 1000
        station.until(lambda: session.disconnections == 1)


def raise_key_error(*_: object) -> Any:
    raise KeyError


def test_a_session_that_raises_is_closed_with_1011_and_its_error_is_not_quoted() -> None:
    def stumble(peer: Peer, message: bytes) -> None:
        raise ValueError(message)

    with Station(answer=stumble) as station, structlog.testing.capture_logs() as events:
        client, session = station.connect()
        other, _ = station.connect()
        client.send(b"canary")
        station.until(lambda: client.close_code)
        assert client.close_code == 1011
        assert session.disconnections == 1
        (event,) = events
        assert event["event"] == "link.failed"
        assert event["error"] == "ValueError"
        assert "canary" not in repr(event)
        assert other.opened


def test_a_session_that_cannot_be_opened_is_closed_with_1011() -> None:
    with Station() as station:
        station.poller._open_session = raise_key_error
        client = station.client()
        station.until(lambda: client.close_code)
        assert client.close_code == 1011


def test_a_session_that_raises_when_told_the_end_is_gone_all_the_same() -> None:
    with Station() as station:
        client, session = station.connect()
        session.disconnected = raise_key_error  # type: ignore[method-assign]
        client.close()
        station._clients.remove(client)
        station.until(lambda: station.poller.links == 0)


def test_a_connection_that_is_reset_is_dropped_quietly() -> None:
    with Station() as station, structlog.testing.capture_logs() as events:
        client, session = station.connect()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        station._clients.remove(client)
        session.peer.send(binary_frame(b"to nobody"))
        station.until(lambda: session.disconnections)
        assert session.disconnections == 1
        assert station.poller.links == 0
        assert events == []


def test_writing_to_a_peer_that_is_gone_is_its_end_only() -> None:
    with Station() as station:
        client, session = station.connect()
        client.close()
        station._clients.remove(client)
        fill(session, frames=3)
        station.until(lambda: station.poller.links == 0)
        assert session.disconnections == 1


def test_a_half_closed_connection_still_gets_its_last_answer() -> None:
    with Station() as station:
        client = station.raw()
        client.write(b"GET / HTTP/1.1\r\nHost: hutong\r\n\r\n")
        client.pump()
        client.socket.shutdown(socket.SHUT_WR)
        station.until(lambda: client.at_end)
        assert client.received.startswith(b"HTTP/1.1 426 ")
        station.until(lambda: station.poller.links == 0)


def test_a_client_without_the_subprotocol_gets_an_http_answer() -> None:
    with Station() as station:
        client = station.client(subprotocol="chat")
        station.until(lambda: client.protocol.handshake_exc)
        assert not client.opened
        assert station.sessions == []


# Time.


def test_a_handshake_that_dawdles_byte_by_byte_is_given_up() -> None:
    with Station(handshake_s=10, closing_s=5) as station:
        client = station.raw()
        for byte in REQUEST[:12]:
            client.write(bytes([byte]))
            station.wait(1)
        station.until(lambda: client.at_end)
        assert client.received.startswith(b"HTTP/1.1 408 ")
        station.wait(6)
        assert station.poller.links == 0


def test_who_does_not_sign_in_is_closed_with_4003() -> None:
    with Station(signed_in=False, hello_s=10) as station:
        client, _ = station.connect()
        station.wait(9)
        assert client.close_code is None
        station.wait(2)
        station.until(lambda: client.close_code)
        assert client.close_code == CloseCode.HELLO_TIMEOUT


def test_a_client_that_answers_pings_stays_and_one_that_does_not_gets_4002() -> None:
    with Station(heartbeat_s=30) as station:
        lively, _ = station.connect()
        dead, session = station.connect()
        dead.reads = False
        for _ in range(70):
            station.wait(1)
        station.until(lambda: session.disconnections)
        dead.reads = True
        station.until(lambda: dead.close_code)
        assert dead.close_code == CloseCode.SILENT
        assert lively.close_code is None
        assert [frame.opcode for frame in lively.frames] == [PING, PING]


def test_every_second_comes_with_every_sweep() -> None:
    with Station() as station:
        station.wait(1)
        station.wait(1)
        assert station.seconds == 2


# Draining, and the loop itself.


def test_close_all_closes_open_connections_and_refuses_half_open_ones() -> None:
    with Station() as station:
        client, session = station.connect()
        half = station.raw()
        station.until(lambda: station.poller.links == 2)
        station.poller.stop_accepting()
        station.poller.close_all(CloseCode.SHUTDOWN, "reconnect in 500-5000 ms")
        station.until(lambda: client.close_code and half.at_end)
        assert client.protocol.close_rcvd is not None
        assert client.protocol.close_rcvd.reason == "reconnect in 500-5000 ms"
        assert client.close_code == CloseCode.SHUTDOWN
        assert half.received.startswith(b"HTTP/1.1 503 ")
        assert session.disconnections == 1
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(station.address)


def poller(**changes: Any) -> tuple[Poller, str, list[Recorder]]:
    """Return a poller on the machine's own clock, its address, and the sessions to come."""
    sessions: list[Recorder] = []

    def open_session(peer: Peer) -> Recorder:
        sessions.append(Recorder(peer, echo))
        return sessions[-1]

    listener = socket.create_server(("127.0.0.1", 0))
    settings: dict[str, Any] = {
        "listeners": [listener],
        "tls": None,
        "open_session": open_session,
        "turn": lambda: False,
        "every_second": lambda: None,
        "settings": NetSettings(),
        "clock": SystemClock(),
    }
    return Poller(**settings | changes), f"ws://127.0.0.1:{listener.getsockname()[1]}/", sessions


HUTONG = [Subprotocol("hutong.v1")]


async def test_a_running_poller_serves_and_finishes_when_all_have_left() -> None:
    server, address, sessions = poller()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.run)
            async with connect(address, subprotocols=HUTONG) as client:
                await client.send(b"hello")
                assert await client.recv() == b"hello"
                server.stop_accepting()
                server.close_all(CloseCode.SHUTDOWN, "reconnect in 1-2 ms")
                server.finish()
                with pytest.raises(ConnectionClosed):
                    await client.recv()
                assert client.protocol.close_rcvd is not None
                assert client.protocol.close_rcvd.code == CloseCode.SHUTDOWN
    assert server.links == 0
    assert sessions[0].disconnections == 1


async def test_a_post_from_a_thread_wakes_the_poller_and_one_after_its_end_does_nothing() -> None:
    server, _, _ = poller()
    done = trio.Event()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.run)
            await trio.testing.wait_all_tasks_blocked()
            await trio.to_thread.run_sync(server.post, done.set)
            await done.wait()
            server.finish()
    server.post(done.set)


async def test_many_posts_ring_once() -> None:
    server, _, _ = poller()
    for _ in range(100):
        server.post(lambda: None)
    assert server._ear.recv(4096) == b"\0"
    server._bell.send(b"\0")
    server.finish()
    await server.run()


async def test_a_cancelled_poller_drops_everybody_and_tells_their_sessions() -> None:
    server, address, sessions = poller()
    serving = trio.CancelScope()

    async def serve() -> None:
        with serving:
            await server.run()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            async with connect(address, subprotocols=HUTONG) as client:
                serving.cancel()
                with pytest.raises(ConnectionClosed):
                    await client.recv()
    assert sessions[0].disconnections == 1


async def test_an_error_in_a_posted_call_ends_the_server() -> None:
    server, _, _ = poller()
    server.post(raise_key_error)
    with pytest.raises(KeyError):
        await server.run()


async def test_seconds_pass_on_the_real_clock_while_the_poller_is_busy() -> None:
    passed = trio.Event()
    server, _, _ = poller(turn=lambda: not passed.is_set(), every_second=passed.set)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.run)
            await passed.wait()
            server.finish()


def test_frames_of_the_close_handshake_are_the_only_ones_that_the_library_writes() -> None:
    with Station(answer=echo) as station:
        client, _ = station.connect()
        client.send(b"hello")
        station.until(lambda: client.messages)
        client.protocol.send_close(1000, "done")
        station.until(lambda: client.close_code)
        assert client.frames[-1] == Frame(CLOSE, struct.pack("!H", 1000) + b"done")


def test_what_a_peer_asks_while_it_does_not_read_waits_and_it_is_not_called_slow() -> None:
    def much(peer: Peer, message: bytes) -> None:
        peer.send(binary_frame(bytes(200_000)))

    with Station(answer=much, outbox_bytes=1 << 19, frames_per_turn=1) as station:
        client, session = station.connect()
        client.reads = False
        for _ in range(100):
            client.send(b"more")
        station.turns(300)
        assert 0 < len(session.messages) < 100
        client.reads = True
        station.until(lambda: len(client.messages) == 100)
        assert session.disconnections == 0


def test_who_reads_on_slowly_is_alive() -> None:
    with Station(heartbeat_s=30, outbox_bytes=1 << 30) as station:
        client, session = station.connect()
        client.reads = False
        fill(session, frames=100)
        station.pump()
        for _ in range(6):
            station.wait(25)
            before = unsent(session)
            client.reads = True
            station.until(lambda before=before: unsent(session) < before)  # type: ignore[misc]
            client.reads = False
        assert session.disconnections == 0
        station.wait(70)
        assert session.disconnections == 1


def test_a_turn_runs_so_many_posted_calls_and_leaves_the_rest_in_their_order_to_the_next() -> None:
    ran: list[int] = []
    with Station() as station:
        for number in range(2 * CALLS_A_TURN + 1):
            station.poller.post(partial(ran.append, number))
        lengths = []
        while len(ran) <= 2 * CALLS_A_TURN:
            more = station.poller.tick()
            lengths.append((len(ran), more))
    assert lengths == [(CALLS_A_TURN, True), (2 * CALLS_A_TURN, True), (2 * CALLS_A_TURN + 1, False)]
    assert ran == sorted(ran)
