"""A panel whose hooks a test plays: what they see is kept, what they say is what the test gave them to say."""

from collections.abc import Callable

from compliance.publication import Publication
from compliance.verdicts import Allow, Answer, Failure, OnError, Verdict
from protocol.public import InstalledHook
from protocol.publications import Surface
from server.panel import Answered

Says = Callable[[Publication], Verdict | Failure]


class StaffedPanel:
    """Implements `server.panel.Panel`. `hooks`: what each says; without any it is as if none were installed."""

    def __init__(self, *, on_error: OnError = OnError.HOLD, **hooks: Says) -> None:
        self.hooks = dict(hooks)
        self.on_error = on_error
        self.seen: list[Publication] = []
        self.learned: list[Publication] = []
        self.waiting: list[tuple[Publication, Answered]] = []
        self.is_slow = False

    def installed(self) -> tuple[InstalledHook, ...]:
        return tuple(
            InstalledHook(name=name, kind="check", version="1", surfaces=tuple(Surface)) for name in sorted(self.hooks)
        )

    def ask(self, publication: Publication, done: Answered) -> None:
        """Answer at once; when `is_slow`, once the test says so."""
        self.seen.append(publication)
        if self.is_slow:
            self.waiting.append((publication, done))
        else:
            done(self.answers(publication))

    def answer(self, which: int = 0) -> None:
        """Let the hooks answer about one publication that waits."""
        publication, done = self.waiting.pop(which)
        done(self.answers(publication))

    def answers(self, publication: Publication) -> list[Answer]:
        return [
            Answer(
                hook=name,
                kind="check",
                version="1",
                digest="00" * 32,
                took_us=1,
                outcome=says(publication),
                on_error=self.on_error,
            )
            for name, says in sorted(self.hooks.items())
        ]

    def published(self, publication: Publication) -> None:
        self.learned.append(publication)

    def rules(self) -> dict[str, str]:
        return dict.fromkeys(sorted(self.hooks), "1 00")


def allows(publication: Publication) -> Verdict:
    """Have nothing against anything."""
    return Allow()
