"""What one sees while the town lives: a moving picture on a terminal, plain lines anywhere else."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from benchmarks.town.ledger import Ledger
from benchmarks.town.people import Place, Town

FRAME_SECONDS = 0.25
LINE_SECONDS = 2.0
RATE_SAMPLES = 8  # Rates are those of the last so many frames.
NOTES = 6
MOST_TOPICS = 18
SPARE_COLUMNS = 12  # Terminals do not agree on how wide some scripts are; a line that wraps would spoil the picture.
PHASES = ("start the server", "move in", "meet", "talk", "come home", "verify")

Counts = tuple[float, int, int, dict[str, int]]  # When; acks, deliveries, and lines by place until then.


class Picture:
    """Shows `ledger` as it fills. `phase` and `note` say what is going on beside it."""

    def __init__(self, console: Console, town: Town, ledger: Ledger) -> None:
        self._console, self._town, self._ledger = console, town, ledger
        self._began = trio.current_time()
        self._phase = 0
        self._notes: deque[Text] = deque(maxlen=NOTES)
        self._samples: deque[Counts] = deque([self._sample()], maxlen=RATE_SAMPLES)

    def phase(self, name: str) -> None:
        """The phase `name`, one of PHASES, begins."""
        self._phase = PHASES.index(name)
        if not self._console.is_terminal:
            self._print(f"phase {self._phase + 1} of {len(PHASES)}: {name}")

    def note(self, what: str) -> None:
        """Something happened."""
        if self._console.is_terminal:
            self._notes.append(Text(f"{self._elapsed():5.1f} s  {what}"))
        else:
            self._print(what)

    @asynccontextmanager
    async def moving(self) -> AsyncIterator[None]:
        """Show what happens for the length of the block."""
        async with trio.open_nursery() as nursery:
            if self._console.is_terminal:
                with Live(console=self._console, auto_refresh=False, transient=True) as live:
                    nursery.start_soon(self._draw, live)
                    yield
                    nursery.cancel_scope.cancel()
            else:
                nursery.start_soon(self._write)
                yield
                nursery.cancel_scope.cancel()

    async def _draw(self, live: Live) -> None:
        while True:
            self._samples.append(self._sample())
            live.update(self._frame(), refresh=True)
            await trio.sleep(FRAME_SECONDS)

    async def _write(self) -> None:
        while True:
            await trio.sleep(LINE_SECONDS)
            self._samples.append(self._sample())
            self._print(self._state().plain)
            self._samples = deque([self._samples[-1]], maxlen=RATE_SAMPLES)

    def _print(self, line: str) -> None:
        self._console.print(Text(f"{self._elapsed():5.1f} s  {line}"), soft_wrap=True)

    def _elapsed(self) -> float:
        return trio.current_time() - self._began

    def _sample(self) -> Counts:
        ledger = self._ledger
        return trio.current_time(), len(ledger.acked), ledger.delivered, dict(ledger.spoken)

    def _frame(self) -> Group:
        steps = Text("  ")
        for number, name in enumerate(PHASES):
            mark, style = (
                ("✓", "green") if number < self._phase else ("●", "bold") if number == self._phase else ("·", "dim")
            )
            steps.append(f"{mark} {name}   ", style)
        room = min(max(self._console.height - NOTES - 9, 4), MOST_TOPICS)
        title = f"hutong · {len(self._town.residents)} people · {len(self._town.places) + 1} topics"
        return Group(
            Panel(Group(steps, self._state()), title=title, title_align="left", border_style="cyan"),
            self._topics(room),
            Text(),
            *self._notes,
        )

    def _state(self) -> Text:
        (then, acks_then, deliveries_then, _), (now, acks, deliveries, _) = self._samples[0], self._samples[-1]
        span = max(now - then, FRAME_SECONDS)
        return Text(
            f"  online {self._ledger.online}/{len(self._town.residents)}"
            f" · acked {acks} ({(acks - acks_then) / span:.0f}/s)"
            f" · delivered {deliveries} ({(deliveries - deliveries_then) / span:.0f}/s)"
            f" · waiting for their ack {self._ledger.waiting} · reconnects {self._ledger.reconnects}"
        )

    def _topics(self, room: int) -> Table:
        (then, _, _, before), (now, _, _, counts) = self._samples[0], self._samples[-1]
        table = Table(box=None, padding=(0, 1), width=max(self._console.width - SPARE_COLUMNS, 60))
        table.add_column("topic", ratio=3, no_wrap=True)
        table.add_column("people", justify="right")
        table.add_column("languages", ratio=2, no_wrap=True)
        table.add_column("entries", justify="right")
        table.add_column("/s", justify="right")
        table.add_column("last line", ratio=6, no_wrap=True, style="dim")

        def rate(place: Place) -> float:
            return (counts.get(place.name, 0) - before.get(place.name, 0)) / max(now - then, FRAME_SECONDS)

        places = [*self._town.places, self._town.circle]
        for place in sorted(places, key=lambda place: (-len(place.members), -counts.get(place.name, 0)))[:room]:
            table.add_row(
                Text(place.name),
                str(len(place.members)),
                " ".join(self._town.tags(place)),
                str(counts.get(place.name, 0)),
                f"{rate(place):.1f}",
                Text(self._ledger.latest.get(place.name, "")),
            )
        return table
