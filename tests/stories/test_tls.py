"""wss:// with a certificate of an authority of one's own."""

from pathlib import Path

import pytest
import trio
import trustme

from client.account import register
from client.errors import UnreachableError
from tests.support.daemon import PATIENCE_S, Daemon
from tests.support.town import PASSWORD, open_town
from tests.support.wire import raw_stream


def authority(directory: Path, name: str) -> tuple[trustme.CA, Path]:
    """Return a certificate authority, and the file that makes others trust it."""
    ca = trustme.CA()
    file = directory / f"{name}.pem"
    ca.cert_pem.write_to_path(file)
    return ca, file


@pytest.fixture
def certified(tmp_path: Path) -> tuple[dict[str, Path], Path]:
    """Return settings of a server with a certificate for 127.0.0.1, and the file of its authority."""
    ca, ca_file = authority(tmp_path, "authority")
    certificate = ca.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(cert, append=number > 0)
    return {"server.tls_cert": cert, "server.tls_key": key}, ca_file


async def test_people_chat_over_tls(tmp_path: Path, certified: tuple[dict[str, Path], Path]) -> None:
    settings, ca = certified
    async with open_town(tmp_path, settings, ca=ca) as town:
        assert town.daemon.url.startswith("wss://")
        alice, bob = await town.settle("alice", "bob")
        long = "a long story; " * 2000  # More than one TLS record.
        chat = (await alice.says(long, to=bob)).topic
        await bob.hears(long)
        await bob.goes_offline()
        await alice.says("and it goes on", topic=chat)
        await bob.comes_online()
        await bob.hears("and it goes on")


async def test_who_does_not_know_its_authority_does_not_talk_to_it(
    tmp_path: Path, certified: tuple[dict[str, Path], Path]
) -> None:
    settings, ca = certified
    _, another = authority(tmp_path, "another")
    async with open_town(tmp_path, settings, ca=ca) as town:
        for trusted in (another, None):
            with trio.fail_after(PATIENCE_S), pytest.raises(UnreachableError, match="certificate verify failed"):
                await register(town.daemon.url, "alice", PASSWORD, ca=trusted)
        await town.settle("alice")


async def test_who_speaks_plainly_to_it_is_not_heard(tmp_path: Path, certified: tuple[dict[str, Path], Path]) -> None:
    settings, ca = certified
    async with open_town(tmp_path, settings, ca=ca) as town:
        alice, bob = await town.settle("alice", "bob")
        async with await raw_stream(town.daemon) as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: hutong\r\n\r\n")
            with trio.fail_after(PATIENCE_S):
                answer = b"".join([data async for data in stream])
        assert b"HTTP" not in answer
        await alice.says("who was that?", to=bob)
        await bob.hears("who was that?")


async def test_a_certificate_without_its_key_keeps_it_from_starting(
    tmp_path: Path, certified: tuple[dict[str, Path], Path]
) -> None:
    settings, _ = certified
    daemon = Daemon(tmp_path / "data", {"server.tls_cert": settings["server.tls_cert"]})
    await daemon.launch()
    assert await daemon.ended() == 2
    assert "server.tls_cert and server.tls_key: give both, or neither" in daemon.log
