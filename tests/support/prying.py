"""Twin worlds of friends: in one of them something is hidden from eve, in the other it never was; and eve asks for all
there is to ask for, whatever it is called.

Both have the same clock and the same chance, and what is hidden draws on a chance of its own (tests/support/seeded.py):
so what eve receives is compared as the bytes that it is.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from protocol.contacts import (
    AcceptContact,
    AskContact,
    HideContact,
    RefuseContact,
    RemoveContact,
    SetPrivateCard,
)
from protocol.frames import Block, SetPreferences
from protocol.ids import CommentId, MomentId
from protocol.moments import (
    CommentReply,
    DeleteComment,
    DeleteMoment,
    Like,
    NarrowMoment,
    PostMoment,
    SayComment,
    ShowThread,
)
from tests.support.adapters import payloads
from tests.support.asking import request_of
from tests.support.inline import Caller, InlineServer
from tests.support.seeded import seeded

HIDDEN = b"something that eve does not see"
DAY_S = 24 * 3600
# They end the session, or begin one: what is asked after them is asked by nobody.
APART = frozenset({"hello", "login", "logout", "register", "resume", "revoke_device", "change_password", "staff.login"})
Script = Sequence[tuple[str, int]]


class Circle:
    """Ann, bob and eve are friends of each other; sam is ann's and bob's, and a stranger to eve, who has asked him.

    `hides`: whether this is the world in which something is hidden. `moments`, `comments`: what that is called; in the
    other world nothing is called so. Who is hidden is known by his handle alone. `known_to_her`: comments of eve's own,
    and under something of her own: she may delete them whether or not she sees them still, as she knows of them anyhow.
    """

    def __init__(self, *, hides: bool, hidden: "Circle | None" = None) -> None:
        self.hides = hides
        self.server = InlineServer()
        self.ann, self.bob, self.eve, self.sam = self.server.people("ann", "bob", "eve", "sam")
        for one, other in ((self.ann, self.bob), (self.ann, self.eve), (self.bob, self.eve),
                           (self.sam, self.ann), (self.sam, self.bob)):  # fmt: skip
            befriend(one, other)
        self.chat = self.server.chat(self.bob, self.eve)
        self.eve.do(AskContact, person=self.sam.person, greeting=b"it is me")
        self.anns = [post(self.ann, b"from ann") for _ in range(3)]
        self.own = post(self.eve, b"from eve")
        self.said = [
            comment(self.eve, self.anns[0], b"well said"),
            comment(self.ann, self.anns[0], b"thank you"),
            comment(self.ann, self.own, b"and you"),
        ]
        self.ann.do(Like, moment=self.own)
        for moment in (*self.anns, self.own):
            self.eve.do(ShowThread, moment=moment, live=True)
        self.moments: list[MomentId] = [] if hidden is None else hidden.moments
        self.comments: list[CommentId] = [] if hidden is None else hidden.comments
        self.known_to_her: set[CommentId] = set() if hidden is None else hidden.known_to_her
        self.tick()
        self.began = self.server.clock.ms
        self.forget()

    def forget(self) -> None:
        """From now on it counts what everybody receives."""
        for caller in self.server.callers:
            caller.collect()

    def tick(self, seconds: float = 1) -> None:
        """Let time pass, and a second more, in which what is due is done."""
        self.server.clock.pass_time(seconds)
        self.server.every_second()

    def is_later(self) -> None:
        """Let it be five days after the beginning, and what eve asks be counted from there."""
        self.tick((self.began + 5 * DAY_S * 1000 - self.server.clock.ms) / 1000)
        self.eve._ids = count(1000)

    @contextmanager
    def secretly(self) -> Iterator[bool]:
        """Do what is in the one world alone, if this is it; what chance gives for it is missed nowhere else."""
        with seeded("hidden"):
            yield self.hides

    def bob_posts(self, **audience: Any) -> MomentId:
        """Have bob say what is to be hidden; others say something under it, eve if she sees it."""
        moment = post(self.bob, HIDDEN, **audience)
        self.moments.append(moment)
        for caller in (self.bob, self.ann, self.eve):
            self._try_to_say(caller, moment)
            caller.try_(caller.request(Like, moment=moment))
        return moment

    def bob_takes_part(self) -> None:
        """Have bob say something under what others said, as far as he sees it."""
        for moment in (self.anns[0], self.own):
            self._try_to_say(self.bob, moment)
            self.bob.try_(self.bob.request(Like, moment=moment))
        self.comments.append(comment(self.bob, self.anns[0], HIDDEN, answers=self.said[1]))
        self.comments.append(comment(self.ann, self.anns[0], HIDDEN, answers=self.comments[-1]))

    def _try_to_say(self, caller: Caller, moment: MomentId) -> None:
        said = caller.try_(caller.request(SayComment, moment=moment, body=HIDDEN))
        if isinstance(said, CommentReply):
            self.comments.append(said.comment.comment)
            if self.eve.person == caller.person or moment == self.own:
                self.known_to_her.add(said.comment.comment)

    def ask(self, operation: str, number: int) -> None:
        """Have eve ask for something, reasonable or not."""
        chance = random.Random(f"{operation} {number}")
        self.eve.say(request_of(operation, chance, self, number=self.eve.next_id()))
        self.server.settle()
        if self.eve.peer.closed is not None:
            raise AssertionError(f"{operation} has closed the line: it is to be asked apart")

    # What eve may know, and more: what is hidden, by name.

    def known(self, operation: str, path: str, said: dict[str, Any]) -> Sequence[Any]:
        match path:
            case "moment":
                return [*self.moments, *self.anns[:1], self.own]
            case "comment" if operation == "comment.delete":
                return [*(each for each in self.comments if each not in self.known_to_her), *self.said]
            case "comment" | "answers":
                return [*self.comments, *self.said]
            case "person" | "to" if said.get("topic") is None:
                return [self.bob.person, self.sam.person, self.ann.person]
            case "persons" | "only" | "without" | "invite":
                return [(self.bob.person, self.sam.person, self.ann.person)]
            case "handles":
                return [("ann", "bob", "eve", "sam", "ned")]
            case "topic" if "moment" in said:
                return [None]
            case "topic":
                return [self.chat]
            case "seq" if "moment" in said:
                return [None]
            case "limit":
                return [1, 2, 20, 50]
            case "before":
                return [None if operation in {"history", "submissions"} else ""]
            case "cid":
                return [self.eve.cid()]
            case "signature":
                return [self.server.signature()] if self.server.signature() else []
            case _:
                return []

    def fresh(self, operation: str, path: str) -> str:
        return f"what eve says as {operation} {path}"


def befriend(one: Caller, other: Caller) -> None:
    """Make them contacts of each other."""
    one.do(AskContact, person=other.person)
    other.do(AcceptContact, person=one.person)


def post(caller: Caller, body: bytes, **audience: Any) -> MomentId:
    """Have somebody post something; a second passes, so that it has a time of its own."""
    caller.server.clock.pass_time(1)
    moment = caller.do(PostMoment, body=body, **audience).moment.moment
    assert moment is not None
    return moment


def comment(caller: Caller, moment: MomentId, body: bytes, answers: CommentId | None = None) -> CommentId:
    """Have somebody say something under a moment."""
    return caller.do(SayComment, moment=moment, body=body, answers=answers).comment.comment


# The ways of hiding. Each is done in both worlds; what is done secretly is done in the one alone.


def to_somebody_else(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_posts(only=(world.ann.person,))


def to_oneself(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_posts(only=())


def to_all_but_her(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_posts(without=(world.eve.person,))


def from_whom_one_hides_theirs(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob.do(HideContact, person=world.eve.person, mine=True)
            world.bob_posts()


def by_hiding_theirs_later(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_posts()
            world.bob.do(HideContact, person=world.eve.person, mine=True)


def by_growing_old(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_posts()
    world.bob.do(SetPreferences, moments_days=3)
    world.tick(4 * DAY_S)


def by_unfriending(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_posts()
            world.bob_takes_part()
            world.bob.do(RemoveContact, person=world.eve.person)
            world.bob_posts()
            world.bob_takes_part()


def by_blocking(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_posts()
            world.bob_takes_part()
            world.bob.do(Block, person=world.eve.person)
            world.bob_posts()
            world.bob_takes_part()
    world.bob.hang_up()  # As far as she can tell he is not there.


def by_narrowing(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob.do(NarrowMoment, moment=world.bob_posts(), without=(world.eve.person,))


def by_narrowing_to_others(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob.do(NarrowMoment, moment=world.bob_posts(), only=(world.ann.person,))


def by_deleting(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob.do(DeleteMoment, moment=world.bob_posts())


def what_a_stranger_says(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.comments.append(comment(world.sam, world.anns[0], HIDDEN))


def what_answers_a_stranger(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.comments.append(comment(world.sam, world.anns[0], HIDDEN))
            for caller in (world.bob, world.ann, world.bob):
                world.comments.append(comment(caller, world.anns[0], HIDDEN, answers=world.comments[-1]))


def what_a_stranger_answers(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.comments.append(comment(world.sam, world.anns[0], HIDDEN, answers=world.said[1]))


def what_is_not_said_any_more(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob_takes_part()
            for said in world.comments[:2]:
                world.bob.do(DeleteComment, comment=said)
            for moment in (world.anns[0], world.own):
                world.bob.do(Like, moment=moment, liked=False)
            world.bob.do(DeleteComment, comment=world.comments[2])


def what_a_stranger_likes(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.sam.do(Like, moment=world.anns[0])


def that_one_is_refused(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.sam.do(RefuseContact, person=world.eve.person)


def that_who_is_asked_blocks_one(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.sam.do(Block, person=world.eve.person)
    world.sam.hang_up()


def a_card_for_others(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.sam.do(SetPrivateCard, card=HIDDEN)


def a_card_by_blocking(world: Circle) -> None:
    with world.secretly() as hides:
        if hides:
            world.bob.do(SetPrivateCard, card=HIDDEN)
            world.bob.do(Block, person=world.eve.person)
    world.bob.hang_up()


def somebody_who_is_not_to_be_found(world: Circle) -> None:
    with world.secretly() as hides:
        ned = world.server.register("ned" if hides else "zed")  # That somebody has signed is in the audit log.
        if hides:
            ned.do(SetPreferences, findable=False)
            befriend(ned, world.ann)
            post(ned, HIDDEN)
            world.comments.append(comment(ned, world.anns[0], HIDDEN))


WAYS: dict[str, Callable[[Circle], None]] = {
    way.__name__: way
    for way in (
        to_somebody_else,
        to_oneself,
        to_all_but_her,
        from_whom_one_hides_theirs,
        by_hiding_theirs_later,
        by_growing_old,
        by_unfriending,
        by_blocking,
        by_narrowing,
        by_narrowing_to_others,
        by_deleting,
        what_a_stranger_says,
        what_answers_a_stranger,
        what_a_stranger_answers,
        what_is_not_said_any_more,
        what_a_stranger_likes,
        that_one_is_refused,
        that_who_is_asked_blocks_one,
        a_card_for_others,
        a_card_by_blocking,
        somebody_who_is_not_to_be_found,
    )
}
# What eve was shown before it was hidden, and has been told of; else she has never been told of anything.
SHOWN_BEFORE = frozenset(
    {
        *("by_hiding_theirs_later", "by_growing_old", "by_unfriending", "by_blocking"),
        *("by_narrowing", "by_narrowing_to_others", "by_deleting", "what_is_not_said_any_more"),
    }
)


def received(
    way: Callable[[Circle], None],
    script: Script = (),
    *,
    then: Callable[[Circle], object] = lambda world: None,
    told_before: bool = False,
) -> list[list[bytes]]:
    """Return what eve receives in the world where something is hidden, and in the other, from then on.

    `script`: what she asks for; `then`: what she does after that.
    """
    seen: list[list[bytes]] = []
    hidden: Circle | None = None
    for hides in (True, False):
        with seeded("a circle"):
            world = Circle(hides=hides, hidden=hidden)
            try:
                way(world)
                world.is_later()
                told = world.eve.collect()
                assert told_before or [each for each in told if not isinstance(each, dict)] == [], "she has been told"
                for operation, number in script:
                    world.ask(operation, number)
                    world.tick(0.01)
                then(world)
                world.tick(8 * DAY_S)  # What one has asked for ends.
                world.tick(60)
                world.ask("contacts", 0)
                world.server.settle()
                seen.append(list(payloads(b"".join(world.eve.peer.frames))))
                hidden = world
            finally:
                world.server.close()
    return seen
