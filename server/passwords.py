"""Passwords and tokens. Argon2id costs tens of milliseconds and megabytes: off the poller's thread, few at a time."""

import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from blake3 import blake3

from server.config import PasswordSettings
from server.errors import BusyError
from server.store.base import Failed

T = TypeVar("T")

TOKEN_BYTES = 32
BUSY_MS = 2000
_SALT_BYTES = 16
_HASH_BYTES = 32


def new_token() -> str:
    """Return 32 random bytes as base64url text without padding: what a device signs in with from then on."""
    return base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).rstrip(b"=").decode()


def token_digest(token: str) -> bytes:
    """Return what is stored of `token`. It has 256 random bits, so a plain digest is enough; a password needs more."""
    return blake3(token.encode()).digest()


class Passwords:
    """Hashes and checks passwords on threads of its own. `post` schedules a call on the poller's thread.

    Made, called and closed on the poller's thread.
    """

    def __init__(self, settings: PasswordSettings, post: Callable[[Callable[[], None]], None]) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.time_cost,
            memory_cost=settings.memory_kib,
            parallelism=settings.parallelism,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        # A hash of nothing: to compute it is the work of any other, and no password has it.
        self._nobody = (
            f"$argon2id$v=19$m={settings.memory_kib},t={settings.time_cost},p={settings.parallelism}"
            f"${_base64(secrets.token_bytes(_SALT_BYTES))}${_base64(secrets.token_bytes(_HASH_BYTES))}"
        )
        self._post = post
        self._most = settings.at_once + settings.waiting
        self._pool = ThreadPoolExecutor(settings.at_once, thread_name_prefix="passwords")
        self.waiting = 0  # Asked for and not yet answered.

    def hash(self, password: str, done: Callable[[str | Failed], None]) -> None:
        """Hash `password` soon and call `done` with its encoding.

        Raises:
            BusyError: Too many wait already.
        """
        self._begin(lambda: self._hasher.hash(_normal(password)), done)

    def verify(self, encoded: str | None, password: str, done: Callable[[bool | Failed], None]) -> None:
        """Compare `password` with `encoded` soon and call `done` with whether it is the same.

        `encoded` None: nobody has that handle. It costs the same, so that time does not tell who exists.

        Raises:
            BusyError: Too many wait already.
        """
        self._begin(lambda: self._is(encoded or self._nobody, password), done)

    def close(self) -> None:
        """Forget what waits; let what is being computed end. Blocks for as long as one hash takes."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, work: Callable[[], T], done: Callable[[T | Failed], None]) -> None:
        if self.waiting >= self._most:
            raise BusyError(retry_after_ms=BUSY_MS)
        self.waiting += 1
        self._pool.submit(self._run, work, done)

    def _run(self, work: Callable[[], T], done: Callable[[T | Failed], None]) -> None:
        result: T | Failed
        try:
            result = work()
        except Exception as error:
            result = Failed(type(error).__name__)
        self._post(lambda: self._end(result, done))

    def _end(self, result: T | Failed, done: Callable[[T | Failed], None]) -> None:
        self.waiting -= 1
        done(result)

    def _is(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, _normal(password))
        except VerifyMismatchError:
            return False


def _normal(password: str) -> str:
    # NFC (RFC 8265 §4.2.2): keyboards differ in how they spell `é`, people do not.
    return unicodedata.normalize("NFC", password)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).rstrip(b"=").decode()
