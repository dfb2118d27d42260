"""A built-in check as a hook: its options and files read, its rules replaced while the server runs."""

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from compliance.checks.base import Check, CheckError, Read, compare
from compliance.publication import Publication
from compliance.verdicts import Failure
from protocol.publications import Surface
from server.errors import ConfigError
from server.hooks import wire
from server.hooks.hook import Said
from server.hooks.keys import meant
from server.hooks.settings import CheckSource, HookSettings, Watch


class CheckKind(Protocol):
    """What the registry knows of a built-in check."""

    @property
    def options(self) -> type[msgspec.Struct]:
        """What its options are checked against."""

    @property
    def make(self) -> Callable[[Any, Read], Check]:
        """Makes one of its options, and of what it reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What a hook's reading its rules anew came to. `problem`: why the old ones stay; empty when they do not."""

    hook: str
    came: int
    went: int
    digest: str
    problem: str = ""


class CheckHook:
    """A built-in check, in the server's own process."""

    kind = "check"

    def __init__(
        self,
        settings: HookSettings,
        source: CheckSource,
        *,
        kinds: Mapping[str, CheckKind],
        grounds: Mapping[str, object],
        folder: Path,
    ) -> None:
        """Make the check. `folder`: where the files are that its options name.

        Raises:
            ConfigError: There is no such check, or it cannot be as it is configured.
        """
        self.name = settings.name
        self.watches: Mapping[Surface, Watch] = settings.watches
        self._source = source
        self._grounds = grounds
        self._folder = folder
        if source.check not in kinds:
            raise ConfigError([f"[{self.name}] check: there is no check {source.check}{meant(source.check, kinds)}"])
        self._kind = kinds[source.check]
        self._options = self._converted()
        self._check = self.made()

    @property
    def version(self) -> str:
        return self._check.version

    @property
    def digest(self) -> str:
        return self._check.digest

    def made(self) -> Check:
        """Return the check made anew, of its files as they are now. Reads and may compute for a while.

        Raises:
            ConfigError: It cannot be made of them.
        """
        try:
            check = self._kind.make(self._options, self._read)
        except CheckError as error:
            raise ConfigError([f"[{self.name}] options: {error}"]) from error
        except OSError as error:
            place = error.filename or self._folder
            raise ConfigError([f"[{self.name}] options: {place} cannot be read: {error.strerror}"]) from error
        unknown = sorted(check.grounds - set(self._grounds))
        if unknown:
            problem = f"the pack has no ground {', '.join(unknown)}{meant(unknown[0], self._grounds)}"
            raise ConfigError([f"[{self.name}] options: {problem}"])
        return check

    def replace(self, check: Check) -> Reloaded:
        """Judge by `check` from now on."""
        came, went = compare(self._check, check)
        check.succeed(self._check)
        self._check = check
        return Reloaded(hook=self.name, came=came, went=went, digest=check.digest)

    def kept(self, problem: str) -> Reloaded:
        """Say that the check stays as it is, because of `problem`."""
        return Reloaded(hook=self.name, came=0, went=0, digest=self._check.digest, problem=problem)

    def judge(self, publication: Publication) -> Said:
        """Return what the check says. It is ours; what goes wrong in it is a failure of that hook all the same."""
        try:
            return Said(outcome=wire.checked(self._check.judge(publication), publication, self._grounds))
        except wire.MalformedError as error:
            return Said(outcome=Failure.MALFORMED, why=str(error))
        except Exception as error:
            return Said(outcome=Failure.CRASHED, why=type(error).__name__, quoted=str(error))

    def learn(self, publication: Publication) -> None:
        """Let the check know that `publication` is public."""
        self._check.learn(publication)

    def _converted(self) -> msgspec.Struct:
        known = self._kind.options.__struct_encode_fields__
        problems = [
            f"[{self.name}] options: there is no option {key}{meant(key, known)}"
            for key in self._source.options
            if key not in known
        ]
        if problems:
            raise ConfigError(problems)
        try:
            return msgspec.convert(self._source.options, self._kind.options)
        except msgspec.ValidationError as error:
            raise ConfigError([f"[{self.name}] options: {error}"]) from error

    def _read(self, name: str) -> bytes:
        path = self._folder / name
        if path.exists() and not path.is_file():  # Nobody knows when a pipe would come to its end.
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        return path.read_bytes()
