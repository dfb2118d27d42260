"""What is true in the end: the log as a fresh device reads it, and what must hold of it."""

from collections.abc import Iterable

import trio

from client.account import greet, login
from client.connection import open_connection
from protocol.entries import Entry
from protocol.frames import History, Resume, Sync
from protocol.ids import Cid, Seq, TopicId
from tests.support.daemon import PATIENCE_S
from tests.support.town import PASSWORD
from tests.support.wire import Acked

Log = dict[TopicId, tuple[Entry, ...]]


async def the_log(url: str, handle: str) -> Log:
    """Return all topics of `handle` entry by entry, paged from the newest back by a device that knew nothing."""
    with trio.fail_after(PATIENCE_S):
        account = await login(url, handle, PASSWORD)
        async with open_connection(url) as connection, trio.open_nursery() as nursery:

            async def drop_pushes() -> None:
                async for _ in connection.pushes:
                    pass

            nursery.start_soon(drop_pushes)
            await greet(connection)
            await connection.request(Resume(id=0, token=account.token))
            heads: dict[TopicId, Seq] = {}
            marks, more = 0, True
            while more:
                synced = await connection.request(Sync(id=0, heads=heads, marks=marks))
                heads |= {piece.topic: piece.entries[-1].seq for piece in synced.slices if piece.entries}
                marks, more = synced.marks, synced.more
            log: Log = {}
            for topic in heads:
                entries: tuple[Entry, ...] = ()
                before: Seq | None = None
                complete = False
                while not complete:
                    page = await connection.request(History(id=0, topic=topic, before=before, limit=200))
                    entries, complete = (*page.entries, *entries), page.complete
                    before = entries[0].seq
                log[topic] = entries
            nursery.cancel_scope.cancel()
    return log


def assert_dense(log: Log) -> None:
    """Every topic's numbers are 1, 2, 3, … and no cid stands twice."""
    for topic, entries in log.items():
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)), topic
    cids = [entry.cid for entries in log.values() for entry in entries if entry.cid]
    assert len(cids) == len(set(cids)), "a message is there twice"


def assert_kept(acked: Iterable[Acked], log: Log) -> set[Cid]:
    """All that was acked is in the log as it was acked; return which cids that were."""
    there = {entry.cid: (entry.topic, entry.seq, entry.body) for entries in log.values() for entry in entries}
    cids: set[Cid] = set()
    for some in acked:
        for cid, what in some.items():
            assert there.get(cid) == what, f"acked as {what}, and in the log is {there.get(cid)}"
        cids |= some.keys()
    return cids
