"""What the checks read of a publication: its texts, each folded once for all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from compliance.checks.normal import Normal
from compliance.publication import Publication
from protocol.decisions import Span
from protocol.publications import Content, fields_of


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a publication; `path` as `fields_of` has it."""

    path: str
    normal: Normal

    @property
    def is_link(self) -> bool:
        """Say whether it is an address, not something to read."""
        return self.path.endswith(".link")

    def span(self, start: int, end: int) -> Span:
        """Return where in the original the characters `start` up to `end` of the folded text are."""
        begins, ends = self.normal.place(start, end)
        return Span(path=self.path, start=begins, end=ends)


def texts_of(publication: Publication) -> tuple[Text, ...]:
    """Return every text that `publication` shows, in order. Its category is one of the pack's codes and no text."""
    return _texts_of(publication.content)


def words_of(publication: Publication) -> Iterator[Text]:
    """Yield every text of `publication` that is to be read, addresses left out."""
    return (text for text in texts_of(publication) if not text.is_link)


@lru_cache(maxsize=1)  # All checks judge one publication, then the next.
def _texts_of(content: Content) -> tuple[Text, ...]:
    return tuple(Text(path, Normal(text)) for path, text in fields_of(content).items() if path != "category")
