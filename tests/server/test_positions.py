"""Positions in lists: opened by whoever was given them, in the list they were given in, and by nobody else."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ids import PersonId
from protocol.limits import PLACE_CHARS, SEQ_MAX
from server.positions import PositionError, Positions, SortKey

ANN, BEN = PersonId("a" * 16), PersonId("b" * 16)
KEY = SortKey(1_760_000_000_000, "m" * 16)
POSITIONS = Positions(bytes(32))


def test_who_was_given_a_position_opens_it() -> None:
    assert POSITIONS.open(ANN, "timeline", POSITIONS.seal(ANN, "timeline", KEY)) == KEY


def test_no_position_is_before_all_there_is() -> None:
    assert POSITIONS.open(ANN, "timeline", "") is None


@given(st.integers(0, SEQ_MAX), st.text("abcdefghijklmnopqrstuvwxyz0234567", max_size=34), st.integers(0, SEQ_MAX))
def test_every_position_fits_into_a_request_and_comes_back(at: int, id: str, seq: int) -> None:
    sealed = POSITIONS.seal(ANN, "timeline", SortKey(at, id, seq))
    assert len(sealed) <= PLACE_CHARS
    assert POSITIONS.open(ANN, "timeline", sealed) == (at, id, seq)


def test_the_same_position_is_always_the_same_string() -> None:
    assert POSITIONS.seal(ANN, "timeline", KEY) == Positions(bytes(32)).seal(ANN, "timeline", KEY)


@pytest.mark.parametrize(
    "other",
    [
        POSITIONS.seal(BEN, "timeline", KEY),
        POSITIONS.seal(ANN, "notices", KEY),
        POSITIONS.seal(ANN, "timeline", SortKey(KEY.at, KEY.id, 1)),
        Positions(b"another store's secret.........").seal(ANN, "timeline", KEY),
    ],
    ids=["of somebody else", "in another list", "elsewhere in the list", "of another store"],
)
def test_another_position_is_another_string_from_its_first_character_on(other: str) -> None:
    """The nonce depends on all of them: no two messages are sealed with the same key and nonce."""
    assert other[:32] != POSITIONS.seal(ANN, "timeline", KEY)[:32]


@pytest.mark.parametrize(
    "sealed",
    [
        POSITIONS.seal(BEN, "timeline", KEY),
        POSITIONS.seal(ANN, "notices", KEY),
        Positions(b"another store's secret.........").seal(ANN, "timeline", KEY),
        "x",
        "no position",
        "0" * PLACE_CHARS,
        "日本",
        base64.urlsafe_b64encode(repr(tuple(KEY)).encode()).decode(),
    ],
    ids=["somebody else's", "another list's", "another store's", "short", "words", "zeros", "no letters", "the key"],
)
def test_what_this_viewer_was_not_given_in_this_list_does_not_open(sealed: str) -> None:
    with pytest.raises(PositionError):
        POSITIONS.open(ANN, "timeline", sealed)


def test_a_position_that_was_changed_anywhere_does_not_open() -> None:
    sealed = POSITIONS.seal(ANN, "timeline", KEY)
    box = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    for index in range(len(box)):
        changed = bytes([*box[:index], box[index] ^ 1, *box[index + 1 :]])
        with pytest.raises(PositionError):
            POSITIONS.open(ANN, "timeline", base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
    for character in "".join(map(chr, range(128))):
        with contextlib.nullcontext() if character == sealed[-1] else pytest.raises(PositionError):
            POSITIONS.open(ANN, "timeline", sealed[:-1] + character)
    for short in range(1, len(sealed)):
        with pytest.raises(PositionError):
            POSITIONS.open(ANN, "timeline", sealed[:short])
