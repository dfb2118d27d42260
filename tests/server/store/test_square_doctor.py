"""The doctor looks at squares and public comments, too: none is without a place, and what is worked out is right."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from protocol.frames import Recall
from protocol.moments import Choice, DeleteComment, Like
from protocol.staff import OfficerAct, OfficerDecide, OfficerShow, StaffRole
from server.store.doctor import findings
from server.store.private_doctor import PRIVATE_INVARIANTS
from server.store.public_doctor import PUBLIC_INVARIANTS
from server.store.square_doctor import SQUARE_INVARIANTS
from server.store.thread_doctor import THREAD_INVARIANTS
from tests.support.inline import InlineServer
from tests.support.public import GROUND, connection_of
from tests.support.squares import Square

FIRST = "(SELECT comment FROM comments WHERE answers IS NULL AND in_force LIMIT 1)"
PLANTED = {
    "another's post": ("UPDATE entries SET sender = 'nobody' WHERE kind = 'post'", "is a post, but not by"),
    "a thread of nothing": ("UPDATE threads SET root_seq = root_seq + 99", "is a thread under nothing"),
    "a comment without a name": (f"DELETE FROM comments WHERE comment = {FIRST}", "not known by any name"),
    "a name of nothing": ("DELETE FROM entries WHERE kind = 'comment'", "is not there, or not its author's"),
    "another's comment": ("UPDATE comments SET author = 'nobody'", "is not there, or not its author's"),
    "a comment elsewhere": ("UPDATE comments SET root_seq = 99", "is not there, or not its author's"),
    "an answer to another": ("UPDATE comments SET answered = 'nobody' WHERE answers IS NOT NULL", "or is not nobody's"),
    "an answer from before": ("UPDATE comments SET seq = -seq", "does not come before it"),
    "a comment in force that is withdrawn": ("UPDATE comments SET in_force = 1", "is in force although"),
    "an answer in force to what is not": (f"UPDATE comments SET in_force = comment <> {FIRST}", "is in force although"),
    "a selection not taken in": ("UPDATE comments SET selected = NOT selected", "who alone wrote what is not selected"),
    "another author of all": ("UPDATE comments SET author_of_all = '*'", "who alone wrote it and all that it answers"),
}


@pytest.fixture(scope="module")
def square() -> Iterator[Square]:
    """A square on which a little of everything has been said; every trigger is gone from its file."""
    with closing(InlineServer()) as server:
        square = Square(server)
        first = square.says(square.ben, "first")
        square.selects(square.says(square.cyd, "second", answers=first))
        withdrawn = square.says(square.cyd, "third")
        square.says(square.ann, "to cyd", answers=withdrawn)
        square.ben.do(DeleteComment, comment=square.says(square.ben, "gone"))
        chief = server.officer("C1", StaffRole.CHIEF)
        item = chief.do(OfficerShow, comment=withdrawn).submission.submission
        chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="It is not true.")
        square.chooses(Choice.SELECTED)
        topic, seq = square.posts("another")
        square.submits(square.ben, "there", topic=topic, root=seq)
        square.eve.do(Like, topic=topic, seq=seq)
        square.ann.do(Recall, topic=topic, target=seq)
        yield square


@pytest.fixture(scope="module")
def file(square: Square) -> sqlite3.Connection:
    connection = connection_of(square.server)
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def found(file: sqlite3.Connection, planted: str) -> list[str]:
    """Return what the doctor finds once `planted` is done, and undo it."""
    file.execute("SAVEPOINT here")
    file.execute(planted)
    sentences = [each.sentence.format(*row) for each in SQUARE_INVARIANTS for row in file.execute(each.sql)]
    file.execute("ROLLBACK TO here")
    file.execute("RELEASE here")
    return sentences


def test_healthy_stores_have_no_findings(square: Square, file: sqlite3.Connection) -> None:
    assert list(findings(file, *PUBLIC_INVARIANTS, *SQUARE_INVARIANTS)) == []
    file.execute("ROLLBACK")
    private = square.server.store._writer._connection
    assert list(findings(private, *PRIVATE_INVARIANTS, *THREAD_INVARIANTS)) == []
    private.execute("ROLLBACK")


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_corruption_is_found(name: str, file: sqlite3.Connection) -> None:
    planted, sentence = PLANTED[name]
    assert any(sentence in finding for finding in found(file, planted)), found(file, planted)


def test_every_invariant_is_broken_by_one_of_the_plants(file: sqlite3.Connection) -> None:
    broken = [finding for planted, _ in PLANTED.values() for finding in found(file, planted)]
    for invariant in SQUARE_INVARIANTS:
        words = max((part.rpartition("}")[2] for part in invariant.sentence.split("{")), key=len)
        assert any(words in finding for finding in broken), invariant.sentence
