"""A link without a socket: bytes in, messages out, and every way it can end."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from protocol.errors import CloseCode
from server.net.framing import binary_frame
from server.net.link import CLOSING, GONE, LEAVING, OPEN, OPENING, Agenda, Link
from server.net.peer import Peer
from server.net.settings import NetSettings
from tests.server.net.support import REQUEST, Answer, Recorder, echo, keep, masked


class Bench:
    """A link, its session, and what would be on the wire."""

    def __init__(
        self, *, answer: Answer = keep, signed_in: bool = True, opened: bool = True, **settings: float
    ) -> None:
        self.agenda = Agenda()
        self.agenda.now = 1000.0
        self.sessions: list[Recorder] = []
        self.link = Link(
            "192.0.2.1",
            agenda=self.agenda,
            settings=NetSettings(**settings),  # type: ignore[arg-type]
            open_session=lambda peer: self._open_session(peer, answer, signed_in),
        )
        if opened:
            self.feed(REQUEST)
            assert self.written().startswith(b"HTTP/1.1 101 ")

    def _open_session(self, peer: Peer, answer: Answer, signed_in: bool) -> Recorder:
        self.sessions.append(Recorder(peer, answer, signed_in))
        return self.sessions[-1]

    @property
    def session(self) -> Recorder:
        (session,) = self.sessions
        return session

    def feed(self, data: bytes) -> None:
        self.link.take(data)
        while self.link.deliver(1):
            pass

    def written(self) -> bytes:
        """Take what the link owes, as bytes."""
        data = b"".join(bytes(piece) for piece in self.link.outbox.batch())
        self.link.outbox.clear()
        return data

    def frames(self) -> list[Frame]:
        """Take what the link owes, as a client understands it."""
        client = Protocol(CLIENT)
        client.receive_data(self.written())
        return [frame for frame in client.events_received() if isinstance(frame, Frame)]

    def close_code(self) -> int:
        """The code of the one close frame among what the link owes, which is the last frame."""
        *others, last = self.frames()
        assert CLOSE not in [frame.opcode for frame in others]
        assert last.opcode is CLOSE
        return int(Close.parse(last.data).code)

    def pass_time(self, seconds: float) -> float:
        self.agenda.now += seconds
        return self.link.attend()


# Messages.


def test_messages_reach_the_session_and_its_frames_the_outbox_in_order() -> None:
    bench = Bench(answer=echo)
    bench.feed(masked(b"one") + masked(b"two") + masked(b""))
    assert bench.session.messages == [b"one", b"two", b""]
    assert bench.written() == binary_frame(b"one") + binary_frame(b"two") + binary_frame(b"")


def test_bytes_may_come_one_by_one() -> None:
    bench = Bench(answer=echo, opened=False)
    for byte in REQUEST + masked(b"hello") + masked(b"x" * 300):
        bench.feed(bytes([byte]))
    assert bench.session.messages == [b"hello", b"x" * 300]


def test_frames_may_come_together_with_the_request() -> None:
    bench = Bench(opened=False)
    bench.feed(REQUEST + masked(b"eager"))
    assert bench.session.messages == [b"eager"]


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=5), st.data())
def test_however_the_stream_is_cut_the_messages_are_the_same(messages: list[bytes], data: st.DataObject) -> None:
    bench = Bench()
    stream = b"".join(map(masked, messages))
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        bench.feed(stream[:cut])
        stream = stream[cut:]
    assert bench.session.messages == messages


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.data())
def test_a_protocol_is_kept_exactly_while_the_stream_is_in_the_middle_of_a_message(
    messages: list[bytes], data: st.DataObject
) -> None:
    bench = Bench()
    pieces = [masked(message[:7], fin=False) + masked(message[7:], CONT) for message in messages]
    stream, ends = b"".join(pieces), {sum(map(len, pieces[: number + 1])) for number in range(len(pieces))}
    fed = 0
    while fed < len(stream):
        cut = data.draw(st.integers(1, len(stream) - fed))
        bench.feed(stream[fed : fed + cut])
        fed += cut
        assert len(bench.agenda.protocols) == (fed in ends)
    assert bench.session.messages == messages


def test_a_length_written_longer_than_it_needs_to_be_keeps_the_protocol_and_nothing_is_lost() -> None:
    bench = Bench()
    long_winded = b"\x82" + bytes([0x80 | 126]) + struct.pack("!H", 3) + bytes(4) + b"abc"
    bench.feed(long_winded[:6])
    bench.feed(long_winded[6:] + masked(b"next"))
    bench.feed(masked(b"last"))
    assert bench.session.messages == [b"abc", b"next", b"last"]


def test_a_protocol_that_was_given_back_serves_the_next_in_need() -> None:
    bench = Bench()
    bench.feed(masked(b"one"))
    other = Link("", agenda=bench.agenda, settings=NetSettings(), open_session=lambda peer: bench.session)
    other.take(REQUEST + masked(b"two")[:5])
    other.deliver(8)
    assert len(bench.agenda.protocols) == 0
    bench.feed(masked(b"three")[:3])
    other.take(masked(b"two")[5:])
    other.deliver(8)
    bench.feed(masked(b"three")[3:])
    assert [len(message) for message in bench.session.messages] == [3, 3, 5]


def test_who_is_closing_keeps_the_protocol_that_said_so() -> None:
    bench = Bench()
    bench.link.close(4000, "")
    bench.feed(masked(b"late"))
    assert len(bench.agenda.protocols) == 0


def test_fragments_become_one_message_with_pings_between_them() -> None:
    bench = Bench()
    bench.feed(masked(b"a", fin=False) + masked(b"?", PING) + masked(b"b", CONT, fin=False) + masked(b"c", CONT))
    assert bench.session.messages == [b"abc"]
    assert [frame.opcode for frame in bench.frames()] == [PONG]


def test_a_ping_is_answered_with_its_payload() -> None:
    bench = Bench()
    bench.feed(masked(b"are you there", PING))
    assert bench.frames() == [Frame(PONG, b"are you there")]


def test_a_message_of_exactly_the_most_bytes_is_delivered() -> None:
    bench = Bench(message_bytes=1000)
    bench.feed(masked(bytes(1000)))
    bench.feed(masked(bytes(500), fin=False) + masked(bytes(500), CONT))
    assert [len(message) for message in bench.session.messages] == [1000, 1000]


# Budgets and holding.


def test_only_so_many_steps_are_taken_and_the_rest_waits() -> None:
    bench = Bench()
    bench.link.take(masked(b"m") * 100)
    assert bench.link.deliver(16)
    assert 0 < len(bench.session.messages) <= 16
    assert not bench.link.hungry
    while bench.link.deliver(16):
        pass
    assert len(bench.session.messages) == 100
    assert bench.link.hungry


def test_a_flood_of_pings_takes_steps_too() -> None:
    bench = Bench()
    bench.link.take(masked(b"", PING) * 1000)
    assert bench.link.deliver(16)
    assert bench.link.outbox.unsent < 1000  # Pongs of one parse, not of the whole flood.


def test_what_comes_while_the_session_holds_waits_for_its_release() -> None:
    bench = Bench(answer=lambda peer, message: peer.hold())
    bench.feed(masked(b"one") + masked(b"two"))
    assert bench.session.messages == [b"one"]
    assert not bench.link.hungry
    bench.agenda.ready.clear()
    bench.link.queued = False
    bench.link.release()
    assert list(bench.agenda.ready) == [bench.link]
    bench.link.deliver(16)
    assert bench.session.messages == [b"one", b"two"]


def test_release_without_hold_asks_for_nothing() -> None:
    bench = Bench()
    bench.link.release()
    assert not bench.agenda.ready


def test_an_ephemeral_frame_is_forgotten_while_the_socket_is_stalled() -> None:
    bench = Bench()
    bench.link.send_ephemeral(b"a")
    bench.link.stalled = True
    bench.link.send_ephemeral(b"b")
    bench.link.send(b"c")
    assert bench.written() == b"ac"


def test_a_link_is_on_the_agenda_once_however_much_it_sends() -> None:
    bench = Bench()
    bench.agenda.dirty.clear()
    bench.link.dirty = False
    bench.link.send(b"a")
    bench.link.send(b"b")
    assert bench.agenda.dirty == [bench.link]


# Ways to end.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(b"text", TEXT), 1003),
        (masked(b"frag", TEXT, fin=False) + masked(b"ments", CONT), 1003),
        (masked(bytes(1001)), 1009),
        (masked(bytes(600), fin=False) + masked(bytes(600), CONT), 1009),
        (struct.pack("!BBQ", 0x82, 0xFF, 1 << 62) + bytes(4), 1009),
        (Frame(TEXT, b"unmasked").serialize(mask=False), 1002),
        (b"\xf2\x80" + bytes(4), 1002),  # A reserved bit.
        (b"\x83\x80" + bytes(4), 1002),  # An opcode that is none.
        (masked(b"end", CONT), 1002),
        (masked(b"begun", fin=False) + masked(b"another"), 1002),
        (b"\x09\x80" + bytes(4), 1002),  # A fragmented ping.
        (b"\x88\x81" + bytes(5), 1002),  # A close frame of one byte.
        (masked(struct.pack("!H", 1006), CLOSE), 1002),
        (masked(struct.pack("!H", 1000) + b"\xff", CLOSE), 1007),
    ],
)
def test_what_breaks_the_rules_is_closed_with_its_code_after_what_came_before_it(data: bytes, code: int) -> None:
    bench = Bench(message_bytes=1000, answer=echo)
    bench.feed(masked(b"fine") + data + masked(b"too late"))
    assert bench.session.messages == [b"fine"]
    assert bench.link.stage is LEAVING
    assert bench.link.finished
    assert bench.close_code() == code


def test_the_peers_close_is_answered_and_messages_before_it_are_delivered() -> None:
    bench = Bench()
    bench.feed(masked(b"last words") + masked(struct.pack("!H", 1001) + b"bye", CLOSE) + masked(b"ghost"))
    assert bench.session.messages == [b"last words"]
    assert bench.link.stage is LEAVING
    assert bench.close_code() == 1001


def test_messages_before_the_peers_close_wait_for_release_even_then() -> None:
    bench = Bench(answer=lambda peer, message: peer.hold())
    bench.feed(masked(b"one") + masked(b"two") + masked(b"", CLOSE))
    assert bench.link.stage is LEAVING
    assert not bench.link.finished
    bench.link.release()
    bench.link.deliver(16)
    bench.link.release()
    bench.link.deliver(16)
    assert bench.session.messages == [b"one", b"two"]
    assert bench.link.finished


def test_our_close_comes_after_what_is_queued_and_waits_for_the_peers() -> None:
    bench = Bench()
    bench.link.send(binary_frame(b"reply"))
    bench.link.close(4501, "signed out")
    bench.link.send(binary_frame(b"never"))
    assert bench.link.stage is CLOSING
    reply, close = bench.frames()
    assert reply.data == b"reply"
    assert Close.parse(close.data) == Close(4501, "signed out")
    bench.feed(masked(b"crossed it on the way") + masked(bytes(close.data), CLOSE))
    assert bench.session.messages == []
    assert bench.link.stage is LEAVING
    assert bench.written() == b""


def test_a_session_that_closes_gets_nothing_of_what_came_with_the_message() -> None:
    bench = Bench(answer=lambda peer, message: peer.close(4500, "no"))
    bench.feed(masked(b"one") + masked(b"two"))
    assert bench.session.messages == [b"one"]


def test_a_second_close_changes_nothing() -> None:
    bench = Bench()
    bench.link.close(4000, "shutdown")
    bench.link.close(4001, "slow")
    assert bench.close_code() == 4000


def test_a_long_reason_is_cut_between_its_characters() -> None:
    bench = Bench()
    bench.link.close(4000, "慢" * 100)
    (frame,) = bench.frames()
    assert Close.parse(frame.data).reason == "慢" * 41


def test_closing_ends_a_hold_so_that_the_peers_close_is_read() -> None:
    bench = Bench()
    bench.link.hold()
    bench.link.close(4000, "shutdown")
    bench.link.hold()
    assert bench.link.hungry


def test_the_end_of_the_stream_ends_an_open_link_without_a_word() -> None:
    bench = Bench()
    bench.link.end()
    assert bench.link.stage is LEAVING
    assert bench.link.finished
    assert bench.written() == b""


def test_the_session_is_told_once() -> None:
    bench = Bench()
    bench.link.end()
    session = bench.session
    bench.link.tell()
    bench.link.tell()
    bench.link.gone()
    bench.link.tell()
    assert session.disconnections == 1
    assert bench.link.stage is GONE


def test_a_link_that_is_gone_takes_every_call() -> None:
    bench = Bench()
    bench.link.gone()
    bench.link.tell()
    bench.link.send(b"x")
    bench.link.send_ephemeral(b"x")
    bench.link.hold()
    bench.link.release()
    bench.link.close(4000, "")
    assert bench.written() == b""


def test_a_slow_reader_keeps_the_rest_of_a_begun_frame_and_gets_4001() -> None:
    bench = Bench()
    bench.link.send(binary_frame(b"begun"))
    bench.link.send(binary_frame(b"whole"))
    bench.link.outbox.written(3)
    bench.link.slow()
    rest = bench.written()
    assert rest.startswith(b"egun\x88")
    assert struct.pack("!H", CloseCode.SLOW) in rest


# Before it is open.


def test_a_refused_request_is_answered_and_opens_no_session() -> None:
    bench = Bench(opened=False)
    bench.feed(b"GET / HTTP/1.1\r\nHost: hutong\r\n\r\n")
    assert bench.written().startswith(b"HTTP/1.1 426 ")
    assert bench.link.stage is LEAVING
    bench.feed(b"more")
    assert bench.sessions == []


@pytest.mark.parametrize("size", [16_385, 60_000])
@pytest.mark.parametrize("ending", [b"", b"\r\n\r\n"])
def test_an_endless_request_is_cut_off(size: int, ending: bytes) -> None:
    bench = Bench(opened=False)
    bench.feed(b"GET / HTTP/1.1\r\nCookie: " + b"x" * size + ending)
    assert bench.written().startswith(b"HTTP/1.1 431 ")


def test_the_stream_may_end_before_the_request_does() -> None:
    bench = Bench(opened=False)
    bench.feed(b"GET / HT")
    bench.link.end()
    assert bench.link.stage is LEAVING
    bench.link.tell()
    assert bench.sessions == []


# Time.


def test_a_request_that_takes_too_long_gets_a_408() -> None:
    bench = Bench(opened=False, handshake_s=10)
    bench.feed(REQUEST[:-1])
    bench.pass_time(9.9)
    assert bench.link.stage is OPENING
    bench.pass_time(0.1)
    assert bench.written().startswith(b"HTTP/1.1 408 ")


def test_who_does_not_sign_in_in_time_gets_4003() -> None:
    bench = Bench(signed_in=False, hello_s=10)
    assert bench.pass_time(9.9) == 1010
    assert bench.link.stage is OPEN
    bench.pass_time(0.1)
    assert bench.close_code() == CloseCode.HELLO_TIMEOUT


def test_who_signed_in_may_take_any_time() -> None:
    bench = Bench(hello_s=10)
    bench.pass_time(11)
    assert bench.link.stage is OPEN


def test_silence_brings_one_ping_and_then_4002() -> None:
    bench = Bench(heartbeat_s=30)
    assert bench.pass_time(29.9) == 1030
    assert bench.written() == b""
    assert bench.pass_time(0.1) == 1060
    assert bench.pass_time(15) == 1060
    assert [frame.opcode for frame in bench.frames()] == [PING]
    bench.pass_time(15)
    assert bench.close_code() == CloseCode.SILENT


def test_any_bytes_at_all_count_as_a_sign_of_life() -> None:
    bench = Bench(heartbeat_s=30)
    bench.pass_time(30)
    bench.feed(masked(b"", PONG)[:1])
    assert bench.pass_time(29) == 1060
    bench.written()
    assert bench.pass_time(1) == 1090
    assert [frame.opcode for frame in bench.frames()] == [PING]
    assert bench.link.stage is OPEN


def test_a_held_link_is_not_blamed_for_a_silence_that_is_ours() -> None:
    bench = Bench(heartbeat_s=30)
    bench.link.hold()
    bench.pass_time(100)
    assert bench.link.stage is OPEN
    assert bench.written() == b""


def test_patience_with_a_close_ends() -> None:
    bench = Bench(closing_s=5)
    bench.link.close(4000, "shutdown")
    assert bench.pass_time(4.9) == 1005
    assert not bench.link.expired
    bench.pass_time(0.1)
    assert bench.link.expired


def test_an_answer_to_our_close_does_not_win_more_time() -> None:
    bench = Bench(closing_s=5)
    bench.link.close(4000, "shutdown")
    bench.pass_time(4)
    bench.feed(masked(b"", CLOSE))
    assert bench.link.deadline == 1005


# Anything at all.


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_before_the_handshake_break_a_link(chunks: list[bytes]) -> None:
    bench = Bench(opened=False)
    for chunk in chunks:
        bench.feed(chunk)
    bench.link.end()
    assert bench.sessions == []


WHOLE = st.builds(masked, st.binary(max_size=120), st.sampled_from(Opcode))
BEGUN = st.builds(masked, st.binary(max_size=120), st.sampled_from([CONT, TEXT, BINARY]), fin=st.just(value=False))


@given(st.lists(st.one_of(WHOLE, BEGUN, st.binary(max_size=50)), max_size=20))
def test_no_bytes_after_the_handshake_break_a_link(chunks: list[bytes]) -> None:
    bench = Bench(answer=echo, message_bytes=100)
    for chunk in chunks:
        bench.feed(chunk)
    bench.link.end()
    session = bench.session
    while bench.link.deliver(1):
        pass
    assert bench.link.finished
    bench.link.tell()
    assert session.disconnections == 1
    bench.frames()  # A client can read them all.
