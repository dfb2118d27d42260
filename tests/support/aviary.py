"""Canaries: words that nobody else says, what they look like in disguise, and what a search of everything must find.

Who keeps an aviary lets one go wherever words can stand, and later looks for all of them in whatever was written.
"""

import base64
import gc
from collections.abc import Iterable
from enum import Enum
from functools import cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import msgspec
from ahocorasick_rs import BytesAhoCorasick
from blake3 import blake3

from compliance.publication import Account, Hop, Provenance, Publication
from compliance.sides import CARRIERS, SIDES, Follows, Private, Published
from protocol.content import Text, encode
from protocol.publications import AutoReply, Content, MenuEntry, MenuItem, Part
from server.hooks import webhook, wire

SHORT_BYTES = 16 << 10  # Up to there it is quicker to look for each than to build what looks for all.
MARK = "canary"
INNER = slice(8, 26)  # A part of a canary, long enough to be found by nothing else.
PRIVATE_CARRIERS = frozenset(
    field
    for field, kinds in CARRIERS.items()
    if any(isinstance(SIDES[kind], Private | Follows) for kind in kinds)  # What follows: `edit`, here of the private.
)
PUBLIC_CARRIERS = frozenset(
    field for field, kinds in CARRIERS.items() if any(isinstance(SIDES[kind], Published) for kind in kinds)
)


class Aviary:
    """All canaries there are, by what they were sent as. `seed`: two aviaries of one seed have the same words."""

    def __init__(self, seed: str) -> None:
        self.kept: dict[str, str] = {}
        self._seed = seed
        self._digested: set[str] = set()  # Of these a digest is expected somewhere, and gives nothing away.
        self._nets: dict[int, tuple[BytesAhoCorasick, list[str]]] = {}  # By the number of canaries they catch.

    def fresh(self, what: str) -> str:
        """Return a new canary, to be sent as `what`; the second and later ones of a kind are numbered."""
        name = what
        while name in self.kept:
            name = f"{what} #{len(self.kept)}"
        self.kept[name] = word(f"{self._seed} {len(self.kept)}")
        return self.kept[name]

    def also(self, what: str, word: str, *, kept_as_digest: bool = False) -> None:
        """Count `word`, which the server made, as a canary. `kept_as_digest`: it has too many bits to be found by
        trying, and the server keeps its digest.
        """
        assert what not in self.kept
        self.kept[what] = word
        if kept_as_digest:
            self._digested.add(what)

    def seen_in(self, data: bytes, *, but: Iterable[str] = ()) -> list[str]:
        """Return which canaries are in `data` in any form, by what they were sent as; those of `but` aside."""
        left_out = set(but)
        found = self._seen(data)
        return [what for what in self.kept if what in found and what not in left_out]

    def _seen(self, data: bytes) -> set[str]:
        if len(data) < SHORT_BYTES:
            return {what for what in self.kept if any(form in data for form in self._forms(what))}
        net, caught = self._net()
        return {caught[number] for number, _, _ in net.find_matches_as_indexes(data, overlapping=True)}

    def _net(self) -> tuple[BytesAhoCorasick, list[str]]:
        """Return what finds every form of every canary, and what each of these forms is of."""
        if len(self.kept) not in self._nets:
            patterns = [(form, what) for what in self.kept for form in self._forms(what)]
            net = BytesAhoCorasick([form for form, _ in patterns])
            self._nets = {len(self.kept): (net, [what for _, what in patterns])}
        return self._nets[len(self.kept)]

    def _forms(self, what: str) -> tuple[bytes, ...]:
        canary = self.kept[what]
        return disguises(canary) if what in self._digested else disguises(canary) + digests(canary)

    def only(self, *words: str) -> list[str]:
        """Return what was sent as something that has one of `words` in its name."""
        return [what for what in self.kept if any(each in what for each in words)]


def word(seed: str) -> str:
    """Return the canary of this seed."""
    return f"{MARK}{blake3(seed.encode()).hexdigest()[:24]}"


@cache
def disguises(canary: str) -> tuple[bytes, ...]:
    """Return what `canary` may look like: itself or a part of it, in hexadecimal, in base64 wherever it begins, in
    UTF-16, backwards.
    """
    plain = canary.encode()
    found = [plain, plain[INNER], plain[INNER].hex().encode(), plain[INNER].hex().upper().encode(), plain[::-1]]
    found += [canary.encode("utf-16-le"), canary.encode("utf-16-be")]
    for shift in range(3):
        coded = base64.b64encode(b"?" * shift + plain)
        found += [coded[4:-4], coded[4:-4].translate(bytes.maketrans(b"+/", b"-_"))]
    return tuple(dict.fromkeys(found))


@cache
def digests(canary: str) -> tuple[bytes, ...]:
    """Return the digests of `canary` and of what it is sent as, by which it could be found by trying."""
    found: list[bytes] = []
    for sent in (canary.encode(), encode(Text(text=canary))):
        digest = blake3(sent).digest()
        found += [digest[:16], digest[:16].hex().encode(), base64.b64encode(digest)[:21]]
    return tuple(found)


def as_hooks_get_it(publication: Publication) -> bytes:
    """Return `publication` in every shape in which any hook gets it: the value itself and all that can be reached
    from it, what a plugin's host is sent, what a webhook is posted.
    """
    reached = repr(reachable(publication)).encode()
    return b"\n".join((reached, wire.packed_publication(publication), webhook.body_of(publication)))


_ENDS = (type, ModuleType, FunctionType, BuiltinFunctionType)  # Code, which every process has.
_VALUES = (str, bytes, int, float, bool, type(None))
_INSIDES = (
    *(Publication, Account, Provenance, Hop, tuple),
    *(Content, Part, MenuEntry, MenuItem, AutoReply),
)


def reachable(publication: Publication) -> list[Any]:
    """Return every plain value that code could find by walking on from `publication`, as `gc` does.

    Raises:
        AssertionError: It could come upon something else than a value.
    """
    found: list[Any] = []
    seen: set[int] = set()
    ahead: list[Any] = [publication]
    while ahead:
        each = ahead.pop()
        if id(each) in seen or isinstance(each, _ENDS):
            continue
        seen.add(id(each))
        if isinstance(each, Enum) or type(each) in _VALUES:
            found.append(each)
        else:
            assert isinstance(each, _INSIDES), f"from a publication one can walk to a {type(each).__name__}"
            ahead += gc.get_referents(each)
            ahead += [getattr(each, name) for name in _fields(each)]
    return found


def _fields(value: Any) -> tuple[str, ...]:
    if isinstance(value, msgspec.Struct):
        return value.__struct_fields__
    return tuple(getattr(type(value), "__dataclass_fields__", ()))
