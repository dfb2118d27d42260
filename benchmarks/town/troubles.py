"""What goes wrong in the town while people talk: each trouble is real, and each is over when its function returns."""

import math
from dataclasses import dataclass, field

import trio

from benchmarks.town.device import Device
from benchmarks.town.life import Life
from benchmarks.town.turns import pages, turns
from protocol.content import Text, encode
from protocol.errors import CloseCode
from protocol.frames import Send

PAGE_BYTES = 24 * 1024
STALLED_BYTES = (2 << 20, 4 << 20, 8 << 20)  # Tried in turn: how much kernels buffer differs.
FOUND_OUT_SECONDS = 3.0
DOWN_SECONDS = 0.3
BACK_SECONDS = 20.0
BUSY_SECONDS = 1.0


@dataclass(slots=True)
class Troubles:
    """What became of them. Times are trio's; None: it did not happen."""

    journeys: int = 0
    answers_lost: int = 0
    slow_close: int | None = None
    under_way_at_kill: int = 0
    killed_at: float | None = None
    listening_at: float | None = None
    returns: list[float] = field(default_factory=list)  # Of everybody, in seconds after the kill.


async def journeys(life: Life, troubles: Troubles, seconds: float) -> None:
    """Let each traveller go offline once or twice within `seconds`; they write on while they are away."""

    async def travel(device: Device) -> None:
        chance = life.chance(f"journey of {device.resident.handle}")
        leaves, stays = chance.uniform(0.05, 0.3) * seconds, chance.uniform(0.08, 0.2) * seconds
        for _ in range(2):
            await trio.sleep(leaves)
            life.tell(f"{device.resident.name} goes offline")
            troubles.journeys += 1
            await device.away(stays)
            life.tell(f"{device.resident.name} comes back")

    async with trio.open_nursery() as nursery:
        for number in life.town.travellers:
            nursery.start_soon(travel, life.devices[number])


async def lose_answers(life: Life, troubles: Troubles, seconds: float) -> None:
    """Break the lines of the unlucky between a message and its ack; they send it again with the same cid."""

    async def insist(device: Device) -> None:
        chance = life.chance(f"line of {device.resident.handle}")
        homes = [place for place in life.town.places if device.resident.number in place.members]
        ends = trio.current_time() + seconds
        while trio.current_time() < ends and device.line is not None:
            await trio.sleep(chance.uniform(0.4, 1.2))
            place = chance.choice(homes)
            (text,) = next(pages(device.resident, chance, least_bytes=1)).splitlines()[:1]
            await device.until(lambda: device.session.is_online)
            device.line.lose_next_answer()
            send = Send(id=0, cid=device.session.new_cid(), body=encode(Text(text=text)), topic=life.topics[place.name])
            await device.ask(place.name, send)
        if device.line is not None:
            troubles.answers_lost += device.line.answers_lost

    async with trio.open_nursery() as nursery:
        for number in life.town.unlucky:
            nursery.start_soon(insist, life.devices[number])


async def read_aloud(life: Life, troubles: Troubles) -> None:
    """Read a book to the circle while one member's line stands still, until the server has to call them slow."""
    circle = life.town.circle
    reader, slow = life.devices[circle.members[0]], life.devices[life.town.slow]
    line = slow.line
    assert line is not None
    book = pages(reader.resident, life.chance("book"), least_bytes=PAGE_BYTES)
    for stalled_bytes in STALLED_BYTES:
        life.tell(f"{slow.resident.name}'s line stands still while {reader.resident.name} reads aloud")
        line.stand_still()
        slow.stalls()
        for _ in range(stalled_bytes // PAGE_BYTES):
            page = next(book)
            cid = reader.say(circle.name, life.topics[circle.name], page)
            life.ledger.latest[circle.name] = f"{reader.resident.name}: {page.splitlines()[0]}"
            await reader.heard(cid)
        line.flow()
        with trio.move_on_after(FOUND_OUT_SECONDS):
            await slow.until(lambda: CloseCode.SLOW in slow.close_codes)
            troubles.slow_close = CloseCode.SLOW
            life.tell(f"{slow.resident.name} read too slowly: closed with {CloseCode.SLOW}, and resumes")
            await slow.until(lambda: slow.standing_since < math.inf)
            return


async def crash(life: Life, troubles: Troubles) -> None:
    """Kill the server under load, start it again on what is on the disk, and wait until everybody is back."""
    await _speak_all_at_once(life)
    troubles.under_way_at_kill = life.ledger.under_way
    killed_at = troubles.killed_at = trio.current_time()
    await life.host.kill()
    life.tell(f"the server is killed with SIGKILL, {troubles.under_way_at_kill} requests under way")
    await trio.sleep(DOWN_SECONDS)
    await life.host.start()
    troubles.listening_at = trio.current_time()
    life.tell(f"the server is up again after {troubles.listening_at - killed_at:.1f} s")
    with trio.move_on_after(BACK_SECONDS):
        async with trio.open_nursery() as nursery:
            for device in life.devices.values():
                nursery.start_soon(_note_return, device, troubles, killed_at)
    life.tell(f"{len(troubles.returns)} are back, the last {max(troubles.returns, default=0):.1f} s after the kill")


async def _speak_all_at_once(life: Life) -> None:
    """Let everybody say something in each of their smaller places; return when the server is in the middle of it."""
    before = life.ledger.waiting
    for place in life.town.places[1:]:
        talk = turns(life.town, place, life.chance(f"{place.name} before the kill"))
        for number, turn in zip(place.members, talk, strict=False):
            life.devices[number].say(place.name, life.topics[place.name], turn.text)
    enough = before + (life.ledger.waiting - before) * 2 // 3
    with trio.move_on_after(BUSY_SECONDS):
        while life.ledger.waiting > enough:  # noqa: ASYNC110 - a ledger tells nobody what is written into it.
            await trio.sleep(0.001)


async def _note_return(device: Device, troubles: Troubles, killed_at: float) -> None:
    await device.back_since(killed_at)
    troubles.returns.append(trio.current_time() - killed_at)
