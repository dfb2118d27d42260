"""Everybody of the fourth act, where they live, and what all scenes do: say something, comment, like, look.

Whatever is done is done by a client, and noted in the graph; who is to be told of it follows from the graph alone.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import trio

from benchmarks.neighbours.graph import Comment, Graph, Said
from benchmarks.neighbours.looking import Looking
from benchmarks.neighbours.names import Names
from benchmarks.neighbours.neighbour import Neighbour
from benchmarks.neighbours.report import Report
from benchmarks.neighbours.verdict import Look, Pushes
from benchmarks.playhouse.canaries import Canaries
from benchmarks.playhouse.decisions import in_a_line
from benchmarks.playhouse.report import ActError
from benchmarks.playhouse.stage import Stage
from benchmarks.town.people import build
from client.connection import Connection
from client.moments import Root
from client.staff import on_duty
from protocol.contacts import RemarkContact, RemoveContact
from protocol.content import Remark, encode_remark
from protocol.decisions import Submission
from protocol.entries import Side
from protocol.frames import Recall
from protocol.ids import Seq, TopicId
from protocol.moments import Choice
from protocol.publications import Surface

NEIGHBOURS = 12
STRANGER, GARDENER = "passer_by", "old_zhou"  # Nobody's friends; the second runs an account.
REVIEWER = "K7"
NARROWED = "fewer "
PATIENCE_S = 5.0


class Yard:
    """`handles`: of the neighbours, in the order of their doors. `homes`: where people live."""

    def __init__(self, stage: Stage, homes: trio.Nursery, *, seed: int) -> None:
        self.stage = stage
        self._homes = homes
        self.canaries = Canaries()
        self.chance = Random(f"{seed} neighbours")
        self.report = Report()
        self.graph = Graph()
        self.names = Names()
        self.handles = tuple(resident.handle for resident in build(NEIGHBOURS, seed).residents)
        self.people: dict[str, Neighbour] = {}  # Strangers included.
        self.whom: dict[str, str] = {}  # For whom each thing is, in words.
        self.listening: set[tuple[str, str]] = set()  # Who has which thread open.
        self.due = Pushes()
        self.looks: list[Look] = []
        self.pages = self.holes = 0
        self.lone_reasons: set[str] = set()  # Each of which alone has kept something from somebody.
        self.tags: dict[str, str] = {}  # As they are given, by what they are called here.
        self._token = ""  # The officer's.
        self._texts: dict[str, str] = {}  # Of what is private, by its key.
        self._remarks: dict[tuple[str, str], str] = {}  # By who noted it, about whom.

    async def gather(self) -> None:
        """Register everybody, each line of the agreement acknowledged, on two devices each."""

        async def one(handle: str) -> None:
            self.people[handle] = await Neighbour.arrive(self.stage.host.url, handle)

        async def officer() -> None:
            self._token = await self.stage.officer(REVIEWER)

        async with trio.open_nursery() as arriving:
            arriving.start_soon(officer)
            for handle in (*self.handles, STRANGER, GARDENER):
                arriving.start_soon(one, handle)
        for handle, neighbour in self.people.items():
            self.names.people[handle] = neighbour.person
            await self._homes.start(neighbour.live)

    @asynccontextmanager
    async def officer(self) -> AsyncIterator[Connection]:
        """Give the connection of the officer on duty."""
        async with on_duty(self.stage.host.url, REVIEWER, self._token) as (connection, _):
            yield connection

    def door(self, number: int) -> Neighbour:
        """Return who lives behind a door; the doors go round the yard."""
        return self.people[self.handles[number % NEIGHBOURS]]

    def doors(self, *numbers: int) -> frozenset[str]:
        """Return the handles of those who live behind some doors."""
        return frozenset(self.door(number).handle for number in numbers)

    async def remark(self, owner: Neighbour, friend: Neighbour, text: str, tags: tuple[str, ...]) -> None:
        """Have somebody note something about a friend."""
        text = f"{text}{friend.handle}"
        remark = Remark(text=self.canaries.mark(text), tags=tags)
        await owner.session.request(RemarkContact(id=0, person=friend.person, remark=encode_remark(remark)))
        self._remarks[owner.handle, friend.handle] = text

    async def unfriend(self, person: Neighbour, friend: Neighbour) -> None:
        """Have somebody remove a friend from their contacts; what they noted about them goes with that."""
        await person.session.request(RemoveContact(id=0, person=friend.person))
        self.graph.contacts.remove((person.handle, friend.handle))
        if (person.handle, friend.handle) in self._remarks:
            self.canaries.erased(self._remarks[person.handle, friend.handle])

    # Saying something.

    async def post(
        self,
        author: Neighbour,
        key: str,
        text: str,
        whom: str,
        *,
        only: frozenset[str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """Say something privately; `whom`: for whom it is, in words."""
        self._texts[key] = text
        moment = await author.moments.post(
            self.canaries.mark(text),
            only=None if only is None else self.names.persons(only),
            without=self.names.persons(without),
        )
        said = Said(key=key, author=author.handle, only=only, without=without)
        self._note(said, Root.of(moment), whom)
        self.due.told[author.handle, key] += 1  # Their other device.

    async def post_publicly(self, author: Neighbour, key: str, text: str) -> Submission:
        """Say something on one's square; it may be held."""
        submission = await author.session.publish(text, surface=Surface.SQUARE)
        if submission.seq is not None:
            self.appeared(author, key, submission)
        return submission

    def appeared(self, author: Neighbour, key: str, submission: Submission, *, is_article: bool = False) -> None:
        """Note that something is public now.

        Raises:
            ActError: It is not.
        """
        if submission.topic is None or submission.seq is None:
            raise ActError(f"{key} was to be published, and is {submission.state}: {in_a_line(submission.decision)}")
        said = Said(key=key, author=author.handle, side=Side.PUBLIC, is_article=is_article)
        whom = "readers" if is_article else "everyone"
        self._note(said, Root(topic=submission.topic, seq=submission.seq), whom)
        if not is_article:
            self.due.told[author.handle, key] += 1  # They too: nobody else may have heard how it was judged.

    def _note(self, said: Said, root: Root, whom: str) -> None:
        self.graph.roots[said.key] = said
        self.names.roots[said.key] = root
        self.whom[said.key] = whom
        for person in self.graph.audience(said.key):
            self.due.told[person, said.key] += 1

    async def listens(self, person: Neighbour, key: str) -> None:
        """Have somebody's second device open a thread."""
        await person.ear.listens(self.names.roots[key])
        self.listening.add((person.handle, key))

    async def comment(self, author: Neighbour, key: str, name: str, text: str, *, answers: str | None = None) -> None:
        """Say something under `key`, on its side of it."""
        root = self.names.roots[key]
        answered = None if answers is None else self.names.comments[answers]
        if root.moment is not None:
            self._texts[name] = text
            marked = self.canaries.mark(text)
            self.names.comments[name] = (await author.moments.comment(root.moment, marked, answers=answered)).comment
        else:
            submission = await author.session.publish(
                text, topic=root.topic, surface=Surface.COMMENT, root=root.seq, answers=answered
            )
            if submission.comment is None:
                raise ActError(f"a comment is {submission.state}: {in_a_line(submission.decision)}")
            self.names.comments[name] = submission.comment
        comment = Comment(key=name, root=key, author=author.handle, answers=answers)
        self.graph.comments[name] = comment
        self._stirs(key, lambda person: self.graph.sees_comment(person, name))
        for person in self.people:
            if self.graph.concerns(person, comment) and self.graph.sees_comment(person, name):
                self.due.noticed[person] += 1

    async def like(self, person: Neighbour, key: str, *, liked: bool = True) -> None:
        """Have somebody like something that they did not like before; or, without `liked`, no longer."""
        await person.moments.like(self.names.roots[key], liked=liked)
        said, by = self.graph.roots[key], person.handle
        self.graph.likes.add((key, by))  # To tell that it is no longer so, too, one asks who saw it.
        is_public = said.side is Side.PUBLIC
        self._stirs(key, lambda listener: is_public or self.graph.sees_like(listener, key, by))
        if not liked:
            self.graph.likes.remove((key, by))
        elif not is_public and said.author != by:
            self.due.noticed[said.author] += 1

    async def narrow(
        self, author: Neighbour, key: str, *, only: frozenset[str] | None = None, without: frozenset[str] = frozenset()
    ) -> None:
        """Have somebody show a moment of theirs to fewer; or to more, which is not done."""
        moment, said = self.names.roots[key].moment, self.graph.roots[key]
        assert moment is not None
        named = None if only is None else self.names.persons(only)
        await author.moments.narrow(moment, only=named, without=self.names.persons(without))
        left = said.only if only is None else only if said.only is None else only & said.only
        narrowed = replace(said, only=left, without=said.without | without)
        if narrowed != said:
            self.graph.roots[key] = narrowed
            self.whom[key] = f"{NARROWED}{self.whom[key].removeprefix(NARROWED)}"

    async def delete(self, key: str) -> None:
        """Have the author of a moment delete it, with all that is said under it."""
        root = self.names.roots[key]
        assert root.moment is not None
        self._stirs(key, lambda person: self.graph.sees(person, key))
        await self.people[self.graph.roots[key].author].moments.delete(root.moment)
        self._forget(self.graph.delete(key))

    async def recall(self, key: str) -> None:
        """Have the author of a post take it back, with all that is said under it."""
        (topic, seq), author = self.place(key), self.people[self.graph.roots[key].author]
        self._stirs(key, lambda _: True)
        await author.session.request(Recall(id=0, cid=author.session.new_cid(), topic=topic, target=seq))
        self.graph.delete(key)

    async def delete_comment(self, person: Neighbour, name: str) -> None:
        """Have somebody delete a comment, with all that answers it."""
        self._stirs(self.graph.comments[name].root, lambda listener: self.graph.sees_comment(listener, name))
        await person.moments.delete_comment(self.names.comments[name])
        self._forget(self.graph.delete(name))

    async def choose(self, key: str, choice: Choice) -> None:
        """Have whoever published something say which comments there are to be."""
        topic, seq = self.place(key)
        await self.people[self.graph.roots[key].author].moments.choose(topic, seq, choice)
        self.graph.choices[key] = choice
        self._stirs(key, lambda _: True)

    async def select(self, name: str) -> None:
        """Have whoever published it select a comment under it."""
        before = self.graph.comments[name]
        saw = {person for person in self.people if self.graph.sees_comment(person, name)}
        await self.people[self.graph.roots[before.root].author].moments.select(self.names.comments[name])
        self.graph.comments[name] = replace(before, selected=True)
        self._stirs(before.root, lambda person: person in saw or self.graph.sees_comment(person, name))

    def _stirs(self, key: str, sees: Callable[[str], bool]) -> None:
        """Note that those who have a thread open are to be told that it has changed, if they see what has."""
        for person, open_one in self.listening:
            if open_one == key and sees(person):
                self.due.stirred[person, key] += 1

    def _forget(self, keys: list[str]) -> None:
        """What was said privately and is deleted is to be in no store."""
        for key in keys:
            if key in self._texts:
                self.canaries.erased(self._texts[key])

    # Looking.

    async def look(self, when: str) -> None:
        """Have everybody look at everything."""
        articles = frozenset(key for key, said in self.graph.roots.items() if said.is_article)
        due = self.graph.views(self.people)
        sight = await Looking(self.names, articles).everybody(self.people.values())
        self.looks.append(Look(when=when, due=due, seen=sight.views))
        self.pages += sight.pages
        self.holes += sight.holes
        for said in self.graph.roots.values():
            for person in self.people:
                reasons = self.graph.reasons(person, said) if person != said.author else []
                if said.side is Side.PRIVATE and len(reasons) == 1:
                    self.lone_reasons.add(reasons[0])

    async def pushed(self) -> Pushes:
        """Return what has been pushed to all second devices, once all that is due has come, or has not in time."""
        with trio.move_on_after(PATIENCE_S):
            for handle, person in self.people.items():
                await person.ear.until(lambda handle=handle: self._has_come(handle))  # type: ignore[misc]
        got = Pushes()
        for handle, person in self.people.items():
            await person.ear.caught_up()
            for moment in person.ear.told:
                got.told[handle, self.names.key(Root.of(moment))] += 1
            for root, times in person.ear.stirred.items():
                got.stirred[handle, self.names.key(root)] += times
            got.noticed[handle] = person.ear.noticed
        return got

    def _has_come(self, handle: str) -> bool:
        ear = self.people[handle].ear
        wanted = (self.due.told, self.due.stirred)
        told, stirred = (sum(times for (person, _), times in each.items() if person == handle) for each in wanted)
        return len(ear.told) >= told and ear.stirred.total() >= stirred and ear.noticed >= self.due.noticed[handle]

    def place(self, key: str) -> tuple[TopicId, Seq]:
        """Return where something public is."""
        root = self.names.roots[key]
        assert root.topic is not None
        assert root.seq is not None
        return root.topic, root.seq
