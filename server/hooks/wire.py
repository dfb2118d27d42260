"""What crosses between the server and whoever judges for it: publications out, verdicts in, both bounded.

An answer is believed in nothing: its size, its shape, its ground and every place it points at are checked here, for
plugins, webhooks and built-in checks alike.
"""

from collections.abc import Mapping
from typing import Any

import msgpack
import msgspec

from compliance.publication import Account, Provenance, Publication
from compliance.verdicts import Allow, Hold, Label, Reject, Verdict, VerdictError
from protocol import limits
from protocol.decisions import Span
from protocol.publications import Content, Surface, fields_of

REQUEST_BYTES = 128 * 1024  # One publication. A `publish` has 64 KiB, and little is added to it.
ANSWER_BYTES = 32 * 1024  # One verdict from a worker: a text of 1,000 characters and 32 places fit in half of it.
VERDICTS = ("allow", "label", "hold", "reject")


class OversizeError(ValueError):
    """More bytes than may cross."""


class MalformedError(ValueError):
    """What came is no verdict; the message says what is wrong with it, without quoting it."""


def packed_publication(publication: Publication) -> bytes:
    """Return `publication` as a worker gets it.

    Raises:
        OversizeError: It is larger than REQUEST_BYTES.
    """
    fields = [
        publication.id,
        publication.version,
        publication.surface.value,
        msgspec.to_builtins(publication.content),
        publication.previous,
        publication.minute,
        msgspec.to_builtins(publication.account),
        msgspec.to_builtins(publication.source),
    ]
    packed: bytes = msgpack.packb(fields)
    if len(packed) > REQUEST_BYTES:
        raise OversizeError(f"a publication of {len(packed)} bytes")
    return packed


def unpacked_publication(packed: bytes) -> Publication:
    """Return the publication that `packed_publication` made `packed` of."""
    id_, version, surface, content, previous, minute, account, source = msgpack.unpackb(packed)
    return Publication(
        id=id_,
        version=version,
        surface=Surface(surface),
        content=msgspec.convert(content, Content),
        previous=previous,
        minute=minute,
        account=msgspec.convert(account, Account | None),
        source=msgspec.convert(source, Provenance | None),
    )


def plain_publication(publication: Publication) -> dict[str, Any]:
    """Return `publication` as a webhook gets it in JSON: every field by its name."""
    return {
        "id": publication.id,
        "version": publication.version,
        "surface": publication.surface.value,
        "content": msgspec.to_builtins(publication.content),
        "previous": publication.previous,
        "minute": publication.minute,
        "account": msgspec.to_builtins(publication.account),
        "source": msgspec.to_builtins(publication.source),
    }


def plain_verdict(verdict: object) -> dict[str, Any]:
    """Return `verdict` in plain values; None is Allow.

    Raises:
        MalformedError: It is no verdict.
    """
    match verdict:
        case None | Allow():
            return {"verdict": "allow"}
        case Label(labels=labels, where=where):
            return {"verdict": "label", "labels": list(labels), "where": _plain(where)}
        case Hold(ground=ground, text=text, where=where) | Reject(ground=ground, text=text, where=where):
            name = "hold" if isinstance(verdict, Hold) else "reject"
            return {"verdict": name, "ground": ground, "text": text, "where": _plain(where)}
        case _:
            raise MalformedError(f"a {type(verdict).__name__} is no verdict")


def _plain(where: tuple[Span, ...]) -> list[Any]:
    return [msgspec.to_builtins(span) for span in where]


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    start: int
    end: int


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a verdict looks like from outside. Which fields belong to which verdict is looked at afterwards."""

    verdict: str
    labels: list[str] | None = None
    ground: str | None = None
    text: str | None = None
    where: list[_Place] | None = None


def verdict_of(plain: object, publication: Publication, grounds: Mapping[str, object]) -> Verdict:
    """Return the verdict on `publication` that `plain` is; `grounds`: the codes that the pack knows.

    Raises:
        MalformedError: It is none.
    """
    try:
        said = msgspec.convert(plain, _Said)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MalformedError("its fields are not those of a verdict") from error
    try:
        verdict = _verdict(said)
    except VerdictError as error:  # Raised by the verdict itself; its messages quote nothing.
        raise MalformedError(str(error)) from error
    return checked(verdict, publication, grounds)


def checked(verdict: object, publication: Publication, grounds: Mapping[str, object]) -> Verdict:
    """Return `verdict` if it is one, on `publication`, and the pack knows its ground; None is Allow.

    Raises:
        MalformedError: It is not.
    """
    match verdict:
        case None:
            return Allow()
        case Allow():
            return verdict
        case Label():
            _check_places(verdict.where, publication)
            return verdict
        case Hold() | Reject():
            if verdict.ground not in grounds:
                raise MalformedError("its ground is not one of the pack's codes")
            _check_places(verdict.where, publication)
            return verdict
        case _:
            raise MalformedError(f"a {type(verdict).__name__} is no verdict")


def _check_places(where: tuple[Span, ...], publication: Publication) -> None:
    texts = fields_of(publication.content) if where else {}
    for span in where:
        if not 0 <= span.start < span.end <= len(texts.get(span.path, "")):
            raise MalformedError("it points at a place that is not in the publication")


def _verdict(said: _Said) -> Verdict:
    speaks = said.ground is not None or said.text is not None
    where = said.where or []
    if len(where) > limits.PLACES_FOUND:
        raise MalformedError(f"a verdict points at {limits.PLACES_FOUND} places at most")
    spans = tuple(Span(path=place.path, start=place.start, end=place.end) for place in where)
    match said.verdict:
        case "allow":
            if speaks or said.labels or said.where is not None:
                raise MalformedError("an allow says nothing more")
            return Allow()
        case "label":
            if speaks:
                raise MalformedError("a label has labels and places only")
            return Label(labels=tuple(said.labels or ()), where=spans)
        case "hold" | "reject":
            if said.labels:
                raise MalformedError(f"a {said.verdict} has no labels")
            kind = Hold if said.verdict == "hold" else Reject
            return kind(ground=said.ground or "", text=said.text or "", where=spans)
        case _:
            raise MalformedError(f"a verdict is {', '.join(VERDICTS[:-1])} or {VERDICTS[-1]}")
