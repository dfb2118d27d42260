"""`hutongd demo`: the whole run, from a first server start to the verdict."""

import json
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import trio
from rich.console import Console
from rich.text import Text

from benchmarks.lane.act import second_act
from benchmarks.neighbours.act import fourth_act
from benchmarks.playhouse.host import Host, HostError, last_words
from benchmarks.playhouse.report import ActError, Report
from benchmarks.press.act import third_act
from benchmarks.town.ledger import Ledger
from benchmarks.town.life import Life
from benchmarks.town.people import LEAST_PEOPLE, MOST_PEOPLE, Town, build
from benchmarks.town.picture import Picture
from benchmarks.town.summary import Summary
from benchmarks.town.troubles import Troubles, crash, journeys, lose_answers, read_aloud
from benchmarks.town.verdict import judge
from benchmarks.town.witness import testify
from client.errors import ClientError

HELD, FAILED, INTERRUPTED = 0, 1, 130
TOWN = 1  # The number of the act that is played here.
BOOK_AT, KILL_AFTER = 0.1, 0.2  # Shares of the talking: when the book begins; from its end to the kill.


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    people: int
    seed: int
    seconds: float
    acts: tuple[int, ...]
    stay: bool
    report: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act after the first. `name`: what its figures go by; `play` plays it with a seed, and says what goes on."""

    title: str
    name: str
    play: Callable[[Path, Callable[[str], None], int], Awaitable[Report]]


LATER = {
    2: Act(title="The second act: the lane", name="lane", play=lambda folder, tell, _: second_act(folder, tell)),
    3: Act(
        title="The third act: the press",
        name="press",
        play=lambda folder, tell, seed: third_act(folder, tell, seed=seed),
    ),
    4: Act(
        title="The fourth act: the neighbours",
        name="neighbours",
        play=lambda folder, tell, seed: fourth_act(folder, tell, seed=seed),
    ),
}
ACTS = (TOWN, *LATER)


@click.command()
@click.option(
    "--people", type=click.IntRange(LEAST_PEOPLE, MOST_PEOPLE), default=40, show_default=True, help="Who live there."
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed: the same people, lines and friends."
)
@click.option(
    "--seconds", type=click.FloatRange(4, 600), default=12, show_default=True, help="How long they talk, at least."
)
@click.option(
    "--act",
    "acts",
    type=click.IntRange(TOWN, max(ACTS)),
    multiple=True,
    metavar="[1|2|3|4]",
    help="Only this one: 1 is the town, 2 the lane, 3 the press, 4 the neighbours.  [default: all]",
)
@click.option("--stay", is_flag=True, help="Leave the town's server up, and say how to join it; no other act then.")
@click.option(
    "--json", "report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the figures there."
)
def demo(people: int, seed: int, seconds: float, acts: tuple[int, ...], stay: bool, report: Path | None) -> int:  # noqa: FBT001
    """Let a town of people chat through a real server, kill it in the middle, and prove that nothing was lost.

    Then, in the second act, say one sentence privately and publicly, and prove what the hooks have seen of it; in the
    third let public accounts be applied for, publish and reprint, and prove who got what; and in the fourth let friends
    tell each other things, fall out and make up, and prove who saw what.

    Each act has a server of its own on loopback with a store that is thrown away; the people are real clients.
    Exit codes: 0 it held; 1 something was lost, doubled, different, or seen by whom it should not; 130 interrupted.
    """
    wish = Wish(
        people=people, seed=seed, seconds=seconds, acts=(TOWN,) if stay else acts or ACTS, stay=stay, report=report
    )
    run = Run(wish)
    trio.run(run.until_interrupted)
    click.get_current_context().exit(run.code)


class Run:
    """One run of the demo; `code` is what the command exits with, should it end now."""

    def __init__(self, wish: Wish) -> None:
        self.code = INTERRUPTED
        self._wish = wish
        self._console = Console()
        self._codes: list[int] = []
        self._fields: dict[str, Any] = {}

    async def until_interrupted(self) -> None:
        """Run to the end, or to the first SIGINT or SIGTERM; nothing is left behind in either case."""
        async with trio.open_nursery() as nursery:
            await nursery.start(_cancel_when_interrupted, nursery.cancel_scope)
            await self._run()
            nursery.cancel_scope.cancel()
        if self.code == INTERRUPTED:
            self._console.print("Interrupted. The server is stopped and its data removed.")

    async def _run(self) -> None:
        for act in sorted(set(self._wish.acts)):
            await (self._town() if act == TOWN else self._play(LATER[act]))
        self.code = max(self._codes)
        if self._wish.report is not None:
            self._wish.report.write_text(json.dumps(self._fields, indent=2) + "\n", encoding="utf-8")

    async def _play(self, act: Act) -> None:
        self._console.print(f"\n{act.title}\n", style="bold")
        with tempfile.TemporaryDirectory(prefix="hutong-demo-") as folder:
            try:
                report = await act.play(Path(folder), self._tell, self._wish.seed)
                report.show(self._console)
                verdict = Text("It held.", "bold green") if not report.faults else Text("It did not hold.", "bold red")
                self._console.print(verdict)
                self._codes.append(FAILED if report.faults else HELD)
                self._fields[act.name] = report.fields()
            except* (ActError, HostError, ClientError, trio.TooSlowError) as group:
                self._codes.append(FAILED)
                self._explain(group, last_words(Path(folder)))

    def _tell(self, what: str) -> None:
        self._console.print(Text(f"  {what}", "dim"))

    def _explain(self, group: BaseExceptionGroup[Exception], words: str) -> None:
        for error in _leaves(group):
            self._console.print(Text(f"✗ {type(error).__name__}: {error}", "red"), soft_wrap=True)
        self._console.print(Text(f"The server's last words:\n{words}", "dim"), soft_wrap=True)

    async def _town(self) -> None:
        """Play the first act."""
        wish = self._wish
        town, ledger = build(wish.people, wish.seed), Ledger()
        with tempfile.TemporaryDirectory(prefix="hutong-demo-") as folder:
            host = Host(Path(folder))
            try:
                picture = Picture(self._console, town, ledger)
                async with picture.moving():
                    summary = await self._summary(town, host, ledger, picture)
                summary.show(self._console)
                self._codes.append(FAILED if summary.faults else HELD)
                self._fields |= summary.fields()
                if summary.faults:
                    self._console.print(Text(f"The server's last words:\n{host.last_words()}", "dim"), soft_wrap=True)
                if wish.stay:
                    self.code = self._codes[-1]
                    self._invite(town, host)
                    await trio.sleep_forever()
            except* (HostError, ClientError) as group:
                self._codes.append(FAILED)
                self._explain(group, host.last_words())
            finally:
                with trio.CancelScope(shield=True):
                    await host.stop()

    async def _summary(self, town: Town, host: Host, ledger: Ledger, picture: Picture) -> Summary:
        began = trio.current_time()
        troubles = Troubles()
        life = Life(town, host, ledger, seed=self._wish.seed, tell=picture.note)
        picture.phase("start the server")
        await host.start()
        async with trio.open_nursery() as homes:
            picture.phase("move in")
            await life.move_in(homes)
            picture.phase("meet")
            await life.meet()
            picture.phase("talk")
            await self._talk(life, troubles)
            picture.phase("come home")
            await life.come_home()
            picture.phase("verify")
            views = {device.resident.handle: device.views() for device in life.devices.values()}
            witnesses = await testify(host.url, town.residents)
            homes.cancel_scope.cancel()
        return Summary(
            people=self._wish.people,
            seed=self._wish.seed,
            seconds=trio.current_time() - began,
            ledger=ledger,
            troubles=troubles,
            verdict=judge(ledger, views, witnesses),
        )

    async def _talk(self, life: Life, troubles: Troubles) -> None:
        """Let everybody talk until all trouble is over, and for the time that was asked for at least."""
        seconds = self._wish.seconds
        async with trio.open_nursery() as talking:
            for place in life.town.places:
                talking.start_soon(life.talk, place)
            async with trio.open_nursery() as suffering:
                suffering.start_soon(journeys, life, troubles, seconds)
                suffering.start_soon(lose_answers, life, troubles, seconds)
                suffering.start_soon(trio.sleep, seconds)
                await trio.sleep(BOOK_AT * seconds)
                await read_aloud(life, troubles)
                await trio.sleep(KILL_AFTER * seconds)
                await crash(life, troubles)
            talking.cancel_scope.cancel()

    def _invite(self, town: Town, host: Host) -> None:
        guide = town.residents[0]
        friend = town.residents[1]
        for line in (
            "",
            f"The server stays up at {host.url} until Ctrl-C. From another terminal, be somebody of the town:",
            "",
            f"  hutong --server {host.url} --profile town login {guide.handle}     # password: {guide.password}",
            "  hutong --profile town topics",
            "",
            "or somebody new:",
            "",
            f"  hutong --server {host.url} --profile newcomer register NAME",
            f"  hutong --profile newcomer chat {friend.handle}",
            "",
        ):
            self._console.print(Text(line), soft_wrap=True)


async def _cancel_when_interrupted(
    scope: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
            return


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for part in group.exceptions:
        if isinstance(part, BaseExceptionGroup):
            yield from _leaves(part)
        else:
            yield part
