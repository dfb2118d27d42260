"""Whatever is published, changed, taken away and brought back: a search finds what can be read now, nothing else."""

from contextlib import closing
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import Refusal
from protocol.following import Pages, ReadArticle, Search
from protocol.frames import GroupLeave, GroupRole, Recall
from protocol.ids import SubmissionId, TopicId
from protocol.public import GroupJoin, GroupListing, GroupSettings, Publish, TakeBack
from protocol.publications import Content, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.store.doctor import findings
from server.store.search_doctor import SEARCH_INVARIANTS
from server.store.trigrams import normal
from tests.support.accounts import Press
from tests.support.inline import InlineServer, published
from tests.support.public import HOLD, NAME, connection_of

WORDS = ("lamp", "Lampe", "胡同", "路灯坏了", "café", "골목길", "50%", "👍🏽", '"x"')
# Parts of them, from one character on, and of others.
QUERIES = (*("l", "amp", "lampe", "胡", "灯坏", "路灯坏了", "CAFE", "골", "목길", "%", "👍", '"', "zz"), "lamp 胡同")
STEPS = (
    *("article", "article", "edit", "edit", "recall", "withdraw", "withdraw", "restore", "restore"),
    *("hold", "let through", "release", "reject", "take back", "profile"),
    *("name", "listing", "list", "unlist", "leave", "join"),
)
SCRIPTS = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 7), st.lists(st.sampled_from(WORDS), max_size=3)),
    min_size=2,
    max_size=30,
)


class Lane:
    """An account and a listed group, whose people do what a script says."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.press = Press(server)
        self.chief = server.officer("C1", StaffRole.CHIEF)
        self.group = server.lane(self.press.owner, self.press.editor, listed=True)
        self.articles: set[int] = set()
        self.submissions: list[SubmissionId] = []

    def step(self, what: str, number: int, words: list[str]) -> None:
        """Do one thing, which may be refused."""
        text, owner, topic = " ".join(words), self.press.owner, self.press.topic
        match what:
            case "article":
                self.publish(Content(title=" ".join(words[:1]) or "-", text=text or "-"), Surface.ARTICLE, topic)
            case "edit":
                target = self.pick(sorted(self.articles), number)
                content = Content(title=" ".join(words[:1]) or "-", text=text or "-")
                self.publish(content, Surface.ARTICLE, topic, target=target, base=1 + number % 2)
            case "recall":
                owner.try_(owner.request(Recall, topic=topic, target=self.pick(sorted(self.articles), number)))
            case "profile":
                self.publish(Content(title=NAME, text=text), Surface.ACCOUNT_PROFILE, topic)
            case "withdraw" | "restore" | "release" | "reject":
                item = self.pick(self.submissions, number)
                decision = {"ground": "spam", "facts": "Perhaps."}
                self.chief.try_(self.chief.request(OfficerDecide, item=item, act=OfficerAct(what), **decision))
            case "take back":
                owner.try_(owner.request(TakeBack, submission=self.pick(self.submissions, number)))
            case "hold":
                self.server.panel.hooks = {"one": lambda _: HOLD}
            case "let through":
                self.server.panel.hooks = {}
            case "name" | "listing":
                self.publish(Content(text=text or "-"), Surface(f"group_{what}"), self.group)
            case "list" | "unlist":
                owner.try_(owner.request(GroupSettings, topic=self.group, listed=what == "list"))
            case "leave" | "join":
                for one in (self.press.editor, owner)[: 1 + number % 2]:
                    one.try_(one.request(GroupLeave if what == "leave" else GroupJoin, topic=self.group))
                owner.try_(owner.request(GroupRole, topic=self.group, person=self.press.editor.person, role="admin"))

    def publish(self, content: Content, surface: Surface, topic: TopicId, **more: Any) -> None:
        """Publish something, and keep what it became."""
        author = self.press.owner
        reply = author.try_(author.request(Publish, **published(content, topic, surface), **more))
        if not isinstance(reply, Refusal):
            self.submissions.append(reply.submission.submission)

    def pick(self, choices: Any, number: int) -> Any:
        """Return one of `choices`; where there is none, something that is not there."""
        return choices[number % len(choices)] if choices else ("x" * 16 if choices is self.submissions else 999)

    def readable(self) -> dict[tuple[str, str, int | None], str]:
        """Return all that anybody could read, each as its words."""
        ask = self.press.reader
        said: dict[tuple[str, str, int | None], str] = {}
        for page in ask.do(Pages, topics=(self.press.topic,)).pages:
            if page.profile is not None:
                content = decode(page.profile).content
                said["account", page.topic, None] = f"{content.title} {content.text}"
        for entry in self.press.history():
            reply = ask.try_(ask.request(ReadArticle, topic=entry.topic, seq=entry.seq))
            if not isinstance(reply, Refusal):
                content = decode(reply.body).content
                said["article", entry.topic, reply.entry.seq] = f"{content.title} {content.text}"
                self.articles.add(reply.entry.seq)
        listing = ask.try_(ask.request(GroupListing, topic=self.group))
        if not isinstance(listing, Refusal) and listing.listing.listed:
            bodies = (listing.listing.name, listing.listing.listing)
            if any(bodies):
                said["group", self.group, None] = " ".join(decode(body).content.text for body in bodies if body)
        return said

    def check(self) -> None:
        """Look for everything, and compare."""
        said = self.readable()
        for query in QUERIES:
            words = normal(query).split()
            expected = {
                where for where, text in said.items() if all(word in normal(text).replace(" ", "\n") for word in words)
            }
            reply = self.press.reader.do(Search, query=query, limit=50)
            assert {(each.kind, each.topic, each.seq) for each in reply.found} == expected, query
            assert reply.complete
        connection = connection_of(self.server)
        assert list(findings(connection, *SEARCH_INVARIANTS)) == []
        connection.execute("COMMIT")


@given(SCRIPTS)
def test_a_search_finds_what_can_be_read_and_nothing_else(script: list[tuple[str, int, list[str]]]) -> None:
    with closing(InlineServer()) as server:
        lane = Lane(server)
        for step in script:
            lane.step(*step)
            lane.check()
