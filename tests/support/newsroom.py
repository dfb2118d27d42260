"""A public group with its people, hooks and officers, who do whatever a script of random steps says.

Every text is one word that stands nowhere else, so that a search for it cannot be wrong. What a hook makes of a text
is settled when it is asked; when it says so may be later.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from hypothesis import strategies as st

from compliance.pack import AtEnd
from compliance.publication import Publication
from compliance.verdicts import Allow, Answer, Failure, Hold, Label, OnError, Reject
from protocol.decisions import Span, Submission, SubmissionState
from protocol.entries import Entry, Role
from protocol.frames import EntryPush, GroupHandOver, GroupLeave, GroupMute, GroupRole, Push, Recall, Request
from protocol.ids import PersonId, Seq, TopicId
from protocol.public import GroupJoin, Publish, SubmissionPush, TakeBack
from protocol.publications import Content, Surface, decode, decode_content, fields_of
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.panel import Answered
from tests.support.inline import Caller, InlineServer, bench_under_test
from tests.support.panel import StaffedPanel, allows
from tests.support.public import (
    FIXED,
    GROUND,
    HOLD,
    HOUR_S,
    LABEL,
    REJECT,
    Outcome,
    connection_of,
    officer,
    public_group,
    publication_of,
    rows,
    shown_to,
)


@dataclass(frozen=True, slots=True)
class Mood:
    """What the hook `mood` makes of a text; `on_error`: its policy, should that be a failure."""

    outcome: Outcome
    on_error: OnError = OnError.HOLD
    labels: bool = False  # Whether another hook gives it labels besides.

    @property
    def lets_through(self) -> bool:
        """Whether the text may appear by this alone."""
        return isinstance(self.outcome, Allow | Label) or (
            isinstance(self.outcome, Failure) and self.on_error is OnError.ALLOW
        )


MOODS = {
    "allows": Mood(Allow()),
    "labels": Mood(LABEL),
    "holds": Mood(HOLD),
    "labels and holds": Mood(HOLD, labels=True),
    "rejects": Mood(REJECT),
    "late, hold": Mood(Failure.LATE, OnError.HOLD),
    "crashed, reject": Mood(Failure.CRASHED, OnError.REJECT),
    "malformed, allow": Mood(Failure.MALFORMED, OnError.ALLOW),
}
STEPS = (
    *("say", "say", "say", "edit", "edit", "name", "notice", "listing", "screen name", "card", "again"),
    *("take back", "recall", "release", "reject", "withdraw", "withdraw", "restore"),
    *("a day", "three days", "mute", "silence", "leave", "promote", "hand over"),
    *("slow", "answer", "answer", "quick", "gather", "commit"),
)
SCRIPTS = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 11), st.sampled_from(sorted(MOODS))), min_size=3, max_size=40
)
_SURFACES = {
    "say": Surface.GROUP_MESSAGE,
    "name": Surface.GROUP_NAME,
    "notice": Surface.GROUP_NOTICE,
    "listing": Surface.GROUP_LISTING,
    "screen name": Surface.GROUP_SCREEN_NAME,
    "card": Surface.CARD,
}
Script = list[tuple[str, int, str]]


class MoodyPanel(StaffedPanel):
    """Three hooks: one that labels, one that has moods, one that always allows. `asked`: how often about each text;
    `failed`: how often so that nothing was kept of it, and its author may try again.
    """

    def __init__(self) -> None:
        super().__init__(labels=allows, mood=allows, placid=allows)
        self.mood = MOODS["allows"]
        self.asked: dict[str, int] = defaultdict(int)
        self.answered: dict[str, Mood] = {}
        self.failed: dict[str, int] = defaultdict(int)
        self._moods: dict[str, Mood] = {}

    def ask(self, publication: Publication, done: Answered) -> None:
        self.asked[words_of(publication.content)] += 1
        self._moods[publication.id] = self.mood
        super().ask(publication, done)

    def answers(self, publication: Publication) -> list[Answer]:
        mood = self._moods[publication.id]
        self.answered[words_of(publication.content)] = mood
        self.failed[words_of(publication.content)] += mood.on_error is OnError.REJECT
        outcome = mood.outcome
        if isinstance(outcome, Hold | Reject):
            outcome = replace(outcome, where=(beginning_of(publication.content),))
        first, moody, placid = super().answers(publication)
        label = replace(first, outcome=LABEL if mood.labels else Allow())
        return [label, replace(moody, outcome=outcome, on_error=mood.on_error), placid]


class Newsroom:
    """`wire`: all submissions told to each person, in order. `seen`: all entries pushed to anybody."""

    def __init__(self, *, at_end: AtEnd = AtEnd.RELEASE) -> None:
        bench = bench_under_test()
        holds = msgspec.structs.replace(bench.pack.holds, at_end=at_end)
        bench = replace(bench, pack=msgspec.structs.replace(bench.pack, holds=holds))
        self.panel = MoodyPanel()
        self.server = InlineServer(bench=bench, panel=self.panel)
        self.people = self.server.people("ann", "bob", "cat")
        self.ann, self.bob, self.cat = self.people
        (self.eve,) = self.server.people("eve")  # Of the group, and says nothing.
        (self.sam,) = self.server.people("sam")  # A stranger.
        self.topic = public_group(
            self.server, self.ann, self.bob, self.eve, admins=[self.cat], listed=True, history_open=True
        )
        self.chief = officer(self.server, StaffRole.CHIEF)
        self.reviewer = officer(self.server, StaffRole.REVIEWER)
        self.wire: dict[PersonId, list[Submission]] = defaultdict(list)
        self.seen: list[Entry] = []
        self.authors: dict[str, PersonId] = {}
        self._said: list[tuple[Caller, Publish]] = []
        self._count = 0

    def play(self, script: Script) -> None:
        """Do all steps, and let everything come to its end."""
        for step in script:
            self.step(*step)
        self.finish()

    def finish(self) -> None:
        """Let the hooks answer and what was gathered be committed."""
        self.panel.is_slow = False
        self.server.public_commits.commit()
        while self.panel.waiting:
            self.panel.answer()
        self.server.settle()
        self.take_in()

    def step(self, what: str, number: int, mood: str) -> None:
        """Do one thing, and take in what comes of it."""
        who = self.people[number % 3]
        self.panel.mood = MOODS[mood]
        match what:
            case "say" | "name" | "notice" | "listing" | "screen name" | "card":
                self._publish(who, _SURFACES[what])
            case "edit":
                self._edit(number)
            case "again" if self._said:
                who, before = self._said[number % len(self._said)]
                who.say(msgspec.structs.replace(before, id=who.next_id()))
            case "take back":
                for row in self._pick(number, "state IN ('waiting', 'held')"):
                    self._caller(row["author"]).say(
                        self._caller(row["author"]).request(TakeBack, submission=row["submission"])
                    )
            case "recall":
                for row in self._pick(number, "state = 'published' AND surface = 'group_message' AND target IS NULL"):
                    author = self._caller(row["author"])
                    author.say(author.request(Recall, topic=self.topic, target=row["seq"]))
            case "release" | "reject":
                self._decide(OfficerAct(what), number, "state = 'held'")
            case "withdraw":
                self._decide(OfficerAct(what), number, "state = 'published'")
            case "restore":
                self._decide(OfficerAct(what), number, "withdrawn")
            case "a day":
                self._wait(25)
            case "three days":
                self._wait(73)
            case "slow":
                self.panel.is_slow = True
            case "quick":
                self.panel.is_slow = False
            case "answer" if self.panel.waiting:
                self.panel.answer(number % len(self.panel.waiting))
            case "gather":
                self.server.public_commits.gather()
            case "commit":
                self.server.public_commits.commit()
            case _:
                self._beyond(what, number)
        self.server.settle()
        self.take_in()

    def shown_to(self, reader: Caller) -> list[dict[str, Any]]:
        """Return all that `reader` can ask for, place by place."""
        return [shown_to(reader, self.topic, [who.person for who in self.people])]

    def take_in(self) -> None:
        """Read what has come to everybody."""
        for caller in (*self.people, self.eve, self.sam):
            for message in caller.collect():
                if isinstance(message, EntryPush):
                    self.seen.append(message.entry)
                elif isinstance(message, SubmissionPush):
                    self.wire[caller.person].append(message.submission)
                elif not isinstance(message, Push) and "submission" in message:
                    self.wire[caller.person].append(msgspec.convert(message["submission"], Submission))

    def may_be_seen(self) -> set[str]:
        """Return the words that a hook, or a policy on record, or a decision on record lets be seen."""
        recorded = {row["submission"] for row in rows(self.server, "SELECT * FROM decisions WHERE kind = 'release'")}
        released = {self.words[row["cid"]] for row in self.submissions() if row["submission"] in recorded}
        return released | {words for words, mood in self.panel.answered.items() if mood.lets_through}

    def submissions(self) -> list[dict[str, Any]]:
        """Return the rows of all submissions, oldest first."""
        return rows(self.server, "SELECT * FROM submissions ORDER BY number")

    @property
    def words(self) -> dict[bytes, str]:
        """The words of everything that anybody wanted to publish, by cid."""
        return {request.cid: words_of(request.content) for _, request in self._said}

    # The steps.

    def _publish(self, who: Caller, surface: Surface, *, topic: TopicId | None = None, **edit: Any) -> None:
        self._count += 1
        fields = publication_of(surface, f"w{self._count:04}", topic or self.topic, **edit)
        request = who.request(Publish, **fields)
        self._said.append((who, request))
        self.authors[words_of(request.content)] = who.person
        who.say(request)

    def _edit(self, number: int) -> None:
        for row in self._pick(number, "state = 'published' AND surface = 'group_message' AND target IS NULL"):
            edits = "SELECT count(*) AS n FROM entries WHERE topic = ? AND target = ? AND kind = 'edit'"
            version = 1 + rows(self.server, edits, self.topic, row["seq"])[0]["n"]
            base = version + (number == 11)  # Or of a version that there is not.
            self._publish(self._caller(row["author"]), Surface.GROUP_MESSAGE, target=Seq(row["seq"]), base=base)

    def _decide(self, act: OfficerAct, number: int, where: str) -> None:
        for row in self._pick(number, where):
            who = self.reviewer if number % 4 == 3 else self.chief
            decide = who.request(
                OfficerDecide,
                item=row["submission"],
                act=act,
                ground="nonsense" if number == 8 else GROUND,
                facts=f"Fact {number}." * (number != 10),
                where=self._where(row["content"], number),
            )
            who.say(decide)

    def _where(self, content: bytes | None, number: int) -> tuple[Span, ...]:
        """Point at the beginning, at nothing, or beyond the text."""
        if content is None or number % 3 == 0:
            return ()
        span = beginning_of(decode_content(content))
        return (msgspec.structs.replace(span, end=99) if number == 7 else span,)

    def _pick(self, number: int, where: str) -> list[dict[str, Any]]:
        found = rows(self.server, f"SELECT * FROM submissions WHERE {where} ORDER BY number")
        return [found[number % len(found)]] if found else []

    def _wait(self, hours: int) -> None:
        self.server.clock.pass_time(hours * HOUR_S)
        self.server.every_second()
        self.server.every_second()

    def _beyond(self, what: str, number: int) -> None:
        """Do something that is no publishing: who is in the group, and what they may do there."""
        ann, bob, cat = self.people
        who = (bob, cat)[number % 2]
        asks: dict[str, tuple[Caller, type[Request[Any]], dict[str, Any]]] = {
            "mute": (ann, GroupMute, {"person": who.person, "until": self._soon() * (number % 2)}),
            "silence": (ann, GroupMute, {"until": self._soon() * (number % 2)}),
            "leave": (bob, *((GroupLeave, {}), (GroupJoin, {}))[number % 2]),
            "promote": (ann, GroupRole, {"person": who.person, "role": (Role.ADMIN, Role.MEMBER)[number % 2]}),
            "hand over": (ann if number % 2 else cat, GroupHandOver, {"person": (cat if number % 2 else ann).person}),
        }
        if what in asks:
            caller, shape, fields = asks[what]
            caller.say(caller.request(shape, topic=self.topic, **fields))

    def _soon(self) -> int:
        return self.server.clock.wall_ms() + HOUR_S * 1000

    def _caller(self, person: PersonId) -> Caller:
        return next(caller for caller in self.people if caller.person == person)


def words_of(content: Content) -> str:
    """Return the one text of `content`, wherever it stands, beside what its surface cannot do without."""
    (words,) = set(fields_of(content).values()) - FIXED
    return words


def beginning_of(content: Content) -> Span:
    """Return where the first two characters of `content` stand."""
    path = next(path for path, text in fields_of(content).items() if text not in FIXED)
    return Span(path=path, start=0, end=2)


def words_in(body: bytes | None) -> str | None:
    """Return the one text of a public entry's body."""
    return None if body is None else words_of(decode(body).content)


def visible_words(server: InlineServer, topic: TopicId) -> set[str]:
    """Return the words in everything public that the store would hand out: entries, names, cards, articles."""
    connection = connection_of(server)
    entries = "SELECT body FROM entries WHERE body IS NOT NULL AND NOT withdrawn AND NOT erased"
    articles = """SELECT a.body FROM articles AS a JOIN entries AS e ON e.topic = a.topic AND e.seq = a.seq
        WHERE a.body IS NOT NULL AND NOT e.withdrawn"""
    places = "SELECT name FROM topics UNION SELECT notice FROM topics UNION SELECT listing FROM topics"
    names = "SELECT screen_name FROM members"
    found = [row[0] for query in (entries, articles, places, names) for row in connection.execute(query) if row[0]]
    return {words_in(body) or "" for body in found}


DECIDED = frozenset(SubmissionState) - {SubmissionState.WAITING, SubmissionState.HELD}
