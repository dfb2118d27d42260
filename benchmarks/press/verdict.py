"""Whether everybody got what they were to get and nobody anything else: the graph held against what came.

Pure: values in, rows and sentences out. A fault is a sentence; no fault means that everything holds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from protocol.ids import Seq, TopicId

Place = tuple[TopicId, Seq]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """One broadcast as the graph has it at its time. `due`: whom it is for; `others`: followers whom it is not for.

    `away`: who of all readers is not online: it comes to them when they are back.
    """

    what: str
    place: Place
    tag: str
    due: frozenset[str]
    others: frozenset[str]
    away: frozenset[str]


@dataclass(slots=True)
class Heard:
    """What has come to one reader, each time counted.

    `wire`, `blanks`: cards, and numbers without one, as frames on a bare connection; `feed`: cards in their client.
    """

    wire: Counter[Place] = field(default_factory=Counter)
    blanks: Counter[Place] = field(default_factory=Counter)
    feed: Counter[Place] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one broadcast. `due`: whom it was for, by the graph; the rest was counted where it came.

    `live`: got the card as it was said, once; `later`: once, when they were back; `blank`: got its number only.
    """

    what: str
    tag: str
    due: int
    live: int
    later: int
    blank: int
    wrong: int


def deliveries(broadcasts: Sequence[Broadcast], heard: Mapping[str, Heard]) -> list[Delivery]:
    """Return one row for each broadcast."""
    return [
        Delivery(
            what=each.what,
            tag=each.tag,
            due=len(each.due),
            live=sum(heard[reader].wire[each.place] == 1 for reader in each.due - each.away),
            later=sum(heard[reader].feed[each.place] == 1 for reader in each.due & each.away),
            blank=sum(heard[reader].blanks[each.place] == 1 for reader in each.others - each.away),
            wrong=len(list(_wrong(each, heard))),
        )
        for each in broadcasts
    ]


def faults(broadcasts: Sequence[Broadcast], heard: Mapping[str, Heard]) -> list[str]:
    """Return everything that came and should not, came not and should, or came twice."""
    known = {each.place for each in broadcasts}
    uncalled = [
        f"{reader} got {seq} of {topic}, which nobody broadcast"
        for reader, got in heard.items()
        for topic, seq in sorted((got.wire.keys() | got.blanks.keys() | got.feed.keys()) - known)
    ]
    return [fault for each in broadcasts for fault in _wrong(each, heard)] + uncalled


def _wrong(broadcast: Broadcast, heard: Mapping[str, Heard]) -> Iterator[str]:
    for reader, got in heard.items():
        listens = reader not in broadcast.away
        wanted = {
            "card on the wire": (got.wire, reader in broadcast.due and listens),
            "number without a card": (got.blanks, reader in broadcast.others and listens),
            "card in the feed": (got.feed, reader in broadcast.due),
        }
        for what, (counted, is_due) in wanted.items():
            times = counted[broadcast.place]
            if times != is_due:
                yield f"{broadcast.what}: {reader} got the {what} {times} times, not {int(is_due)}"
