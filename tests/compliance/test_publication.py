"""What a hook is given: nothing but a publication, and the guard that keeps it so while the server runs."""

import dataclasses
from typing import Any

import pytest

from compliance.publication import Publication, publication
from protocol import content as private
from protocol.ids import ID_CHARS, PrivateBody
from protocol.publications import Content, Part, Surface

CONTENT = Content(text="Spring market on Sunday.", title="Market", parts=(Part(heading="Where", text="By the gate."),))
AT = 1_800_000_059_999


def made(**fields: Any) -> Publication:
    return dataclasses.replace(
        publication(CONTENT, surface=Surface.GROUP_MESSAGE, version=2, previous=b"\xab" * 32, at=AT), **fields
    )


def test_a_hook_is_told_minutes_and_a_digest_and_no_author() -> None:
    given = made()
    assert (given.minute, given.previous, given.version) == (AT // 60_000, "ab" * 32, 2)
    assert (given.content, given.surface) == (CONTENT, Surface.GROUP_MESSAGE)


def test_of_the_first_version_there_is_none_before() -> None:
    assert publication(CONTENT, surface=Surface.CARD, version=1, previous=None, at=AT).previous == ""


def test_two_publications_of_one_text_have_two_ids() -> None:
    first, second = made(), made()
    assert len(first.id) == ID_CHARS
    assert first.id != second.id


def test_a_publication_has_these_fields_and_no_other() -> None:
    names = [field.name for field in dataclasses.fields(Publication)]
    assert names == ["id", "version", "surface", "content", "previous", "minute"]


def test_a_publication_cannot_be_changed_or_added_to() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        made().content = Content(text="other")  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        made().sender = "somebody"  # type: ignore[attr-defined]


class Smuggler(Content, frozen=True):
    body: bytes = b""


class Stretch(Part, frozen=True):
    body: bytes = b""


class LooksLikeText(str):
    __slots__ = ("body",)


@pytest.mark.parametrize(
    "content",
    [
        b"private",
        PrivateBody(b"private"),
        "private",
        private.Text(text="private"),
        private.encode(private.Text(text="private")),
        {"text": "private"},
        None,
        Smuggler(text="x", body=b"private"),
    ],
    ids=lambda content: type(content).__name__,
)
def test_what_is_no_content_is_refused(content: Any) -> None:
    with pytest.raises(TypeError, match="a publication's content is a Content"):
        made(content=content)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": b"private"},
        {"text": PrivateBody(b"private")},
        {"text": private.Text(text="private")},
        {"text": LooksLikeText("x")},
        {"text": None},
        {"title": b"private"},
        {"category": b"private"},
        {"lang": b"private"},
        {"parts": [Part(text="x")]},
        {"parts": (b"private",)},
        {"parts": (private.Text(text="private"),)},
        {"parts": (Stretch(text="x", body=b"private"),)},
        {"parts": (Part(text="x"), Part(text=b"private"))},  # type: ignore[arg-type]
        {"parts": (Part(heading=b"private"),)},  # type: ignore[arg-type]
        {"parts": (Part(link=b"private"),)},  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_content_with_anything_but_text_in_it_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="a publication's content has text in all its fields"):
        made(content=Content(**fields))


@pytest.mark.parametrize("shape", [Content, Part])
def test_the_guard_looks_at_every_field_there_is(shape: type[Content | Part]) -> None:
    for name in shape.__struct_fields__:
        fields: dict[str, Any] = {name: b"private"}
        spoilt: Any = shape(**fields)
        content = spoilt if shape is Content else Content(parts=(spoilt,))
        with pytest.raises(TypeError):
            made(content=content)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", b"private"),
        ("id", LooksLikeText("x")),
        ("version", True),
        ("version", 1.0),
        ("surface", "group_message"),
        ("previous", b"\xab" * 32),
        ("previous", None),
        ("minute", 1.5),
    ],
)
def test_every_other_field_is_of_its_type_exactly(field: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"a publication's {field} is a "):
        made(**{field: value})
