"""Every way by which somebody could try to have something said to the public for an account, and who might try.

For a test on `InlineServer`: `Scene(standing)` has a person who stands in this way to an account; each of ROUTES is a
way that they may go, with words of their own. Whether anything came of it is seen by what anybody else can read.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from protocol.accounts import AccountApply, AccountSubmit, InboxAnswer, SaveDraft, Schedule, SetOperator
from protocol.entries import Entry, Role
from protocol.following import FollowAccount, Pages, ReadArticle, Search
from protocol.frames import History, Request, Send
from protocol.ids import Seq, TopicId, new_id
from protocol.public import Publish
from protocol.publications import OF_ACCOUNTS, Surface
from protocol.staff import OfficerReview, ReviewAct
from tests.support.accounts import active, application, applied, approved, article, operator
from tests.support.inline import InlineServer, bench_under_test
from tests.support.panel import StaffedPanel, allows
from tests.support.public import GROUND, content_of, publication_of, rows
from tests.support.reprinting import origin

DUE_MS = 60_000


class Scene:
    """`who` stands to the account `topic` in the way of `standing`. zoe runs another one, eve reads what is public."""

    def __init__(self, standing: str) -> None:
        bench = bench_under_test()
        often = msgspec.structs.replace(bench.pack.accounts, subscription_daily=1000)
        bench = replace(bench, pack=msgspec.structs.replace(bench.pack, accounts=often))
        self.panel = StaffedPanel(hook=allows)
        self.server = InlineServer(bench=bench, panel=self.panel)
        self.ann, self.ben, self.eve, self.zoe = self.server.people("ann", "ben", "eve", "zoe")
        elsewhere = active(self.server, self.zoe, "Elsewhere")
        self.source = article(self.zoe, elsewhere, content_of(Surface.REPRINT, "said elsewhere"), reprintable=True)
        self.who = self.ann if standing in {"its owner", *UNDECIDED} else self.ben
        self.topic = STANDINGS[standing](self)
        self.panel.seen.clear()
        for caller in self.server.callers:
            caller.collect()

    @property
    def log(self) -> list[Entry]:
        """What stands in the account's log."""
        return self.server.log(self.topic)

    def has_appeared(self, words: str) -> bool:
        """Say whether `words` stand in any body on the public side, of whichever place."""
        found = "SELECT body FROM entries UNION ALL SELECT body FROM articles"
        return any(words.encode() in (row["body"] or b"") for row in rows(self.server, found))

    def tries(self, shape: type[Request[Any]], **fields: Any) -> None:
        """Have `who` ask for something, whatever is answered."""
        self.who.try_(self.who.request(shape, **fields))

    def passes(self, seconds: float = 1) -> None:
        """Let time pass, and what is due be done."""
        self.server.clock.pass_time(seconds)
        self.server.every_second()
        self.server.every_second()

    def restart(self) -> None:
        """Kill the server, and have another one take up what it left; its hooks allow everything."""
        handle = "ann" if self.who is self.ann else "ben"
        self.panel = StaffedPanel(hook=allows)
        self.server = InlineServer(after=self.server, bench=self.server.bench, panel=self.panel)
        cases, _ = self.server.public_reads.reader.waiting()
        self.server.gatekeeper.recover(cases)
        self.who, self.eve = self.server.login(handle), self.server.login("eve")

    def seen(self, words: str) -> dict[str, Any]:
        """Return all that anybody else can ask for about the account, and what has come to them by itself."""
        asked = {
            "page": self.eve.request(Pages, topics=(self.topic,)),
            "history": self.eve.request(History, topic=self.topic, limit=200),
            "search": self.eve.request(Search, query=words),
            "article": self.eve.request(ReadArticle, topic=self.topic, seq=len(self.log) or 1),
        }
        return {name: self.eve.try_(request) for name, request in asked.items()} | {"came": self.eve.entries()}


# Who might try.


def is_drafted(scene: Scene) -> TopicId:
    return scene.ann.do(AccountApply, application=application(scene.server)).account.topic


def is_submitted(scene: Scene) -> TopicId:
    return applied(scene.server, scene.ann)


def is_refused(scene: Scene) -> TopicId:
    topic = applied(scene.server, scene.ann)
    against = {"act": ReviewAct.REFUSE, "ground": GROUND, "facts": "It is not clear whose it is."}
    scene.server.officer("R9").do(OfficerReview, topic=topic, **against)
    return topic


def is_approved(scene: Scene) -> TopicId:
    return approved(scene.server, scene.ann)


def is_open(scene: Scene) -> TopicId:
    """It is active, has said something, and eve follows it."""
    topic = active(scene.server, scene.ann)
    article(scene.ann, topic, content_of(Surface.ARTICLE, "said before"))
    scene.eve.do(FollowAccount, topic=topic)
    return topic


