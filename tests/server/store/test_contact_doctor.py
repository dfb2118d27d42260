"""The doctor looks at contacts, too: what two people's rows say of each other can be, and nothing is kept too long."""

from pathlib import Path

import pytest

from protocol.entries import Side
from server.store.contact_writes import AcceptRequest, DropContact, PutRequest
from server.store.sqlite import SqliteStore, connect, store_path
from server.store.upkeep import doctor
from tests.contracts.desk import NOON, Desk

ANN = "(SELECT person FROM people WHERE handle = 'ann')"
PLANTED = {
    "somebody who is nobody": ("UPDATE contacts SET contact = 'nobody' WHERE state = 'asked'", "nobody stands to"),
    "a request of nobody's": (
        "UPDATE contacts SET state = 'none', until = NULL, greeting = x'' WHERE state = 'asked'",
        "who does not ask, or not for so long",
    ),
    "a request that outlives itself": (
        "UPDATE contacts SET until = until + 1 WHERE state = 'asking'",
        "who does not ask, or not for so long",
    ),
    "a greeting that was answered": (
        "UPDATE contacts SET greeting = x'00' WHERE state = 'contact'", "should have been erased",
    ),
    "a remark about somebody of once": (
        "UPDATE contacts SET remark = x'00' WHERE state = 'none'", "should have been erased",
    ),
    "a mark that is behind": (f"UPDATE people SET contact_mark = 1 WHERE person = {ANN}", "has contact mark 1"),
    "two changes at once": (f"UPDATE contacts SET changed = 3 WHERE person = {ANN}", "3 contacts of person"),
    "a time that cannot be chosen": (f"UPDATE people SET moments_days = 5 WHERE person = {ANN}", "for 5 days"),
}  # fmt: skip


@pytest.fixture
def acquainted(data: Path) -> Path:
    """A store in which ann has a contact, asks somebody, and had somebody as a contact; closed."""
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    ann = desk.person("ann")
    for handle in ("ben", "cyd", "dan"):
        other = desk.person(handle)
        desk.do(PutRequest(person=ann, contact=other, greeting=b"hi", at=NOON, until=NOON + 9, most=9, most_asked=9))
        if handle != "cyd":
            desk.do(AcceptRequest(person=other, contact=ann, at=NOON, most=9))
    desk.do(DropContact(person=ann, contact=other, at=NOON))
    desk.close()
    return data


def test_a_healthy_store_has_no_findings(acquainted: Path) -> None:
    assert list(doctor(acquainted)) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_corruption_is_found(name: str, acquainted: Path) -> None:
    sql, sentence = PLANTED[name]
    connection = connect(store_path(acquainted, Side.PRIVATE).as_uri())
    connection.execute(sql)
    connection.close()
    findings = list(doctor(acquainted))
    assert any(sentence in finding for finding in findings), findings
