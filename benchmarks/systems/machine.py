"""What is installed on this machine: packages of this Python, and programs."""

import shutil
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # Where daemons are, which few people have in their PATH.


def package_version(name: str) -> str | None:
    """Return the version of a package of this Python, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def program(name: str) -> str | None:
    """Return the path of a program, or None: one that came with this Python before one of the machine."""
    beside = Path(sys.executable).parent
    return shutil.which(name, path=str(beside)) or shutil.which(name) or shutil.which(name, path=":".join(_SBIN))


@cache
def said(*command: str) -> str:
    """Return the first line of what a program says, on stdout or stderr."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    return next(iter((done.stdout or done.stderr).splitlines()), "")


def missing(name: str, what: str) -> str:
    """Return how to say that `what` is not there, which the peer `name` needs."""
    return f"there is no {what}; `hutong-bench peers install {name}` gets it"
