"""Which code a plugin is: a digest of its files, taken without running any of it."""

import importlib.machinery
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

FILES = 2000


def digest_of_source(source: str, options: Mapping[str, Any]) -> str:
    """Return the hexadecimal BLAKE3 digest of a plugin in one file, with its options."""
    return _digest([("", source.encode())], options)


def digest_of_entry(point: EntryPoint, options: Mapping[str, Any]) -> str:
    """Return that of an installed plugin: of the module it names, or of all Python files of the package it is in.

    When Python cannot say where they are, that of what was recorded of them at their installation.
    """
    files = sorted(_files(point.module))
    if files:
        return _digest(((str(number), file.read_bytes()) for number, file in enumerate(files)), options)
    recorded = (point.dist.read_text("RECORD") if point.dist else None) or ""
    version = point.dist.version if point.dist else ""
    return _digest([(version, f"{point.value}\n{recorded}".encode())], options)


def _files(module: str) -> Iterator[Path]:
    top = module.partition(".")[0]
    spec = importlib.machinery.PathFinder.find_spec(top, _absolute(sys.path))
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        if spec.origin:
            yield Path(spec.origin)
        return
    for folder in spec.submodule_search_locations:
        for number, file in enumerate(sorted(Path(folder).rglob("*.py"))):
            if number == FILES:
                return
            yield file


def _absolute(path: Sequence[str]) -> list[str]:
    return [str(Path(entry).absolute()) for entry in path if entry]


def _digest(parts: Any, options: Mapping[str, Any]) -> str:
    hasher = blake3()
    for name, content in parts:
        hasher.update(f"{name}:{len(content)}:".encode())
        hasher.update(content)
    hasher.update(msgspec.json.encode(options, order="sorted"))
    return hasher.hexdigest()
