"""What runs long does so in bounded pieces, and what is short gets in between: counted in turns and in recipients."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import cast

from protocol.errors import CloseCode
from protocol.ids import Seq, TopicId
from server.audience import Audience
from server.fanout import TURN, FanOut, Parcel
from server.net.link import OPEN
from server.outcomes import Subscriber
from tests.guards.counting import SystemCalls
from tests.guards.works import Works

CROWD = 10_000
HELLO = 1234  # Of that crowd: whoever is served when somebody else says something in a chat.
LEAST = 1 << 19  # The smallest outbox that can be configured.
LONG = b"x" * 32_768  # The longest body.
SOCKETS = 64 << 20  # More than the system keeps for two of them.


class Ears:
    """A crowd of subscribers without connections. `served`: how many had their copy; `when_served` gets the number."""

    def __init__(self) -> None:
        self.served = 0
        self.when_served: Callable[[int], None] = lambda number: None

    def audience(self) -> Audience:
        return Audience([cast("Subscriber", _Ear(self)) for _ in range(CROWD)])

    def told(self, works: Works) -> None:
        """Begin to tell all of them something."""
        fanout: FanOut = works.service.engine._hub._fanout
        fanout.add(TopicId("crowd"), self.audience(), Parcel(Seq(1), b"x"))


class _Ear:
    """A subscriber, and its own link, on which something always waits."""

    write = None

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self.peer = self

    def send(self, frame: bytes) -> None:
        self._ears.served += 1
        self._ears.when_served(self._ears.served)


def test_no_more_recipients_are_served_between_two_looks_at_the_sockets_than_a_turn_has(
    works: Works, calls: SystemCalls
) -> None:
    ears, pieces = Ears(), Counter[int]()

    def served(_: int) -> None:
        pieces[calls.made["select"]] += 1

    ears.when_served = served
    ears.told(works)
    with calls.counting():
        works.turns()
    assert ears.served == CROWD
    assert max(pieces.values()) == TURN == 64
    assert len(pieces) == -(-CROWD // TURN)


def test_a_message_that_comes_in_the_middle_of_a_long_job_does_not_wait_for_its_end(works: Works) -> None:
    """It is read after the piece that runs and one more; what comes of it goes out two pieces after its commit."""
    [(topic, alice, bob)] = works.chats(1)
    ears = Ears()
    submitted, delivered = 0, 0

    def served(number: int) -> None:
        if number == HELLO:
            alice.says(topic, b"hello")

    def put() -> None:
        nonlocal submitted
        submitted = ears.served
        works.commit()

    ears.when_served, works.writes.when_put = served, put
    ears.told(works)
    while works.poller.tick():
        bob.pump()
        if bob.messages and not delivered:
            delivered = ears.served
    assert ears.served == CROWD
    assert submitted - HELLO <= TURN
    assert delivered - submitted <= 2 * TURN


def test_who_reads_nothing_costs_one_outbox_and_nobody_else_anything(tmp_path: Path) -> None:
    """Half a MiB is kept for it, as configured; then its unsent frames are gone, and it is told to come back."""
    with Works(tmp_path / "data", limits={"outbox_bytes": LEAST}) as works:
        accounts = works.registry.people(4)
        topic = works.registry.group(accounts)
        speaker, slow, *others = works.sign_in(accounts)
        works.wake_up((topic, speaker))
        slow.reads = False
        said, owed = 0, []
        while slow.link.stage is OPEN:
            speaker.says(topic, LONG)
            said += 1
            assert said < SOCKETS // len(LONG), "it is not slow"
            works.rest()
            owed.append(slow.link.outbox.unsent)
        assert LEAST - 2 * len(LONG) < max(owed) <= LEAST
        assert owed[-1] < 2 * len(LONG)  # The rest of the frame that was begun, and the close.
        assert [len(other.messages) for other in others] == [said] * 2
        assert [member.link.outbox.unsent for member in (speaker, *others)] == [0] * 3
        slow.reads = True
        works.until(lambda: slow.close_code)
        assert slow.close_code == CloseCode.SLOW
