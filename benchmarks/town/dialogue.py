"""Real dialogue in many languages, as chatterbot-corpus has it. Reads its files, and decides nothing.

The corpus is YAML of one shape only, a list of lists of sentences. So it is read here, line by line, and what has
another shape is refused; for this alone the project needs no YAML library.
"""

import json
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

Conversation = tuple[str, ...]
THEMES = ("conversations", "coversations", "greetings", "food", "health")  # The second is what Hindi's is called.
_BEGIN = re.compile(r"^conversations:\s*$", re.MULTILINE)


class CorpusError(ValueError):
    """A file of the corpus is not a list of lists of sentences, or is not there."""


@cache
def conversations(language: str) -> tuple[Conversation, ...]:
    """Return what people say to each other in `language` (the name of a folder of the corpus), in a fixed order.

    Raises:
        CorpusError: The corpus has nothing in this language, or not in the shape we know.
    """
    found = [talk for theme in _themes(language) for talk in parse(theme.read_text(encoding="utf-8-sig"))]
    if not found:
        raise CorpusError(f"chatterbot-corpus has no conversations in {language}")
    return tuple(found)


@cache
def sentences(language: str) -> tuple[str, ...]:
    """Return all that is said in these conversations.

    Raises:
        CorpusError: As there.
    """
    return tuple(sentence for talk in conversations(language) for sentence in talk)


def _themes(language: str) -> list[Traversable]:
    folder = files("chatterbot_corpus").joinpath("data", language)
    if not folder.is_dir():
        return []
    themes = [file for file in folder.iterdir() if file.name.removesuffix(".yml") in THEMES]
    return sorted(themes, key=lambda file: file.name)


def parse(text: str) -> list[Conversation]:
    """Return the conversations of one file of the corpus.

    Raises:
        CorpusError: It has another shape.
    """
    _, *rest = _BEGIN.split(text, maxsplit=1)
    if not rest:
        raise CorpusError("there is no list of conversations")
    found: list[list[str]] = []
    for line in rest[0].splitlines():
        if line.startswith("- - "):
            found.append([line[4:]])
        elif line.startswith("  - ") and found:
            found[-1].append(line[4:])
        elif line.startswith("    ") and found:
            found[-1][-1] += " " + line.strip()  # A long sentence goes on.
        elif line.strip():
            raise CorpusError(f"neither a sentence nor the rest of one: {line!r}")
    return [tuple(_scalar(sentence.strip()) for sentence in talk) for talk in found]


def _scalar(text: str) -> str:
    """Return what a YAML scalar says: plain, or in either kind of quotes."""
    if text.startswith('"') and text.endswith('"'):
        try:
            return str(json.loads(text)).strip()
        except ValueError as error:
            raise CorpusError(f"not a quoted sentence: {text}") from error
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'").strip()
    if not text or text[0] in "|>&*!{}[]%@`\"'#":
        raise CorpusError(f"not a sentence: {text!r}")
    return text
