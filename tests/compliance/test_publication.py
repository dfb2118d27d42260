"""What a hook is given: nothing but a publication, and the guard that keeps it so while the server runs."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from compliance.publication import Account, Hop, Provenance, Publication, publication
from protocol import content as private
from protocol import publications
from protocol.account_states import NewsRight
from protocol.ids import ID_CHARS, PrivateBody, Seq, TopicId
from protocol.publications import AutoReply, Content, MenuEntry, MenuItem, Part, Source, Surface

CONTENT = Content(text="Spring market on Sunday.", title="Market", parts=(Part(heading="Where", text="By the gate."),))
AT = 1_800_000_059_999
ACCOUNT = Account(category="society", news=NewsRight.REPRINT)
SOURCE = Source(
    hops=tuple(
        publications.Hop(account=TopicId(account), seq=Seq(number), digest=b"\1" * 32)
        for number, account in enumerate(("0a", "0b"), 1)
    ),
    author="A. Writer",
    title="The original",
)


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
    assert names == ["id", "version", "surface", "content", "previous", "minute", "account", "source"]


def test_of_an_account_a_hook_is_told_category_and_right_and_not_which_it_is() -> None:
    assert [field.name for field in dataclasses.fields(Account)] == ["category", "news"]
    assert made().account is None
    assert made(account=ACCOUNT).account == ACCOUNT


def test_of_a_source_a_hook_is_told_the_hops_with_digests_as_text_and_what_was_published_with_the_original() -> None:
    given = publication(CONTENT, surface=Surface.REPRINT, version=1, previous=None, at=AT, source=SOURCE)
    assert given.source == Provenance(
        hops=(Hop(account="0a", seq=1, digest="01" * 32), Hop(account="0b", seq=2, digest="01" * 32)),
        author="A. Writer",
        title="The original",
    )
    assert made().source is None


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


CARRIED: dict[type, Callable[[Any], Content]] = {
    Content: lambda content: content,
    Part: lambda part: Content(parts=(part,)),
    MenuEntry: lambda entry: Content(menu=(entry,)),
    MenuItem: lambda item: Content(menu=(MenuEntry(label="x", items=(item,)),)),
    AutoReply: lambda reply: Content(replies=(reply,)),
}


@pytest.mark.parametrize("shape", CARRIED, ids=lambda shape: shape.__name__)
def test_the_guard_looks_at_every_field_there_is(shape: Any) -> None:
    whole = {"label": "x", "keywords": ("x",), "text": "x"}
    known = {name: value for name, value in whole.items() if name in shape.__struct_fields__}
    made(content=CARRIED[shape](shape(**known)))
    for name in shape.__struct_fields__:
        for private_thing in (b"private", (b"private",), private.Text(text="private"), LooksLikeText("x"), None):
            with pytest.raises(TypeError):
                made(content=CARRIED[shape](shape(**known | {name: private_thing})))


@pytest.mark.parametrize(
    "account",
    [
        Account(category=b"private", news=NewsRight.NONE),  # type: ignore[arg-type]
        Account(category=LooksLikeText("x"), news=NewsRight.NONE),
        Account(category="x", news="none"),  # type: ignore[arg-type]
        PrivateBody(b"private"),
        private.Text(text="private"),
        {"category": "x", "news": "none"},
    ],
)
def test_what_is_no_account_is_refused(account: Any) -> None:
    with pytest.raises(TypeError, match="a publication's account "):
        made(account=account)


HOP = Hop(account="0a", seq=1, digest="01")


@pytest.mark.parametrize(
    "source",
    [
        SOURCE,
        Provenance(hops=[HOP], author="", title=""),  # type: ignore[arg-type]
        Provenance(hops=(HOP, SOURCE.hops[0]), author="", title=""),  # type: ignore[arg-type]
        Provenance(hops=(HOP,), author=b"private", title=""),  # type: ignore[arg-type]
        Provenance(hops=(HOP,), author="", title=PrivateBody(b"private")),  # type: ignore[arg-type]
        Provenance(hops=(dataclasses.replace(HOP, digest=b"private"),), author="", title=""),  # type: ignore[arg-type]
        Provenance(hops=(dataclasses.replace(HOP, account=LooksLikeText("x")),), author="", title=""),
        Provenance(hops=(dataclasses.replace(HOP, seq=True),), author="", title=""),
        PrivateBody(b"private"),
    ],
    ids=str,
)
def test_what_is_no_provenance_is_refused(source: Any) -> None:
    with pytest.raises(TypeError, match="a publication's source "):
        made(source=source)


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
