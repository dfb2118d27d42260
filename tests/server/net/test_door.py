"""Who comes in, and what happens when there is no room."""

import errno
import os
import socket
from collections.abc import Iterator

import pytest
import structlog.testing

from tests.server.net.support import Station


def test_one_too_many_gets_a_503_and_a_place_once_somebody_has_left() -> None:
    with Station(connections=2) as station:
        first, _ = station.connect()
        station.connect()
        third = station.client()
        station.until(lambda: third.protocol.handshake_exc)
        assert " 503" in str(third.protocol.handshake_exc)
        for client in (first, third):
            client.close()
            station._clients.remove(client)
        station.until(lambda: station.poller.links == 1)
        station.connect()


def test_one_too_many_from_one_address_gets_a_429() -> None:
    with Station(per_address=1) as station:
        station.connect()
        second = station.client()
        station.until(lambda: second.protocol.handshake_exc)
        assert " 429" in str(second.protocol.handshake_exc)


def test_far_too_many_are_dropped_unheard() -> None:
    with Station(connections=0) as station:
        crowd = [station.raw() for _ in range(65)]
        station.until(lambda: any(client.at_end for client in crowd))
        assert station.poller.links == 64


class Faulty(socket.socket):
    """A listener whose next accepts fail; with 0, after the accept."""

    errors: Iterator[int] = iter(())

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        for code in self.errors:
            if not code:
                accepted = super().accept()
                accepted[0].close()
                return accepted
            raise OSError(code, os.strerror(code))
        return super().accept()


def faulty(*errors: int) -> Faulty:
    listener = Faulty()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.errors = iter(errors)
    return listener


def test_out_of_descriptors_accepting_pauses_until_the_next_sweep() -> None:
    listener = faulty(errno.EMFILE, errno.EMFILE)
    with Station(listener=listener) as station, structlog.testing.capture_logs() as events:
        client = station.client()
        station.until(lambda: events)
        station.turns(20)
        assert [(event["event"], event["error"]) for event in events] == [("accept.paused", "EMFILE")]
        station.wait(1)
        station.until(lambda: len(events) == 2)
        station.wait(1)
        station.until(lambda: client.opened)


def test_a_connection_that_dies_before_it_is_accepted_is_its_own_affair() -> None:
    with Station(listener=faulty(errno.ECONNABORTED, errno.EHOSTUNREACH, 0)) as station:
        lost, client = station.raw(), station.client()
        station.until(lambda: lost.at_end and client.opened)


def test_a_unix_socket_has_no_address(tmp_path: object) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{tmp_path}/hutong")
    listener.listen()
    with Station(listener=listener) as station, socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{tmp_path}/hutong")
        station.until(lambda: station.poller.links == 1)


@pytest.mark.parametrize("times", [1, 2])
def test_a_door_may_be_closed_again(times: int) -> None:
    with Station() as station:
        for _ in range(times):
            station.poller.stop_accepting()
        station.wait(1)
        with pytest.raises(ConnectionRefusedError):
            station.raw()
