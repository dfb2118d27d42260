"""The doctor finds what must not be in the public store, should the triggers be gone; and nothing in a healthy one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest

from compliance.rights import Approval
from protocol.accounts import AccountApply
from protocol.frames import Recall
from protocol.public import Publish
from protocol.publications import Surface
from protocol.staff import OfficerAct, OfficerDecide, OfficerReview, ReviewAct, StaffRole
from server.store.account_writes import AddApproval
from server.store.doctor import findings
from server.store.public_doctor import PUBLIC_INVARIANTS
from tests.support.accounts import active, application, applied, approved, article, operator
from tests.support.inline import InlineServer
from tests.support.public import HOLD, connection_of
from tests.support.reprinting import origin

APPROVAL = "(SELECT decision FROM decisions WHERE kind = 'approve')"
PLANTED = {
    "a text unruled": ("DELETE FROM rulings", "that no ruling let through"),
    "a ruling of nothing": ("UPDATE rulings SET seq = 99 WHERE seq = 2", "was ruled on but is not there"),
    "a ruling by another leaf": ("UPDATE rulings SET leaf = leaf + 1000", "the ruling names leaf"),
    "another's words": (
        "UPDATE submissions SET author = 'nobody' WHERE surface = 'group_message'",
        "not there or not its author's",
    ),
    "a hold undecided": ("UPDATE submissions SET decision = NULL WHERE state = 'held'", "is held without a decision"),
    "a withdrawal half done": ("UPDATE entries SET withdrawn = 0", "is not, or the other way round"),
    "a card of nothing": ("DELETE FROM articles", "an article that is not there"),
    "an article without a card": ("DELETE FROM entries WHERE kind = 'article'", "whose card is not there"),
    "an author unknown": ("DELETE FROM people WHERE handle = 'ben'", "the public side does not know"),
    "an approval undecided": (
        "UPDATE accounts SET decision = NULL WHERE state = 'active'",
        "is active without a decision that says so",
    ),
    "a refusal by an approval": (
        f"UPDATE accounts SET decision = {APPROVAL} WHERE state = 'refused'",
        "is refused without a decision that says so",
    ),
    "an account without a log": (
        "DELETE FROM topics WHERE topic = (SELECT topic FROM accounts WHERE state = 'approved')",
        "but it has no log",
    ),
    "a log without an account": ("DELETE FROM accounts WHERE state = 'active'", "that nobody applied for"),
    "another owner": (
        "UPDATE accounts SET owner = 'nobody' WHERE state = 'active'",
        "is nobody's, who is not the owner",
    ),
    "two owners": ("UPDATE members SET role = 'owner'", "who is not the owner among"),
    "a source that is gone": (
        "DELETE FROM articles WHERE source_topic IS NULL",
        "reprints what is gone and is not marked",
    ),
    "a mark too many": (
        "UPDATE articles SET source_withdrawn = 1 WHERE source_topic IS NOT NULL",
        "reprints what is gone and is not marked",
    ),
    "a cid of nothing": ("UPDATE cids SET topic = 'nothing' WHERE seq = 0", "for the application nothing"),
    "an approval by another leaf": ("UPDATE approvals SET leaf = 0", "approval 1 names leaf 0"),
    "a decision by another leaf": ("UPDATE decisions SET leaf = leaf + 1000", "names leaf 100"),
    "a signature without a leaf": (
        "INSERT OR REPLACE INTO signatures (person, digest, version, at, leaf) VALUES ('x', x'00', '1.0', 0, 1000)",
        "x signed agreement 1.0 without a leaf",
    ),
    "a password": ("UPDATE people SET password = 'x'", "has a password in the public store"),
}


@pytest.fixture(scope="module")
def file() -> Iterator[sqlite3.Connection]:
    """A public file with a little of everything, from which every trigger is gone."""
    with closing(InlineServer()) as server:
        ann, ben = server.people("ann", "ben")
        officer = server.officer("C1", StaffRole.CHIEF)
        lane = server.lane(ann, ben)
        ann.publish("The lane", lane, Surface.GROUP_NAME)
        said = ann.publish("hello", lane)
        officer.do(OfficerDecide, item=said.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="Twice.")
        ben.do(Recall, topic=lane, target=ben.publish("hello", lane).seq)
        server.panel.hooks = {"terms": lambda _: HOLD}
        ben.publish("hm", lane)
        server.panel.hooks = {}
        ann.do(AccountApply, application=application(server, "Drafted"))
        refused = applied(server, ann, "Refused")
        officer.do(OfficerReview, topic=refused, act=ReviewAct.REFUSE, ground="not_qualified", facts="No paper.")
        approved(server, ann, "Approved")
        topic = active(server, ann, "Active")
        operator(ann, topic, ben)
        lamp = article(ben, topic, "Its lamp works again.", reprintable=True)
        fields = {"surface": Surface.REPRINT, "topic": active(server, ben, "Another"), "source": origin(lamp)}
        ben.do(Publish, content=lamp.content, **fields)
        paper = Approval(issuer="the authority", reference="No. 7", issued_on=date(2027, 1, 1))
        server.write(AddApproval(topic=topic, approval=paper, at=server.clock.ms))
        connection = connection_of(server)
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection


def found(file: sqlite3.Connection, planted: str = "") -> list[str]:
    """Return what the doctor finds once `planted` is done, and undo it."""
    file.execute("SAVEPOINT here")
    if planted:
        file.execute(planted)
    sentences = []
    for invariant in PUBLIC_INVARIANTS:
        sentences += [invariant.sentence.format(*row) for row in file.execute(invariant.sql)]
    file.execute("ROLLBACK TO here")
    file.execute("RELEASE here")
    return sentences


def test_a_healthy_store_has_no_findings(file: sqlite3.Connection) -> None:
    assert list(findings(file, *PUBLIC_INVARIANTS)) == []
    file.execute("ROLLBACK")


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_corruption_is_found(name: str, file: sqlite3.Connection) -> None:
    planted, sentence = PLANTED[name]
    assert any(sentence in finding for finding in found(file, planted)), found(file, planted)


def test_every_invariant_is_broken_by_one_of_the_plants(file: sqlite3.Connection) -> None:
    broken = [finding for planted, _ in PLANTED.values() for finding in found(file, planted)]
    for invariant in PUBLIC_INVARIANTS:
        words = max((part.rpartition("}")[2] for part in invariant.sentence.split("{")), key=len)
        assert any(words in finding for finding in broken), invariant.sentence
