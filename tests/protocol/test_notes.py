"""What one notes about a contact, and private cards: kept as bytes, which no server reads."""

from collections.abc import Callable

import msgpack
import pytest

from protocol.content import Card, ContentError, Remark, decode_card, decode_remark, encode_card, encode_remark
from protocol.limits import PRIVATE_CARD_BYTES, REMARK_BYTES


@pytest.mark.parametrize(
    "remark", [Remark(), Remark(text="Bobby"), Remark(tags=("tea", "家")), Remark(text="x", tags=("y",))]
)
def test_a_remark_comes_back_as_it_was_noted(remark: Remark) -> None:
    assert decode_remark(encode_remark(remark)) == remark


@pytest.mark.parametrize("card", [Card(), Card(name="Ann"), Card(status="drinks\ntea"), Card(name="安", status="x")])
def test_a_private_card_comes_back_as_it_was_set(card: Card) -> None:
    assert decode_card(encode_card(card)) == card


def test_nothing_is_no_bytes() -> None:
    assert (encode_remark(Remark()), encode_card(Card())) == (b"", b"")


@pytest.mark.parametrize("decode", [decode_remark, decode_card])
@pytest.mark.parametrize("body", [b"\xc1", b"\x80\x80", msgpack.packb([]), msgpack.packb({"text": 5, "name": 5})])
def test_what_another_client_made_of_it_is_unreadable(decode: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(ContentError) as caught:
        decode(body)
    assert caught.value.size == len(body)


def test_what_a_later_version_adds_is_left_out() -> None:
    assert decode_remark(msgpack.packb({"text": "Bobby", "since": 5})) == Remark(text="Bobby")
    assert decode_card(msgpack.packb({"name": "Ann", "cover": b"x"})) == Card(name="Ann")


def test_what_is_too_long_is_refused_before_it_is_sent() -> None:
    room = REMARK_BYTES - len(encode_remark(Remark(text="x" * 300, tags=("tea",)))) + 300
    assert len(encode_remark(Remark(text="x" * room, tags=("tea",)))) == REMARK_BYTES
    with pytest.raises(ValueError, match="at most 1024"):
        encode_remark(Remark(text="x" * (room + 1), tags=("tea",)))
    with pytest.raises(ValueError, match="at most 4096"):
        encode_card(Card(status="x" * PRIVATE_CARD_BYTES))
