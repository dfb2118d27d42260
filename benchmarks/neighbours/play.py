"""The fourth act, scene by scene. Who is to see what follows from the graph; each of them looks up what they see."""

from collections.abc import Awaitable, Callable

import trio

from benchmarks.neighbours import falling_out, meeting, proofs, saying, talking
from benchmarks.neighbours.report import Report
from benchmarks.neighbours.yard import NEIGHBOURS, Yard
from benchmarks.playhouse.stage import Stage

Tell = Callable[[str], None]
SCENES: dict[str, Callable[[Yard], Awaitable[None]]] = {
    f"{NEIGHBOURS} neighbours ask each other to be contacts, and accept": meeting.contacts,
    "one is refused, and one is not answered": meeting.refusals,
    "somebody does not want to be found": meeting.finding,
    "they note what they call each other, with tags": meeting.notes,
    "they say something to their friends": saying.to_friends,
    "to some of them, by a tag, to all but some, to themselves": saying.to_some,
    "and to everyone, through the gate": saying.to_everyone,
    "old Zhou publishes a recipe": saying.an_article,
    "everybody has threads open": talking.listening,
    "they comment and like across circles": talking.across_circles,
    "anybody comments a post and an article": talking.in_public,
    "authors choose which public comments others see": talking.choosing,
    "some is hidden from a friend": falling_out.hiding,
    "one removes a friend": falling_out.unfriending,
    "one blocks a friend": falling_out.blocking,
    "a moment is narrowed, and cannot be widened": falling_out.narrowing,
    "comments are deleted, and a moment, and a post": falling_out.deleting,
    "they go on saying things": falling_out.afterwards,
    "who cannot see something asks for it all the same": proofs.prying,
    "two make up": falling_out.making_up,
}


class Play:
    """Plays on `stage`; `tell` says what goes on. The same seed: the same people and the same graph."""

    def __init__(self, stage: Stage, tell: Tell, *, seed: int) -> None:
        self._stage = stage
        self._tell = tell
        self._seed = seed

    async def run(self) -> Report:
        """Play all scenes, then prove who saw what, and what nothing private has reached."""
        began = trio.current_time()
        async with trio.open_nursery() as homes:
            yard = Yard(self._stage, homes, seed=self._seed)
            self._tell("neighbours and two strangers move in, each with two devices")
            await yard.gather()
            for name, scene in SCENES.items():
                self._tell(name)
                await scene(yard)
            self._tell("who saw what, and what nothing private has reached")
            await proofs.devices(yard)
            await proofs.notices(yard)
            await proofs.sights(yard)
            homes.cancel_scope.cancel()
        report = yard.report
        report.add("the audit log verifies from its first leaf to its last", await self._stage.audit_verifies())
        await self._stage.host.stop()
        yard.canaries.prove(self._stage, report)
        report.seconds = trio.current_time() - began
        return report
