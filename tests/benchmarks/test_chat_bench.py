"""`hutong-bench chat`: small runs of the real thing; and stores with a past are what a server could have made."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from benchmarks import grown_store
from benchmarks.broadcast.rows import AT
from benchmarks.chat.stores import grown
from benchmarks.chat.talk import talking
from benchmarks.grown_store import Plan
from benchmarks.load.wire import Wire
from benchmarks.servers import hutongd
from benchmarks.systems.echo import Echo
from benchmarks.systems.hutong import Hutong
from protocol.entries import Side
from protocol.ids import is_cid
from server.store.upkeep import doctor
from tests.support.measuring import Row, measured

TOWN = Plan(people=12, chats=4, groups=2, entries=400)


def of(system: str, found: Sequence[Row], **asked: object) -> Row:
    """Return the one measurement of `system` with what was asked for."""
    (row,) = (row for row in found if row["system"] == system and asked.items() <= row.items())
    return row


@pytest.mark.slow
def test_chats_on_an_empty_store_and_on_a_grown_one_stand_beside_a_bare_echo(tmp_path: Path) -> None:
    asked = ("--pairs", "3", "--window", "2", "--store", "empty", "--store", "3000", "--systems", "hutong,echo")
    found = measured(tmp_path, "chat", *asked, "--rounds", "1", "--seconds", "0.3")
    assert len(found) == 3
    assert all(row["deliveries"] > 50 and row["lost"] == row["duplicated"] == 0 for row in found)
    assert all((row["members"], row["pairs"], row["window"]) == (1, 3, 2) for row in found)
    echo, empty = of("echo", found), of("hutong", found, entries=0)
    beside = of("hutong", found, entries=3000)
    assert echo["entries"] is echo["beside_echo"] is empty["beside_empty"] is None
    assert beside["beside_empty"] == pytest.approx(beside["cpu_us_per_delivery"] / empty["cpu_us_per_delivery"])
    assert beside["beside_echo"] == pytest.approx(beside["cpu_us_per_delivery"] / echo["cpu_us_per_delivery"])


@pytest.mark.slow
@pytest.mark.parametrize("system", [Hutong(), Echo()], ids=["hutong", "echo"])
def test_every_message_is_counted_once_in_stretch_after_stretch(system: Hutong | Echo) -> None:
    with system.serve() as server, talking(system, server, 2) as talk:
        for window in (1, 8):
            stretch = talk.run(window, 0.2)
            assert stretch.said == stretch.deliveries == len(stretch.to_last) >= 4 * window
            assert stretch.lost == stretch.twice == stretch.late == 0


# A store with a past.


def test_a_past_is_what_a_server_could_have_written(tmp_path: Path) -> None:
    residents = grown_store.write(tmp_path, TOWN, Random(3))
    assert list(doctor(tmp_path)) == []
    heads = grown_store.heads(tmp_path, Side.PRIVATE)
    assert sum(heads.values()) == TOWN.entries
    assert {topic: seq for resident in residents for topic, seq in resident.heads.items()} == heads
    assert all(len(resident.heads) == resident.marks == TOWN.chats + TOWN.groups for resident in residents)


def test_a_past_can_go_on(tmp_path: Path) -> None:
    grown_store.write(tmp_path, TOWN, Random(3))
    before = grown_store.heads(tmp_path, Side.PRIVATE)
    topics = sorted(before)[:5]
    grown_store.say_more(tmp_path, [*topics, topics[0]], AT, Random(4))
    assert list(doctor(tmp_path)) == []
    after = grown_store.heads(tmp_path, Side.PRIVATE)
    assert {topic: after[topic] - before[topic] for topic in before} == dict.fromkeys(before, 0) | {
        topic: 1 + (topic == topics[0]) for topic in topics
    }


@pytest.mark.slow
def test_a_server_shows_what_was_said_in_the_past_in_the_order_of_its_cids(tmp_path: Path) -> None:
    person = grown_store.write(tmp_path, TOWN, Random(3))[0]
    with hutongd(tmp_path) as server:
        wire = Wire(server.url)
        wire.request("hello", versions=[1])
        signed = wire.request("resume", token=person.token, heads=person.heads, marks=person.marks)
        assert signed["person"] == person.person
        pieces = signed["sync"]["slices"]
        assert {piece["topic"]: piece["head"] for piece in pieces if piece["live"]} == person.heads
        for topic, head in person.heads.items():
            entries = wire.request("history", topic=topic, before=head + 1, limit=head)["entries"]
            assert [entry["seq"] for entry in entries] == list(range(entries[0]["seq"], head + 1))
            assert all(is_cid(entry["cid"]) for entry in entries)
            times = [entry["cid"][:6] for entry in entries]
            assert times == sorted(times)
        wire.close()


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(people=12, chats=4, groups=2, entries=50), "too few"),
        (Plan(people=5, chats=20, groups=1, entries=5000), "5 people"),
        (Plan(people=5, chats=3, groups=1, entries=5000), "not 3"),
    ],
)
def test_a_past_that_cannot_be_is_refused(tmp_path: Path, plan: Plan, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        grown_store.write(tmp_path, plan, Random(3))


def test_a_grown_store_is_kept_for_the_next_time(tmp_path: Path) -> None:
    def made() -> dict[Path, int]:
        return {path.parent: path.stat().st_ino for path in tmp_path.rglob("private.db")}

    with grown([0, 2000], tmp_path, 3) as systems:
        assert [type(system) is Hutong for system in systems.values()] == [True, False]
    once = made()
    with grown([2000], tmp_path, 3):
        assert made() == once
    with grown([2000], tmp_path, 4):
        assert len(made()) == 2


def test_nothing_of_a_past_is_on_the_public_side(tmp_path: Path) -> None:
    grown_store.write(tmp_path, TOWN, Random(3))
    assert grown_store.heads(tmp_path, Side.PUBLIC) == {}
    assert not any(topic.startswith("0") for topic in grown_store.heads(tmp_path, Side.PRIVATE))
