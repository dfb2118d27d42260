"""A hook host: the process that loads one plugin and forks the workers that judge with it.

It runs apart from the server, from a fresh start: nothing of the server's memory was ever in it. It imports what it
needs, confines itself, and only then loads the plugin; from then on it takes orders to fork and to kill workers. It is
their parent and reaps them, so that no order can meet another process that got the same id.
"""

import codecs
import gc
import importlib
import linecache
import os
import select
import signal
import socket
import sys
import traceback
import types
from contextlib import suppress
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, NoReturn

import msgpack
import msgspec
import pluggy

from compliance import hooks as specs
from compliance.verdicts import VerdictError
from server.hooks import confine, errands, wire
from server.hooks.errands import Fork, Kill, Order, Ready, Setup, Unfit

PROBLEM_CHARS = 500
DETAIL_CHARS = 300
VERSION_CHARS = 64
REAPING_S = 0.05
RETIRED = 0

# Loaded before the files of the interpreter may become unreadable; docs/HOOKS.md lists what a plugin can count on.
PRELOADED = """
abc array ast base64 binascii bisect calendar cmath collections collections.abc contextlib contextvars copy csv
dataclasses datetime decimal difflib enum fnmatch fractions functools graphlib hashlib heapq hmac html html.parser
importlib.resources inspect io ipaddress itertools json keyword logging math numbers operator pathlib pickle pprint
queue random re reprlib secrets shlex statistics string stringprep struct tempfile textwrap threading time tokenize
tomllib traceback types typing unicodedata urllib.parse uuid warnings weakref zlib zoneinfo
"""
CODECS = ("ascii", "big5", "cp1252", "gb18030", "gbk", "idna", "latin-1", "punycode", "utf-8-sig", "utf-16", "utf-32")


class PluginError(Exception):
    """The plugin cannot be used; the message says why."""


def main(control_fd: int) -> None:
    """Be a hook host, until the server closes the other end of `control_fd`."""
    control = socket.socket(fileno=control_fd)
    os.set_inheritable(control_fd, False)  # noqa: FBT003 - it has no other way.
    sys.argv[:] = ["hook-host"]
    os.environ.clear()  # Of what Python itself has put there (PEP 538).
    try:
        setup = errands.receive_setup(control)
    except EOFError:
        return
    reply: Ready | Unfit
    hook = None
    server = os.getppid()
    try:
        preload()
        in_force = confine.confine(setup.confinement)
        confine.die_with(server)  # After the change of user, which forgets it.
        hook = Hook(setup, in_force)
        reply = Ready(version=hook.version, in_force=in_force)
    except PluginError as error:
        reply = Unfit(problem=str(error)[:PROBLEM_CHARS])
    except OSError as error:
        reply = Unfit(problem=f"its host cannot be confined: {error.strerror}")
    control.send(errands.packed(reply))
    if hook is not None:
        gc.collect()
        gc.freeze()  # Else the workers' first collection would copy what they share with this process.
        Nursery(control, hook, cpu_s=setup.cpu_s).run()


def preload() -> None:
    """Import what plugins commonly need, as long as it can be read."""
    for name in PRELOADED.split():
        importlib.import_module(name)
    for codec in CODECS:
        codecs.lookup(codec)


class Hook:
    """The plugin, loaded and configured."""

    def __init__(self, setup: Setup, in_force: confine.InForce) -> None:
        self._manager = pluggy.PluginManager(specs.PROJECT)
        self._manager.add_hookspecs(specs)
        try:
            plugin = _from_source(setup) if setup.source else EntryPoint("", setup.entry, specs.GROUP).load()
            self._manager.register(plugin() if isinstance(plugin, type) else plugin)
            self._manager.check_pending()
            self._configure(setup.options)
            said = self._manager.hook.version()
        except PluginError:
            raise
        except BaseException as error:  # Whatever it does while it is loaded, SystemExit too, is told.
            raise PluginError(_explained(error, in_force)) from error
        if said is not None and (type(said) is not str or not 0 < len(said) <= VERSION_CHARS):
            raise PluginError(f"its version is no text of 1 to {VERSION_CHARS} characters")
        self.version: str = said or setup.version

    def judge(self, packed: bytes) -> dict[str, Any]:
        """Return what the plugin says of a publication, or how it failed, in plain values."""
        publication = wire.unpacked_publication(packed)
        plain: dict[str, Any]
        try:
            plain = {"said": wire.plain_verdict(self._manager.hook.judge(publication=publication))}
        except (VerdictError, wire.MalformedError) as error:
            plain = {"malformed": str(error)[:DETAIL_CHARS]}
        except BaseException as error:  # SystemExit among them: the next publication is judged all the same.
            plain = {"raised": _place(error), "detail": str(error)[:DETAIL_CHARS]}
        return {"id": publication.id} | plain

    def _configure(self, given: dict[str, object]) -> None:
        if not self._manager.hook.judge.get_hookimpls():
            raise PluginError("it judges nothing: write a function `judge(publication)` and mark it @hookimpl")
        shape = self._manager.hook.options()
        if shape is None:
            if given:
                raise PluginError(f"options: it takes none; got {', '.join(sorted(given))}")
            return
        known = _names(shape)
        for key in given:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                hint = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(sorted(known))}"
                raise PluginError(f"options: there is no option {key}{hint}")
        try:
            options = msgspec.convert(given, shape)
        except msgspec.ValidationError as error:
            raise PluginError(f"options: {error}") from error
        self._manager.hook.configure(options=options)


