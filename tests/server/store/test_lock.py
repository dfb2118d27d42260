"""One process at a time over a data directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.store.lock import LOCK_NAME, DataLock, LockedError

HOLD = """
import sys
from pathlib import Path
from server.store.lock import DataLock
with DataLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_directory_is_made_and_held_by_one(data: Path) -> None:
    with DataLock(data), pytest.raises(LockedError, match=f"process {os.getpid()}"), DataLock(data):
        pass
    with DataLock(data):
        assert (data / LOCK_NAME).read_text() == f"{os.getpid()}\n"


def test_another_process_is_named_and_its_death_lets_go(data: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(data)]
    root = Path(__file__).parents[3]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError) as caught, DataLock(data):
            pass
        assert caught.value.holder == str(holder.pid)
        holder.kill()
        holder.wait()
        with DataLock(data):
            pass
