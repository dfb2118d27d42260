"""The benchmarks of public accounts run, and what they count is right. What they measure is nobody's to assert here."""

from pathlib import Path
from random import Random

import pytest

from benchmarks.broadcast import rows
from benchmarks.broadcast.accounts import MOST, lifted_pack
from benchmarks.load.closed_loop import WAYS
from compliance.pack import load
from protocol.entries import Side
from protocol.ids import PersonId, new_id, new_public_topic_id
from protocol.limits import TITLE_CHARS
from server.store.sqlite import SqliteStore
from tests.support.measuring import measured, notes


@pytest.mark.slow
def test_a_broadcast_is_one_entry_and_comes_to_each_follower_online_once(tmp_path: Path) -> None:
    found = measured(tmp_path, "broadcast", "deliver", "--quick")
    group, account = found
    assert group["deliveries"] == group["entries"] * 19 > 0
    assert account["deliveries"] == account["entries"] * 20 > 0
    assert all(row["log rows each"] == 1 and row["lost"] == row["duplicated"] == 0 for row in (group, account))
    assert any("private store grew by 0 " in note for note in notes(found))


@pytest.mark.slow
def test_publishing_is_timed_as_often_at_each_account_and_is_one_entry(tmp_path: Path) -> None:
    found = measured(tmp_path, "broadcast", "publish", "--quick")
    assert [(row["published to"], row["times"]) for row in found] == [
        ("10 followers", 10),
        ("10 followers, another", 10),
        ("2,000 followers", 10),
    ]
    assert all(row["log rows each"] == 1 for row in found)
    assert any("private store grew by 0 " in note for note in notes(found))


@pytest.mark.slow
def test_signing_in_brings_what_is_new_and_makes_all_live(tmp_path: Path) -> None:
    found = measured(tmp_path, "broadcast", "sign-in", "--quick")  # It stops by itself if something is not live.
    assert [row["entries"] for row in found] == [0, 3, 24]
    assert all(row["times"] == 4 for row in found)


def test_under_the_lifted_pack_only_the_quotas_are_others(tmp_path: Path) -> None:
    lifted, shipped = load(str(lifted_pack(tmp_path))), load("open")
    assert (lifted.accounts.subscription_daily, lifted.accounts.service_monthly) == (MOST, MOST)
    assert (lifted.surfaces, lifted.bodies, lifted.grounds) == (shipped.surfaces, shipped.bodies, shipped.grounds)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A data directory with an empty private store."""
    SqliteStore.open(tmp_path, Side.PRIVATE).close()
    return tmp_path


def test_rows_of_followers_are_followed_counted_and_nothing_else(private: Path) -> None:
    account, another = new_public_topic_id(), new_public_topic_id()
    before = rows.private_rows(private)
    rows.add_follows(private, [account, another], rows.strangers(5, Random(1)))
    rows.add_follows(private, [account], [PersonId(new_id())])
    store = SqliteStore.open(private, Side.PRIVATE)
    reader = store.reader()
    followers = {topic: reader.figures(topic, seq=None, since="").followers for topic in (account, another)}
    reader.close()
    store.close()
    assert followers == {account: 6, another: 5}
    assert rows.private_rows(private) == before + 11 + 2


def test_strangers_are_different_people_and_the_same_for_the_same_seed() -> None:
    some = rows.strangers(100, Random(1))
    assert len(set(some)) == 100
    assert some == sorted(some) == rows.strangers(100, Random(1))


def test_a_card_has_the_text_in_its_title_in_one_line() -> None:
    content = WAYS["broadcast"]("a topic", "Good morning.\nHow are you?")["content"]
    assert content["title"] == "Good morning. How are you?"
    assert len(content["title"]) <= TITLE_CHARS
