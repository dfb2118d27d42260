"""What the public file refuses by itself, whatever the code above it does: each refusal reached by one statement."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from compliance.verdicts import Hold
from protocol.publications import Surface
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.store.public_schema import PUBLIC_TABLES
from tests.support.inline import InlineServer
from tests.support.public import connection_of, rows
from tests.support.tampering import copy, refuses

HOLD = Hold(ground="spam", text="Perhaps.")


@pytest.fixture(scope="module")
def file() -> Iterator[sqlite3.Connection]:
    """A public file with a published and a held message, a name, a screen name, and what is said about them."""
    with closing(InlineServer()) as server:
        ann, chief = server.register("ann"), server.officer("C1", StaffRole.CHIEF)
        topic = server.lane(ann)
        for text, surface in (
            ("hello", Surface.GROUP_MESSAGE),
            ("Lane", Surface.GROUP_NAME),
            ("Ann", Surface.GROUP_SCREEN_NAME),
        ):
            said = ann.publish(text, topic, surface)
        chief.do(OfficerDecide, item=said.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="Twice.")
        server.panel.hooks = {"terms": lambda _: HOLD}
        ann.publish("hm", topic)
        server.panel.is_slow = True
        ann.publishes("well", topic)
        assert [row["state"] for row in rows(server, "SELECT state FROM submissions ORDER BY number")] == [
            *["published"] * 3,
            "held",
            "waiting",
        ]
        yield connection_of(server)


NEXT = "(SELECT max(number) + 1 FROM {table})"
NEXT_SEQ = "(SELECT max(seq) + 1 FROM entries)"
NO_ENTRY = "state = 'published', until = NULL, seq = 999, topic = 'nowhere'"
REFUSED: dict[str, list[tuple[str, str]]] = {
    "leaves_in_order": [(copy("leaves"), "next number"), (copy("leaves", number="99"), "next number")],
    "leaves_stay": [("DELETE FROM leaves", "append-only")],
    "leaves_stay_as_they_are": [("UPDATE leaves SET at = 1 WHERE number = 0", "append-only")],
    "nodes_once": [(copy("nodes"), "append-only")],
    "nodes_stay": [("DELETE FROM nodes", "append-only")],
    "nodes_stay_as_they_are": [("UPDATE nodes SET hash = x'00'", "append-only")],
    "decisions_once": [(copy("decisions"), "a decision does not change")],
    "decisions_are_about_something": [
        (
            "DROP TRIGGER decisions_have_a_leaf;"  # Which one of the two speaks first is SQLite's to choose.
            + copy("decisions", number="99", decision="'x'", submission="'nobody'", leaf="99"),
            "a decision about nothing",
        )
    ],
    "decisions_have_a_leaf": [
        (copy("decisions", number="99", decision="'x'", leaf="0"), "a decision without its leaf"),
        (copy("decisions", number="99", decision="'x'", leaf="99"), "a decision without its leaf"),
    ],
    "decisions_stay": [("UPDATE decisions SET facts = 'x'", "a decision does not change")],
    "decisions_are_kept": [("DELETE FROM decisions", "a decision is kept")],
    "binding_states_are_decided": [
        (f"UPDATE submissions SET state = '{state}', until = {until} WHERE state = 'waiting'", "a binding state")
        for state, until in (("held", "1"), ("rejected", "NULL"), ("lapsed", "NULL"))
    ],
    "submissions_begin_by_waiting": [
        (copy("submissions"), "a submission begins by waiting"),
        (copy("submissions", "state = 'waiting'"), "a submission begins by waiting"),
        (copy("submissions", number="99", submission="'x'", cid="x'00'"), "a submission begins by waiting"),
    ],
    "final_states_stay": [
        ("UPDATE submissions SET state = 'waiting', seq = NULL WHERE state = 'published'", "a final state")
    ],
    "publishing_is_ruled": [
        (f"UPDATE submissions SET {NO_ENTRY} WHERE state = '{state}'", "published without a ruling")
        for state in ("held", "waiting")
    ],
    "withdrawals_are_decided": [
        ("UPDATE submissions SET withdrawn = 1 WHERE state = 'published' AND NOT withdrawn", "a withdrawal without"),
        ("UPDATE submissions SET withdrawn = 0 WHERE withdrawn", "a withdrawal without"),
    ],
    "rulings_have_a_leaf": [
        (copy("rulings", topic="'x'", submission="'x'"), "a ruling without its leaf"),
        (copy("rulings", topic="'x'", leaf="0"), "a ruling"),
    ],
    "rulings_once_for_all": [(copy("rulings"), "a ruling does not change")],
    "rulings_stay": [("UPDATE rulings SET leaf = 0", "a ruling does not change")],
    "rulings_are_kept": [("DELETE FROM rulings", "a ruling is kept")],
    "nothing_is_public_unruled": [
        (copy("entries", "body IS NOT NULL", seq=NEXT_SEQ), "a public text without a ruling")
    ],
    "public_entries_once": [(copy("entries"), "a public entry does not change")],
    "public_texts_do_not_change": [
        ("UPDATE entries SET body = x'00' WHERE body IS NOT NULL", "a public text does not change")
    ],
    "name_was_published": [("UPDATE topics SET name = x'00'", "a name that was never published")],
    "notice_was_published": [("UPDATE topics SET notice = x'00'", "a notice that was never published")],
    "listing_was_published": [("UPDATE topics SET listing = x'00'", "a listing that was never published")],
    "screen_name_was_published": [
        ("UPDATE members SET screen_name = x'00'", "a screen_name that was never published"),
        # It was, and is withdrawn.
        (
            "UPDATE members SET screen_name = (SELECT body FROM entries WHERE kind = 'screen_name')",
            "a screen_name that was never published",
        ),
    ],
}


def test_every_refusal_of_the_file_is_tried() -> None:
    text = " ".join(PUBLIC_TABLES)
    triggers = {name for part in text.split("CREATE TRIGGER ")[1:] for name in [part.split()[0]] if "RAISE" in part}
    assert triggers == set(REFUSED)


CASES = [pytest.param(asked, why, id=f"{name}-{number}") for name, cases in REFUSED.items()
         for number, (asked, why) in enumerate(cases)]  # fmt: skip


@pytest.mark.parametrize(("asked", "why"), CASES)
def test_the_file_refuses_by_itself(file: sqlite3.Connection, asked: str, why: str) -> None:
    refuses(file, asked, why)


CHECKED: list[tuple[str, str]] = [
    ("UPDATE submissions SET seq = 5 WHERE state = 'waiting'", "published"),
    ("UPDATE submissions SET until = 5 WHERE state = 'waiting'", "held"),
]


@pytest.mark.parametrize(("asked", "why"), CHECKED)
def test_a_state_and_what_belongs_to_it_go_together(file: sqlite3.Connection, asked: str, why: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=why):
        file.execute(asked)


def test_what_is_recalled_is_forgotten_by_the_file_itself() -> None:
    with closing(InlineServer()) as server:
        ann = server.register("ann")
        ann.publish("hello", server.lane(ann))
        before: list[dict[str, Any]] = rows(server, "SELECT content IS NULL AS gone FROM submissions")
        connection_of(server).execute("UPDATE entries SET body = NULL, erased = 1 WHERE body IS NOT NULL")
        after = rows(server, "SELECT content IS NULL AND salt IS NULL AS gone FROM submissions")
        assert (before, after) == ([{"gone": 0}], [{"gone": 1}])
