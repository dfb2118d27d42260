"""Passwords off the poller's thread, few at a time; tokens."""

import base64
import math
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event, current_thread
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters

from server.config import PasswordSettings
from server.errors import BusyError
from server.passwords import Passwords, new_token, token_digest
from server.store.base import Failed

CHEAP = PasswordSettings(time_cost=1, memory_kib=8, parallelism=1, at_once=1, waiting=2)


class Poller:
    """Runs on the test's thread what other threads post."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def post(self, call: Callable[[], None]) -> None:
        self._calls.put(call)

    def turn(self) -> None:
        """Run the next posted call, waiting for it."""
        self._calls.get(timeout=30)()


@pytest.fixture
def poller() -> Poller:
    return Poller()


@pytest.fixture
def passwords(poller: Poller) -> Iterator[Passwords]:
    passwords = Passwords(CHEAP, poller.post)
    yield passwords
    passwords.close()


def hashed(passwords: Passwords, poller: Poller, password: str) -> str:
    results: list[str | Failed] = []
    passwords.hash(password, results.append)
    poller.turn()
    (encoded,) = results
    assert isinstance(encoded, str)
    return encoded


def verified(passwords: Passwords, poller: Poller, encoded: str | None, password: str) -> bool | Failed:
    results: list[bool | Failed] = []
    passwords.verify(encoded, password, results.append)
    poller.turn()
    return results[0]


def test_a_password_is_verified_against_its_own_hash_only(passwords: Passwords, poller: Poller) -> None:
    encoded = hashed(passwords, poller, "correct horse")
    assert encoded.startswith("$argon2id$")
    assert verified(passwords, poller, encoded, "correct horse") is True
    assert verified(passwords, poller, encoded, "correct house") is False


def test_the_same_password_is_hashed_differently_each_time(passwords: Passwords, poller: Poller) -> None:
    assert hashed(passwords, poller, "correct horse") != hashed(passwords, poller, "correct horse")


def test_one_password_spelt_two_ways_in_unicode_is_one(passwords: Passwords, poller: Poller) -> None:
    encoded = hashed(passwords, poller, "caf\u00e9 caf\u00e9")
    assert verified(passwords, poller, encoded, "cafe\u0301 cafe\u0301") is True


def test_nobody_has_no_password(passwords: Passwords, poller: Poller) -> None:
    assert verified(passwords, poller, None, "correct horse") is False
    assert verified(passwords, poller, None, "") is False


def test_checking_nobody_is_the_same_work(passwords: Passwords, poller: Poller) -> None:
    real = hashed(passwords, poller, "correct horse")
    checked: list[str | bytes] = []

    class Watching(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name for it.
            checked.append(hash)
            return super().verify(hash, password)

    passwords._hasher = Watching()
    verified(passwords, poller, None, "correct horse")
    (nobody,) = checked
    assert isinstance(nobody, str)
    assert extract_parameters(nobody) == extract_parameters(real)
    assert len(nobody) == len(real)


def test_the_work_is_done_on_another_thread_and_answered_on_the_pollers(passwords: Passwords, poller: Poller) -> None:
    answered: list[str] = []
    passwords.hash("correct horse", lambda _: answered.append(current_thread().name))
    assert answered == []
    poller.turn()
    assert answered == [current_thread().name]


def test_too_many_waiting_are_told_when_to_come_back(passwords: Passwords, poller: Poller) -> None:
    go = Event()
    passwords._pool.submit(go.wait, 30)  # Keeps the one thread busy.
    results: list[str | Failed] = []
    for _ in range(3):  # One on the thread and two waiting.
        passwords.hash("correct horse", results.append)
    with pytest.raises(BusyError) as caught:
        passwords.hash("correct horse", results.append)
    with pytest.raises(BusyError):
        passwords.verify(None, "correct horse", lambda _: None)
    assert caught.value.retry_after_ms > 0
    go.set()
    poller.turn()
    passwords.hash("correct horse", results.append)  # There is room again.
    for _ in range(3):
        poller.turn()
    assert len(results) == 4
    assert passwords.waiting == 0


def test_a_hash_that_cannot_be_read_is_a_failure_not_a_wrong_password(passwords: Passwords, poller: Poller) -> None:
    assert isinstance(verified(passwords, poller, "$argon2id$nonsense", "correct horse"), Failed)
    assert passwords.waiting == 0


def test_closing_forgets_what_waits(poller: Poller) -> None:
    passwords = Passwords(CHEAP, poller.post)
    go = Event()
    passwords._pool.submit(go.wait, 30)
    passwords.hash("correct horse", lambda _: None)
    go.set()
    passwords.close()  # And does not block.


def test_a_token_is_256_random_bits_and_its_digest_is_not_it() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert len(base64.urlsafe_b64decode(token + "=")) == 32
        assert len(token) == math.ceil(32 * 4 / 3)
        assert token.encode() not in token_digest(token)
    token = tokens.pop()
    assert token_digest(token) == token_digest(token)
    assert len(token_digest(token)) == 32
