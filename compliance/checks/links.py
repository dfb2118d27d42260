"""The check `links`: to which hosts, how many, names that only look like another's. Nothing is ever fetched."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated, Literal

from msgspec import Meta

from compliance.checks.base import Action, Check, CheckError, Ground, Options, Read, digest_of, strictest, verdict
from compliance.checks.hosts import Link, canonical, links_in, only_looks
from compliance.checks.normal import fold
from compliance.checks.reading import Text, texts_of
from compliance.publication import Publication
from compliance.verdicts import Verdict
from protocol import limits
from protocol.decisions import Span

VERSION = "1"
HOSTS = 100_000  # In one list.
LOOKED_AT = 128  # Links of one publication.

_NO_HOST = re.compile(r"[\s/:@?#\\]")
Hosts = tuple[Annotated[str, Meta(min_length=1, max_length=253)], ...]
File = Annotated[
    str, Meta(max_length=1024, description="A file with more of them: a host a line, UTF-8; # begins a comment line.")
]


class LinkOptions(Options, frozen=True, kw_only=True):
    """Options of the check `links`. A host stands for its subdomains too; of two that fit, the longer one counts."""

    allow: Annotated[Hosts, Meta(max_length=10_000, description="Hosts that are never acted on.")] = ()
    allow_file: File = ""
    deny: Annotated[Hosts, Meta(max_length=10_000, description="Hosts that `denied` is done for.")] = ()
    deny_file: File = ""
    denied: Annotated[Action, Meta(description="For a denied host; the label is `denied_link`.")] = "reject"
    others: Annotated[
        Action | Literal["allow"], Meta(description="For a host on neither list; the label is `unlisted_link`.")
    ] = "allow"
    look_alikes: Annotated[
        Action | Literal["allow"],
        Meta(
            description="For a host that may pass for another (pаypal.com, Cyrillic а); the label is `look_alike_link`."
        ),
    ] = "hold"
    most: Annotated[
        int, Meta(ge=0, le=LOOKED_AT, description="Most links in one publication; of those allowed, 128.")
    ] = 10
    too_many: Annotated[Literal["hold", "reject"], Meta(description="For more.")] = "hold"
    ground: Ground = "link"


class Links(Check):
    """The check `links`."""

    version = VERSION

    def __init__(self, options: LinkOptions, read: Read) -> None:
        self._options = options
        files: list[bytes] = []
        lists = {}
        for which, hosts, file in (
            ("deny", options.deny, options.deny_file),
            ("allow", options.allow, options.allow_file),
        ):
            packed = read(file) if file else b""
            files.append(packed)
            named = ((f"{which}[{number}]", host) for number, host in enumerate(hosts))
            lists[which] = _hosts(chain(named, _lines(packed, file)))
        both = sorted(lists["deny"] & lists["allow"])
        if both:
            raise CheckError(f"{both[0]} is both allowed and denied")
        self._denied = dict.fromkeys(lists["allow"], False) | dict.fromkeys(lists["deny"], True)
        self.grounds = frozenset({options.ground})
        self.digest = digest_of(VERSION, options, *files)

    @property
    def rules(self) -> frozenset[str]:
        """Every host on a list, with the list."""
        return frozenset(f"{'deny' if denied else 'allow'} {host}" for host, denied in self._denied.items())

    def judge(self, publication: Publication) -> Verdict:
        """Look at every link in every text of `publication`, up to `LOOKED_AT`: more are too many, allowed or not."""
        options = self._options
        denied: list[_Place] = []
        others: list[_Place] = []
        counted: list[_Place] = []
        places = list(islice(_links(texts_of(publication)), LOOKED_AT + 1))
        for place in places:
            is_denied = self._is_denied(place[1].host)
            if is_denied is not False:
                counted.append(place)
                (others if is_denied is None else denied).append(place)
        alike = [place for place in others if only_looks(place[1].host)] if options.look_alikes != "allow" else []
        unlisted = others if options.others != "allow" else []
        too_many = counted[options.most :] or places[LOOKED_AT:]
        found = (
            (options.denied, "denied_link", "It links to a place that is not linked to here.", denied),
            (options.look_alikes, "look_alike_link", "A link in it has a name that may be taken for another's.", alike),
            (options.others, "unlisted_link", "It links to a place that is not among those linked to here.", unlisted),
            (options.too_many, "", f"It has more links than the {options.most} it may have.", too_many),
        )
        return strictest(
            verdict(action, label=label, ground=options.ground, text=text, where=_spans(places))
            for action, label, text, places in found
            if places and action != "allow"
        )

    def _is_denied(self, host: str) -> bool | None:
        """Say what the longest name on a list says that `host` is or is under; None: there is none."""
        labels = host.split(".")
        for start in range(len(labels)):
            found = self._denied.get(".".join(labels[start:]))
            if found is not None:
                return found
        return None


_Place = tuple[Text, Link]


def _spans(places: list[_Place]) -> list[Span]:
    return [text.span(link.start, link.end) for text, link in places[: limits.PLACES_FOUND]]


def _links(texts: Iterable[Text]) -> Iterator[_Place]:
    """Yield all links; a part's `link` is one whatever it looks like."""
    for text in texts:
        folded = text.normal.text
        found = False
        for link in links_in(folded):
            found = True
            yield text, link
        if text.is_link and not found and folded:
            yield text, Link(canonical(folded.partition("/")[0]), 0, len(folded))


def _hosts(named: Iterable[tuple[str, str]]) -> set[str]:
    """Return the hosts that are `named`, each with where."""
    found: dict[str, str] = {}
    for where, line in named:
        host = canonical(fold(line).strip().removeprefix("*"))
        if not host or _NO_HOST.search(host):
            raise CheckError(
                f"{where}: {line[:64]!r} is no host; one is written like example.com, without http:// and /"
            )
        before = found.setdefault(host, where)
        if before != where:
            raise CheckError(f"{where}: {host} is there twice; first in {before}")
        if len(found) > HOSTS:
            raise CheckError(f"{where}: more than {HOSTS:,} hosts; a list has at most so many")
    return set(found)


def _lines(packed: bytes, file: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(packed.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        where = f"{file}: line {number}"
        try:
            host = line.decode().strip()
        except UnicodeDecodeError as error:
            raise CheckError(f"{where}: not UTF-8 at byte {error.start + 1} of the line") from error
        if host and not host.startswith("#"):
            yield where, host
