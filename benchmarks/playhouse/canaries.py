"""Fresh words in everything private, and the search for them in all places that nothing private may reach."""

import secrets
from collections.abc import Callable

from benchmarks.playhouse.report import Report
from benchmarks.playhouse.stage import Stage


class Canaries:
    """Each is in one private text of an act, so that it can be looked for at the end."""

    def __init__(self) -> None:
        self._words: dict[str, bytes] = {}
        self._fleeting: set[str] = set()

    def mark(self, text: str, *, is_kept: bool = True) -> str:
        """Return `text` with a fresh word in it; without `is_kept` it is one that must be in no store at all."""
        canary = f"canary{secrets.token_hex(8)}"
        self._words[text] = canary.encode()
        if not is_kept:
            self._fleeting.add(text)
        return f"{text} {canary}"

    def erased(self, text: str) -> None:
        """Note that what `text` was in is erased: from now on its word must be in no store, either."""
        self._fleeting.add(text)

    def prove(self, stage: Stage, report: Report) -> None:
        """Search everything that hooks, logs and the public store have. The server has ended, so it is all there."""
        sinks = {
            "a hook's record": stage.record.holds,
            "the server's log": _within(stage.log()),
            "public.db": _within(stage.files("public")),
        }
        for name, holds in sinks.items():
            found = [what for what, canary in self._words.items() if any(holds(form) for form in _forms(canary))]
            report.add(f"no private byte is in {name}", not found, ", ".join(found[:3]))
        private = stage.files("private")
        misplaced = [what for what, canary in self._words.items() if (canary in private) is (what in self._fleeting)]
        kept = len(self._words) - len(self._fleeting)
        report.add(
            f"all {kept} canaries are where they belong, so the search would have found them",
            not misplaced,
            ", ".join(misplaced[:3]),
        )


def _within(data: bytes) -> Callable[[bytes], bool]:
    return lambda words: words in data


def _forms(canary: bytes) -> tuple[bytes, ...]:
    """Return what a canary may look like: itself, in hexadecimal, or in UTF-16."""
    return canary, canary.hex().encode(), canary.decode().encode("utf-16-le")
