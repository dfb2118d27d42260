"""hutong officer ..."""

import stat

import msgspec

from protocol.decisions import SubmissionState
from protocol.staff import OfficerDecide
from tests.client.fake_public import Ruling
from tests.client.line.conftest import Meet, found
from tests.client.line.lane import Lane

HELD = Ruling(SubmissionState.HELD)


def test_an_officer_logs_in_with_a_token_that_is_kept_for_its_owner(arrive: Meet, lane: Lane) -> None:
    officer = arrive("somebody")
    for command in (["queue"], ["show", "x"], ["decide", "x", "release"], ["logout"]):
        ran = officer("officer", *command)
        assert (ran.status, "hutong officer login" in ran.err) == (4, True)
    assert officer("officer", "login", "r1").status == 2
    assert officer("officer", "login", "r1", HUTONG_STAFF_TOKEN="wrong").status == 4
    ran = officer("officer", "login", "r1", "--token-stdin", stdin="officer-token\n")
    assert (ran.status, "r1, reviewer, is on duty" in ran.out) == (0, True)
    assert stat.S_IMODE((officer.home / ".officer.json").stat().st_mode) == 0o600
    assert officer("officer", "queue").err == "Nothing waits.\n"
    assert officer("topics").status == 0  # Being an officer is not being somebody, and takes nothing from it.
    assert officer("officer", "logout").status == 0
    assert officer("officer", "queue").status == 4


def test_a_damaged_badge_says_so(arrive: Meet) -> None:
    officer = arrive("somebody")
    (officer.home / ".officer.json").write_text("{")
    assert officer("officer", "queue").status == 2


def test_the_oldest_deadline_comes_first_and_nothing_says_who_the_author_is(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD] * 3
    held = [alice("publish", topic, text, "--json").json[0] for text in ("one", "two", "three")]
    known = lane.fake.public.submissions
    for earlier, (cid, (author, submission)) in enumerate(list(known.items())):
        if submission.until is not None:
            due = submission.until - 60_000 * earlier
            known[cid] = (author, msgspec.structs.replace(submission, until=due))
    alice("officer", "login", "r1", HUTONG_STAFF_TOKEN="officer-token")
    queue = alice("officer", "queue", "--json").json
    assert [item["item"] for item in queue] == [each["submission"] for each in reversed(held)]
    assert "alice" not in alice("officer", "queue").out
    assert alice("officer", "queue", "--limit", "1").err == "2 more wait.\n"


def test_an_item_is_shown_whole_with_its_decisions_and_released(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD]
    text = "long " * 100 + "end"
    [held] = alice("publish", topic, text, "--title", "Tea", "--json").json
    alice("officer", "login", "r1", HUTONG_STAFF_TOKEN="officer-token")
    shown = alice("officer", "show", held["submission"][:8]).out
    assert "Tea  (title)" in shown
    assert f"{text}  (text)" in shown
    assert "hold by hook terms 1.0, automatically" in shown
    [item] = alice("officer", "show", held["submission"], "--json").json
    assert (item["submission"]["state"], item["decisions"][0]["kind"]) == ("held", "hold")
    assert alice("officer", "decide", held["submission"], "release").status == 0
    assert alice("history", topic, "--json").json[-1]["text"] == f"Tea\n{text}"
    assert "everybody" not in alice("officer", "show", topic, "3").out
    assert alice("officer", "show", "nothing").status == 2


def test_a_rejection_says_the_ground_and_where(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD]
    [held] = alice("publish", topic, "maybe", "--json").json
    alice("officer", "login", "r1", HUTONG_STAFF_TOKEN="officer-token")
    decide = ("officer", "decide", held["submission"], "reject")
    assert alice(*decide).status == 1
    for wrong in ("text", "text:5-5", "text:a-b"):
        assert alice(*decide, "--ground", "rumour", "--where", wrong).status == 2
    ran = alice(*decide, "--ground", "rumour", "--facts", "It is not so.", "--where", "text:0-5", "--json")
    assert (ran.status, ran.json[0]["submission"]["state"]) == (0, "rejected")
    decided = lane.fake.seen[-1]
    assert isinstance(decided, OfficerDecide)
    assert (decided.facts, [(span.path, span.start, span.end) for span in decided.where]) == (
        "It is not so.",
        [("text", 0, 5)],
    )
