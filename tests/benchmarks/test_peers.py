"""The peers' drivers: what is heard wherever the stream is split, and each peer that is here for real."""

import errno
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

import pytest
from click.testing import CliRunner

from benchmarks import peers
from benchmarks.peers import PEERS, SOURCES, CannotError, Debian, PyPI
from benchmarks.servers import Running
from benchmarks.systems import foreign, mosquitto, nats
from benchmarks.systems.base import Heard, Seat, System, body, said_by
from benchmarks.systems.foreign import Setup, hosted
from benchmarks.systems.line import Line
from benchmarks.systems.registry import NO_ROOMS, SYSTEMS
from benchmarks.systems.websocket import Payloads
from benchmarks.systems.xmpp import Messages

PATIENCE_S = 10
WITH_PAIRS = ("nats-server", "mosquitto", "ejabberd", "prosody", "echo")
SAID = [body(1, number) for number in (1, 2)] + [body(2, 1)]
XMPP = (
    b"<presence from='room@conference.localhost/m0' to='a@localhost/b'><x xmlns='u'><status code='110'/></x></presence>"
    b"<message from='room@conference.localhost' type='groupchat'><subject/></message>"
) + b"".join(
    b"<message to='a@localhost/b' type='groupchat' id='q'><body>%b</body><occupant-id id='1='/></message>" % text
    for text in SAID
)
STREAMS: dict[str, tuple[Callable[[], Heard], bytes]] = {
    "websocket": (Payloads, b"".join(b"\x82\x7e\x00\x80" + text for text in SAID)),
    "nats": (nats.Published, b"PING\r\n" + b"".join(b"MSG room 1 128\r\n%b\r\n" % text for text in SAID)),
    "mqtt": (mosquitto.Published, b"".join(b"\x30\x86\x01\x00\x04room" + text for text in SAID)),
    "xmpp": (Messages, XMPP),
}
REFUSALS: dict[str, tuple[Callable[[], Heard], bytes]] = {
    "websocket": (Payloads, b"\x88\x02\x03\xf3"),
    "nats": (nats.Published, b"-ERR 'Slow Consumer'\r\n"),
    "mqtt": (mosquitto.Published, b"\xe0\x00"),
    "xmpp, of a message": (Messages, b"<message type='error' to='a'><body>00</body><error type='cancel'/></message>"),
    "xmpp, of a presence": (Messages, b'<presence type="error" to="a"><error type="wait"/></presence>'),
    "xmpp, of all": (Messages, b"<stream:error><conflict xmlns='u'/></stream:error></stream:stream>"),
}


@pytest.mark.parametrize(("heard", "stream"), STREAMS.values(), ids=STREAMS)
def test_all_is_heard_in_order_wherever_the_stream_is_split(heard: Callable[[], Heard], stream: bytes) -> None:
    for cut in range(len(stream) + 1):
        ear = heard()
        assert [*ear.feed(stream[:cut]), *ear.feed(stream[cut:])] == SAID
    ear = heard()
    assert [text for byte in stream for text in ear.feed(bytes([byte]))] == SAID
    assert not ear.acks


