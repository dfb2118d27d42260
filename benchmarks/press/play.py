"""The third act, scene by scene. Who is to get what follows from the graph; what came is counted where it comes."""

from collections.abc import Awaitable, Callable

import trio

from benchmarks.playhouse.stage import Stage
from benchmarks.press import issues, opening, reprints, talk
from benchmarks.press.newsroom import READERS, Newsroom
from benchmarks.press.report import Report
from benchmarks.press.verdict import deliveries, faults
from protocol.entries import Kind
from protocol.frames import History

Tell = Callable[[str], None]
SCENES: dict[str, Callable[[Newsroom], Awaitable[None]]] = {
    "three accounts are applied for and reviewed; one is refused, and comes again": opening.applications,
    "their first profiles open them": opening.profiles,
    "the daily appoints an editor": opening.operators,
    f"{READERS} people follow, some to a tag, some muted": opening.following,
    "the daily broadcasts; followers open the article, others read on its page": issues.a_broadcast,
    "a second broadcast on one day": issues.a_quota,
    "the digest reprints it, which may reprint news and not publish any": reprints.the_first_hop,
    "the garden tries current-affairs news without the right": reprints.without_the_right,
    "the garden reprints the reprint": reprints.the_second_hop,
    "the original is withdrawn, and restored": reprints.a_source_withdrawn,
    "recipes for those who want recipes, until the month is used up": issues.tags,
    "something is scheduled; some are away when it comes": issues.a_schedule,
    "a follower asks, the account answers": talk.a_dialogue,
    "operators share a draft": talk.a_draft,
    "figures": talk.figures,
    "searching": talk.searching,
}


class Play:
    """Plays on `stage`; `tell` says what goes on. The same seed: the same people and the same graph."""

    def __init__(self, stage: Stage, tell: Tell, *, seed: int) -> None:
        self._stage = stage
        self._tell = tell
        self._seed = seed

    async def run(self) -> Report:
        """Play all scenes, then prove who got what, and what nothing private has reached."""
        began = trio.current_time()
        async with trio.open_nursery() as homes:
            room = Newsroom(self._stage, homes, seed=self._seed)
            self._tell("readers, operators and strangers register; two officers are appointed")
            await room.gather()
            for name, scene in SCENES.items():
                self._tell(name)
                await scene(room)
            self._tell("who got what, and what nothing private has reached")
            await self._count(room)
            homes.cancel_scope.cancel()
        report = room.report
        report.add("the audit log verifies from its first leaf to its last", await self._stage.audit_verifies())
        await self._stage.host.stop()
        self._prove(room)
        report.seconds = trio.current_time() - began
        return report

    async def _count(self, room: Newsroom) -> None:
        """Hold the logs, as anybody reads them, against what was broadcast: one entry each, for however many."""
        logs = [
            (await room.strangers[0].session.request(History(id=0, topic=topic, limit=100))).entries
            for topic in room.topics.values()
        ]
        there = {(entry.topic, entry.seq) for log in logs for entry in log if entry.kind is Kind.BROADCAST}
        said = {broadcast.place for broadcast in room.crowd.broadcasts}
        room.report.add(
            f"{len(said)} broadcasts are {len(there)} entries, in the logs of three accounts", there == said
        )

    def _prove(self, room: Newsroom) -> None:
        broadcasts, heard = room.crowd.broadcasts, room.crowd.heard
        room.report.deliveries = deliveries(broadcasts, heard)
        wrong = faults(broadcasts, heard)
        cards = sum(len(broadcast.due) for broadcast in broadcasts)
        room.report.add(
            f"all {cards} cards came to whom the graph says, each once, and nothing to anybody else",
            not wrong,
            "; ".join(wrong[:3]),
        )
        room.canaries.prove(self._stage, room.report)
