"""Checks and publications as the tests of checks make them."""

from collections.abc import Mapping

import msgspec

from compliance.checks.base import Check
from compliance.checks.registry import CHECKS
from compliance.publication import MINUTE_MS, Publication, publication
from compliance.verdicts import Allow, Hold, Label, Reject, Verdict
from protocol.publications import Content, Part, Surface, fields_of

AT = 1_760_000_000_000


def made(name: str, files: Mapping[str, str | bytes] | None = None, **options: object) -> Check:
    """Return the check `name` with `options`; `files` are what it may read."""
    kind = CHECKS[name]
    packed = {file: text.encode() if isinstance(text, str) else text for file, text in (files or {}).items()}
    return kind.make(msgspec.convert(options, kind.options), packed.__getitem__)


def says(text: str, *, title: str = "", parts: tuple[Part, ...] = (), minute: int = 0, version: int = 1) -> Publication:
    """Return a publication in a group; `minute`: of the day of the tests."""
    content = Content(text=text, title=title, parts=parts, category="news")
    previous = bytes(32) if version > 1 else None
    at = AT + minute * MINUTE_MS
    return publication(content, surface=Surface.GROUP_MESSAGE, version=version, previous=previous, at=at)


def pointed_at(verdict: Verdict, publication: Publication) -> list[str]:
    """Return the stretches of the original texts that `verdict` points at."""
    assert isinstance(verdict, Hold | Reject | Label)
    texts = fields_of(publication.content)
    return [texts[span.path][span.start : span.end] for span in verdict.where]


def found(check: Check, text: str) -> list[str]:
    """Return what `check` points at in `text`; nothing when it allows it."""
    publication = says(text)
    verdict = check.judge(publication)
    return [] if isinstance(verdict, Allow) else pointed_at(verdict, publication)


def labels(check: Check, text: str) -> tuple[str, ...]:
    """Return the labels that `check` gives `text`."""
    verdict = check.judge(says(text))
    return verdict.labels if isinstance(verdict, Label) else ()
