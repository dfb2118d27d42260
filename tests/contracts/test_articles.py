"""What the public store keeps and gives of accounts: their pages, articles, submissions, and who did what."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from compliance.rights import Approval
from compliance.ruling import Publishes
from protocol.account_states import AccountState, AccountType, NewsRight
from protocol.accounts import Application
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Role, Side
from protocol.ids import PersonId, Seq, SubmissionId, TopicId, new_cid, new_id, new_public_topic_id
from protocol.publications import Content, Surface, card_of, decode, digest_of
from protocol.staff import OfficerAct, ReviewAct, StaffRole
from server.store import account_writes as accounts
from server.store import public_writes as writes
from server.store.base import Failed
from server.store.sqlite import PublicSqliteStore
from server.store.writes import Conflict, Draft, Post, Posted, Repeated
from tests.contracts.desk import NOON, digest
from tests.contracts.test_public import BENCH, PLENTY, Counter

NAME = "The Lane"
DAY_MS = 86_400_000


class Newsstand(Counter):
    """A counter at which ann has an active account, and ben is an editor of it."""

    def __init__(self, store: PublicSqliteStore) -> None:
        super().__init__(store)
        self.do(writes.AddStaff(code="K7", role=StaffRole.CHIEF, digest=digest("K7"), at=NOON))
        self.ben = self.person("ben")
        self.account = new_public_topic_id()
        self.account = self.opened(self.ann)
        self.sets(self.ben, Role.EDITOR)

    def approved(self, owner: PersonId, name: str = NAME, **more: Any) -> TopicId:
        topic = new_public_topic_id()
        fields = {"body": next(iter(BENCH.pack.bodies)), "category": "society", "subject": "ann", "operator": "ann"}
        application = Application(name=name, scope="The lane.", **fields | more)
        asked: dict[str, Any] = {"topic": topic, "owner": owner, "at": NOON, "bench": BENCH}
        cid = new_cid(NOON)
        apply: dict[str, Any] = {"new": True, "cid": cid, "digest": digest(name), "application": application, "most": 9}
        self.do(accounts.Apply(**asked, **apply))
        self.do(accounts.SubmitApplication(**asked, handle="ann", skeleton="ann"))
        review: dict[str, Any] = {"act": ReviewAct.APPROVE, "officer": "K7", "ground": "", "facts": ""}
        reviewed = self.do(accounts.Review(topic=topic, at=NOON, bench=BENCH, **review))
        assert reviewed.account.state is AccountState.APPROVED
        return topic

    def opened(self, owner: PersonId, name: str = NAME, **more: Any) -> TopicId:
        topic = self.approved(owner, name, **more)
        self.says(topic, Content(title=name, tags=("north",)), surface=Surface.ACCOUNT_PROFILE, author=owner)
        return topic

    def sets(self, person: PersonId, role: Role | None) -> None:
        state = self.read.topic(self.account)
        assert state is not None
        self.do(
            accounts.SetOperator(
                topic=self.account,
                generation=state.generation,
                by=self.ann,
                person=person,
                role=role,
                handle="",
                skeleton="",
                at=NOON,
            )
        )

    def asks(self, content: Content, **more: Any) -> writes.Submit:
        fields = {"surface": Surface.ARTICLE, "topic": self.account, "digest": digest(repr(content))}
        return msgspec.structs.replace(self.submission(), content=content, **fields | more)

    def says(self, topic: TopicId, content: Content, *, at: int = NOON, **more: Any) -> writes.Concluded:
        submit = self.asks(content, topic=topic, at=at, **more)
        assert isinstance(accepted := self.do(submit), writes.Accepted), accepted
        concluded = self.concluded(submit.submission, Publishes(labels=()), at=at)
        assert concluded.submission.state is SubmissionState.PUBLISHED, concluded
        assert isinstance(concluded, writes.Concluded)
        return concluded

    def article(self, text: str = "hello", **more: Any) -> Seq:
        seq = self.says(self.account, words(text), **more).submission.seq
        assert seq is not None
        return seq

    def recall(self, target: Seq, by: PersonId) -> Post:
        state = self.read.topic(self.account)
        assert state is not None
        draft = Draft(
            kind=Kind.RECALL,
            sender=PersonId(self.account),
            cid=new_cid(NOON),
            digest=digest(str(target)),
            at=NOON,
            target=target,
        )
        return Post(topic=self.account, generation=state.generation, draft=draft, by=by)

    def decides(self, submission: SubmissionId, act: OfficerAct) -> Any:
        return self.do(
            writes.Decide(
                submission=submission,
                act=act,
                officer="K7",
                ground="spam",
                facts="Twice.",
                where=(),
                at=NOON,
                bench=BENCH,
            )
        )


@pytest.fixture(params=["on disk", "in memory"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Newsstand]:
    if request.param == "on disk":
        stand = Newsstand(PublicSqliteStore.open(tmp_path, Side.PUBLIC))
    else:
        stand = Newsstand(PublicSqliteStore.in_memory(Side.PUBLIC))
    yield stand
    stand.read.close()
    stand.store.close()


def words(text: str) -> Content:
    return Content(title="The lamp", text=text)


# Articles.


def test_an_article_is_read_whole_under_any_of_its_entries(stand: Newsstand) -> None:
    first = stand.article("one")
    second = stand.article("two", target=first, base=1, author=stand.ben)
    for seq in (first, second):
        found = stand.read.article(stand.account, seq)
        assert found is not None
        published = decode(found.body)
        assert (published.content, published.version) == (words("two"), 2)
        assert (found.entry.seq, found.entry.kind, found.entry.sender) == (
            first,
            Kind.ARTICLE,
            PersonId(stand.account),
        )
    page = stand.read.history(stand.account, stand.ben, limit=9, slice_bytes=PLENTY)
    assert page is not None
    card = decode(page.entries[-1].body or b"")
    assert card == card_of(published)
    assert card.digest == digest_of(words("two"))


@pytest.mark.parametrize("what", ["a profile", "ahead", "another topic", "nowhere"])
def test_what_is_no_article_is_not_read_as_one(stand: Newsstand, what: str) -> None:
    stand.article()
    topic, seq = {
        "a profile": (stand.account, 1),
        "ahead": (stand.account, 99),
        "another topic": (stand.topic, 1),
        "nowhere": (new_public_topic_id(), 1),
    }[what]
    assert stand.read.article(topic, Seq(seq)) is None


def test_what_is_withdrawn_is_not_read_until_it_is_restored(stand: Newsstand) -> None:
    said = stand.says(stand.account, words("one")).submission
    assert said.seq is not None
    stand.article("two", target=said.seq, base=1)
    stand.decides(said.submission, OfficerAct.WITHDRAW)
    assert stand.read.article(stand.account, said.seq) is None
    stand.decides(said.submission, OfficerAct.RESTORE)
    found = stand.read.article(stand.account, said.seq)
    assert found is not None
    assert decode(found.body).content == words("two")


def test_what_is_recalled_is_erased_and_the_other_operators_are_named(stand: Newsstand) -> None:
    first = stand.article("one")
    stand.article("two", target=first, base=1)
    recall = stand.recall(first, stand.ben)
    posted = stand.do(recall)
    assert isinstance(posted, Posted)
    assert posted.acted is not None
    assert (posted.acted.act.act, posted.acted.act.seq, posted.acted.others) == ("recalled", first, (stand.ann,))
    assert stand.read.article(stand.account, first) is None
    repeated = stand.do(recall)
    assert isinstance(repeated, Repeated)
    assert repeated.entry == posted.entry
    assert len([act for act in stand.read.acts(stand.account, before=None, limit=9).acts if act.act == "recalled"]) == 1


def test_who_recalled_it_finds_that_by_their_cid_and_nobody_else_does(stand: Newsstand) -> None:
    recall = stand.recall(stand.article(), stand.ben)
    posted = stand.do(recall)
    assert recall.draft is not None
    found = stand.read.posted(stand.ben, recall.draft.cid)
    assert found is not None
    assert (found.entry, found.digest) == (posted.entry, recall.draft.digest)
    assert stand.read.posted(stand.ann, recall.draft.cid) is None


def test_what_an_edit_would_change_says_what_it_was_published_on(stand: Newsstand) -> None:
    seqs = [stand.article(surface=surface, at=NOON) for surface in (Surface.ARTICLE, Surface.BROADCAST)]
    found = [stand.read.target(stand.account, seq) for seq in seqs]
    assert [(target.author, target.kind, target.version, target.surface) for target in found if target] == [
        (PersonId(stand.account), "article", 1, Surface.ARTICLE),
        (PersonId(stand.account), "broadcast", 1, Surface.BROADCAST),
    ]


# Submitting for an account.


def test_a_concluded_submission_names_whom_to_tell_and_what_its_author_did(stand: Newsstand) -> None:
    concluded = stand.says(stand.account, words("one"), author=stand.ben)
    assert concluded.author == stand.ben
    assert concluded.acted is not None
    act = concluded.acted.act
    assert (act.by, act.act, act.seq) == (stand.ben, "published", concluded.submission.seq)
    assert (concluded.acted.topic, concluded.acted.others) == (stand.account, (stand.ann,))


def test_what_does_not_fit_the_account_is_not_kept(stand: Newsstand) -> None:
    renamed = stand.asks(Content(title="x"), surface=Surface.ACCOUNT_PROFILE)
    tagged = stand.asks(words("x"), surface=Surface.BROADCAST, tag="west")
    stand.article(surface=Surface.BROADCAST)
    again = stand.asks(words("x"), surface=Surface.BROADCAST)
    refused = [stand.do(write) for write in (renamed, tagged, again)]
    assert [type(outcome) for outcome in refused] == [writes.Unfit] * 3
    assert [outcome.field for outcome in refused] == ["content.title", "tag", None]
    assert refused[2].retry_after_ms is not None
    assert 0 < refused[2].retry_after_ms <= DAY_MS
    assert stand.read.waiting() == ((), ())


def test_a_cid_that_another_operator_has_used_is_a_conflict(stand: Newsstand) -> None:
    first = stand.asks(words("x"))
    other = stand.asks(words("x"), author=stand.ben, cid=first.cid)
    assert isinstance(stand.do(first), writes.Accepted)
    assert isinstance(stand.do(other), Conflict)


def test_operators_read_what_was_submitted_for_the_account_and_only_that(stand: Newsstand) -> None:
    stand.published("in the group")
    said = [
        stand.says(stand.account, words(text), author=author).submission.submission
        for text, author in (("one", stand.ann), ("two", stand.ben), ("three", stand.ann))
    ]
    first = stand.read.submitted_for(stand.account, before=None, limit=2, reply_bytes=PLENTY)
    assert [(one.submission, one.by) for one in first.submissions] == [(said[2], stand.ann), (said[1], stand.ben)]
    assert not first.complete
    rest = stand.read.submitted_for(stand.account, before=said[1], limit=9, reply_bytes=PLENTY)
    assert [one.surface for one in rest.submissions] == [Surface.ARTICLE, Surface.ACCOUNT_PROFILE]
    assert rest.complete
    assert stand.read.submitted_for(stand.topic, before=None, limit=9, reply_bytes=PLENTY).submissions == ()
    assert len(stand.read.submitted_for(stand.account, before=None, limit=9, reply_bytes=1).submissions) == 1


def test_a_receipt_is_for_the_author_and_for_those_who_run_the_account(stand: Newsstand) -> None:
    said = stand.says(stand.account, words("one")).submission.submission
    elsewhere = stand.published("in the group")
    cat = stand.person("cat")
    for person in (stand.ann, stand.ben):
        assert stand.read.receipt(person, said) is not None
    assert stand.read.receipt(cat, said) is None
    assert stand.read.receipt(stand.ben, elsewhere) is None  # Of a group, the author's alone.
    stand.sets(stand.ben, None)
    assert stand.read.receipt(stand.ben, said) is None


# Pages.


def test_pages_are_of_active_accounts_in_the_order_asked_each_once(stand: Newsstand) -> None:
    waiting = stand.approved(stand.ann, "The Lamp")
    other = stand.opened(stand.ben, "The Lantern", type=AccountType.SERVICE)
    pages = stand.read.pages((other, waiting, stand.topic, stand.account, other), at=NOON)
    assert [(page.topic, page.type, page.head) for page in pages] == [
        (other, AccountType.SERVICE, 1),
        (stand.account, AccountType.SUBSCRIPTION, 1),
    ]
    assert [decode(page.profile or b"").content.title for page in pages] == ["The Lantern", NAME]


def test_a_page_has_all_texts_only_when_it_is_asked_for_alone(stand: Newsstand) -> None:
    other = stand.opened(stand.ben, "The Lantern")
    stand.says(stand.account, Content(text="Welcome."), surface=Surface.ACCOUNT_WELCOME)
    assert [page.welcome for page in stand.read.pages((stand.account, other), at=NOON)] == [None, None]
    (page,) = stand.read.pages((stand.account,), at=NOON)
    assert decode(page.welcome or b"").content == Content(text="Welcome.")
    assert (page.menu, page.replies) == (None, None)


def test_the_label_stands_on_an_approval_while_it_is_in_force(stand: Newsstand) -> None:
    last = date(2025, 10, 9)
    paper = Approval(issuer="An authority", reference="No. 7", issued_on=date(2025, 1, 1), until=last)
    add = accounts.AddApproval(topic=stand.account, approval=paper, at=NOON)
    assert not isinstance(stand.do(add), Failed)
    for at, label, shown in (
        (NOON, NewsRight.PUBLISH, "An authority, No. 7"),
        (NOON + DAY_MS, NewsRight.NONE, ""),
    ):
        (page,) = stand.read.pages((stand.account,), at=at)
        assert (page.label, page.approval) == (label, shown)


def test_a_repeated_submission_gets_what_it_has_become(stand: Newsstand) -> None:
    submit = stand.asks(words("x"))
    stand.do(submit)
    stand.concluded(submit.submission, Publishes(labels=()))
    again = stand.do(msgspec.structs.replace(submit, submission=SubmissionId(new_id())))
    assert isinstance(again, writes.Resubmitted)
    assert (again.submission.submission, again.submission.state) == (submit.submission, SubmissionState.PUBLISHED)
