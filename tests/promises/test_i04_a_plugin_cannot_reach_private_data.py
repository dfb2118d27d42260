"""I4: a plugin cannot reach private data.

A plugin that tries everything is loaded into a real host, and says in its verdict what it got hold of. Under another
user than the server's, and where the kernel has Landlock under the server's own, that is nothing; what docs/HOOKS.md
concedes where the kernel gives less, it may get, and no more.
"""

import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compliance.verdicts import Reject
from server.hooks.confine import InForce
from server.hooks.isolation import sentences
from server.hooks.plugin import PluginHook
from server.hooks.users import User, user_for
from tests.server.hooks.conftest import open_folder as open_folder
from tests.server.hooks.support import PACK, plugin_settings, text

PATIENCE_S = 60.0
PREFIX = "canary-"
HOSTILE = """
import ctypes, gc, json, os, re, signal, socket, stat, sys
from dataclasses import dataclass

from compliance.hooks import Reject, hookimpl

CANARY = re.compile(b"cana" + b"ry-[0-9a-f]{32}")

@dataclass
class Options:
    target: int
    folder: str
    port: int
    abstract: str

@hookimpl
def options():
    return Options

@hookimpl
def configure(options):
    global given
    given = options

reached, seen = set(), set()

def attempt(what, tried, *arguments):
    try:
        got = tried(*arguments)
    except BaseException:
        return
    if got is not None and got is not False:
        reached.add(what)
    for found in CANARY.findall(got if isinstance(got, bytes) else repr(got).encode()):
        seen.add(found.decode())

def slurp(path):
    with open(path, "rb") as file:
        return file.read(1 << 20)

def memory(process):
    found = b""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(it, 16) for it in line.split()[0].split("-"))
            try:
                mem.seek(start)
                found += b"".join(CANARY.findall(mem.read(min(end - start, 1 << 24))))
            except (OSError, ValueError, OverflowError):
                pass
    return found

def traced(process):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.ptrace(16, process, 0, 0) == 0 or None

def read_across(process):
    class Piece(ctypes.Structure):
        _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]
    room = ctypes.create_string_buffer(64)
    libc = ctypes.CDLL(None, use_errno=True)
    here = Piece(ctypes.addressof(room), 64)
    for at in (0x400000, 0x555555554000):
        there = Piece(at, 64)
        if libc.process_vm_readv(process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
            return room.raw
    if ctypes.get_errno() == 14:  # A bad address: it was allowed to ask.
        return True

def connected(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as client:
        client.settimeout(5)
        client.connect(address)
        client.send(b"hello")
        return True

def everything_in_memory():
    kept = [it for it in gc.get_objects()]
    kept += [vars(module) for module in list(sys.modules.values())]
    frame = sys._getframe()
    while frame:
        kept.append(frame.f_locals)
        frame = frame.f_back
    for it in kept:
        try:
            for found in CANARY.findall(repr(it).encode()):
                seen.add(found.decode())
        except BaseException:
            pass

def descriptors():
    kinds = []
    for fd in range(256):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        null = stat.S_ISCHR(mode) and os.fstat(fd).st_rdev == os.makedev(1, 3)
        kinds.append("null" if null else "socket" if stat.S_ISSOCK(mode) else oct(mode))
        if not stat.S_ISSOCK(mode):
            attempt("a descriptor", lambda: os.read(fd, 1 << 20) or None)
    return kinds

def look_around():
    everything_in_memory()
    attempt("the environment", lambda: dict(os.environ) or None)
    family = {given.target, os.getppid(), 1}
    try:
        family |= {int(it) for it in os.listdir("/proc") if it.isdigit()}
    except OSError:
        pass
    for process in family - {os.getpid()}:
        own = process == os.getppid()  # The host: nothing of the server's is in it.
        for name in ("environ", "maps", "auxv", "stack", "syscall", "io"):
            attempt("another process" if not own else "the host", slurp, f"/proc/{process}/{name}")
        for name in ("cwd", "root", "exe"):
            attempt("another process" if not own else "the host", os.readlink, f"/proc/{process}/{name}")
        attempt("another process" if not own else "the host", memory, process)
        attempt("a file", slurp, f"/proc/{process}/root{given.folder}/private.db")
        attempt("another process" if not own else "the host", os.listdir, f"/proc/{process}/fd")
        for fd in range(64):
            attempt("a descriptor", slurp, f"/proc/{process}/fd/{fd}")
    for path in ("private.db", "public.db", "readable.txt"):
        attempt("a file", slurp, os.path.join(given.folder, path))
    attempt("a file", os.listdir, given.folder)
    attempt("a file", slurp, os.path.expanduser("~root/.profile"))
    attempt("a file", slurp, "/etc/shadow")
    attempt("a file", os.open, given.folder + "/private.db", os.O_WRONLY)
    attempt("a file", os.link, given.folder + "/private.db", "/tmp/hutong-stolen")
    attempt("a file", os.symlink, given.folder + "/private.db", "/tmp/hutong-stolen")
    attempt("a file", os.unlink, given.folder + "/private.db")
    attempt("a file", os.chmod, given.folder, 0o777)
    attempt("a size", os.stat, given.folder + "/private.db")
    for device in ("/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/sda", "/dev/vda", "/dev/nvme0n1"):
        attempt("a device", slurp, device)
    attempt("a signal", lambda: os.kill(given.target, 0) or True)
    attempt("a signal", lambda: signal.pidfd_send_signal(os.pidfd_open(given.target), 0) or True)
    attempt("another process", traced, given.target)
    attempt("another process", read_across, given.target)
    attempt("the network", connected, socket.AF_INET, ("127.0.0.1", given.port))
    attempt("the network", connected, socket.AF_INET, ("127.0.0.1", given.port), socket.SOCK_DGRAM)
    attempt("the network", connected, socket.AF_INET6, ("::1", given.port))
    attempt("a socket", connected, socket.AF_UNIX, "\\0" + given.abstract)
    attempt("a socket", connected, socket.AF_UNIX, given.folder + "/socket")
    attempt("root", lambda: os.setuid(0) or True)
    attempt("root", lambda: os.setgid(0) or True)
    attempt("root", lambda: os.chroot("/tmp") or True)
    attempt("root", lambda: os.nice(-10) or True)
    attempt("a program", lambda: os.posix_spawn("/bin/true", ["true"], {}) or True)

@hookimpl
def judge(publication):
    kinds = descriptors()
    look_around()
    report = {"reached": sorted(reached), "seen": sorted(seen), "descriptors": kinds, "uid": os.getuid()}
    return Reject(ground="house_rules", text=json.dumps(report))
"""


