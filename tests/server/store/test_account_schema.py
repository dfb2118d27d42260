"""What the public file refuses by itself about public accounts: each refusal reached by one statement."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest

from compliance.rights import Approval
from protocol.accounts import AccountApply
from protocol.staff import OfficerReview, ReviewAct
from server.store.account_schema import ACCOUNT_TABLES
from server.store.account_writes import AddApproval, EndApproval
from tests.support.accounts import active, application, applied, approved, article
from tests.support.inline import InlineServer
from tests.support.public import connection_of, rows
from tests.support.tampering import copy, refuses


@pytest.fixture(scope="module")
def file() -> Iterator[sqlite3.Connection]:
    """A public file with an account in every state, an article, an approval in force and one that has ended."""
    with closing(InlineServer()) as server:
        ann, ben = server.people("ann", "ben")
        officer = server.officer()
        ann.do(AccountApply, application=application(server, "Drafted"))
        applied(server, ann, "Submitted")
        refused = applied(server, ann, "Refused")
        officer.do(OfficerReview, topic=refused, act=ReviewAct.REFUSE, ground="not_qualified", facts="No paper.")
        approved(server, ann, "Approved")
        topic = active(server, ben, "Active")
        article(ben, topic, "Its lamp works again.")
        for reference in ("No. 7", "No. 8"):
            paper = Approval(issuer="the authority", reference=reference, issued_on=date(2027, 1, 1))
            server.write(AddApproval(topic=topic, approval=paper, at=server.clock.ms))
        server.write(EndApproval(number=2, at=server.clock.ms))
        assert [row["state"] for row in rows(server, "SELECT state FROM accounts ORDER BY state")] == [
            *("active", "approved", "draft", "refused", "submitted")
        ]
        yield connection_of(server)


# Which one speaks of two that refuse is SQLite's to choose.
UNDECIDED, UNSEEN = "DROP TRIGGER accounts_are_decided;", "DROP TRIGGER accounts_open_by_a_profile;"
ANOTHERS = ", decision = (SELECT decision FROM decisions WHERE kind = '{}')"
REFUSED: dict[str, list[tuple[str, str]]] = {
    "accounts_begin_as_drafts": [
        (copy("accounts"), "begins as a draft, once"),
        (copy("accounts", "state = 'draft'"), "begins as a draft, once"),
        (copy("accounts", "state = 'approved'", topic="'x'"), "begins as a draft, once"),
        (copy("accounts", "state = 'draft'", topic="'x'", news="'publish'"), "begins as a draft, once"),
    ],
    "accounts_move_step_by_step": [
        (f"{drop}UPDATE accounts SET state = '{end}', due = {due} WHERE state = '{state}'", "moves step by step")
        for state, end, due, drop in (
            ("draft", "approved", "NULL", UNDECIDED),
            ("refused", "approved", "NULL", UNDECIDED),
            ("active", "approved", "NULL", UNDECIDED),
            ("draft", "active", "NULL", UNSEEN),
            ("submitted", "active", "NULL", UNSEEN),
            ("approved", "submitted", "1", ""),
            ("active", "draft", "NULL", ""),
        )
    ],
    "accounts_are_decided": [
        (f"UPDATE accounts SET state = '{end}', due = NULL{by} WHERE state = 'submitted'", "decided by a decision")
        for end, by in (
            ("approved", ""),
            ("refused", ""),
            ("approved", ANOTHERS.format("approve")),
            ("refused", ANOTHERS.format("refuse")),
        )
    ],
    "accounts_open_by_a_profile": [
        ("UPDATE accounts SET state = 'active' WHERE state = 'approved'", "an account opens by its profile")
    ],
    "applications_stay_while_they_count": [
        *(
            (f"UPDATE accounts SET {column} = 'x' WHERE state = '{state}'", "stays as it was submitted")
            for state in ("submitted", "approved", "active")
            for column in ("name_key", "type", "body", "category")
        ),
        ("UPDATE accounts SET application = x'00' WHERE state = 'submitted'", "stays as it was submitted"),
        *(
            (f"UPDATE accounts SET {column} = {other} WHERE state = 'draft'", "stays as it was submitted")
            for column, other in (("owner", "'x'"), ("salt", "x'00'"), ("topic", "'x'"))
        ),
    ],
    "rights_come_by_approval": [
        (f"UPDATE accounts SET news = 'publish' WHERE state = '{state}'", "a right without an approval")
        for state in ("draft", "submitted", "refused", "approved", "active")
    ],
    "accounts_are_kept": [("DELETE FROM accounts WHERE state = 'draft'", "an account is kept")],
    "approvals_have_a_leaf": [
        (copy("approvals"), "without its leaf"),
        (copy("approvals", number="99"), "without its leaf"),
        (copy("approvals", number="99", leaf="0"), "without its leaf"),
        (copy("approvals", number="99", leaf="99"), "without its leaf"),
        (copy("approvals", number="99", topic="'x'"), "of no account"),
    ],
    "approvals_only_end": [
        *(
            (f"UPDATE approvals SET {column} = {other} WHERE ended_at IS NULL", "does not change, it ends")
            for column, other in (
                ("topic", "'x'"),
                ("issuer", "'x'"),
                ("reference", "'x'"),
                ("issued_on", "'2026-12-31'"),
                ("until", "'2028-01-01'"),
                ("item", "zeroblob(32)"),
                ("added_at", "1"),
                ("number", "99"),
            )
        ),
        ("UPDATE approvals SET ended_at = NULL WHERE ended_at IS NOT NULL", "does not change, it ends"),
        ("UPDATE approvals SET ended_at = 1 WHERE ended_at IS NOT NULL", "does not change, it ends"),
    ],
    "approvals_are_kept": [("DELETE FROM approvals", "an approval is kept")],
    "articles_are_ruled": [
        (copy("articles", seq="999"), "an article without a ruling"),
        (copy("articles"), "an article without a ruling"),
    ],
    "articles_do_not_change": [("UPDATE articles SET body = x'00'", "an article does not change")],
    "articles_stay_what_they_are": [
        (f"UPDATE articles SET {column} = {other}", "an article does not change")
        for column, other in (
            ("topic", "'x'"),
            ("seq", "99"),
            ("root", "99"),
            ("digest", "zeroblob(32)"),
            ("at", "1"),
            ("broadcast", "1"),
            ("tag", "'north'"),
            ("reprintable", "1"),
            ("category", "'x'"),
            ("source_topic", "'x'"),
            ("source_seq", "99"),
        )
    ],
    "articles_are_kept": [("DELETE FROM articles", "an article is erased, and its row is kept")],
}


def test_every_refusal_of_the_file_is_tried() -> None:
    text = " ".join(ACCOUNT_TABLES)
    triggers = {name for part in text.split("CREATE TRIGGER ")[1:] for name in [part.split()[0]] if "RAISE" in part}
    assert triggers == set(REFUSED)


CASES = [pytest.param(asked, why, id=f"{name}-{number}") for name, cases in REFUSED.items()
         for number, (asked, why) in enumerate(cases)]  # fmt: skip


@pytest.mark.parametrize(("asked", "why"), CASES)
def test_the_file_refuses_by_itself(file: sqlite3.Connection, asked: str, why: str) -> None:
    refuses(file, asked, why)


@pytest.mark.parametrize(
    "asked",
    [
        "UPDATE accounts SET due = 5 WHERE state = 'draft'",
        "UPDATE accounts SET due = NULL WHERE state = 'submitted'",
    ],
)
def test_only_what_is_submitted_is_due(file: sqlite3.Connection, asked: str) -> None:
    refuses(file, asked, "CHECK constraint failed")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("issuer", "' '"),
        ("reference", "''"),
        ("issued_on", "'soon'"),
        ("issued_on", "'2027-02-30'"),
        ("until", "'2026-12-31'"),
        ("until", "'never'"),
        ("item", "x'00'"),
    ],
)
def test_an_approval_has_all_its_parts(file: sqlite3.Connection, column: str, value: str) -> None:
    drop = "DROP TRIGGER approvals_have_a_leaf;"
    refuses(file, drop + copy("approvals", **{"number": "99", "leaf": "NULL", column: value}), "constraint failed")


def test_two_approved_accounts_have_two_names(file: sqlite3.Connection) -> None:
    (key,) = file.execute("SELECT name_key FROM accounts WHERE state = 'active'").fetchone()
    drop = "DROP TRIGGER applications_stay_while_they_count;"
    refuses(file, f"{drop}UPDATE accounts SET name_key = '{key}' WHERE state = 'approved'", "UNIQUE constraint failed")


def test_what_is_recalled_is_erased_behind_its_card_by_the_file_itself() -> None:
    with closing(InlineServer()) as server:
        ann = server.register("ann")
        article(ann, active(server, ann), "Its lamp works again.")
        before = rows(server, "SELECT body IS NULL AS gone FROM articles")
        connection_of(server).execute("UPDATE entries SET body = NULL, erased = 1 WHERE kind = 'article'")
        assert (before, rows(server, "SELECT body IS NULL AS gone FROM articles")) == ([{"gone": 0}], [{"gone": 1}])