class Nursery:
    """The workers: born, killed and reaped by order."""

    def __init__(self, control: socket.socket, hook: Hook, *, cpu_s: int) -> None:
        self._control = control
        self._hook = hook
        self._cpu_s = cpu_s
        self._workers: dict[int, int] = {}  # Their ids as processes, by their numbers.
        self._dying: set[int] = set()

    def run(self) -> None:
        """Take orders until the server is gone; then end all workers."""
        try:
            while True:
                if select.select([self._control], [], [], REAPING_S if self._dying else None)[0]:
                    body, descriptors, _, _ = socket.recv_fds(self._control, errands.PIECE_BYTES, 1)
                    if not body:
                        return
                    self._obey(errands.unpacked(body, Order), descriptors)  # type: ignore[arg-type] # A union.
                self._reap()
        finally:
            for process in self._workers.values():
                _kill(process)

    def _obey(self, order: Order, descriptors: list[int]) -> None:
        match order:
            case Fork(worker=number):
                try:
                    process = os.fork()
                except OSError:  # Too many processes: the server sees the socket close.
                    os.close(descriptors[0])
                    return
                if process == 0:
                    self._control.detach()
                    be_worker(self._hook, descriptors[0], cpu_s=self._cpu_s)
                os.close(descriptors[0])
                self._workers[number] = process
            case Kill(worker=number):
                process = self._workers.pop(number, 0)
                if process:
                    _kill(process)
                    self._dying.add(process)

    def _reap(self) -> None:
        for process in list(self._dying):
            with suppress(ChildProcessError):
                if os.waitpid(process, os.WNOHANG)[0] == 0:
                    continue
            self._dying.discard(process)


def be_worker(hook: Hook, descriptor: int, *, cpu_s: int) -> NoReturn:
    """Judge one publication after the other as they come over `descriptor`, in a process just forked. Never returns."""
    status = 1
    try:
        confine.die_with(os.getppid())
        os.closerange(3, descriptor)
        os.closerange(descriptor + 1, confine.OPEN_FILES)
        # A minute is the longest deadline: this ends only what nobody is left to end.
        confine.confine_worker(cpu_s=cpu_s + 61)
        status = _judge_all(hook, socket.socket(fileno=descriptor), cpu_s=cpu_s)
    finally:
        os._exit(status)


def _judge_all(hook: Hook, server: socket.socket, *, cpu_s: int) -> int:
    while packed := server.recv(wire.REQUEST_BYTES):
        answer = hook.judge(packed)
        answer["last"] = sum(os.times()[:2]) > cpu_s
        server.send(msgpack.packb(answer))
        if answer["last"]:
            break
    return RETIRED


def _from_source(setup: Setup) -> types.ModuleType:
    name = f"hutong_hook_{setup.hook.replace('-', '_')}"
    module = types.ModuleType(name)
    module.__file__ = setup.file
    linecache.cache[setup.file] = (len(setup.source), None, setup.source.splitlines(keepends=True), setup.file)
    sys.modules[name] = module
    exec(compile(setup.source, setup.file, "exec"), module.__dict__)  # noqa: S102 - this is what a host is for.
    return module


def _names(shape: object) -> list[str]:
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return list(shape.__struct_encode_fields__)
    if isinstance(shape, type) and is_dataclass(shape):
        return [field.name for field in fields(shape)]
    raise PluginError("what its `options` gives is no msgspec Struct and no dataclass")


def _explained(error: BaseException, in_force: confine.InForce) -> str:
    text = f"{_place(error)}: {error}"[:DETAIL_CHARS]
    if isinstance(error, ImportError | OSError):
        if in_force.unreadable:
            text += (
                f" (it runs as user {in_force.uid}, who cannot read the files of this Python: of the standard library "
                "only what docs/HOOKS.md lists can be imported)"
            )
        else:
            text += f" (it runs as user {in_force.uid}, and may read Python's libraries and what `reads` names)"
    return text


def _place(error: BaseException) -> str:
    """Return the type of `error` and where it was raised, without its message, which may quote what it choked on."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
