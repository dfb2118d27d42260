"""What docs/PROTOCOL.md has a client compute: the digest of an agreement, and of an article."""

import json
from typing import Any

import msgpack
from blake3 import blake3


def of_agreement(agreement: dict[str, Any]) -> bytes:
    """Return what is signed, from what was shown."""
    signed = {key: agreement[key] for key in ("version", "lines", "texts")}
    shown = json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return blake3(shown.encode()).digest()


def of_content(body: bytes) -> bytes:
    """Return the digest of `content` as it stands in a published body."""
    reader = msgpack.Unpacker()
    reader.feed(body)
    for _ in range(reader.read_map_header()):
        key, start = reader.unpack(), reader.tell()
        reader.skip()
        if key == "content":
            return blake3(body[start : reader.tell()]).digest()
    raise AssertionError("a published body has a content")
