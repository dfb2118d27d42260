"""People who say things in one place each, and those who hear them: a closed loop, publicly and privately alike.

Something said counts once its sender has been told that it is there, published or stored, and every hearer has it.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Literal

import msgpack

from benchmarks.load.crowd import ask_all, gather, sign_up_all
from benchmarks.load.wire import Wire, masked, now_cid
from benchmarks.servers import Running
from protocol.limits import CONTACTS_ASKED, TITLE_CHARS

PATIENCE_S = 30.0

Way = Literal["message", "moment", "group_message", "broadcast"]
WAYS: dict[Way, Callable[[str, str], dict[str, Any]]] = {
    "message": lambda topic, text: {"op": "send", "topic": topic, "body": text.encode()},
    "moment": lambda _, text: {"op": "moment.post", "body": text.encode()},
    "group_message": lambda topic, text: _publish(topic, "group_message", {"text": text}),
    "broadcast": lambda topic, text: _publish(topic, "broadcast", {"title": _title(text), "text": text}),
}


def _title(text: str) -> str:
    """Return what the card says of an article."""
    return " ".join(text.split())[:TITLE_CHARS]


def _publish(topic: str, surface: str, content: dict[str, str]) -> dict[str, Any]:
    return {"op": "publish", "topic": topic, "surface": surface, "content": content}


@dataclass(slots=True, eq=False)
class Speaker:
    """Somebody who says things in `topic`, and the connections of those who hear it there.

    Moments are said to one's friends: their topic is who says it.
    """

    mouth: Wire
    topic: str
    ears: tuple[Wire, ...]
    way: Way
    said: int = 0
    acked: int = 0
    heard: int = 0
    begun: deque[float] = field(default_factory=deque)

    @property
    def complete(self) -> int:
        """How many of the things said are acknowledged and with everybody."""
        return min(self.acked, self.heard // len(self.ears))

    def request(self, number: int, text: str, cid: bytes) -> bytes:
        """Return the frame that says `text`."""
        return request(self.way, self.topic, number, text, cid)


def request(way: Way, topic: str, number: int, text: str, cid: bytes) -> bytes:
    """Return the frame that says `text`, as request `number`."""
    return masked(msgpack.packb({**WAYS[way](topic, text), "id": number, "cid": cid}))


@dataclass(slots=True)
class Stretch:
    """What some seconds of a load gave. CPU is the server process's, all threads; `hosts_us` that of its hooks'."""

    said: int
    deliveries: int
    seconds: float
    cpu_us: float
    hosts_us: float
    latencies_ms: list[float] = field(repr=False)
    labelled: int = 0
    lost: int = 0
    twice: int = 0


class Ear:
    """Takes in what the server says: replies by their number, entries by their place. Counts gaps and repeats.

    A moment has no number that would tell of a gap: what has not come to all is waited for.
    """

    def __init__(self) -> None:
        self.lost = self.twice = self.labelled = 0
        self._heads: dict[tuple[Wire, str], int] = {}
        self._moments: set[tuple[Wire, str]] = set()

    def entry(self, wire: Wire, entry: dict[str, Any]) -> bool:
        """Note an entry; say whether it is something said."""
        place = (wire, entry["topic"])
        seq: int = entry["seq"]
        head = self._heads.get(place, seq - 1)
        if seq <= head:
            self.twice += 1
            return False
        self.lost += seq - head - 1
        self._heads[place] = seq
        return entry.get("body") is not None

    def moment(self, wire: Wire, moment: dict[str, Any]) -> bool:
        """Note a moment; say whether it has not come before."""
        place = (wire, moment["moment"])
        if place in self._moments:
            self.twice += 1
            return False
        self._moments.add(place)
        return True

    def reply(self, message: dict[str, Any]) -> None:
        """Note the answer to something said.

        Raises:
            RuntimeError: It was refused, or is not public.
        """
        if "error" in message:
            raise RuntimeError(message["error"])
        submission = message.get("submission")
        if submission is not None:
            if submission["state"] != "published":
                raise RuntimeError(f"a publication of the load is {submission['state']}: {submission.get('decision')}")
            self.labelled += bool(submission.get("labels"))


def run(
    server: Running, speakers: Sequence[Speaker], texts: Iterator[str], *, window: int, seconds: float, first: int
) -> Stretch:
    """Keep `window` things of every speaker under way for `seconds`, then wait for the last; `first`: a free number."""
    ear, latencies, asked = Ear(), list[float](), dict[int, Speaker]()
    by_topic = {speaker.topic: speaker for speaker in speakers}
    number = first
    with DefaultSelector() as selector:
        for wire in {wire for speaker in speakers for wire in (speaker.mouth, *speaker.ears)}:
            selector.register(wire, EVENT_READ, wire)

        def say(speaker: Speaker) -> None:
            nonlocal number
            number += 1
            asked[number] = speaker
            speaker.said += 1
            frame = speaker.request(number, next(texts), now_cid())
            speaker.begun.append(time.perf_counter())
            speaker.mouth.socket.sendall(frame)

        def take(wire: Wire) -> None:
            for payload in wire.poll():
                message = msgpack.unpackb(payload)
                match message:
                    case {"entry": entry}:
                        speaker, is_said = by_topic.get(entry["topic"]), ear.entry(wire, entry)
                    case {"ev": "moment", "moment": moment}:
                        speaker, is_said = by_topic.get(moment["author"]), ear.moment(wire, moment)
                    case _:
                        speaker, is_said = asked.pop(message.get("re"), None), False
                        if speaker is not None:
                            ear.reply(message)
                            speaker.acked += 1
                            moved.add(speaker)
                if is_said and speaker is not None and wire is not speaker.mouth:
                    speaker.heard += 1
                    moved.add(speaker)

        for speaker in speakers:
            speaker.said = speaker.acked = speaker.heard = 0
        begun, cpu, hosts = time.perf_counter(), server.cpu_s(), server.hosts_cpu_s()
        moved = set(speakers)
        while True:
            now = time.perf_counter()
            for speaker in moved:
                while len(speaker.begun) > speaker.said - speaker.complete:
                    latencies.append((now - speaker.begun.popleft()) * 1000)
                while now - begun < seconds and len(speaker.begun) < window:
                    say(speaker)
            moved = set()
            if now - begun >= seconds and not any(speaker.begun for speaker in speakers):
                break
            if now - begun > seconds + PATIENCE_S:
                raise RuntimeError(f"{sum(len(each.begun) for each in speakers)} things said never came to all")
            for key, _ in selector.select(0.2):
                take(key.data)
        took, used, hosts_used = time.perf_counter() - begun, server.cpu_s() - cpu, server.hosts_cpu_s() - hosts
    return Stretch(
        said=sum(speaker.said for speaker in speakers),
        deliveries=sum(speaker.heard for speaker in speakers),
        seconds=took,
        cpu_us=used * 1e6,
        hosts_us=hosts_used * 1e6,
        latencies_ms=latencies,
        labelled=ear.labelled,
        lost=ear.lost,
        twice=ear.twice,
    )


def in_group(people: Sequence[tuple[Wire, str]], *, public: bool) -> Speaker:
    """Have `people`, connections and persons, be a group, the first of whom will speak."""
    (mouth, _), *others = people
    return Speaker(mouth, gather(people, public=public), tuple(wire for wire, _ in others), way_in(public=public))


def among_friends(author: tuple[Wire, str], friends: Sequence[tuple[Wire, str]]) -> Speaker:
    """Have `author` be friends with all of `friends`, who will hear their moments."""
    mouth, person = author
    for begin in range(0, len(friends), CONTACTS_ASKED):
        portion = friends[begin : begin + CONTACTS_ASKED]
        for _, friend in portion:
            mouth.request("contact.ask", person=friend)
        ask_all((wire for wire, _ in portion), "contact.accept", person=person)
    return Speaker(mouth, person, tuple(wire for wire, _ in friends), "moment")


def way_in(*, public: bool) -> Way:
    """Return how one speaks in a group of either side."""
    return "group_message" if public else "message"


def pairs(server: Running, count: int, *, public: bool, name: str) -> list[Speaker]:
    """Return `count` people, each with a group of two and one who hears them."""
    people = sign_up_all(server.url, (f"{name}-{number}" for number in range(2 * count)))
    speakers = [in_group(people[number : number + 2], public=public) for number in range(0, 2 * count, 2)]
    settle([wire for wire, _ in people])
    return speakers


def hang_up(speakers: Sequence[Speaker]) -> None:
    """Close all their connections: a server that stops waits a while for those who do not."""
    for wire in {wire for speaker in speakers for wire in (speaker.mouth, *speaker.ears)}:
        wire.close()


def settle(wires: Sequence[Wire], quiet_s: float = 0.3) -> None:
    """Take in what comes until nothing has come for `quiet_s`."""
    with DefaultSelector() as selector:
        for wire in wires:
            selector.register(wire, EVENT_READ, wire)
        while ready := selector.select(quiet_s):
            for key, _ in ready:
                for _ in key.data.poll():
                    pass
