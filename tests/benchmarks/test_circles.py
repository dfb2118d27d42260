"""The benchmarks of moments run, and what they count is right. What they measure is nobody's to assert here."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.broadcast.rows import strangers
from benchmarks.circles import rows
from benchmarks.circles.rows import Said, Shown
from protocol.content import Text, encode
from protocol.entries import Side
from protocol.ids import MomentId, PersonId, new_id
from server.store.sqlite import SqliteStore
from server.store.upkeep import doctor
from tests.support.measuring import measured, notes, tables

AT = 1_760_000_000_000


@pytest.mark.slow
def test_every_page_of_a_timeline_has_what_was_made_up_and_chats_go_on_beside(tmp_path: Path) -> None:
    pages, chats = tables(measured(tmp_path, "circles", "timeline", "--quick"))
    assert len(pages) == 6
    assert all(row["times"] > 0 and row["wrong"] == 0 for row in pages)
    many, few = (row for row in pages if row["read"].startswith("all of them"))
    assert many["items"] == 600 + 20 > few["items"] > 20
    assert [row["pages/s beside"] > 0 for row in chats] == [False, True, False]
    assert all(row["deliveries"] > 0 and row["lost"] == row["duplicated"] == 0 for row in chats)


@pytest.mark.slow
def test_a_moment_comes_to_each_friend_online_once_and_is_one_row(tmp_path: Path) -> None:
    found = measured(tmp_path, "circles", "post", "--quick")
    (table,) = tables(found)
    assert [row["one speaks to"] for row in table] == [
        "a private group of 20",
        "a public group of 30",
        "19 friends",
        "30 friends",
    ]
    assert [row["deliveries"] / row["said"] for row in table] == [19, 29, 19, 30]
    assert all(row["lost"] == row["duplicated"] == 0 for row in table)
    said, grew = (int(word.replace(",", "")) for word in _numbers(notes(found)))
    assert said == grew > 0


def _numbers(notes: list[str]) -> tuple[str, str]:
    (note,) = (note for note in notes if "the rows of moments grew by" in note)
    words = note.removesuffix(".").split()
    return words[0], words[-1]


# The rows that are written past the server.


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A data directory with an empty private store."""
    SqliteStore.open(tmp_path, Side.PRIVATE).close()
    return tmp_path


def said(author: PersonId, number: int, **audience: Any) -> Said:
    """Return the moment number so and so."""
    body = encode(Text(text=f"number {number}"))
    return Said(moment=MomentId(new_id()), author=author, at=AT + number, body=body, **audience)


def test_moments_that_are_written_are_shown_to_whom_they_are_for_and_to_nobody_else(private: Path) -> None:
    viewer, author, other, stranger = strangers(4, Random(1))
    rows.add_people(private, [viewer, author, other, stranger], AT)
    rows.befriend(private, author, [viewer, other], AT)
    moments = [
        said(author, 0),
        said(author, 1, only=(viewer,)),
        said(author, 2, only=(other,)),
        said(author, 3, without=(viewer,)),
        said(author, 4, without=(other,)),
        said(author, 5, without=(viewer,)),
    ]
    rows.add_moments(private, moments)
    shown = {person: _shown(private, person) for person in (viewer, other, stranger)}
    numbers = {each.moment: number for number, each in enumerate(moments)}
    assert [numbers[moment] for moment in shown[viewer]] == [4, 1, 0]
    assert [numbers[moment] for moment in shown[other]] == [5, 3, 2, 0]
    assert shown[stranger] == []
    assert rows.moment_rows(private) == len(moments) + 2 + 3  # Two names; of three left out, each a stretch.


def test_what_is_written_is_what_a_server_could_have_written(private: Path) -> None:
    viewer, author = strangers(2, Random(1))
    rows.add_people(private, [viewer, author], AT)
    rows.befriend(private, author, [viewer], AT)
    rows.add_moments(private, [said(author, 0, without=(viewer,)), said(author, 1, only=(viewer,))])
    assert list(doctor(private)) == []


def test_a_moment_is_before_a_post_of_the_same_time_and_newer_ones_are_before_both() -> None:
    moment, post, newer = Shown(at=5, id="abc"), Shown(at=5, id="0abc", seq=3), Shown(at=6, id="0abc", seq=4)
    assert sorted([post, moment, newer], reverse=True) == [newer, moment, post]


def _shown(data: Path, viewer: PersonId) -> list[MomentId]:
    store = SqliteStore.open(data, Side.PRIVATE)
    reader = store.reader()
    page = reader.timeline(viewer, before=None, limit=50, at=AT + 1000)
    reader.close()
    store.close()
    return [moment.moment for moment in page.moments if moment.moment is not None]
