"""The doctor looks at moments, too: what is kept to find them by is what they say, and what is deleted is gone."""

from pathlib import Path

import pytest

from protocol.entries import Side
from server.store.moment_writes import DropMoment
from server.store.sqlite import SqliteStore, connect, store_path
from server.store.upkeep import doctor
from tests.contracts.company import Company
from tests.contracts.desk import NOON, Desk

BEN = "(SELECT person FROM people WHERE handle = 'ben')"
PLANTED = {
    "by nobody": ("UPDATE moments SET author = 'nobody' WHERE reach = 'some'", "is by nobody, who does not exist"),
    "deleted, with whom it was for": (
        f"UPDATE moments SET without = json_array({BEN}) WHERE reach = 'none'",
        "whom it was for is still there",
    ),
    "not found by whom it is for": ("DELETE FROM moments_for", "who is not shown it"),
    "found by whom it is not for": (
        f"UPDATE moments_for SET person = {BEN}",
        "which is not for them",
    ),
    "found where there is none": ("UPDATE moments_for SET at = at + 1", "which is not for them"),
    "not kept from whom it leaves out": ("DELETE FROM withheld", "which is for all but them"),
    "kept from whom it does not leave out": (
        "UPDATE withheld SET person = (SELECT person FROM people WHERE handle = 'cyd')",
        "is for all friends, but",
    ),
    "kept from nothing": (
        "INSERT INTO withheld SELECT person, author, 0, 1 FROM withheld",
        "a stretch in which there is no moment",
    ),
    "kept twice": (
        "INSERT INTO withheld SELECT person, author, since + 1, until FROM withheld",
        "two stretches that overlap",
    ),
}


@pytest.fixture
def said(data: Path) -> Path:
    """A store with moments for all kinds of people, closed."""
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    company = Company(desk)
    ann, ben, cyd = company.people("ann", "ben", "cyd")
    company.moment(ann)
    company.moment(ann, only=(cyd,))
    for at in (10, 20):
        company.moment(ann, at=NOON + at, without=(ben,))
    desk.do(DropMoment(moment=company.moment(ann, at=NOON + 30, only=(cyd,)), author=ann, at=NOON))
    desk.close()
    return data


def test_a_healthy_store_has_no_findings(said: Path) -> None:
    assert list(doctor(said)) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_corruption_is_found(name: str, said: Path) -> None:
    sql, sentence = PLANTED[name]
    connection = connect(store_path(said, Side.PRIVATE).as_uri())
    connection.execute(sql)
    connection.close()
    findings = list(doctor(said))
    assert any(sentence in finding for finding in findings), findings
