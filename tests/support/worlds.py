"""Twin worlds: the same happens in both but for one thing, and what somebody receives is compared byte by byte.

What is random is named by the order in which it appears, so that it cannot hide a difference, nor make one.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import msgspec
import pytest

from protocol.frames import Push
from protocol.ids import CID_BYTES, ID_CHARS, PUBLIC_MARK, TopicId, new_cid
from server.handlers import accounts, public_accounts, public_groups
from server.store import appearing, public_comments
from tests.support import inline


class Names:
    """What one person has come to know of ids, tokens and cids, in order."""

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}

    def plain(self, value: Any) -> Any:
        """Return `value` as lists, maps and scalars, with what is random replaced by its name."""
        if isinstance(value, msgspec.Struct):
            value = msgspec.to_builtins(value, builtin_types=(bytes,))
        if isinstance(value, dict):
            return {self.plain(key): self._of_a_map(key, part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(part) for part in value]
        if isinstance(value, str) and len(value) == ID_CHARS and value.isalnum():
            return self._names.setdefault(value, f"id {len(self._names)}")
        if isinstance(value, bytes) and len(value) == CID_BYTES:
            return self._names.setdefault(value, f"cid {len(self._names)}")
        return value

    def _of_a_map(self, key: Any, value: Any) -> Any:
        if key == "before" and value:  # A sealed position: made of ids, and of a secret of its world.
            return self._names.setdefault(value, f"place {len(self._names)}")
        return self.plain(value)


def view(messages: Iterable[dict[Any, Any] | Push]) -> list[str]:
    """Return what somebody received, message by message, as text that two worlds can be compared by."""
    names = Names()
    return [repr(names.plain(message)) for message in messages]


@contextmanager
def ids_in_order() -> Iterator[None]:
    """Give people, public topics and comments ids that rise, for the length of the block.

    So what is sorted by them is in the same order.
    """
    numbers = count()

    def next_id() -> str:
        return f"a{next(numbers):0{ID_CHARS - 1}}"

    def next_topic() -> TopicId:
        return TopicId(f"{PUBLIC_MARK}{next(numbers):0{ID_CHARS - 1}}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "new_id", next_id)
        for room in (public_accounts, public_groups, appearing):
            patch.setattr(room, "new_public_topic_id", next_topic)
        patch.setattr(public_comments, "new_public_comment_id", next_topic)
        patch.setattr(inline, "new_cid", lambda _: new_cid(next(numbers)))  # What is asked for is in their order, too.
        yield