def canary() -> str:
    return PREFIX + secrets.token_hex(16)


@pytest.fixture
def data(open_folder: Path) -> Path:
    """A data directory as a server's: closed, with something private in it."""
    folder = open_folder / "data"
    folder.mkdir(mode=0o700)
    (folder / "private.db").write_text(f"SQLite format 3 {canary()}")
    (folder / "public.db").write_text(canary())
    (folder / "readable.txt").write_text(canary())
    (folder / "readable.txt").chmod(0o644)
    return folder


@pytest.fixture
def listening(data: Path) -> Iterator[dict[str, Any]]:
    """What the server listens on: TCP, and Unix sockets of both kinds."""
    abstract = f"hutong-{secrets.token_hex(4)}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as hidden,
        socket.socket(socket.AF_UNIX) as in_folder,
    ):
        hidden.bind(f"\0{abstract}")
        in_folder.bind(str(data / "socket"))
        for each in (hidden, in_folder):
            each.listen()
        yield {"port": tcp.getsockname()[1], "abstract": abstract}


def give(folder: Path, user: User) -> None:
    """Make `folder` and what is in it that user's."""
    if user.uid is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.uid, -1)


async def report_of(tmp_path: Path, **options: Any) -> tuple[dict[str, Any], InForce]:
    """Return what the hostile plugin got hold of, and how it was confined."""
    settings, plugin = plugin_settings(tmp_path, HOSTILE, options=options)
    hook = PluginHook(settings, plugin, grounds=PACK.grounds, user=user_for(""))
    try:
        await hook.start()
        assert hook.in_force is not None
        said = await hook.ask(text("words"), PATIENCE_S)
        assert isinstance(said.outcome, Reject), said
        return json.loads(said.outcome.text), hook.in_force
    finally:
        await hook.close()


def conceded(in_force: InForce, *, same_user: bool) -> set[str]:
    """Return what docs/HOOKS.md says that a plugin may reach of a process and the files of its own or another user."""
    found = {"the host"}  # Its own parent, with which it shares all it has.
    if not in_force.network:
        found |= {"the network", "a socket"}
    if in_force.landlock < 6:
        found |= {"a socket"}
    if same_user:
        # That a file is there and how large, if one knows its name; and to connect to a socket that lies there.
        found |= {"a size", "a socket"}
        if in_force.landlock < 6:
            found |= {"a signal"}
        if not in_force.landlock:
            found |= {"a file", "another process", "a descriptor"}
    elif not in_force.landlock:
        found |= {"another process"}  # Those of that user, of which the server is none.
    return found


async def test_a_hostile_plugin_finds_nothing_of_the_servers(
    tmp_path: Path, data: Path, listening: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = canary()
    monkeypatch.setenv("HUTONG_SECRET", canary())
    with (data / "private.db").open("rb") as opened_by_the_server:
        report, in_force = await report_of(tmp_path, target=os.getpid(), folder=str(data), **listening)
        assert opened_by_the_server.readable()
    assert in_memory.startswith(PREFIX)  # It was there all the time.
    assert report["descriptors"] == ["null", "null", "null", "socket"]
    assert set(report["reached"]) <= conceded(in_force, same_user=not in_force.other_user)
    if in_force.other_user or in_force.landlock:
        assert report["seen"] == []
    else:
        assert report["seen"] != [], "docs/HOOKS.md says that it can read what the server can"


async def test_a_hostile_plugin_finds_nothing_of_another_process_of_its_own_user_where_the_kernel_has_landlock(
    tmp_path: Path, data: Path, listening: dict[str, Any]
) -> None:
    user = user_for("")
    give(data, user)
    server = subprocess.Popen(  # noqa: ASYNC220 - of that user, with something private in its memory.
        ["/bin/sleep", "600"], user=user.uid, env={"HUTONG_SECRET": canary()}
    )
    try:
        report, in_force = await report_of(tmp_path, target=server.pid, folder=str(data), **listening)
    finally:
        server.kill()
        server.wait()
    assert report["uid"] == (os.getuid() if user.uid is None else user.uid)
    assert set(report["reached"]) <= conceded(in_force, same_user=True)
    assert bool(report["seen"]) is not bool(in_force.landlock)


async def test_what_isolation_is_in_force_is_said_as_it_is(tmp_path: Path, data: Path) -> None:
    report, in_force = await report_of(tmp_path, target=os.getpid(), folder=str(data), port=1, abstract="none")
    told = " ".join(sentences(in_force, user_for("")))
    assert ("not as the server's user" in told) is (report["uid"] != os.getuid())
    assert ("no network" in told) is ("the network" not in report["reached"])
    assert ("private data included" in told) is (report["seen"] != [])
