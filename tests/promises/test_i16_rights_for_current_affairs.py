"""I16: rights to current-affairs news and labels are as Art. 7 has them; elsewhere the category changes nothing.

The whole truth table, on a whole server under `cn-2014`, against a model of its own that is written here in words.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from compliance.bench import Bench
from compliance.pack import Licence, Pack, load
from compliance.rights import Approval
from compliance.verdicts import Allow, Label, Verdict
from protocol.account_states import NewsRight
from protocol.codec import Refusal
from protocol.decisions import DecisionKind, Submission, SubmissionState
from protocol.errors import ErrorCode
from protocol.ids import TopicId
from protocol.public import Publish
from protocol.publications import ARTICLES, OF_ACCOUNTS, PERSONAL, PROFILES, Content, Surface, digest_of
from protocol.staff import OfficerAct, OfficerDecide
from server.store.account_writes import AddApproval, EndApproval, Recorded
from tests.compliance.checks.making import made
from tests.support.accounts import active, body_with, page, whole
from tests.support.inline import Caller, InlineServer
from tests.support.public import HOLD, content_of, publication_of
from tests.support.reprinting import origin

NEWS = "current_affairs"
CATEGORIES = ("", "society", NEWS)
TODAY = date(2023, 11, 14)  # Where the clock of an inline server begins.
DAY = timedelta(days=1)
ASSERTS = Label(labels=(NEWS,))
ELSEWHERE = tuple(surface for surface in Surface if surface not in OF_ACCOUNTS)

# The model. What a kind of body may do by itself, and which approvals lift what it may not.
MAY = {
    NewsRight.NONE: frozenset[str](),
    NewsRight.REPRINT: frozenset({"reprint"}),
    NewsRight.PUBLISH: frozenset({"publish", "reprint"}),
}
LIFTS = {
    "none": False,
    "standing": True,
    "standing, on its last day": True,
    "standing, without an end": True,
    "standing, since yesterday no more": False,
    "standing, from tomorrow on": False,
    "standing, and taken back": False,
    "for this item": True,
    "for this item, since yesterday no more": False,
    "for another item": False,
}
STANDING = frozenset({"standing", "standing, on its last day", "standing, without an end"})


def becomes(right: NewsRight, approval: str, declared: str, surface: Surface, *, asserted: bool) -> str:
    """Say what the law makes of it: what is declared needs a right; what is asserted and not declared is looked at."""
    if declared == NEWS:
        deed = "reprint" if surface is Surface.REPRINT else "publish"
        return "published" if deed in MAY[right] or LIFTS[approval] else "refused"
    return "held" if asserted else "published"


def labelled(right: NewsRight, approval: str) -> NewsRight:
    """Say what every reader of the account's page is shown."""
    return NewsRight.PUBLISH if approval in STANDING else right


# The server.


def pack() -> Pack:
    """`cn-2014`, but that nobody has to wait for a day to broadcast again."""
    shipped = load("cn-2014")
    often = msgspec.structs.replace(shipped.accounts, subscription_daily=1000)
    return msgspec.structs.replace(shipped, accounts=often)


@dataclass
class Newsstand:
    """An account with `right`, one that may publish all that it reprints, somebody who reads, and an officer."""

    server: InlineServer
    right: NewsRight

    def __post_init__(self) -> None:
        self.owner, self.agent, self.reader = self.server.people("ann", "ben", "cyd")
        body = body_with(self.server.bench.pack, self.right, encouraged=self.right is not NewsRight.NONE)
        self.topic = active(self.server, self.owner, "The Lane", body=body)
        self.agency = active(self.server, self.agent, "The Agency", body="news_organisation")
        self.officer = self.server.officer("K9")

    def put_on_record(self, kind: str, item: bytes) -> None:
        """Put an approval of this kind on record, for the `item` or not."""
        issued, until, of = TODAY - 9 * DAY, TODAY + 9 * DAY, None
        match kind:
            case "none":
                return
            case "standing, on its last day":
                until = TODAY
            case "standing, since yesterday no more":
                until = TODAY - DAY
            case "standing, from tomorrow on":
                issued = TODAY + DAY
            case "for this item":
                of = item
            case "for this item, since yesterday no more":
                of, until = item, TODAY - DAY
            case "for another item":
                of = bytes(32)
        last = None if kind == "standing, without an end" else until
        approval = Approval(
            issuer="The Authority", reference=f"{kind} {item.hex()}", issued_on=issued, until=last, item=of
        )
        recorded = self.server.write(AddApproval(topic=self.topic, approval=approval, at=self.server.clock.wall_ms()))
        assert isinstance(recorded, Recorded)
        if kind == "standing, and taken back":
            self.server.write(EndApproval(number=recorded.number, at=self.server.clock.wall_ms()))

    def hears(self, verdict: Verdict) -> None:
        """Have the one hook say this of whatever comes."""
        self.server.panel.hooks = {"detector": lambda _: verdict}

    def request(self, content: Content, surface: Surface) -> dict[str, Any]:
        """Return the fields of a `publish`; what is to be reprinted is published first, by who may."""
        fields: dict[str, Any] = {"surface": surface, "content": content, "topic": self.topic}
        if surface is not Surface.REPRINT:
            return fields
        self.hears(Allow())
        said = self.agent.publish(content, self.agency, Surface.BROADCAST, reprintable=True)
        assert said.state is SubmissionState.PUBLISHED
        return fields | {"source": origin(said)}

    def tries(self, content: Content, surface: Surface, *, asserted: bool) -> Submission | Refusal:
        """Publish it, or find out why not."""
        fields = self.request(content, surface)
        self.hears(ASSERTS if asserted else Allow())
        answer = self.owner.try_(self.owner.request(Publish, **fields))
        return answer if isinstance(answer, Refusal) else answer.submission


