"""Accounts at a server that does as it is told: what is not what it should be, and what is pushed at awkward times."""

import json
import signal
import subprocess

import trio

from protocol import accounts, content, following
from protocol.account_states import AccountState, AccountType
from protocol.contacts import Contacts
from protocol.entries import Kind, Role
from protocol.ids import TopicId
from protocol.publications import Content, Published, encode
from tests.client.line.conftest import Meet
from tests.client.line.lane import Lane

LETTER = Content(title="Tea", summary="All of it.", text="Green.")


def open_account(lane: Lane, name: str) -> TopicId:
    return lane.does(lambda: lane.fake.accounts.open(name))


def says(lane: Lane, topic: TopicId, kind: Kind = Kind.BROADCAST, content: Content = LETTER) -> str:
    return str(lane.does(lambda: lane.fake.accounts.says(topic, kind, content)).seq)


def test_an_article_that_is_not_what_its_card_names_is_not_shown(arrive: Meet, lane: Lane) -> None:
    alice, topic = arrive("alice"), open_account(lane, "City News")
    seq = says(lane, topic)
    assert "Green." in alice("read", topic, seq).out
    lane.fake.accounts.swapped = Content(title="Tea", summary="All of it.", text="Poison.")
    ran = alice("read", topic, seq)
    assert (ran.status, ran.out, "not what its card names" in ran.err) == (1, "", True)


def test_several_accounts_of_a_name_are_told_apart(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    first, second = open_account(lane, "City News"), open_account(lane, "City Daily")
    for topic in (first, second):
        alice("follow", topic)
    ran = alice("unfollow", "city")
    assert (ran.status, first in ran.err, second in ran.err) == (2, True, True)
    assert alice("unfollow", "Ｃity  news").status == 0  # Width, case and spaces make no difference.
    assert alice("unfollow", "city").status == 0


def test_a_stranger_is_found_by_the_whole_name_only(arrive: Meet, lane: Lane) -> None:
    alice, topic = arrive("alice"), open_account(lane, "City News")
    body = encode(Published(content=Content(title="City News")))
    lane.fake.accounts.found = (following.Found(kind="account", topic=topic, body=body),)
    ran = alice("follow", "City")
    assert (ran.status, topic in ran.err) == (2, True)
    assert alice("follow", "city news").status == 0


def test_the_feed_is_there_when_the_server_is_away(arrive: Meet, lane: Lane) -> None:
    alice, topic = arrive("alice"), open_account(lane, "City News")
    alice("follow", topic)
    says(lane, topic)
    assert "● " in alice("feed").out
    ran = alice("--server", "ws://127.0.0.1:1", "feed")
    assert (ran.status, "Tea" in ran.out, "showing what this device has" in ran.err) == (0, True, True)
    assert alice("--server", "ws://127.0.0.1:1", "follow", topic).status == 3


def test_what_operators_and_applicants_are_told_is_in_the_tail(arrive: Meet, lane: Lane) -> None:
    alice, topic = arrive("alice"), open_account(lane, "City News")
    greet(lane)
    lane.fake.awaited[Contacts] = trio.Event()  # The last thing that is asked before it is there.
    with alice.start("tail", stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert "hello" in tail.stdout.readline()
        tell_all(lane, topic)
        shown = [tail.stdout.readline() for _ in range(7)]
        for words, line in zip(
            ("Tea", "All of it.", "approved", "now:", "alice published", "inbox", "none of your"), shown, strict=True
        ):
            assert words in line
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 130


def test_the_same_as_json(arrive: Meet, lane: Lane) -> None:
    alice, topic = arrive("alice"), open_account(lane, "City News")
    greet(lane)
    lane.fake.awaited[Contacts] = trio.Event()
    with alice.start("tail", "--json", stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        told: list[str] = []
        while "entry" not in told:
            told.append(json.loads(tail.stdout.readline())["event"])
        tell_all(lane, topic)
        told = [json.loads(tail.stdout.readline())["event"] for _ in range(7)]
        assert told == ["followed", "entry", "account", "act", "inbox", "unfollowed", "gone"]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 130


def greet(lane: Lane) -> None:
    """Bob says something to alice, which a tail begins with."""
    body = content.encode(content.Text(text="hello"))
    lane.does(lambda: lane.fake.say("bob", "alice", body))


def tell_all(lane: Lane, topic: TopicId) -> None:
    """Alice follows on another device, what she applied for is decided, somebody runs it with her, she unfollows."""
    me, fake = lane.fake.people["alice"], lane.fake
    mine = accounts.OwnAccount(
        topic=topic, state=AccountState.APPROVED, role=Role.OWNER, name="City News", type=AccountType.SERVICE,
        category="life", at=1,
    )  # fmt: skip
    act = accounts.Act(number=1, at=2, by=me, act="published")

    async def act_all() -> None:
        await fake.awaited[Contacts].wait()
        await fake.accounts.follow(me, topic)
        await fake.accounts.says(topic, Kind.BROADCAST, LETTER)
        for push in (
            accounts.AccountPush(account=mine),
            accounts.ActPush(topic=topic, act=act),
            accounts.InboxPush(topic=topic, dialogue=TopicId("d" * 16)),
        ):
            await fake._push((me,), push)
        await fake.accounts.unfollow(me, topic)

    lane.does(act_all)
