"""Positions in lists that are read in pages: where a page ended, sealed, so that nobody can make one up or read one.

A position is sealed for one viewer and one list; no other opens it. The same position always gives the same string:
the nonce is made of what is sealed (a synthetic one, as in RFC 5297), so a string tells nothing that the page did not.
"""

import base64
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgpack
from blake3 import blake3
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from protocol.ids import PersonId

_CONTEXT = "hutong.v1 positions in lists"

T = TypeVar("T")


class SortKey(NamedTuple):
    """Where an item is in its list: lists go by this, downwards. `at`: Unix ms; `seq`: of what is in a topic `id`."""

    at: int
    id: str
    seq: int = 0


class PositionError(ValueError):
    """No position that this viewer was given in this list."""


class Positions:
    """Seals positions and opens them again. `secret`: that of a store, of which the keys are made."""

    def __init__(self, secret: bytes) -> None:
        self._secret = blake3(secret, derive_key_context=_CONTEXT).digest()

    def seal(self, viewer: PersonId, listing: str, key: SortKey) -> str:
        """Return the position of the item with this key in what `viewer` sees of a list."""
        packed = msgpack.packb(tuple(key))
        box, nonce_key = self._keys(viewer, listing)
        nonce = blake3(packed, key=nonce_key).digest(SecretBox.NONCE_SIZE)
        return _text(box.encrypt(packed, nonce))

    def open(self, viewer: PersonId, listing: str, sealed: str) -> SortKey | None:
        """Return the key at which a page ended; None for an empty string, which is before all items.

        Raises:
            PositionError: It was not sealed for this viewer and this list.
        """
        if not sealed:
            return None
        box, _ = self._keys(viewer, listing)
        try:
            message = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
            key = SortKey(*msgpack.unpackb(box.decrypt(message)))
        except (CryptoError, ValueError) as error:
            raise PositionError from error
        if _text(message) != sealed:  # A last character can have bits of which nothing is made (RFC 4648 §3.5).
            raise PositionError
        return key

    def _keys(self, viewer: PersonId, listing: str) -> tuple[SecretBox, bytes]:
        keys = blake3(msgpack.packb((viewer, listing)), key=self._secret).digest(2 * SecretBox.KEY_SIZE)
        return SecretBox(keys[: SecretBox.KEY_SIZE]), keys[SecretBox.KEY_SIZE :]


def _text(message: bytes) -> str:
    return base64.urlsafe_b64encode(message).rstrip(b"=").decode()


def fitting(items: Iterable[T], size: Callable[[T], int], *, slice_bytes: int) -> Iterator[T]:
    """Return the first of `items`: as many as have room in a page of `slice_bytes`, or one more."""
    for item in items:
        if slice_bytes <= 0:
            return
        slice_bytes -= size(item)
        yield item
