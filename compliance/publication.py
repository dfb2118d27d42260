"""What a hook is given: one publication, and nothing else that the server knows.

Everything here came in by a `publish`. No field could hold a private body, and there is no way to make one from it.
"""

from dataclasses import dataclass

from protocol.ids import new_id
from protocol.publications import Content, Part, Surface

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One version of one public text, as hooks see it. Made by `publication` only.

    `id` is random and of this one judgement. `previous`: hexadecimal BLAKE3 digest of the public version it would
    replace, empty when there is none. `minute`: Unix time in whole minutes. There is no
    author: a hook judges what is said, not who says it.
    """

    id: str
    version: int
    surface: Surface
    content: Content
    previous: str
    minute: int

    def __post_init__(self) -> None:
        for name, shape in _TYPES.items():
            if type(getattr(self, name)) is not shape:
                raise TypeError(f"a publication's {name} is a {shape.__name__}")
        if not _is_text(self.content):  # msgspec checks what it decodes, not what it is handed.
            raise TypeError("a publication's content has text in all its fields")


_TYPES: dict[str, type] = {
    "id": str,
    "version": int,
    "surface": Surface,
    "content": Content,
    "previous": str,
    "minute": int,
}


_WORDS = ("text", "title", "category", "lang")
_PART_WORDS = ("heading", "text", "link")


def _is_text(content: Content) -> bool:
    """Say whether nothing in `content` is anything but text: bytes, say, or a part of another type."""
    return (
        all(type(getattr(content, name)) is str for name in _WORDS)
        and type(content.parts) is tuple
        and all(
            type(part) is Part and all(type(getattr(part, name)) is str for name in _PART_WORDS)
            for part in content.parts
        )
    )


def publication(content: Content, *, surface: Surface, version: int, previous: bytes | None, at: int) -> Publication:
    """Return what hooks are given of a `publish` with `content`; `at`: Unix ms; `previous`: a 32-byte digest."""
    return Publication(
        id=new_id(),
        version=version,
        surface=surface,
        content=content,
        previous=previous.hex() if previous else "",
        minute=at // MINUTE_MS,
    )