@pytest.mark.parametrize(("heard", "stream"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_an_error_wherever_the_stream_is_split(heard: Callable[[], Heard], stream: bytes) -> None:
    for cut in range(len(stream)):
        ear = heard()
        with pytest.raises(ConnectionError):
            _ = [*ear.feed(stream[:cut]), *ear.feed(stream[cut:])]


@contextmanager
def served(name: str) -> Iterator[tuple[System, Running]]:
    """Run a peer that is here, and see that nothing is left of it."""
    system = SYSTEMS[name]()
    if why := system.missing():
        pytest.skip(why)
    with system.serve() as server:
        yield system, server
    assert nothing_is_left_of(server)


def nothing_is_left_of(server: Running) -> bool:
    """Say whether its process and all it started are gone; who is orphaned by its end is so a little later."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        try:
            os.killpg(server.pid, 0)
        except ProcessLookupError:
            return True
    return False


def streams(seats: Sequence[Seat], least: int) -> list[bytes]:
    """Return what comes on each until all have heard so many things; they are closed then."""
    received = [bytearray() for _ in seats]
    counts = [0] * len(seats)
    ends = time.monotonic() + PATIENCE_S
    with DefaultSelector() as selector:
        for place, seat in enumerate(seats):
            selector.register(seat, EVENT_READ, place)
        while min(counts) < least:
            assert time.monotonic() < ends, counts
            for key, _ in selector.select(1):
                data = seats[key.data].socket.recv(1 << 16)
                received[key.data] += data
                counts[key.data] += len(list(seats[key.data].heard.feed(data)))
    for seat in seats:
        seat.socket.close()
    return [bytes(data) for data in received]


@pytest.mark.parametrize("name", PEERS)
def test_all_who_are_in_a_room_hear_everything_once_and_in_order(name: str) -> None:
    things = [body(1, number) for number in range(1, 21)]
    with served(name) as (system, server):
        seats = system.room(server, 5)
        ears = [type(seat.heard)() for seat in seats]
        for number, text in enumerate(things, 1):
            seats[0].socket.sendall(seats[0].speech.say(number, text))
        heard = streams(seats, len(things))
        assert [list(ear.feed(data)) for ear, data in zip(ears, heard, strict=True)] == [things] * 5
        assert not system.alike or len(set(heard)) == 1


@pytest.mark.parametrize("name", WITH_PAIRS)
def test_of_a_pair_each_hears_what_it_should(name: str) -> None:
    with served(name) as (system, server):
        seats = [seat for pair in system.pairs(server, 3) for seat in pair]
        ears = [type(seat.heard)() for seat in seats]
        for speaker, seat in enumerate(seats):
            for number in (1, 2):
                seat.socket.sendall(seat.speech.say(number, body(speaker, number)))
        for place, (ear, data) in enumerate(zip(ears, streams(seats, 2), strict=True)):
            speaker = place if system.own else place ^ 1
            assert [said_by(text) for text in ear.feed(data)] == [(speaker, 1), (speaker, 2)]


@pytest.mark.parametrize("name", [name for name in PEERS if name not in WITH_PAIRS])
def test_where_there_is_one_room_there_are_no_pairs(name: str) -> None:
    with pytest.raises(NotImplementedError):
        SYSTEMS[name]().pairs(Running("tcp://127.0.0.1:9", 0), 1)


@pytest.mark.parametrize("name", NO_ROOMS)
def test_who_hears_only_themselves_is_in_no_room(name: str) -> None:
    with pytest.raises(NotImplementedError):
        SYSTEMS[name]().room(Running("tcp://127.0.0.1:9", 0), 1)


def test_a_server_that_does_not_start_is_named_with_what_it_said() -> None:
    with (
        pytest.raises(RuntimeError, match="sh does not listen: no such setting"),
        hosted(lambda folder, port: Setup(["sh", "-c", "echo no such setting; exit 1"])),
    ):
        pass


def test_a_server_ends_with_all_it_started_also_when_it_is_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "_STOP_S", 0.1)
    listening = "import signal, socket, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    listening += "subprocess.Popen(['sleep', '60']); s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    listening += "while True: s.accept()"
    with (
        pytest.raises(KeyboardInterrupt),
        hosted(lambda folder, port: Setup([sys.executable, "-c", listening, str(port)])) as server,
    ):
        raise KeyboardInterrupt
    assert nothing_is_left_of(server)


def test_a_connection_that_is_refused_or_not_quiet_says_so() -> None:
    greeting = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    greeting += "while True: s.accept()[0].sendall(b'hello\\n-ERR no\\nmore')"
    with hosted(lambda folder, port: Setup([sys.executable, "-c", greeting, str(port)])) as server:
        line = Line(server, (b"-ERR",))
        assert line.until(b"\n") == b"hello\n"
        with pytest.raises(ConnectionError, match="not quiet"):
            line.seat(Payloads(), SilentSpeech())
        with pytest.raises(ConnectionError, match="refused: -ERR no"):
            line.until(b"more")
        line.socket.close()


class SilentSpeech:
    """Says nothing."""

    def say(self, number: int, text: bytes) -> bytes:
        return b""


class Absent:
    """A peer that is not here, until it is got."""

    here = False

    def missing(self) -> str | None:
        return None if Absent.here else "there is none"

    def version(self) -> str:
        return "1.0"


class Got:
    """Where it is got."""

    def get(self) -> None:
        Absent.here = True


class Refused:
    """Where something is not got."""

    def get(self) -> None:
        raise CannotError("no such package")


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Absent, "here", False)
    monkeypatch.setitem(SOURCES, "mosquitto", (Got(),))
    monkeypatch.setitem(SYSTEMS, "mosquitto", Absent)
    for name in ("ws", "prosody"):
        monkeypatch.setitem(SOURCES, name, (Refused(),))
        monkeypatch.setitem(SYSTEMS, name, Unobtainable)


class Unobtainable(Absent):
    """A peer that cannot be got."""

    def missing(self) -> str | None:
        return "there is none"


def test_every_peer_is_listed_with_its_version_or_what_is_missing(absent: None) -> None:
    shown = CliRunner().invoke(peers.main, ["list"])
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in PEERS)
    assert "there is none" in shown.stdout


def test_one_that_cannot_be_got_does_not_keep_the_others_from_being_got(absent: None) -> None:
    done = CliRunner().invoke(peers.main, ["install", "ws", "prosody", "mosquitto"])
    assert done.exit_code == 1
    assert "ws: no such package\nmosquitto: 1.0\nprosody: no such package" in done.stdout
    assert "not here: ws, prosody" in done.stderr


def test_a_place_that_cannot_be_written_is_said_and_the_others_are_got(
    absent: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Npm:
        def get(self) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", "/cache")

    monkeypatch.setitem(SOURCES, "ws", (Npm(),))
    done = CliRunner().invoke(peers.main, ["install", "ws", "mosquitto"])
    assert done.exit_code == 1
    assert "ws: [Errno 13] Permission denied: '/cache'\nmosquitto: 1.0" in done.stdout


def test_what_is_here_is_not_got_again(absent: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(peers.main, ["install", "mosquitto"]).exit_code == 0
    monkeypatch.setitem(SOURCES, "mosquitto", (Refused(),))
    again = CliRunner().invoke(peers.main, ["install", "mosquitto"])
    assert (again.exit_code, again.stdout) == (0, "mosquitto: 1.0\n")


def test_where_it_cannot_be_installed_it_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    package = Debian("nowhere-to-be-found", "nowhere-to-be-found")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if path or name == package.program else name)
    with pytest.raises(CannotError, match="sudo apt-get install --no-install-recommends nowhere-to-be-found"):
        package.get()
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(CannotError, match="no apt-get here"):
        package.get()
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    with pytest.raises(CannotError, match="no pip: add nowhere-to-be-found"):
        PyPI("nowhere-to-be-found").get()


def test_nothing_starts_while_debian_installs_and_the_policy_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(peers, "_POLICY", policy)
    with peers._nothing_starts():
        assert os.access(policy, os.X_OK)
        assert "exit 101" in policy.read_text()
    assert not policy.exists()
    policy.write_text("somebody's")
    with peers._nothing_starts():
        assert policy.read_text() == "somebody's"
    assert policy.read_text() == "somebody's"


def test_what_fails_is_told_in_its_own_words() -> None:
    with pytest.raises(CannotError, match="failed: E: no such package"):
        peers._run("sh", "-c", "echo reading; echo E: no such package >&2; exit 100")


def test_the_packages_from_pypi_are_those_of_the_extra() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    wanted = {source.requirement for sources in SOURCES.values() for source in sources if isinstance(source, PyPI)}
    assert wanted <= set(project["optional-dependencies"]["bench"])
