"""The fourth act opens: who becomes whose contact, who does not, and what of that the other one can tell."""

from itertools import combinations
from random import Random

import trio

from benchmarks.neighbours.neighbour import Neighbour
from benchmarks.neighbours.words import CHESS_TAG, WORK_TAG
from benchmarks.neighbours.yard import NEIGHBOURS, STRANGER, Yard
from protocol.contacts import (
    AcceptContact,
    AskContact,
    Contact,
    ContactState,
    PrivateCards,
    RefuseContact,
    SetPrivateCard,
)
from protocol.content import Card, Text, encode, encode_card
from protocol.frames import People, SetPreferences

NEAR, FAR = 2, 4  # Doors between two who are friends for certain; and, if chance has it.
ACQUAINTED = 0.5
DAY_MS = 86_400_000


def acquaintances(doors: int, chance: Random) -> list[tuple[int, int]]:
    """Return who becomes contacts: those next to each other, some of those farther off, and none across the yard."""
    pairs = []
    for one, other in combinations(range(doors), 2):
        between = min(other - one, doors - (other - one))
        if between <= NEAR or (between <= FAR and chance.random() < ACQUAINTED):
            pairs.append((one, other) if chance.random() < 0.5 else (other, one))
    return pairs


async def contacts(yard: Yard) -> None:
    """They ask each other, and are accepted."""
    pairs = acquaintances(NEIGHBOURS, yard.chance)

    async def meet(one: Neighbour, other: Neighbour) -> None:
        greeting = f"我是{one.handle}，住{other.handle}对门"
        body = encode(Text(text=yard.canaries.mark(greeting)))
        await one.session.request(AskContact(id=0, person=other.person, greeting=body))
        await other.session.request(AcceptContact(id=0, person=one.person))
        yard.canaries.erased(greeting)  # It was for the request, which is over.
        yard.graph.befriend(one.handle, other.handle)

    async with trio.open_nursery() as meeting:
        for one, other in pairs:
            meeting.start_soon(meet, yard.door(one), yard.door(other))
    for handle in yard.handles:
        await _knows(yard, handle)
    yard.report.add(
        f"{len(pairs)} pairs are contacts, as the graph has it, on their own devices",
        all(len(yard.graph.friends_of(handle)) >= 2 * NEAR for handle in yard.handles),
        f"{min(len(yard.graph.friends_of(handle)) for handle in yard.handles)} to"
        f" {max(len(yard.graph.friends_of(handle)) for handle in yard.handles)} each",
    )


async def _knows(yard: Yard, handle: str) -> None:
    """Wait until somebody's device has the contacts that the graph has."""
    session = yard.people[handle].session
    await session.until(lambda: {each.handle for each in session.cache.contacts.all()} == yard.graph.friends_of(handle))


async def refusals(yard: Yard) -> None:
    """Two are asked from across the yard: one refuses, one never answers; who asked cannot tell which."""
    refused, ignored = (yard.door(0), yard.door(6)), (yard.door(1), yard.door(7))
    waiting: list[Contact] = []
    for one, other in (refused, ignored):
        words = encode(Text(text=yard.canaries.mark(f"{one.handle}想认识你")))
        waiting.append((await one.session.request(AskContact(id=0, person=other.person, greeting=words))).contact)
    for one, _ in (refused, ignored):
        await one.ear.caught_up()
    before = [one.ear.met for one, _ in (refused, ignored)]
    await refused[1].session.request(RefuseContact(id=0, person=refused[0].person))
    for one, _ in (refused, ignored):
        await one.ear.caught_up()
    yard.report.add(
        "one is refused, one is not answered: both go on waiting, and are told nothing",
        [one.ear.met for one, _ in (refused, ignored)] == before
        and [(each.state, (each.until or 0) - each.at) for each in waiting] == [(ContactState.ASKED, 7 * DAY_MS)] * 2
        and refused[0].session.cache.contacts.of(refused[1].person) == waiting[0],
        "for seven days",
    )


async def finding(yard: Yard) -> None:
    """Somebody does not want to be found by their handle."""
    shy, friend, stranger = yard.door(2), yard.door(3), yard.people[STRANGER]
    await shy.session.request(SetPreferences(id=0, findable=False))

    async def found(seeker: Neighbour, handle: str) -> int:
        return len((await seeker.session.request(People(id=0, handles=(handle,)))).people)

    yard.report.add(
        "who does not want to be found is found by those who know them, and to others is nobody",
        (await found(friend, shy.handle), await found(stranger, shy.handle), await found(stranger, "nobody_at_all"))
        == (1, 0, 0),
        shy.handle,
    )


async def notes(yard: Yard) -> None:
    """They note what they call each other, with tags; and say what they want to be called themselves."""
    yard.tags = {tag: yard.canaries.mark(tag) for tag in (CHESS_TAG, WORK_TAG)}
    for owner, tag, tagged in ((3, CHESS_TAG, (1, 2, 4, 5)), (6, WORK_TAG, (7, 8))):
        for number in tagged:
            await yard.remark(yard.door(owner), yard.door(number), f"{number}号院的", (yard.tags[tag],))
    await yard.remark(yard.door(10), yard.door(11), "隔壁的", ())
    for handle in yard.handles:
        card = Card(name=yard.canaries.mark(f"街坊都叫我{handle}"))
        await yard.people[handle].session.request(SetPrivateCard(id=0, card=encode_card(card)))
    shown = []
    for handle, person in yard.people.items():
        asked = PrivateCards(id=0, persons=tuple(yard.names.people[other] for other in yard.handles))
        cards = (await person.session.request(asked)).cards
        due = (yard.graph.friends_of(handle) | {handle}) & {*yard.handles}
        shown.append(yard.names.handles(tuple(card.person for card in cards)) == due)
    yard.report.add("private cards are shown to friends, and to nobody else", all(shown), f"{len(shown)} have looked")
