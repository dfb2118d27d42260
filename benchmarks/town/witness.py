"""A witness for each person: a device that was never there before, and reads all of the history from the server."""

import trio

from benchmarks.town.people import Resident
from client.account import greet, login
from client.connection import Connection, open_connection
from protocol.entries import Entry, Standing
from protocol.frames import History, Resume, Sync, SyncReply
from protocol.ids import Seq, TopicId
from protocol.limits import HISTORY_ENTRIES

AT_ONCE = 4
Logs = dict[TopicId, tuple[Entry, ...]]


async def testify(url: str, residents: tuple[Resident, ...]) -> dict[str, Logs]:
    """Return what each of `residents` may see of each topic, by handle. It uses neither a session nor a cache.

    Raises:
        ClientError: The server does not let a new device in, or refuses its history.
    """
    found: dict[str, Logs] = {}
    limit = trio.CapacityLimiter(AT_ONCE)

    async def one(resident: Resident) -> None:
        async with limit:
            found[resident.handle] = await _read_all(url, resident)

    async with trio.open_nursery() as nursery:
        for resident in residents:
            nursery.start_soon(one, resident)
    return found


async def _read_all(url: str, resident: Resident) -> Logs:
    account = await login(url, resident.handle, resident.password, device="witness")
    async with open_connection(url) as connection:
        await greet(connection)
        signed = await connection.request(Resume(id=0, token=account.token, heads={}))
        assert signed.sync is not None
        topics = await _topics(connection, signed.sync)
        return {topic: await _history(connection, topic) for topic in topics}


async def _topics(connection: Connection, reply: SyncReply) -> list[TopicId]:
    topics: list[TopicId] = []
    while True:
        topics += [summary.topic for summary in reply.topics if summary.standing is Standing.MEMBER]
        if not reply.more:
            return topics
        # The slices are left aside: all entries come from history.
        reply = await connection.request(Sync(id=0, heads={}, marks=reply.marks))


async def _history(connection: Connection, topic: TopicId) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    complete = False
    while not complete:
        after = entries[-1].seq if entries else Seq(0)
        page = await connection.request(History(id=0, topic=topic, after=after, limit=HISTORY_ENTRIES))
        entries += page.entries
        complete = page.complete
    return tuple(entries)