def with_an_editor(scene: Scene) -> TopicId:
    topic = is_open(scene)
    operator(scene.ann, topic, scene.ben)
    return topic


def with_a_former_editor(scene: Scene) -> TopicId:
    topic = with_an_editor(scene)
    scene.ann.do(SetOperator, topic=topic, person=scene.ben.person)
    return topic


def with_an_analyst(scene: Scene) -> TopicId:
    topic = with_an_editor(scene)
    scene.ann.do(SetOperator, topic=topic, person=scene.ben.person, role=Role.ANALYST)
    return topic


UNDECIDED = ("a draft's owner", "a submitted one's owner", "a refused one's owner", "an approved one's owner")
MAY_NOT = (*UNDECIDED, "a former editor", "an analyst", "a stranger")
MAY = ("its owner", "an editor")
STANDINGS: dict[str, Callable[[Scene], TopicId]] = {
    **dict(zip(UNDECIDED, (is_drafted, is_submitted, is_refused, is_approved), strict=True)),
    "a former editor": with_a_former_editor,
    "an analyst": with_an_analyst,
    "a stranger": is_open,
    "its owner": is_open,
    "an editor": with_an_editor,
}


# The ways.


def fields_of(scene: Scene, surface: Surface, words: str) -> dict[str, Any]:
    """Return the fields of a `publish` for the account; a reprint says what it reprints."""
    fields = publication_of(surface, words, scene.topic)
    if surface is Surface.REPRINT:
        fields |= {"content": scene.source.content, "source": origin(scene.source)}
    return fields


def on(surface: Surface) -> Callable[[Scene, str], None]:
    def publishes(scene: Scene, words: str) -> None:
        scene.tries(Publish, **fields_of(scene, surface, words))

    return publishes


def edits(scene: Scene, words: str) -> None:
    """As if the article that there may be were their own."""
    target = next((entry.seq for entry in scene.log if entry.kind == "article"), Seq(1))
    scene.tries(Publish, **publication_of(Surface.ARTICLE, words, scene.topic, target=target, base=1))


def says_it_as_a_message(scene: Scene, words: str) -> None:
    """As if the account were a group, with and without something forwarded."""
    for more in ({}, {"source": origin(scene.source)}):
        scene.tries(Publish, **publication_of(Surface.GROUP_MESSAGE, words, scene.topic), **more)


def schedules(scene: Scene, words: str, *, broadcast: bool = True) -> None:
    """And waits until it is due."""
    due = scene.server.clock.ms + DUE_MS
    content = content_of(Surface.ARTICLE, words)
    scene.tries(Schedule, topic=scene.topic, content=content, due=due, broadcast=broadcast)
    scene.passes(2 * DUE_MS / 1000)


def schedules_an_article(scene: Scene, words: str) -> None:
    schedules(scene, words, broadcast=False)


def drafts(scene: Scene, words: str) -> None:
    scene.tries(SaveDraft, topic=scene.topic, draft=scene.who.cid(), body=words.encode())


def sends(scene: Scene, words: str) -> None:
    """As if it were a person, and as if it were a place."""
    scene.tries(Send, to=scene.topic, body=words.encode())
    scene.tries(Send, topic=scene.topic, body=words.encode())


def answers(scene: Scene, words: str) -> None:
    """As if there were a dialogue of that name."""
    scene.tries(InboxAnswer, topic=scene.topic, dialogue=new_id(), body=words.encode())


def applies(scene: Scene, words: str) -> None:
    """With the words in every field that an application has."""
    said = application(scene.server, words, subject=words, scope=words, operator=words)
    scene.tries(AccountApply, application=said)
    scene.tries(AccountApply, application=said, topic=scene.topic)
    scene.tries(AccountSubmit, topic=scene.topic)


Route = tuple[str, str]  # The operation, and what is done with it.
ROUTES: dict[Route, Callable[[Scene, str], None]] = {
    **{("publish", surface.value): on(surface) for surface in Surface if surface in OF_ACCOUNTS},
    ("publish", "an edit"): edits,
    ("publish", "a message"): says_it_as_a_message,
    ("schedule", "a broadcast"): schedules,
    ("schedule", "an article"): schedules_an_article,
    ("draft.save", "a draft"): drafts,
    ("send", "a dialogue"): sends,
    ("inbox.answer", "an answer"): answers,
    ("account.apply", "an application"): applies,
}
# Those by which something comes into the account's log when it is active, and who asks may do it.
OPEN = {route for route in ROUTES if route[0] in {"publish", "schedule"} and route[1] != "a message"}
