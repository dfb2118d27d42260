"""The built-in checks by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compliance.checks.base import Check, Options, Read
from compliance.checks.chain import Chain, ChainOptions
from compliance.checks.current_affairs import CurrentAffairs, CurrentAffairsOptions
from compliance.checks.length import Length, LengthOptions
from compliance.checks.links import LinkOptions, Links
from compliance.checks.terms import TermOptions, Terms


@dataclass(frozen=True, slots=True)
class Kind:
    """One check as one may have it. `about`: for a person to read; `make` raises a CheckError when it cannot be."""

    about: str
    options: type[Options]
    make: Callable[[Any, Read], Check]


CHECKS: Mapping[str, Kind] = {
    "chain": Kind("What is passed on and on, nearly the same, and spreads fast.", ChainOptions, Chain),
    "current_affairs": Kind("What reads like a report about public affairs.", CurrentAffairsOptions, CurrentAffairs),
    "length": Kind("Texts too long, and characters or lines again and again.", LengthOptions, Length),
    "links": Kind("Where links go, how many there are, names that look like others'.", LinkOptions, Links),
    "terms": Kind("Words and phrases on lists.", TermOptions, Terms),
}
