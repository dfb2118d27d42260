"""Handles, ids, content and close codes: the small values of the wire."""

import re
import unicodedata
from uuid import UUID

import msgpack
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.content import MENTIONS_MAX, ContentError, Text, decode, encode
from protocol.errors import CloseCode, GapError, may_reconnect
from protocol.handles import HandleError, normalise, skeleton
from protocol.ids import PersonId, Seq, is_cid, new_cid, new_id
from protocol.limits import BODY_BYTES, HANDLE_CHARS

HANDLE = re.compile(r"[a-z][a-z0-9_-]{2,31}")
_handles = st.from_regex(HANDLE, fullmatch=True)


@given(st.text(max_size=200))
def test_a_handle_is_normalised_to_ascii_or_refused(text: str) -> None:
    try:
        handle = normalise(text)
    except HandleError:
        return
    assert HANDLE.fullmatch(handle)


@given(_handles)
def test_a_normal_handle_stays_as_it_is_however_it_is_written(handle: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in handle)
    assert unicodedata.normalize("NFKC", wide) == handle
    assert normalise(handle) == normalise(handle.upper()) == normalise(wide) == handle


@pytest.mark.parametrize(
    "text", ["", "ab", "a" * (HANDLE_CHARS + 1), "1ab", "_ab", "a b", "аbc", "abç", "a.b", "abc\n"]
)
def test_what_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(HandleError):
        normalise(text)


def test_a_text_much_too_long_is_refused_before_it_is_normalised() -> None:
    with pytest.raises(HandleError, match="at most"):
        normalise("ﷺ" * 10_000)


@pytest.mark.parametrize(
    ("one", "other"),
    [("b0b", "bob"), ("paul", "pau1"), ("paul", "paui"), ("a-b-c", "a_b_c"), ("tom", "torn"), ("wow", "vvovv")],
)
def test_what_looks_alike_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@given(_handles)
def test_a_skeleton_is_its_own(handle: str) -> None:
    once = skeleton(handle)
    assume("rn" not in once and "vv" not in once)  # What two replacements bring together looks like yet another.
    assert skeleton(once) == once


def test_ids_are_sixteen_readable_characters_and_not_the_same_twice() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch("[a-z2-7]{16}", one) for one in ids)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_cids_are_uuids_of_version_7_in_the_order_of_time(early: int, late: int) -> None:
    assume(early < late)
    one, other = new_cid(early), new_cid(late)
    assert is_cid(one)
    assert one < other
    assert int.from_bytes(one[:6], "big") == early
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(UUID(bytes=one)))


@pytest.mark.parametrize("value", [b"", bytes(16), b"\xff" * 16, new_cid(0)[:15], new_cid(0) + b"\x00"])
def test_other_bytes_are_no_cid(value: bytes) -> None:
    assert not is_cid(value)


_texts = st.builds(
    Text,
    text=st.text(max_size=200),
    lang=st.none() | st.text(max_size=8),
    mentions=st.lists(st.builds(PersonId, st.text(min_size=16, max_size=16)), max_size=3).map(tuple),
)


@given(_texts)
def test_content_comes_back_as_it_was_encoded(content: Text) -> None:
    assert decode(encode(content)) == content


@given(st.binary(max_size=100))
def test_any_other_bytes_are_unreadable_and_say_how_many_they_are(body: bytes) -> None:
    size = len(body)
    try:
        decode(body)
    except ContentError as error:
        size = error.size
    assert size == len(body)


@pytest.mark.parametrize(
    "body",
    [
        msgpack.packb({"text": 5}),
        msgpack.packb({}),
        msgpack.packb({"text": "x", "mentions": ["a"] * (MENTIONS_MAX + 1)}),
        b"\x91" * 1100 + b"\xc0",
        b"\x81\xa4text\xa1\xff",
        b"\x81\xa4text",
    ],
)
def test_what_is_no_content_is_unreadable(body: bytes) -> None:
    with pytest.raises(ContentError):
        decode(body)


def test_content_of_a_later_version_is_read_as_far_as_it_goes() -> None:
    assert decode(msgpack.packb({"text": "hi", "later": [1, 2]})) == Text(text="hi")


def test_a_text_too_long_for_one_message_is_refused() -> None:
    fits = BODY_BYTES - len(encode(Text(text="x" * 300))) + 300
    assert len(encode(Text(text="x" * fits))) <= BODY_BYTES
    with pytest.raises(ValueError, match="at most"):
        encode(Text(text="x" * (fits + 3)))


@pytest.mark.parametrize("code", CloseCode)
def test_codes_from_4500_on_are_for_good(code: CloseCode) -> None:
    assert may_reconnect(code) is (code < 4500)


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012, 1013, 1015])
def test_after_a_line_broke_or_a_server_failed_one_connects_again(code: int) -> None:
    assert may_reconnect(code)


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 1010])
def test_after_an_error_that_would_repeat_itself_one_does_not_connect_again(code: int) -> None:
    assert not may_reconnect(code)


def test_a_gap_says_from_where_to_sync() -> None:
    error = GapError(want=Seq(3), got=Seq(7))
    assert (error.want, error.got) == (3, 7)
