"""Life in the town: people move in, meet, talk in all places at once, and come home in the end."""

from collections.abc import Callable
from random import Random

import msgspec
import trio

from benchmarks.playhouse.host import Host
from benchmarks.town.badline import BadLine
from benchmarks.town.device import Device
from benchmarks.town.ledger import Ledger
from benchmarks.town.people import Place, Resident, Town
from benchmarks.town.turns import Sequel, Turn, turns
from client.account import acknowledge, register
from protocol.content import Text, encode
from protocol.frames import GroupAccept, GroupFound, GroupInvite, Send
from protocol.ids import Cid, Seq, TopicId
from protocol.limits import INVITED_AT_FOUNDING

AT_ONCE = 8  # People who move in, or meet, at the same time.
PATIENCE_S = 0.6  # Nobody waits longer to have heard the last line before saying the next.
READS = 0.2  # How often somebody marks the topic as read before speaking.
HOME_SECONDS = 20.0

Tell = Callable[[str], None]


class Life:
    """The devices of the town's people, and the topics their places have become."""

    def __init__(self, town: Town, host: Host, ledger: Ledger, *, seed: int, tell: Tell) -> None:
        self.town, self.host, self.ledger = town, host, ledger
        self.tell = tell
        self.devices: dict[int, Device] = {}
        self.topics: dict[str, TopicId] = {}
        self._seed = seed

    def chance(self, purpose: str) -> Random:
        """Return the chance of one part of the town; what other parts draw does not change it."""
        return Random(f"{self._seed} {purpose}")

    async def move_in(self, nursery: trio.Nursery) -> None:
        """Register everybody and bring their devices online; they live in `nursery`."""
        limit = trio.CapacityLimiter(AT_ONCE)

        async def one(resident: Resident) -> None:
            async with limit:
                account = await register(
                    self.host.url, resident.handle, resident.password, device="at home", sign=acknowledge
                )
            line = await self._line(resident, nursery)
            if line is not None:
                account = msgspec.structs.replace(account, url=line.url)
            device = Device(resident, account, self.ledger, self.chance(resident.handle), line=line)
            self.devices[resident.number] = device
            nursery.start_soon(device.live)
            await device.session.caught_up()

        async with trio.open_nursery() as moving:
            for resident in self.town.residents:
                moving.start_soon(one, resident)

    async def _line(self, resident: Resident, nursery: trio.Nursery) -> BadLine | None:
        if resident.number == self.town.slow:
            line = BadLine(self.host.address, thin=True)
        elif resident.number in self.town.unlucky:
            line = BadLine(self.host.address)
        else:
            return None
        await nursery.start(line.run)
        return line

    async def meet(self) -> None:
        """Begin every chat with a first word, found every group, and let everybody in it accept."""
        limit = trio.CapacityLimiter(AT_ONCE)

        async def one(place: Place) -> None:
            async with limit:
                await (self._begin_chat(place) if place.is_chat else self._found(place))

        async with trio.open_nursery() as meeting:
            for place in (*self.town.places, self.town.circle):
                meeting.start_soon(one, place)

    async def _begin_chat(self, place: Place) -> None:
        opening = next(turns(self.town, place, self.chance(place.name)))
        first = self.devices[opening.speaker.number]
        (other,) = (self.devices[number] for number in place.members if number != opening.speaker.number)
        body = encode(Text(text=opening.text))
        done = await first.ask(place.name, Send(id=0, cid=first.session.new_cid(), body=body, to=other.person))
        self.topics[place.name] = done.topic

    async def _found(self, place: Place) -> None:
        founder, *others = (self.devices[number] for number in place.members)
        invited = tuple(other.person for other in others[:INVITED_AT_FOUNDING])
        name, cid = encode(Text(text=place.name)), founder.session.new_cid()
        done = await founder.ask(place.name, GroupFound(id=0, cid=cid, name=name, invite=invited))
        for other in others[INVITED_AT_FOUNDING:]:
            await founder.session.request(GroupInvite(id=0, topic=done.topic, person=other.person))
        for other in others:
            await other.ask(place.name, GroupAccept(id=0, cid=other.session.new_cid(), topic=done.topic))
        self.topics[place.name] = done.topic

    async def talk(self, place: Place) -> None:
        """Talk in `place` until cancelled: who speaks next has heard the line before, or does not wait for it."""
        chance = self.chance(place.name)
        topic = self.topics[place.name]
        last: tuple[Device, Cid, Turn] | None = None
        for turn in turns(self.town, place, chance):
            speaker = self.devices[turn.speaker.number]
            pause, reads = chance.expovariate(1 / place.pause_s), chance.random() < READS
            if last is not None:
                with trio.move_on_after(PATIENCE_S):
                    await speaker.heard(last[1])
                self._follow(place, topic, speaker, *last)
                if reads and last[1] in speaker.seqs:
                    speaker.session.mark_read(topic, speaker.seqs[last[1]])
            await trio.sleep(min(pause, 3 * place.pause_s))
            last = speaker, speaker.say(place.name, topic, turn.text), turn
            self.ledger.latest[place.name] = f"{turn.speaker.name}: {turn.text}"

    def _follow(self, place: Place, topic: TopicId, speaker: Device, author: Device, cid: Cid, turn: Turn) -> None:
        """Do to the last line what is to be done to it, if who does it has seen it."""
        match turn.sequel:
            case Sequel.EDIT if cid in author.seqs:
                author.edit(place.name, topic, cid, turn.words)
            case Sequel.RECALL if cid in author.seqs:
                author.recall(place.name, topic, cid)
            case Sequel.REACTION if cid in speaker.seqs:
                speaker.react(place.name, topic, cid, turn.words)
            case _:
                pass

    async def come_home(self) -> bool:
        """Wait until every device has sent what it wanted to, and has all there is; False: some do not."""
        late: list[str] = []

        async def one(device: Device) -> None:
            late.append(device.resident.handle)
            await device.has_all(self._heads())
            late.remove(device.resident.handle)

        with trio.move_on_after(HOME_SECONDS):
            # First all have sent, then all wait for the last of what was sent.
            for _ in range(2):
                async with trio.open_nursery() as coming:
                    for device in self.devices.values():
                        coming.start_soon(one, device)
        if late:
            self.ledger.problems.append(f"not up to date after {HOME_SECONDS:.0f} s: {', '.join(sorted(set(late)))}")
        return not late

    def _heads(self) -> dict[TopicId, Seq]:
        heads: dict[TopicId, Seq] = {}
        for ack in self.ledger.acked.values():
            heads[ack.topic] = max(ack.seq, heads.get(ack.topic, Seq(0)))
        return heads
