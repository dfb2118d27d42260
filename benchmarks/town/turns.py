"""What is said in a place, by whom, and what becomes of it: an endless conversation. Seeded and pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import zip_longest
from random import Random

from benchmarks.town.dialogue import Conversation, conversations
from benchmarks.town.people import Place, Resident, Town

REACTIONS = ("👍", "❤️", "😂", "🎉", "🙏", "🌸")


class Sequel(Enum):
    """What follows a line, besides the next one."""

    NOTHING = auto()
    EDIT = auto()  # Its author puts it in other words.
    RECALL = auto()  # Its author takes it back.
    REACTION = auto()  # Whoever speaks next reacts to it.


SEQUELS = (Sequel.NOTHING, Sequel.EDIT, Sequel.RECALL, Sequel.REACTION)
SEQUEL_WEIGHTS = (82, 5, 3, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One line. `words` are the text of an edit, or the sign of a reaction; empty for the other sequels."""

    speaker: Resident
    text: str
    sequel: Sequel
    words: str = ""


def turns(town: Town, place: Place, chance: Random) -> Iterator[Turn]:
    """Return what is said in `place`, for as long as one listens.

    Two people talk at a time. If they have a language in common they go through one conversation of it; otherwise
    each goes through one of their own.
    """
    while True:
        first, second = (town.residents[number] for number in _pair(town, place, chance))
        for speaker, text in _dialogue(first, second, chance):
            (sequel,) = chance.choices(SEQUELS, SEQUEL_WEIGHTS)
            yield Turn(speaker=speaker, text=text, sequel=sequel, words=_words(sequel, speaker, chance))


def pages(reader: Resident, chance: Random, *, least_bytes: int) -> Iterator[str]:
    """Return the pages of a long book in the reader's language, each of at least `least_bytes` bytes of UTF-8."""
    while True:
        page: list[str] = []
        size = 0
        while size < least_bytes:
            page += _conversation(reader, chance)
            size = len("\n".join(page).encode())
        yield "\n".join(page)


def _pair(town: Town, place: Place, chance: Random) -> tuple[int, int]:
    first = chance.choice(place.members)
    others = [member for member in place.members if member != first]
    kin = [other for other in others if town.residents[other].language is town.residents[first].language]
    return first, chance.choice(kin if kin and chance.random() < 0.75 else others)


def _dialogue(first: Resident, second: Resident, chance: Random) -> Iterator[tuple[Resident, str]]:
    if first.language is second.language:
        for number, text in enumerate(_conversation(first, chance)):
            yield (second if number % 2 else first), text
        return
    for said, answered in zip_longest(_conversation(first, chance)[:6], _conversation(second, chance)[:6]):
        if said:
            yield first, said
        if answered:
            yield second, answered


def _conversation(resident: Resident, chance: Random) -> Conversation:
    return chance.choice(conversations(resident.language.corpus))


def _words(sequel: Sequel, speaker: Resident, chance: Random) -> str:
    match sequel:
        case Sequel.EDIT:
            return chance.choice(_conversation(speaker, chance))
        case Sequel.REACTION:
            return chance.choice(REACTIONS)
        case _:
            return ""
