"""hutong on a store that has been in use: each run gets a copy of it, so that none finds what another one said."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks import grown_store
from benchmarks.servers import Running, hutongd
from benchmarks.systems.hutong import SETTINGS, Hutong
from server.store.schema import VERSION

EMPTY = 0  # Entries.


class Grown(Hutong):
    """Chats on a store that has so many entries already, kept in `original`."""

    def __init__(self, original: Path) -> None:
        self._original = original

    @contextmanager
    def serve(self) -> Iterator[Running]:
        """Run hutongd on a copy. It has just been written, so the system has it in memory if there is room."""
        with TemporaryDirectory(prefix="hutong-grown-") as folder:
            data = shutil.copytree(self._original, Path(folder) / "data")
            with hutongd(data, environment=SETTINGS) as server:
                yield server


@contextmanager
def grown(sizes: Sequence[int], keep: Path | None, seed: int) -> Iterator[dict[int, Hutong]]:
    """Have, for each size, hutong on a store of so many entries; `keep`: where they are kept, and found again."""
    with TemporaryDirectory(prefix="hutong-past-") as folder:
        yield {size: Grown(_store(keep or Path(folder), size, seed)) if size else Hutong() for size in sizes}


def _store(folder: Path, entries: int, seed: int) -> Path:
    data = folder / f"schema-{VERSION}-entries-{entries}-seed-{seed}"
    if not data.exists():
        unfinished = data.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        grown_store.write(unfinished, grown_store.Plan.of(entries), Random(seed))
        unfinished.rename(data)
    return data
