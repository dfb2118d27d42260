"""Taking away from a process what it does not need: its user, its network, the files, the limits. Linux for the most.

Used by a hook host on itself, before it loads the plugin; nothing here can be undone by the process it was done to.
What the kernel does not offer is left out and told: `confine` returns what is in force, not what was wished for.
"""

import ctypes
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

OPEN_FILES = 64
NICE = 5
PROCESSES = 512  # Of the other user, all hooks together. A worker may start none at all.

_NEW_USER, _NEW_NET, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000  # <linux/sched.h>
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38  # <linux/prctl.h>
_CAPABILITIES_V3 = 0x20080522

# Landlock (Linux 5.13): <linux/landlock.h>. Its system calls have these numbers everywhere.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP_RIGHTS = 0b11  # From version 4 on: to bind and to connect.
_SCOPES = 0b11  # From version 6 on: abstract Unix sockets and signals.
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo")
_AUTOGROUP = Path("/proc/self/autogroup")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/zero")


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `uid`, `gid` None: stay who one is. `reads`: files and folders that may be read."""

    uid: int | None
    gid: int | None
    memory_mib: int
    reads: tuple[str, ...]


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force. `landlock`: the version of it, 0: none. `unreadable`: the files of Python itself."""

    uid: int
    other_user: bool
    network: bool
    landlock: int
    no_new_privileges: bool
    unreadable: bool


def confine(wanted: Confinement) -> InForce:
    """Confine this process for good, as far as the kernel lets it.

    Raises:
        OSError: It should become another user and cannot, or a limit cannot be set.
    """
    _step_back()
    landlock = _Landlock()
    landlock.prepare(wanted.reads)  # While the paths can still be opened.
    if wanted.uid is not None and wanted.gid is not None:
        network = _unshare(_NEW_NET | _NEW_IPC)
        os.setgroups([])
        os.setresgid(wanted.gid, wanted.gid, wanted.gid)
        os.setresuid(wanted.uid, wanted.uid, wanted.uid)
    else:
        network = _unshare(_NEW_USER | _NEW_NET | _NEW_IPC)
        _drop_capabilities()  # Those that a new user namespace gives inside it.
    no_new_privileges = _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)  # Else hooks of one user could look into each other.
    version = landlock.enter()
    _limit(resource.RLIMIT_AS, wanted.memory_mib << 20)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    if wanted.uid is not None:
        _limit(resource.RLIMIT_NPROC, PROCESSES)
    return InForce(
        uid=os.getuid(),
        other_user=wanted.uid is not None,
        network=network,
        landlock=version,
        no_new_privileges=no_new_privileges,
        unreadable=not os.access(sysconfig.get_path("stdlib"), os.R_OK | os.X_OK),
    )


def confine_worker(*, cpu_s: int) -> None:
    """Let this process start no other and no thread, and end after `cpu_s` seconds of CPU."""
    _limit(resource.RLIMIT_CPU, cpu_s)
    _limit(resource.RLIMIT_NPROC, 0)


def _step_back() -> None:
    """Let what people wait for go first. Where sessions share the processors (autogroups, sched(7)), being nice counts
    within one's own only, so the session steps back, too. By five, not by nineteen: hooks that do no harm must get to
    run beside programs that have nothing to do with the server.
    """
    os.nice(NICE)
    with suppress(OSError):  # The kernel has no such groups, or they are off.
        _AUTOGROUP.write_text(str(NICE))


def die_with(parent: int) -> None:
    """Have this process killed when its parent, which should be `parent`, ends."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # It ended before we asked.


def readable(path: Iterable[str]) -> Iterator[str]:
    """Yield what a plugin has to read of Python's search `path`: whole libraries, but of other folders the code only.

    A folder that somebody runs the server from, to develop it, may well hold the data, too.
    """
    yield from {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    for entry in map(Path, path):
        if entry.name in ("site-packages", "dist-packages", "lib-dynload") or entry.is_file():
            yield str(entry)
        elif entry.is_dir() and entry.name != Path(sysconfig.get_path("stdlib")).name:
            for child in entry.iterdir():
                if child.suffix in (".py", ".so") or (child / "__init__.py").is_file():
                    yield str(child)


class _Landlock:
    """Which files may be read from here on, by a rule of the kernel's that no process can lift from itself."""

    def __init__(self) -> None:
        self._ruleset = -1
        self._version = 0

    def prepare(self, reads: Iterable[str]) -> None:
        version = _syscall(_CREATE, None, 0, 1)
        if version < 1:
            return
        fields = [_FILE_RIGHTS[min(version, 5)]]
        if version >= 4:
            fields.append(_TCP_RIGHTS)
        if version >= 6:
            fields.append(_SCOPES)
        attributes = (ctypes.c_uint64 * len(fields))(*fields)
        ruleset = _syscall(_CREATE, attributes, ctypes.sizeof(attributes), 0)
        if ruleset < 0:
            return
        self._ruleset, self._version = ruleset, version
        for path in (*reads, *_SYSTEM, *_SYSTEM_FILES):
            self._allow(path, _READ_FILE | _READ_DIR)
        self._allow(os.devnull, _READ_FILE | _WRITE_FILE)
        for entry in sys.path:
            self._allow(entry, _READ_DIR)  # To find a module one has to list the folder.

    def _allow(self, path: str, rights: int) -> None:
        try:
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # Not on this machine.
        if not Path(path).is_dir():
            rights &= ~_READ_DIR
        rule = rights.to_bytes(8, sys.byteorder) + beneath.to_bytes(4, sys.byteorder)
        if rights:
            _syscall(_ADD, self._ruleset, 1, rule, 0)
        os.close(beneath)

    def enter(self) -> int:
        if self._ruleset < 0:
            return 0
        entered = _syscall(_RESTRICT, self._ruleset, 0) == 0
        os.close(self._ruleset)
        return self._version if entered else 0


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _unshare(flags: int) -> bool:
    return _call("unshare", flags) == 0


def _prctl(option: int, value: int) -> bool:
    return _call("prctl", option, value, 0, 0, 0) == 0


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _syscall(number: int, *arguments: object) -> int:
    return _call("syscall", ctypes.c_long(number), *(_wide(each) for each in arguments))


def _wide(argument: object) -> object:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _call(name: str, *arguments: object) -> int:
    """Call a function of the C library; -1 when it failed or there is no such function on this system."""
    if sys.platform != "linux":
        return -1
    try:
        result: int = getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments)
    except AttributeError:
        return -1
    return result
