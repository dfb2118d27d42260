"""Two lives of one server that differ in what is private alone; what each leaves behind can be compared byte by byte.

Both have the same people, the same clock and the same chance (tests/support/seeded.py). What is public is a list of
acts, the same in both; between any two of them people may do whatever is private, other things in each life.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compliance.publication import Publication
from protocol.accounts import AccountApply, AccountSubmit, AccountTakeBack, Application, SetOperator
from protocol.codec import Refusal
from protocol.entries import Role, Side, side_of
from protocol.frames import REQUESTS, Recall, Reply, Request
from protocol.ids import Cid, Seq, SubmissionId, TopicId, new_cid
from protocol.moments import Choice, ChooseComments, DeleteComment, SelectComment
from protocol.public import Publish, SubmissionReply, TakeBack
from protocol.publications import OF_ACCOUNTS, Content, Surface
from protocol.staff import (
    OfficerAct,
    OfficerApplication,
    OfficerDecide,
    OfficerQueue,
    OfficerReview,
    OfficerShow,
    QueueItem,
    QueueReply,
    ReviewAct,
)
from tests.support import records
from tests.support.asking import request_of
from tests.support.aviary import as_hooks_get_it
from tests.support.crowd import Crowd
from tests.support.hearsay import HANDLES
from tests.support.inline import Caller
from tests.support.kiosk import CATEGORY, LATE_MS, TAG
from tests.support.public import content_of

PUBLIC_OPERATIONS = frozenset(
    {
        "register",  # Under some packs one signs the agreement by it, which is on record.
        "publish",
        "take_back",
        "agreement.sign",
        "group.found_public",
        "group.join",
        "group.settings",
        "account.apply",  # Reviewers read it.
        "account.submit",
        "account.take_back",
        "account.operator",
        "thread.choose",
        "comment.select",
        "staff.login",
        "officer.queue",
        "officer.show",
        "officer.decide",
        "officer.application",
        "officer.review",
    }
)
# Where they name a topic, a private one, or an account: who follows one, reads it, asks it something, or is about to
# say something for it, does nothing public; nor does who reads or likes what is on a square. What is scheduled is not
# due while the twins live. Of comments they delete private ones alone.
PRIVATE_OPERATIONS = tuple(sorted(REQUESTS.keys() - PUBLIC_OPERATIONS))

IN_GROUPS = tuple(surface for surface in Surface if surface not in {*OF_ACCOUNTS, Surface.SQUARE, Surface.COMMENT})
MEMBERS_PUBLISH = (Surface.GROUP_MESSAGE, Surface.GROUP_MESSAGE, Surface.GROUP_SCREEN_NAME, Surface.CARD)
ACCOUNTS_SAY = tuple(surface for surface in Surface if surface in OF_ACCOUNTS)
BOB, CAROL, DORA = 1, 2, 3  # Who runs an account, who is its editor, and who runs the one that it reprints.


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something public: `verb` is a method of Life, `who` one of the people, `which` tells one thing from another."""

    verb: str
    who: int
    which: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is private between two public acts: so many requests, by chance of this seed."""

    seed: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a life has left behind: on the public side, and, to tell that the lives differed, on the private one."""

    publications: tuple[Publication, ...]
    as_hooks_got_it: bytes
    learned: tuple[Publication, ...]
    leaves: tuple[bytes, ...]
    public_store: bytes
    answers: tuple[object, ...]
    staff: tuple[bytes, ...]
    log: tuple[object, ...]
    private_store: tuple[str, ...]


