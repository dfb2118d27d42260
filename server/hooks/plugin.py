"""A plugin as a hook: its settings turned into a host, and a publication's way to a worker and back."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

import msgpack
import msgspec
import trio

from compliance import hooks as specs
from compliance.publication import Publication
from compliance.verdicts import Failure
from protocol.publications import Surface
from server.errors import ConfigError
from server.hooks import code, wire
from server.hooks.confine import Confinement, InForce, readable
from server.hooks.errands import Setup
from server.hooks.hook import Said
from server.hooks.hosting import Host, HostError, Worker, possible
from server.hooks.keys import meant
from server.hooks.settings import HookSettings, PluginSource, Watch
from server.hooks.users import User

_NOT_ASKED = Said(outcome=Failure.MALFORMED, why="its worker answered what was not asked")


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a worker sends. One of `said`, `malformed` and `raised` is there. `last`: it has served its time."""

    id: str
    last: bool
    said: object = None
    malformed: str | None = None
    raised: str | None = None
    detail: str = ""


class PluginHook:
    """A plugin in its host."""

    kind = "plugin"

    def __init__(
        self,
        settings: HookSettings,
        source: PluginSource,
        *,
        grounds: Mapping[str, object],
        user: User,
        output: int = subprocess.DEVNULL,
    ) -> None:
        """Find the code of the plugin, without running it. `output`: a descriptor for what it prints.

        Raises:
            ConfigError: There is none, or it cannot be read.
        """
        self.name = settings.name
        self.watches: Mapping[Surface, Watch] = settings.watches
        self._grounds = grounds
        setup, self.digest = _setup(settings.name, source, user)
        self.version = setup.version
        self._host = Host(setup, workers=source.workers, output=output)

    @property
    def in_force(self) -> InForce | None:
        """How its processes are confined; None: it was never started."""
        return self._host.ready.in_force if self._host.ready is not None else None

    @property
    def process_id(self) -> int:
        """Its host's id as a process, 0 when it is down."""
        return self._host.process_id

    async def start(self) -> None:
        """Start its host, and have the plugin loaded.

        Raises:
            HostError: It cannot be.
        """
        self.version = (await self._host.start()).version

    async def ask(self, publication: Publication, deadline_s: float) -> Said:
        """Return what the plugin says, or how it failed; a worker that is late is killed."""
        try:
            request = wire.packed_publication(publication)
        except wire.OversizeError as error:
            return Said(outcome=Failure.OVERSIZE, why=str(error))
        late = Said(outcome=Failure.REFUSED, why="all its workers were busy")
        with trio.move_on_after(deadline_s):
            try:
                while True:
                    async with self._host.worker() as worker:
                        late = Said(outcome=Failure.LATE)
                        said = self._read(await worker.ask(request), publication, worker)
                    if said is not _NOT_ASKED or not worker.veteran:
                        return said
                    # It had more to say about the publication before this one, which should not suffer for it.
            except HostError as error:
                return Said(outcome=Failure.CRASHED, why=str(error))
            except OSError:
                return Said(outcome=Failure.CRASHED, why="its worker ended")
        return late

    async def run(self) -> None:
        """Watch its host, and start it again when it has ended."""
        await self._host.run()

    async def close(self) -> None:
        """End its host and its workers."""
        await self._host.close()

    def _read(self, body: bytes, publication: Publication, worker: Worker) -> Said:
        if len(body) > wire.ANSWER_BYTES:
            return Said(outcome=Failure.OVERSIZE, why=f"an answer of more than {wire.ANSWER_BYTES} bytes")
        try:
            answer = msgspec.convert(msgpack.unpackb(body), _Answer)
        except (ValueError, msgpack.UnpackException, RecursionError):
            return Said(outcome=Failure.MALFORMED, why="what its worker sent is no answer")
        if answer.id != publication.id:
            return _NOT_ASKED
        worker.kept = not answer.last
        if answer.raised is not None:
            return Said(outcome=Failure.CRASHED, why=answer.raised, quoted=answer.detail)
        if answer.malformed is not None:
            return Said(outcome=Failure.MALFORMED, quoted=answer.malformed)
        try:
            return Said(outcome=wire.verdict_of(answer.said, publication, self._grounds))
        except wire.MalformedError as error:
            return Said(outcome=Failure.MALFORMED, why=str(error))


def _setup(name: str, source: PluginSource, user: User) -> tuple[Setup, str]:
    if not possible():
        raise ConfigError([f"[{name}]: plugins need Linux 5.3; elsewhere, put what it does behind a webhook"])
    text, version, entry, file = "", "0", "", ""
    if source.file is not None:
        try:
            text = source.file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ConfigError([f"[{name}] file: {source.file} cannot be read as text: {error}"]) from error
        if not text.strip():
            raise ConfigError([f"[{name}] file: {source.file} is empty"])
        file, digest = source.file.name, code.digest_of_source(text, source.options)
    else:
        point = _point(name, source.entry)
        entry, digest = point.value, code.digest_of_entry(point, source.options)
        version = point.dist.version if point.dist is not None else "0"
    confinement = Confinement(
        uid=user.uid,
        gid=user.gid,
        memory_mib=source.memory_mib,
        reads=(*readable(sys.path), *(str(path) for path in source.reads)),
    )
    options = msgspec.to_builtins(source.options)
    return (
        Setup(
            hook=name,
            entry=entry,
            file=file,
            source=text,
            options=options,
            version=version,
            cpu_s=source.cpu_s,
            confinement=confinement,
        ),
        digest,
    )


def _point(name: str, entry: str) -> EntryPoint:
    points = {point.name: point for point in entry_points(group=specs.GROUP)}
    if entry not in points:
        hint = meant(entry, points) or f"; none is ({specs.GROUP})"
        raise ConfigError([f"[{name}] plugin: there is no plugin {entry} installed{hint}"])
    return points[entry]