@pytest.fixture
def server() -> Iterator[InlineServer]:
    licence = Licence(
        number="1",
        kind="internet_news_information_service",
        issuer="The Authority",
        valid_from=date(2000, 1, 1),
        valid_until=date(2999, 12, 31),
    )
    server = InlineServer(bench=Bench(pack=pack(), licence=licence))
    yield server
    server.close()


# The table.


@pytest.mark.parametrize("approval", LIFTS)
@pytest.mark.parametrize("right", NewsRight)
def test_every_line_of_the_table_is_as_the_law_has_it(server: InlineServer, right: NewsRight, approval: str) -> None:
    stand = Newsstand(server, right)
    lines = itertools.product(CATEGORIES, sorted(ARTICLES), (False, True))
    for number, (declared, surface, asserted) in enumerate(lines):
        content = Content(title=f"Item {number}", text="What happened.", category=declared)
        stand.put_on_record(approval, digest_of(content))
        came = stand.tries(content, surface, asserted=asserted)
        line = (right, approval, declared, surface, asserted)
        match becomes(right, approval, declared, surface, asserted=asserted):
            case "refused":
                assert isinstance(came, Refusal), line
                assert came.code == ErrorCode.NOT_ALLOWED
                assert "no right to" in came.message
            case "held":
                assert isinstance(came, Submission), line
                assert came.state is SubmissionState.HELD, line
                assert came.decision is not None
                assert (came.decision.kind, came.decision.ground) == (DecisionKind.HOLD, "undeclared_news")
                assert (came.decision.clause, came.decision.by) == ("Art. 7 ¶2", "hook detector 1")
            case _:
                assert isinstance(came, Submission), line
                assert came.state is SubmissionState.PUBLISHED, line
                assert came.labels == ((NEWS,) if asserted else ())


@pytest.mark.parametrize("approval", LIFTS)
@pytest.mark.parametrize("right", NewsRight)
def test_every_reader_is_shown_what_the_account_may_do(server: InlineServer, right: NewsRight, approval: str) -> None:
    stand = Newsstand(server, right)
    stand.put_on_record(approval, digest_of(Content(title="An item")))
    shown = page(stand.reader, stand.topic)
    assert shown is not None
    assert shown.label is labelled(right, approval)
    stands_on_it = approval in STANDING and right is not NewsRight.PUBLISH
    assert ("The Authority" in shown.approval) is stands_on_it


@pytest.mark.parametrize("surface", sorted(PROFILES))
@pytest.mark.parametrize("right", NewsRight)
def test_what_an_account_says_beside_articles_is_looked_at_when_it_is_taken_for_news(
    server: InlineServer, right: NewsRight, surface: Surface
) -> None:
    stand = Newsstand(server, right)
    for asserted, state in ((True, SubmissionState.HELD), (False, SubmissionState.PUBLISHED)):
        came = stand.tries(content_of(surface, "What happened."), surface, asserted=asserted)
        assert isinstance(came, Submission)
        assert came.state is state


# What a person decides, and what is asked then.


