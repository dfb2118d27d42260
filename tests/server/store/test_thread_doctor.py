"""The doctor looks at what is said under moments, too: nothing hangs in the air, and no chain is short of anybody."""

from pathlib import Path

import pytest

from protocol.entries import Side
from server.store.sqlite import SqliteStore, connect, store_path
from server.store.upkeep import doctor
from tests.contracts.company import Company
from tests.contracts.desk import Desk

BEN = "(SELECT person FROM people WHERE handle = 'ben')"
PLANTED = {
    "a comment on nothing": ("UPDATE moments SET body = NULL, reach = 'none'", "is there, but moment"),
    "an answer to nothing": ("UPDATE comments SET body = NULL WHERE answers IS NULL", "is there, but what it answers"),
    "an answer to something elsewhere": (
        "UPDATE comments SET moment = 'elsewhere' WHERE answers IS NULL",
        "is there, but what it answers",
    ),
    "a chain without its author": ("UPDATE comments SET chain = '[]' WHERE answers IS NULL", "to strangers of"),
    "a chain without whom it answers": (
        "UPDATE comments SET chain = json_array(author) WHERE answers IS NOT NULL",
        "to strangers of",
    ),
    "a like of nothing": ("UPDATE likes SET root = 'elsewhere'", "likes moment elsewhere"),
    "a like of nobody's": ("UPDATE likes SET person = 'nobody'", "person nobody likes"),
    "a notice of no like": ("DELETE FROM likes", "likes moment"),
    "a notice to somebody else": (
        "UPDATE notices SET person = 'nobody' WHERE kind = 'comment'",
        "nothing that concerns them",
    ),
    "a notice of what is deleted": ("UPDATE comments SET body = NULL", "nothing that concerns them"),
    "an answer to somebody else": (
        f"UPDATE notices SET person = by WHERE kind = 'answer' AND person = {BEN}",
        "nothing that concerns them",
    ),
}


@pytest.fixture
def talkative(data: Path) -> Path:
    """A store in which there is something to say; closed."""
    company = Company(Desk(SqliteStore.open(data, Side.PRIVATE)))
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    moment = company.moment(ann)
    company.like(cyd, moment)
    said = company.comment(ben, moment)
    company.comment(cyd, moment, answers=said.comment)
    company.delete(ben, company.comment(ben, moment))
    company.desk.close()
    return data


def test_a_healthy_store_has_no_findings(talkative: Path) -> None:
    assert list(doctor(talkative)) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_corruption_is_found(name: str, talkative: Path) -> None:
    sql, sentence = PLANTED[name]
    connection = connect(store_path(talkative, Side.PRIVATE).as_uri())
    connection.execute(sql)
    connection.close()
    findings = list(doctor(talkative))
    assert any(sentence in finding for finding in findings), findings
