"""Requests of every shape the wire has, made from the shapes themselves: an operation of tomorrow is asked, too.

Wherever words can stand, stands a canary or what the server knows already; ids, numbers and the rest by chance.
"""

import random
from collections.abc import Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from protocol.frames import REQUESTS, Reply, Request

S = TypeVar("S", bound=msgspec.Struct)


class Knowledge(Protocol):
    """What whoever asks may know."""

    def known(self, operation: str, path: str, said: dict[str, Any]) -> Sequence[Any]:
        """Return what could well stand there, the fields before it being `said`; nothing: make something up."""

    def fresh(self, operation: str, path: str) -> str:
        """Return a new canary to stand there."""


def request_of(operation: str, chance: random.Random, knowledge: Knowledge, *, number: int) -> Request[Reply]:
    """Return a request of `operation` with this id."""
    shape = REQUESTS[operation]
    return _Maker(operation, chance, knowledge).struct(shape, "", {"id": number})


class _Maker:
    def __init__(self, operation: str, chance: random.Random, knowledge: Knowledge) -> None:
        self._operation = operation
        self._chance = chance
        self._knowledge = knowledge
        self._is_odd = self._sometimes(1, 4)  # Else it says nothing but what could well be said.

    def struct(self, shape: type[S], path: str, said: dict[str, Any]) -> S:
        hints = get_type_hints(shape, include_extras=True)
        for field in msgspec.structs.fields(shape):
            inner = f"{path}.{field.name}".lstrip(".")
            if field.name in said:
                continue
            known = self._knowledge.known(self._operation, inner, said)
            if known and not (self._is_odd and self._sometimes(1, 4)):
                said[field.name] = self._chance.choice(known)
            elif field.required or self._sometimes(1, 2):
                said[field.name] = self._value(hints[field.name], inner)
        return shape(**said)

    def _value(self, hint: Any, path: str) -> Any:
        least, most = 0, 64
        if get_origin(hint) is Annotated:
            hint, *rest = get_args(hint)
            least = next((meta.min_length for meta in rest if meta.min_length is not None), least)
            most = next((meta.max_length for meta in rest if meta.max_length is not None), most)
        hint = getattr(hint, "__supertype__", hint)
        arguments = get_args(hint)
        match get_origin(hint):
            case origin if origin in {Union, UnionType}:
                return self._value(next(each for each in arguments if each is not NoneType), path)
            case origin if origin is tuple:
                return tuple(self._value(arguments[0], path) for _ in range(self._chance.choice([1, 0, 2])))
            case origin if origin is dict:
                key, value = arguments
                pairs = range(self._chance.choice([1, 0]))
                return {self._value(key, path): self._value(value, path) for _ in pairs}
        if hint is str:
            return self._knowledge.fresh(self._operation, path)[:most].ljust(least)
        if hint is bytes:
            return self._knowledge.fresh(self._operation, path).encode()[:most].ljust(least)
        if hint is bool:
            return self._chance.random() < 0.5
        if hint is int:
            return self._chance.randint(1, 6)
        if issubclass(hint, Enum):
            return self._chance.choice(list(hint))
        assert issubclass(hint, msgspec.Struct), f"{self._operation}.{path}: say how to make a {hint}"
        return self.struct(hint, path, {})

    def _sometimes(self, times: int, of: int) -> bool:
        return self._chance.randrange(of) < times