@pytest.mark.parametrize("surface", sorted(ARTICLES))
@pytest.mark.parametrize("right", NewsRight)
def test_what_a_reviewer_has_looked_at_appears_with_the_label_whatever_the_right(
    server: InlineServer, right: NewsRight, surface: Surface
) -> None:
    stand = Newsstand(server, right)
    held = stand.tries(Content(title="A walk", text="We walked.", category="life"), surface, asserted=True)
    assert isinstance(held, Submission)
    said = stand.officer.do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE).submission
    assert (said.state, said.labels) == (SubmissionState.PUBLISHED, (NEWS,))
    assert whole(stand.reader, stand.topic, said.seq).labels == (NEWS,)


def test_staff_cannot_release_what_was_declared_once_the_approval_is_gone(server: InlineServer) -> None:
    stand = Newsstand(server, NewsRight.NONE)
    approval = Approval(issuer="The Authority", reference="1", issued_on=TODAY, until=TODAY)
    server.write(AddApproval(topic=stand.topic, approval=approval, at=server.clock.wall_ms()))
    stand.server.panel.hooks = {"detector": lambda _: HOLD}
    held = stand.owner.publish(
        Content(title="News", text="What happened.", category=NEWS), stand.topic, Surface.ARTICLE
    )
    assert held.state is SubmissionState.HELD
    server.clock.pass_time(DAY.total_seconds())
    lapsed = stand.officer.do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE).submission
    assert lapsed.state is SubmissionState.LAPSED
    assert lapsed.decision is not None
    assert (lapsed.decision.ground, lapsed.decision.by) == ("no_news_right", "stage news_right")


def test_the_detector_that_comes_along_holds_a_report_that_is_not_declared(server: InlineServer) -> None:
    stand = Newsstand(server, NewsRight.PUBLISH)
    check = made("current_affairs")
    server.panel.hooks = {"news": check.judge}
    text = (
        "The foreign ministry said a ceasefire agreed at the summit would take effect at midnight. Troops stand down."
    )
    states = [
        stand.owner.publish(Content(title="Peace", text=text, category=category), stand.topic, Surface.ARTICLE)
        for category in CATEGORIES
    ]
    assert [said.state for said in states] == [SubmissionState.HELD, SubmissionState.HELD, SubmissionState.PUBLISHED]
    assert states[0].decision is not None
    assert [text[span.start : span.end] for span in states[0].decision.where] == [
        "foreign ministry", "ceasefire", "summit", "Troops",
    ]  # fmt: skip


# Outside of public accounts.


@pytest.mark.parametrize("asserted", [False, True])
@pytest.mark.parametrize("surface", ELSEWHERE)
def test_elsewhere_no_verdict_depends_on_the_category(
    server: InlineServer, surface: Surface, *, asserted: bool
) -> None:
    stand = Newsstand(server, NewsRight.NONE)  # Whose owner has no right in the account.
    stand.hears(ASSERTS if asserted else Allow())
    topic = None if surface in PERSONAL else server.lane(stand.owner)
    if surface is Surface.COMMENT:
        topic = stand.reader.publish("A first post", surface=Surface.SQUARE).topic
    said = {category: outcome(stand.owner, surface, topic, category) for category in _all(server)}
    plain = said.pop("")
    if surface in {Surface.GROUP_MESSAGE, Surface.SQUARE}:
        assert plain == (SubmissionState.PUBLISHED, (NEWS,) if asserted else (), "label" if asserted else None)
        assert set(said.values()) == {plain}
    else:  # Nothing can be declared there, whatever it would be.
        assert plain[0] is SubmissionState.PUBLISHED
        assert {answer[0] for answer in said.values()} == {ErrorCode.BAD_REQUEST}
        assert len(set(said.values())) == 1


@pytest.mark.parametrize("right", NewsRight)
def test_who_runs_an_account_is_anybody_elsewhere(server: InlineServer, right: NewsRight) -> None:
    stand = Newsstand(server, right)
    lane = server.lane(stand.owner, stand.reader)
    stand.hears(ASSERTS)
    said = [outcome(author, Surface.GROUP_MESSAGE, lane, NEWS) for author in (stand.owner, stand.reader)]
    assert said == [(SubmissionState.PUBLISHED, (NEWS,), "label")] * 2


def _all(server: InlineServer) -> tuple[str, ...]:
    return ("", *server.bench.pack.categories)


def outcome(author: Caller, surface: Surface, topic: TopicId | None, category: str) -> tuple[Any, ...]:
    """Return what becomes of the same words with this category, but for ids, numbers and times."""
    fields = publication_of(surface, "What happened.", topic)
    content = msgspec.structs.replace(fields["content"], category=category)
    answer = author.try_(author.request(Publish, **fields | {"content": content}))
    if isinstance(answer, Refusal):
        return answer.code, answer.field, answer.message
    said = answer.submission
    return said.state, said.labels, said.decision.kind.value if said.decision else None