class Life(Crowd):
    """One life, from `settle` on."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []
        self.acts = 0

    def begin(self) -> None:
        """Have the people there, with their groups."""
        for connection in (records.public(self.server), records.private(self.server)):
            connection.execute("UPDATE _sqlite_migrations SET applied_at = 'then'")  # A real clock wrote it.
        self.settle()
        self.public = [topic for topic in self.topics if side_of(topic) is Side.PUBLIC]
        self.account = self.kiosk.accounts[0]
        self._run_another(self.caller(DORA))
        self.staff_heard.clear()

    def _run_another(self, dora: Caller) -> None:
        application = self.kiosk.application()
        self.other = self.ask(dora, "account.apply", application=application).account.topic
        self.ask(dora, "account.submit", topic=self.other)
        self.ask(self.officer, "officer.review", topic=self.other, act="approve")
        profile = Content(title=application.name)
        self.ask(dora, "publish", surface=Surface.ACCOUNT_PROFILE, topic=self.other, content=profile)
        self.said = content_of(Surface.ARTICLE, "said elsewhere")
        fields = {"topic": self.other, "content": self.said, "reprintable": True}
        self.ask(dora, "publish", surface=Surface.ARTICLE, **fields)
        self.origin = self.kiosk.articles[-1].origin

    def pass_by(self, gap: Gap) -> None:
        """Have people do what is private."""
        chance = random.Random(gap.seed)
        for _ in range(gap.requests):
            operation = chance.choice(PRIVATE_OPERATIONS)
            self.asking = self._whoever_asks(operation, chance)
            if self.asking is self.officer:
                continue
            self._number += 1
            self.carry_out(self.asking, request_of(operation, chance, self, number=self._number))
            self._tidy()

    def act(self, act: Act) -> None:
        """Do something public."""
        self.acts += 1
        self.server.clock.pass_time(1)
        self.server.every_second()
        getattr(self, act.verb)(act)

    def leave(self) -> Left:
        """Say what is left behind, and end."""
        queue = self.ask_as_staff(OfficerQueue(id=self._next()))
        assert isinstance(queue, QueueReply)
        for item in queue.items:
            self.show(item)
        left = Left(
            publications=tuple(self.panel.seen),
            as_hooks_got_it=b"\n".join(as_hooks_get_it(publication) for publication in self.panel.seen),
            learned=tuple(self.panel.learned),
            leaves=tuple(records.leaves_of(self.server)),
            public_store=records.raw(records.public(self.server)),
            answers=tuple(self.answers),
            staff=tuple(self.staff_heard),
            log=tuple(_untimed(line) for line in self.records.log.splitlines()),
            private_store=tuple(records.private(self.server).iterdump()),
        )
        self.teardown()
        return left

    # Public acts.

    def publishes(self, act: Act) -> None:
        bobs = act.who == BOB
        surfaces = IN_GROUPS if bobs else MEMBERS_PUBLISH
        surface = surfaces[act.which % len(surfaces)]
        topic = None if surface is Surface.CARD else self.public[act.which % 2 if bobs else 0]
        title = "somebody" if surface is Surface.CARD else ""
        content = Content(title=title, text=f"said as the {self.acts}th")
        self._ask(act, Publish(id=0, cid=self._cid(), surface=surface, topic=topic, content=content))

    def edits(self, act: Act) -> None:
        topic = self.public[0]
        own = [seq for person, seq in self.messages.get(topic, []) if person == self.persons[act.who]]
        if own:
            target = own[act.which % len(own)]
            content = Content(text=f"changed as the {self.acts}th")
            fields = {"surface": Surface.GROUP_MESSAGE, "topic": topic, "target": target, "base": 1 + act.which % 2}
            self._ask(act, Publish(id=0, cid=self._cid(), content=content, **fields))  # type: ignore[arg-type]

    def speaks(self, act: Act) -> None:
        """Say something for the account, whether one is an operator of it or not."""
        surface = ACCOUNTS_SAY[act.which % len(ACCOUNTS_SAY)]
        content = content_of(surface, f"said as the {self.acts}th")
        fields: dict[str, Any] = {}
        match surface:
            case Surface.REPRINT:
                content, fields = self.said, {"source": self.origin}
            case Surface.ACCOUNT_PROFILE:
                content = Content(title=self.kiosk.applications[self.account].name, text=content.text, tags=(TAG,))
            case Surface.BROADCAST:
                fields = {"tag": TAG if act.which % 2 else "", "reprintable": True}
        self._ask(act, Publish(id=0, cid=self._cid(), surface=surface, topic=self.account, content=content, **fields))

    def mends(self, act: Act) -> None:
        """Edit an article, or take it back for good."""
        own = [article.origin.seq for article in self.kiosk.articles if article.origin.account == self.account]
        target = own[act.which % len(own)]
        if act.which % 3 == 2:
            self._ask(act, Recall(id=0, cid=self._cid(), topic=self.account, target=target))
            return
        content = content_of(Surface.ARTICLE, f"mended as the {self.acts}th")
        fields: dict[str, Any] = {"target": target, "base": 1 + act.which % 2, "content": content}
        self._ask(act, Publish(id=0, cid=self._cid(), surface=Surface.ARTICLE, topic=self.account, **fields))

    def forwards(self, act: Act) -> None:
        """Say in a group what the other account says."""
        fields: dict[str, Any] = {"content": Content(text=f"read this as the {self.acts}th"), "source": self.origin}
        self._ask(act, Publish(id=0, cid=self._cid(), surface=Surface.GROUP_MESSAGE, topic=self.public[0], **fields))

    def applies(self, act: Act) -> None:
        """Apply for an account, submit it, or take that back, as far as it goes."""
        own = [topic for topic in self.kiosk.run_by(self.persons[act.who]) if topic not in {self.account, self.other}]
        if act.which % 3 == 0 or not own:
            application = Application(
                body=next(iter(self.server.bench.pack.bodies)),
                subject=f"Somebody as the {self.acts}th",
                name=f"The {self.acts}th lane",
                category=CATEGORY,
                scope="What happens there.",
                operator="Somebody else",
            )
            self._ask(act, AccountApply(id=0, cid=self._cid(), application=application))
        else:
            shape = AccountSubmit if act.which % 3 == 1 else AccountTakeBack
            self._ask(act, shape(id=0, topic=own[-1]))

    def appoints(self, act: Act) -> None:
        """Change what the editor may do. That is hers already: who has blocked the owner is made nothing new."""
        role = (Role.EDITOR, Role.ANALYST)[act.which % 2]
        self._ask(act, SetOperator(id=0, topic=self.account, person=self.persons[CAROL], role=role))

    def posts(self, act: Act) -> None:
        """Say something on one's square."""
        content = content_of(Surface.SQUARE, f"said as the {self.acts}th")
        self._ask(act, Publish(id=0, cid=self._cid(), surface=Surface.SQUARE, content=content))

    def comments_on(self, act: Act) -> None:
        """Say something under what is on a square, or under an article; or in answer to that."""
        topic, seq = self.roots[act.which % len(self.roots)]
        public = [each for each in self.comments if side_of(TopicId(each)) is Side.PUBLIC]
        answers = public[-1] if public and act.which % 3 == 2 else None
        content = content_of(Surface.COMMENT, f"said as the {self.acts}th")
        fields: dict[str, Any] = {"topic": topic, "root": seq, "answers": answers, "content": content}
        self._ask(act, Publish(id=0, cid=self._cid(), surface=Surface.COMMENT, **fields))

    def chooses(self, act: Act) -> None:
        """Say which comments one wants, select one, or delete one."""
        topic, seq = self.roots[act.which % len(self.roots)]
        public = [each for each in self.comments if side_of(TopicId(each)) is Side.PUBLIC]
        match act.which % 3:
            case 0:
                choice = list(Choice)[act.which % len(Choice)]
                self._ask(act, ChooseComments(id=0, topic=topic, seq=Seq(seq), choice=choice))
            case 1 if public:
                self._ask(act, SelectComment(id=0, comment=public[act.which % len(public)]))
            case 2 if public:
                self._ask(act, DeleteComment(id=0, comment=public[act.which % len(public)]))

    def takes_back(self, act: Act) -> None:
        if self.submissions:
            submission: SubmissionId = self.submissions[-1 - act.which % min(3, len(self.submissions))]
            self._ask(act, TakeBack(id=0, submission=submission))

    def decides(self, act: Act) -> None:
        """Decide what is due first, about a publication or an application."""
        queue = self.ask_as_staff(OfficerQueue(id=self._next(), limit=1))
        assert isinstance(queue, QueueReply)
        against: dict[str, Any] = {"ground": self.ground, "facts": "It was looked at."} if act.which % 2 else {}
        for item in queue.items:
            self.show(item)
            if item.item is not None:
                verb = OfficerAct.REJECT if against else OfficerAct.RELEASE
                self.ask_as_staff(OfficerDecide(id=self._next(), item=item.item, act=verb, **against))
            if item.account is not None:
                review = ReviewAct.REFUSE if against else ReviewAct.APPROVE
                self.ask_as_staff(OfficerReview(id=self._next(), topic=item.account, act=review, **against))
        self.ask_as_staff(OfficerQueue(id=self._next()))

    def withdraws(self, act: Act) -> None:
        """Take something out of the public, or put it back: where it is reprinted, that is marked."""
        submission = self.submissions[act.which % 5]
        against: dict[str, Any] = {"ground": self.ground, "facts": "It was looked at."}
        verb = OfficerAct.RESTORE if act.which % 3 == 2 else OfficerAct.WITHDRAW
        self.ask_as_staff(OfficerDecide(id=self._next(), item=submission, act=verb, **against))

    def show(self, item: QueueItem) -> None:
        """Look at something that is to be decided."""
        if item.item is not None:
            self.ask_as_staff(OfficerShow(id=self._next(), item=item.item))
        if item.account is not None:
            self.ask_as_staff(OfficerApplication(id=self._next(), topic=item.account))

    def waits(self, act: Act) -> None:
        self.server.clock.pass_time([60, 3600, 100 * 3600][act.which % 3])
        self.server.every_second()

    def changes_the_hooks(self, act: Act) -> None:
        says = ["allow", "label", "hold", "reject", "late"][act.which % 5]
        self.panel.hooks = {"one": lambda _: self._verdict(says), "two": lambda _: self._verdict("allow")}

    def ask_as_staff(self, request: Request[Reply]) -> Reply | Refusal | None:
        """Ask as the officer; what comes is kept as it comes."""
        return self.carry_out(self.officer, request)

    def _ask(self, act: Act, request: Request[Reply]) -> None:
        answer = self.carry_out(self.caller(act.who), request)
        self.answers.append(answer.submission if isinstance(answer, SubmissionReply) else answer)

    def caller(self, who: int) -> Caller:
        """Return a connection of one of the people."""
        return next(caller for caller in self.callers if self.handles[caller] == HANDLES[who])

    def _next(self) -> int:
        return 1_000_000 + len(self.staff_heard)

    def _cid(self) -> Cid:
        return new_cid(self.server.clock.wall_ms())  # Seeded by this function, which nothing private asks.

    def known(self, operation: str, path: str, said: dict[str, Any]) -> Sequence[Any]:
        if (operation, path) == ("schedule", "due"):
            return [self.server.clock.wall_ms() + LATE_MS]
        if (operation, path) == ("comment.delete", "comment"):
            return [comment for comment in self.comments if side_of(TopicId(comment)) is Side.PRIVATE]
        return super().known(operation, path, said)

    def _topics(self, operation: str) -> Sequence[TopicId]:
        topics = super()._topics(operation)
        return [topic for topic in topics if side_of(topic) is Side.PRIVATE or operation == "history"]


def lived(acts: Sequence[Act], gaps: Sequence[Gap]) -> Left:
    """Live through `acts`, with `gaps` before each and after the last, as far as there are any; return what is left."""
    life = Life()
    life.begin()
    for number, act in enumerate(acts):
        life.pass_by(gaps[number % len(gaps)])
        life.act(act)
    life.pass_by(gaps[len(acts) % len(gaps)])
    return life.leave()


def difference(one: Sequence[object], other: Sequence[object]) -> str:
    """Say where `other` begins to be another than `one`, empty if nowhere: what they hold is too much to be printed."""
    for number, (each, its_twin) in enumerate(zip(one, other, strict=False)):
        if each != its_twin:
            return f"at {number}: {each!r:.2000} and {its_twin!r:.2000}"
    return "" if len(one) == len(other) else f"{len(one)} and {len(other)}"


def _untimed(line: str) -> object:
    try:
        said = json.loads(line)
    except ValueError:
        return line
    said.pop("timestamp", None)
    return said
