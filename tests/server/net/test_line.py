"""A link on its transport: how many writes a turn costs, and what happens when one falls short."""

from collections.abc import Sequence
from selectors import EVENT_READ, EVENT_WRITE

import pytest

from server.net.broadcast import broadcast
from server.net.framing import binary_frame
from server.net.line import BrokenLineError, Line
from server.net.link import LEAVING, Agenda, Link
from server.net.outbox import Piece
from server.net.settings import NetSettings
from tests.server.net.support import REQUEST, Recorder


class CountingTransport:
    """A socket with `room` for so many bytes, and a note of each call."""

    unsent = False

    def __init__(self, room: int = 1 << 30) -> None:
        self.room = room
        self.writes: list[int] = []  # Pieces of each.
        self.received = b""
        self.incoming: list[bytes | OSError] = []
        self.ended = 0

    def fileno(self) -> int:
        return -1

    def receive(self, most: int) -> bytes | None:
        if not self.incoming:
            return None
        data = self.incoming.pop(0)
        if isinstance(data, OSError):
            raise data
        return data

    def send(self, pieces: Sequence[Piece]) -> int:
        self.writes.append(len(pieces))
        taken = b"".join(pieces)[: self.room]
        self.room -= len(taken)
        self.received += taken
        return len(taken)

    def write(self, piece: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        return self.send((piece,))

    def end(self) -> None:
        self.ended += 1

    def close(self) -> None:
        """Nothing to let go."""


def lines(room: int = 1 << 30, *, straight: bool = False) -> tuple[Line, CountingTransport]:
    """Return an open line whose peer has read the handshake, and its transport; `straight`: it can be written to."""
    transport = CountingTransport()
    write = transport.write if straight else None
    line = Line(Link("", agenda=Agenda(), settings=NetSettings(), open_session=Recorder, write=write), transport)
    transport.incoming.append(REQUEST)
    line.read(1 << 16)
    line.flush()
    line.link.dirty = False  # As the poller does, whose turn this was.
    transport.received, transport.room, transport.writes = b"", room, []
    return line, transport


def test_sixteen_frames_leave_in_one_call() -> None:
    line, transport = lines()
    frames = [binary_frame(bytes([n]) * n) for n in range(16)]
    for frame in frames:
        line.link.send(frame)
    line.flush()
    assert transport.writes == [16]
    assert transport.received == b"".join(frames)
    assert not line.link.stalled


def test_nothing_owed_is_no_call() -> None:
    line, transport = lines()
    line.flush()
    assert transport.writes == []


def test_more_frames_than_one_call_takes_leave_in_as_few_as_can_be() -> None:
    line, transport = lines()
    for _ in range(2500):
        line.link.send(b"x")
    line.flush()
    assert transport.writes == [1024, 1024, 452]


def test_a_write_that_falls_short_stalls_the_link_until_the_rest_is_gone() -> None:
    line, transport = lines(room=7)
    for frame in (b"first", b"second", b"third"):
        line.link.send(frame)
    line.flush()
    assert (line.link.stalled, line.wanted) == (True, EVENT_WRITE)  # What it asks waits until it has read the answers.
    line.link.send(b"fourth")
    transport.room = 1 << 30
    line.writable = True
    line.flush()
    assert (line.link.stalled, line.wanted) == (False, EVENT_READ)
    assert not line.writable
    assert transport.received == b"firstsecondthirdfourth"


def test_a_held_link_wants_no_reads() -> None:
    line, _ = lines()
    line.link.hold()
    assert line.wanted == 0


def test_our_stream_ends_once_and_only_after_all_is_written() -> None:
    line, transport = lines(room=3)
    line.link.send(b"reply")
    line.link.end()
    line.flush()
    assert line.link.stage is LEAVING
    assert not line.over
    assert transport.ended == 0
    transport.room = 1 << 30
    line.flush()
    line.flush()
    assert transport.ended == 1
    assert line.over


def test_an_error_of_the_socket_says_that_the_line_is_broken() -> None:
    line, transport = lines()
    transport.incoming.append(ConnectionResetError())
    with pytest.raises(BrokenLineError):
        line.read(1 << 16)


def test_one_frame_to_many_is_written_at_once_and_not_looked_at_again() -> None:
    line, transport = lines(straight=True)
    broadcast(b"now", [line.link])
    assert (transport.received, line.link.dirty) == (b"now", False)
    line.flush()
    assert transport.writes == [1]


def test_what_is_written_at_once_stays_behind_what_waits() -> None:
    line, transport = lines(straight=True)
    line.link.send(b"first")
    broadcast(b"second", [line.link])
    assert transport.received == b""
    line.flush()
    assert (transport.received, transport.writes) == (b"firstsecond", [2])


@pytest.mark.parametrize("room", [0, 2])
def test_what_the_socket_does_not_take_at_once_waits(room: int) -> None:
    line, transport = lines(room, straight=True)
    broadcast(b"first", [line.link])
    assert (transport.received, line.link.outbox.unsent, line.link.dirty) == (b"first"[:room], 5 - room, True)
    line.flush()
    assert line.link.stalled
    broadcast(b"second", [line.link])
    transport.room = 1 << 30
    line.flush()
    assert transport.received == b"firstsecond"


def test_where_bytes_do_not_go_to_the_socket_as_they_are_all_frames_wait() -> None:
    line, transport = lines()
    broadcast(b"now", [line.link])
    assert (transport.received, line.link.dirty) == (b"", True)


def test_nothing_is_written_at_once_to_who_is_leaving() -> None:
    line, transport = lines(straight=True)
    line.link.close(4000, "go")
    line.flush()
    before = transport.received
    broadcast(b"now", [line.link])
    line.link.gone()
    broadcast(b"now", [line.link])
    line.flush()
    assert transport.received == before
