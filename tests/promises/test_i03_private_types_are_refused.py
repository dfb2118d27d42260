"""I3: the interface for hooks cannot be called with private types: not past a type checker, not past the guard."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

import compliance
import compliance.publication
import protocol.publications
from compliance.publication import Account, Provenance, Publication, publication
from protocol import content as private
from protocol.codec import decode_request, encode_request
from protocol.errors import ShapeError
from protocol.frames import Send
from protocol.ids import PersonId, PrivateBody, TopicId, new_cid, new_id
from protocol.public import Publish
from protocol.publications import AutoReply, Content, Hop, MenuEntry, MenuItem, Part, Published, Source, Surface
from protocol.shapes import Digest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300

# What a type checker says.

PREAMBLE = """
from compliance.hooks import judge
from compliance.publication import Publication, publication
from protocol.content import Text
from protocol.content import encode as encode_privately
from protocol.frames import Edit, GroupNotice, Send
from protocol.ids import Cid, PrivateBody, Seq, TopicId
from protocol.public import Publish
from protocol.publications import Content, Part, Published, Surface, encode_content, fields_of, is_empty
from protocol.publications import encode as encode_published
from server.panel import Panel

CARD, CID, TOPIC = Surface.CARD, Cid(b""), TopicId("")
"""

# By what is tried: an expression, and the error that it must be.
REFUSED = {
    "a private body as content": ("publication(body, surface=CARD, version=1, previous=None, at=0)", "arg-type"),
    "bytes as content": ("publication(raw, surface=CARD, version=1, previous=None, at=0)", "arg-type"),
    "private content as content": ("publication(text, surface=CARD, version=1, previous=None, at=0)", "arg-type"),
    "text as content": ("publication(said, surface=CARD, version=1, previous=None, at=0)", "arg-type"),
    "text as a surface": ("publication(content, surface=said, version=1, previous=None, at=0)", "arg-type"),
    "a private body in a publication": (
        "Publication(id='', version=1, surface=CARD, content=body, previous='', minute=0)",
        "arg-type",
    ),
    "private content in a publication": (
        "Publication(id='', version=1, surface=CARD, content=text, previous='', minute=0)",
        "arg-type",
    ),
    "a field more in a publication": (
        "Publication(id='', version=1, surface=CARD, content=content, previous='', minute=0, body=body)",
        "call-arg",
    ),
    "a private body to a hook": ("judge(body)", "arg-type"),
    "bytes to a hook": ("judge(raw)", "arg-type"),
    "private content to a hook": ("judge(text)", "arg-type"),
    "content alone to a hook": ("judge(content)", "arg-type"),
    "a send to a hook": ("judge(sent)", "arg-type"),
    "a private body to the panel": ("panel.ask(body, lambda answers: None)", "arg-type"),
    "private content to the panel": ("panel.ask(text, lambda answers: None)", "arg-type"),
    "a private body to the checks that learn": ("panel.published(body)", "arg-type"),
    "a private body as a public text": ("Content(text=body)", "arg-type"),
    "a private body as a part": ("Part(text=body)", "arg-type"),
    "private content as a part": ("Content(parts=(text,))", "arg-type"),
    "a private body as what was published": ("Published(content=body)", "arg-type"),
    "private content as what was published": ("Published(content=text)", "arg-type"),
    "a private body in a publish": ("Publish(id=1, cid=CID, surface=CARD, content=body)", "arg-type"),
    "private content in a publish": ("Publish(id=1, cid=CID, surface=CARD, content=text)", "arg-type"),
    "the texts of a private body": ("fields_of(body)", "arg-type"),
    "the texts of private content": ("fields_of(text)", "arg-type"),
    "private content encoded as public": ("encode_content(text)", "arg-type"),
    "a private body encoded as published": ("encode_published(body)", "arg-type"),
    "whether private content is empty": ("is_empty(text)", "arg-type"),
    "public content encoded as private": ("encode_privately(content)", "arg-type"),
    "public content in a send": ("Send(id=1, cid=CID, body=content)", "arg-type"),
    "public content in an edit": ("Edit(id=1, cid=CID, topic=TOPIC, target=Seq(1), body=content)", "arg-type"),
    "public content as a private notice": ("GroupNotice(id=1, cid=CID, topic=TOPIC, notice=content)", "arg-type"),
}
ACCEPTED = {
    "content": "publication(content, surface=CARD, version=1, previous=b'', at=0)",
    "a publication to a hook": "judge(published)",
    "a publication to the panel": "panel.ask(published, lambda answers: None)",
    "content in a publish": "Publish(id=1, cid=CID, surface=CARD, content=content)",
    "a private body in a send": "Send(id=1, cid=CID, body=body)",
    "private content encoded as private": "encode_privately(text)",
}


def _snippet(number: int, expression: str) -> list[str]:
    names = "body: PrivateBody, raw: bytes, text: Text, said: str, content: Content, sent: Send"
    return [f"def tried{number}({names}, published: Publication, panel: Panel) -> None:", f"    {expression}"]


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says about each attempt, by what was tried; all of them in one file, checked once."""
    tried = {what: expression for what, (expression, _) in REFUSED.items()} | ACCEPTED
    folder = tmp_path_factory.mktemp("attempts")
    text = PREAMBLE.splitlines()
    at: dict[int, str] = {}
    for number, (what, expression) in enumerate(tried.items()):
        text += _snippet(number, expression)
        at[len(text)] = what
    (folder / "attempts.py").write_text("\n".join(text) + "\n", encoding="utf-8")
    mypy = (sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", folder / "cache")
    run = subprocess.run(
        (*mypy, "--no-error-summary", "--hide-error-context", folder / "attempts.py"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.stderr == ""
    said: dict[str, list[str]] = {what: [] for what in tried}
    for line in run.stdout.splitlines():
        found = re.fullmatch(r".*attempts\.py:(\d+): error: .*\[([\w-]+)\]", line)
        if found:
            said[at[int(found[1])]].append(found[2])
        else:
            assert ": note: " in line, run.stdout
    return said


@pytest.mark.parametrize("what", REFUSED)
def test_a_type_checker_refuses(complaints: dict[str, list[str]], what: str) -> None:
    assert complaints[what] == [REFUSED[what][1]]


@pytest.mark.parametrize("what", ACCEPTED)
def test_a_type_checker_accepts(complaints: dict[str, list[str]], what: str) -> None:
    assert complaints[what] == []


# What the guard says to whoever has no type checker.


def published(content: Any) -> Publication:
    return publication(content, surface=Surface.GROUP_MESSAGE, version=1, previous=None, at=0)


PRIVATE = st.one_of(
    st.binary(),
    st.binary().map(PrivateBody),
    st.text(),
    st.text(max_size=100).map(lambda said: private.Text(text=said)),
    st.text(max_size=100).map(lambda said: private.encode(private.Text(text=said))),
)


@given(PRIVATE)
def test_nothing_private_becomes_a_publication(something: Any) -> None:
    with pytest.raises(TypeError):
        published(something)


@given(PRIVATE.filter(lambda something: type(something) is not str), st.sampled_from(Content.__struct_fields__))
def test_nothing_private_becomes_a_part_of_one(something: Any, field: str) -> None:
    fields: dict[str, Any] = {field: something}
    with pytest.raises(TypeError):
        published(Content(**fields))
    with pytest.raises(TypeError):
        published(Content(parts=(Part(text=something),)))


def test_a_type_that_passes_for_content_is_refused() -> None:
    class Passing(Content, frozen=True):
        body: bytes = b"private"

    with pytest.raises(TypeError):
        published(Passing(text="x"))


def test_a_publication_of_another_class_cannot_be_had_by_inheriting_its_guard() -> None:
    with pytest.raises(TypeError):
        Publication(id="", version=1, surface=Surface.CARD, content=private.Text(text="x"), previous="", minute=0)  # type: ignore[arg-type]


# What comes over the wire has the one type or the other.


def test_a_publish_with_a_private_body_for_content_is_no_request() -> None:
    body: Any = private.encode(private.Text(text="private"))
    packed = encode_request(Publish(id=1, cid=new_cid(0), surface=Surface.CARD, content=body))
    with pytest.raises(ShapeError) as caught:
        decode_request(packed)
    assert caught.value.field == "content"


def test_a_publish_with_bytes_for_a_text_is_no_request() -> None:
    body: Any = PrivateBody(b"private")
    packed = encode_request(Publish(id=1, cid=new_cid(0), surface=Surface.CARD, content=Content(text=body)))
    with pytest.raises(ShapeError) as caught:
        decode_request(packed)
    assert caught.value.field == "content.text"


def test_a_send_with_public_content_for_a_body_is_no_request() -> None:
    content: Any = Content(text="public")
    packed = encode_request(Send(id=1, cid=new_cid(0), to=PersonId(new_id()), body=content))
    with pytest.raises(ShapeError) as caught:
        decode_request(packed)
    assert caught.value.field == "body"


def test_a_send_has_no_content_and_a_publish_no_body() -> None:
    assert "content" not in Send.__struct_fields__
    assert "body" not in Publish.__struct_fields__
    topic = TopicId(new_id())
    sent = decode_request(encode_request(Send(id=1, cid=new_cid(0), topic=topic, body=b"private")))
    assert type(sent) is Send


# There is no road from the one to the other.

PUBLIC: frozenset[type] = frozenset({Publication, Content, Part, MenuEntry, MenuItem, AutoReply})
# Whatever gives something public and is given bytes. The three are for what the public store holds, since there a
# `publish` was decoded before; the last one's bytes are a digest, of which a hook gets the hexadecimal.
ROADS = {
    "protocol.publications.decode(body)",
    "protocol.publications.decode_content(packed)",
    "protocol.publications._decoded(packed)",
    "compliance.publication.publication(previous)",
}


def rooms() -> list[types.ModuleType]:
    """Every module of compliance, and the schema of what is published."""
    names = [each.name for each in pkgutil.walk_packages(compliance.__path__, "compliance.")]
    return [protocol.publications, *map(importlib.import_module, names)]


def functions(room: types.ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function of `room`, those of its classes too."""
    for name, thing in vars(room).items():
        if getattr(thing, "__module__", None) != room.__name__:
            continue
        if inspect.isfunction(thing):
            yield f"{room.__name__}.{name}", thing
        elif inspect.isclass(thing):
            for inner, member in vars(thing).items():
                method = getattr(member, "fget", None) or getattr(member, "__func__", member)
                if inspect.isfunction(method) and method.__module__ == room.__name__:
                    yield f"{room.__name__}.{name}.{inner}", method


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of its parameters and what it returns; as they stand where Python itself cannot read one."""
    try:
        return get_type_hints(function)
    except TypeError:  # Up to Python 3.11 an `array[int]` is for type checkers only.
        return dict(function.__annotations__)


def within(hint: Any) -> set[Any]:
    """Every type in `hint`, those behind a NewType or a TypeVar too."""
    if isinstance(hint, TypeVar):
        return {hint} | within(hint.__bound__)
    behind = getattr(hint, "__supertype__", None)
    return {hint, behind} | {each for inner in get_args(hint) for each in within(inner)}


def roads(rooms: list[types.ModuleType]) -> set[str]:
    """Name each parameter that takes bytes, of a function that gives something public."""
    found = set()
    for room in rooms:
        for name, function in functions(room):
            hints = hints_of(function)
            given = within(hints.pop("return", None))
            if given & (PUBLIC | {Published}) or any(isinstance(each, TypeVar) for each in given):
                found |= {f"{name}({parameter})" for parameter, hint in hints.items() if bytes in within(hint)}
    return found


def test_no_function_makes_something_public_of_bytes_but_those_that_read_the_public_store() -> None:
    assert roads(rooms()) == ROADS


def test_a_road_that_somebody_builds_is_found() -> None:
    room = types.ModuleType("compliance.shortcut")
    exec("def publish(body: PrivateBody) -> Publication | None: ...", globals(), vars(room))
    room.publish.__module__ = room.__name__
    assert roads([room]) == {"compliance.shortcut.publish(body)"}


@pytest.mark.parametrize("shape", [*PUBLIC, Account, Provenance, compliance.publication.Hop])
def test_nothing_that_a_hook_is_given_has_room_for_bytes(shape: type) -> None:
    assert room_for_bytes(shape) == []


@pytest.mark.parametrize("shape", [Published, Source, Hop])
def test_nothing_that_is_published_has_room_for_bytes_but_for_a_digest(shape: type) -> None:
    digests = [name for name, hint in get_type_hints(shape, include_extras=True).items() if Digest in within(hint)]
    assert room_for_bytes(shape) == digests
    assert get_args(Digest)[1] == Meta(min_length=32, max_length=32)


def room_for_bytes(shape: type) -> list[str]:
    return [name for name, hint in get_type_hints(shape).items() if {bytes, Any} & within(hint)]


def test_compliance_never_loads_the_schema_of_private_text() -> None:
    program = (
        "import importlib, pkgutil, sys, compliance\n"
        "for each in pkgutil.walk_packages(compliance.__path__, 'compliance.'):\n"
        "    importlib.import_module(each.name)\n"
        "print(*{'protocol.content', 'protocol.frames', 'protocol.codec', 'compliance.sides'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        (sys.executable, "-c", program), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert loaded.stdout.split() == ["compliance.sides"]


@pytest.mark.parametrize("path", sorted((ROOT / "compliance").rglob("*.py")), ids=lambda path: path.stem)
def test_no_room_of_compliance_names_the_type_of_private_text(path: Path) -> None:
    assert "PrivateBody" not in path.read_text(encoding="utf-8")
