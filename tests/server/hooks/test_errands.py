"""What is said over the control socket arrives whole, and nothing else is taken for it."""

import socket

import pytest

from server.hooks import errands
from server.hooks.confine import Confinement
from server.hooks.errands import Fork, Kill, Ready, Setup, Unfit


def setup(source: str) -> Setup:
    return Setup(
        hook="mine", entry="", file="mine.py", source=source, options={"a": [1]}, version="1", cpu_s=5,
        confinement=Confinement(uid=1, gid=2, memory_mib=256, reads=("/srv",)),
    )  # fmt: skip


@pytest.fixture
def ends() -> "list[socket.socket]":
    return list(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))


def test_a_setup_of_many_pieces_arrives_whole(ends: list[socket.socket]) -> None:
    server, host = ends
    with server, host:
        sent = setup("字" * 30_000)
        pieces = errands.pieces(sent)
        assert len(pieces) > 2
        for piece in pieces:
            server.send(piece)
        assert errands.receive_setup(host) == sent


def test_a_server_that_is_gone_ends_the_reading(ends: list[socket.socket]) -> None:
    server, host = ends
    with host:
        with server:
            server.send(errands.pieces(setup("x"))[0])
        with pytest.raises(EOFError):
            errands.receive_setup(host)


def test_a_setup_has_its_size() -> None:
    with pytest.raises(ValueError, match="more than"):
        errands.pieces(setup("x" * errands.SETUP_BYTES))


@pytest.mark.parametrize("order", [Fork(7), Kill(7)])
def test_an_order_arrives_as_it_was_given(order: Fork | Kill) -> None:
    assert errands.unpacked(errands.packed(order), Fork | Kill) == order  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"", b"\xc1", b"lies", b"\x93\x01\x02\x03", b"\x91" * 2000, errands.packed(Fork(1))])
def test_what_is_no_reply_is_refused(body: bytes) -> None:
    with pytest.raises(errands.MessageError):
        errands.unpacked(body, Ready | Unfit)  # type: ignore[arg-type]
