"""One process at a time over a data directory."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from server.store.base import StoreError

LOCK_NAME = "hutongd.lock"


class LockedError(StoreError):
    """Another process serves, or restores, this data directory."""

    def __init__(self, directory: Path, holder: str) -> None:
        who = f"process {holder}" if holder else "another process"
        super().__init__(f"{directory} is in use by {who}: stop it first, or choose another directory with --data")
        self.directory, self.holder = directory, holder


class DataLock:
    """A context in which this process alone has `directory`, which is made if it is not there.

    An advisory lock (flock) on a file in it: the system lets go of it when the process ends, however that happens.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = -1

    def __enter__(self) -> None:
        """Take it.

        Raises:
            LockedError: Somebody else has it.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(self._directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode(errors="replace").strip()
            os.close(self._file)
            raise LockedError(self._directory, holder) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        os.close(self._file)
