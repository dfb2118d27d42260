"""People who say things in one place each, and those who hear them: a closed loop, publicly and privately alike.

Something said counts once its sender has been told that it is there, published or stored, and every hearer has it.
"""

import resource
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import msgpack

from benchmarks.beside import now_cid
from benchmarks.chat import sign_up
from benchmarks.figures import progress
from benchmarks.servers import Running
from benchmarks.wire import Wire, masked

PATIENCE_S = 30.0
STEP = 1000  # People between two lines of progress.


CONTENTS: dict[str, Callable[[str], dict[str, str]]] = {
    "group_message": lambda text: {"text": text},
    "broadcast": lambda text: {"title": " ".join(text.split()), "text": text},  # The title is what its card says.
}


@dataclass(slots=True, eq=False)
class Speaker:
    """Somebody who speaks in `topic`, and the connections of those who hear it there.

    `surface`: what they publish on; None: they send, privately.
    """

    mouth: Wire
    topic: str
    ears: tuple[Wire, ...]
    surface: str | None
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
        asked: dict[str, Any] = {"id": number, "cid": cid, "topic": self.topic}
        if self.surface is not None:
            asked |= {"op": "publish", "surface": self.surface, "content": CONTENTS[self.surface](text)}
        else:
            asked |= {"op": "send", "body": text.encode()}
        return masked(msgpack.packb(asked))


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


def surface_of(*, public: bool) -> str | None:
    """Return what one speaks on in a group of either side."""
    return "group_message" if public else None


def found(owner: Wire, *, public: bool) -> str:
    """Found a group and return its topic."""
    topic: str = owner.request("group.found_public" if public else "group.found", cid=now_cid())["topic"]
    return topic


def come_in(owner: Wire, topic: str, people: Sequence[tuple[Wire, str]], *, public: bool) -> None:
    """Have `people`, connections and persons, come into the group, one after the other."""
    for wire, person in people:
        if public:
            wire.request("group.join", topic=topic)
        else:
            owner.request("group.invite", topic=topic, person=person)
            wire.request("group.accept", cid=now_cid(), topic=topic)


def pairs(server: Running, count: int, *, public: bool, name: str) -> list[Speaker]:
    """Return `count` people, each with a group of two and one who hears them."""
    speakers = []
    for number in range(count):
        mouth, _ = sign_up(server.url, f"{name}-mouth-{number}")
        ear = sign_up(server.url, f"{name}-ear-{number}")
        topic = found(mouth, public=public)
        come_in(mouth, topic, [ear], public=public)
        speakers.append(Speaker(mouth, topic, (ear[0],), surface_of(public=public)))
    settle([wire for speaker in speakers for wire in (speaker.mouth, *speaker.ears)])
    return speakers


def everybody(server: Running, count: int) -> list[tuple[Wire, str]]:
    """Return `count` people who have just signed up, each as a connection and a person."""
    people = []
    for number in range(count):
        people.append(sign_up(server.url, f"reader-{number}"))
        if (number + 1) % STEP == 0:
            progress(f"{number + 1:,} of {count:,} signed up")
    return people


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


def raise_limit(files: int) -> None:
    """Let this process, and the server it starts, have so many files open, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (min(files, hard) if hard != resource.RLIM_INFINITY else files, hard)
        )
