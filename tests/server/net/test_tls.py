"""TLS in the poller's turns: the same behaviour, encrypted."""

import socket
import ssl

import pytest
import trustme

from protocol.errors import CloseCode
from server.net.framing import binary_frame
from server.net.tls import TLSTransport
from tests.server.net.support import RawClient, Station, echo


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's."""
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_messages_come_and_go(contexts: Contexts, version: ssl.TLSVersion) -> None:
    server, client_context = contexts
    client_context.maximum_version = version
    with Station(tls=server, trusting=client_context, answer=echo) as station:
        client, session = station.connect()
        client.send(b"hello")
        station.until(lambda: client.messages)
        assert session.messages == client.messages == [b"hello"]
    client_context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_many_records_and_many_frames_arrive_whole_and_in_order(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting, outbox_bytes=1 << 30) as station:
        client, session = station.connect()
        client.reads = False
        sent = [bytes([n % 256]) * (n * 1000 % 70_001) for n in range(300)]
        for message in sent:
            session.peer.send(binary_frame(message))
        station.turns(20)
        client.reads = True
        station.until(lambda: len(client.messages) == len(sent))
        assert client.messages == sent


def test_a_large_message_from_the_client_arrives(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting) as station:
        client, session = station.connect()
        client.send(bytes(range(256)) * 250)
        station.until(lambda: session.messages)
        assert session.messages == [bytes(range(256)) * 250]


def test_a_slow_reader_gets_4001(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting, outbox_bytes=1 << 20) as station:
        client, session = station.connect()
        client.reads = False
        while not session.disconnections:
            session.peer.send(binary_frame(bytes(200_000)))
            station.pump()
        client.reads = True
        station.until(lambda: client.close_code)
        assert client.close_code == CloseCode.SLOW


def test_our_close_ends_with_a_close_notify(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting) as station:
        client, session = station.connect()
        session.peer.close(4000, "shutdown")
        station.until(lambda: client.at_end)
        assert client.close_code == 4000


def test_the_clients_close_notify_is_the_end_of_its_stream(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting) as station:
        client, session = station.connect()
        assert client._tls is not None
        with pytest.raises(ssl.SSLWantReadError):
            client._tls.unwrap()
        client.socket.sendall(client._ciphertext.read())
        client._tls = None
        while station.poller.links:
            station.poller.tick()
        assert session.disconnections == 1


def test_a_client_that_vanishes_without_close_notify_is_gone_all_the_same(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting) as station:
        client, session = station.connect()
        client.close()
        station._clients.remove(client)
        station.until(lambda: station.poller.links == 0)
        assert session.disconnections == 1


def test_who_speaks_no_tls_is_dropped_and_the_others_are_unharmed(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting, answer=echo) as station:
        stranger = RawClient(station.address)
        station._clients.append(stranger)
        stranger.write(b"GET / HTTP/1.1\r\nHost: hutong\r\n\r\n")
        station.until(lambda: stranger.at_end)
        assert station.sessions == []
        client, _ = station.connect()
        client.send(b"hello")
        station.until(lambda: client.messages)


def test_nothing_to_read_is_not_the_end(contexts: Contexts) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        assert TLSTransport(ours, contexts[0]).receive(1000) is None


def test_a_tls_handshake_that_never_comes_is_given_up(contexts: Contexts) -> None:
    server, trusting = contexts
    with Station(tls=server, trusting=trusting, handshake_s=10) as station:
        station._clients.append(RawClient(station.address))
        station.until(lambda: station.poller.links == 1)
        station.wait(11)
        station.until(lambda: station.poller.links == 0)
