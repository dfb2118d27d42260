"""I6: nothing public is visible without exactly one final verdict for its version.

Three ways to be sure: the manifest of all operations, random scripts after which the whole file is looked through, and
mutations: each takes one call of the gate out, and something refuses what would then appear. What the file refuses by
itself, whatever program writes to it, is tried in tests/server/store/test_forgeries.py.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance import leaves
from compliance.leaves import LeafKind
from compliance.submissions import FINAL
from protocol.codec import Refusal
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Side
from protocol.following import FollowAccount
from protocol.frames import REQUESTS, Edit, GroupFound, GroupName, GroupNotice, History, React, Reply, Request, Send
from protocol.ids import PersonId
from protocol.public import Publish
from protocol.publications import EDITABLE, OF_ACCOUNTS, Content, Published, Surface, card_of, decode, encode
from protocol.staff import OfficerAct, OfficerDecide
from server import manifest
from server.dispatch import Publishes
from server.manifest import ways, whole_table
from server.outcomes import Answer, Commit, Decision
from server.store import gate, records
from server.store.base import Failed
from server.store.writes import Draft, Post
from server.topics import SetListing, SetName, SetNotice, SetScreenName
from tests.support.accounts import Press
from tests.support.inline import InlineServer
from tests.support.newsroom import MOODS, SCRIPTS, Newsroom, Script, visible_words, words_in
from tests.support.panel import StaffedPanel, allows
from tests.support.places import place
from tests.support.pressroom import PRESS_SCRIPTS, Pressroom
from tests.support.public import (
    GROUND,
    HOLD,
    holds_words,
    leaves_of,
    officer,
    private_dump,
    public_dump,
    public_group,
    publication_of,
    publish,
    rows,
    shown_to,
    tried,
)

# What operators write privately names the account that it is about, which is public; it is kept on the private side.
BACKSTAGE = ("draft.save", "inbox.answer")
WAYS = ways(whole_table())
World = SimpleNamespace  # server, ann, who owns the group `topic`, and bob, who is in it.


@pytest.fixture
def world() -> Iterator[World]:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    ann, bob = server.people("ann", "bob")
    topic = public_group(server, ann, bob, listed=True, history_open=True)
    yield World(server=server, ann=ann, bob=bob, topic=topic)
    server.close()


# The manifest.


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.operation)
def test_whatever_brings_public_words_in_passes_the_gate_and_nothing_else_does(way: manifest.Way) -> None:
    assert way.gated is way.publishes


def test_the_manifest_has_every_operation_of_the_wire_and_the_table_no_other() -> None:
    assert [way.operation for way in WAYS] == sorted(REQUESTS)
    assert whole_table().keys() == set(REQUESTS.values())


def test_the_manifest_is_of_the_very_table_that_a_server_decides_by(world: World) -> None:
    assert ways(world.server.engine._dispatch._rules) == WAYS


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.operation)
def test_what_brings_private_words_in_is_done_in_private_places_only(way: manifest.Way) -> None:
    if any(kinds for field, kinds in way.words.items() if field in {"body", "name", "notice", "greeting"}):
        assert way.sides == {Side.PUBLIC if way.operation in BACKSTAGE else Side.PRIVATE}


@pytest.mark.parametrize("operation", BACKSTAGE)
def test_what_operators_write_privately_leaves_nothing_on_the_public_side(operation: str) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        press = Press(server)
        press.reader.do(FollowAccount, topic=press.topic)
        dialogue = press.reader.send(b"hello", to=PersonId(press.topic)).topic
        before, asked = public_dump(server), len(server.panel.seen)
        fields = {"topic": press.topic, "body": BODY, "draft": press.editor.cid(), "dialogue": dialogue}
        shape = REQUESTS[operation]
        press.editor.do(shape, **{name: fields[name] for name in fields if name in shape.__struct_fields__})
        assert holds_words(private_dump(server), BODY)
        assert (public_dump(server), len(server.panel.seen)) == (before, asked)


def test_an_operation_that_somebody_lets_past_the_gate_is_noticed() -> None:
    rules = whole_table()
    (shape,) = (shape for shape, rule in rules.items() if isinstance(rule, Publishes))
    past = rules | {shape: rules[next(iter(rules))]}
    assert [way.operation for way in ways(past) if way.gated is not way.publishes] == ["publish"]


# What must be in the file, however it came about.


def assert_one_final_verdict_each(room: Newsroom) -> None:
    """Look through the whole public store: every text that is there for anybody stands on one ruling, and that on its
    leaf; every version is judged once; whatever is not published has left nothing to see.
    """
    server = room.server
    published = {leaf["number"]: leaf for leaf in leaves_of(server, LeafKind.PUBLISHED)}
    decided = {leaf["number"]: leaf for leaf in leaves_of(server, LeafKind.DECISION)}
    rulings = {(row["topic"], row["seq"]): row for row in rows(server, "SELECT * FROM rulings")}
    submissions = {row["submission"]: row for row in room.submissions()}
    first = [row for row in rulings.values() if row["decision"] is None]
    assert len(first) == len(published) == sum(row["state"] == "published" for row in submissions.values())

    for entry in rows(server, "SELECT * FROM entries WHERE body IS NOT NULL"):
        ruling = rulings[entry["topic"], entry["seq"]]
        about = submissions[ruling["submission"]]
        if entry["kind"] == Kind.RESTORED:
            leaf = decided[ruling["leaf"]]
            assert (leaf["kind"], leaf["decision"], leaf["submission"]) == (
                "restore",
                ruling["decision"],
                about["submission"],
            )
            assert entry["target"] == about["seq"]
            continue
        leaf = published[ruling["leaf"]]
        assert (leaf["submission"], leaf["topic"], leaf["seq"]) == (about["submission"], entry["topic"], entry["seq"])
        assert (about["state"], about["seq"], about["cid"]) == ("published", entry["seq"], entry["cid"])
        assert leaf["body"] == leaves.commitment(about["salt"], entry["body"])
        assert words_in(entry["body"]) == room.words[about["cid"]]

    asked = Counter(room.panel.asked)
    judged = Counter(leaf["submission"] for leaf in leaves_of(server) if leaf["leaf"] in {"verdict", "failure"})
    for row in submissions.values():
        words = room.words[row["cid"]]
        assert 1 <= asked[words] <= 1 + room.panel.failed[words], "it was judged again"
        assert judged[row["submission"]] == len(room.panel.hooks)
        by_state = Counter(leaf["submission"] for leaf in published.values())[row["submission"]]
        assert by_state == (row["state"] == "published")
        assert row["state"] in FINAL | {SubmissionState.HELD}
        if row["state"] != "published":
            assert not rows(server, "SELECT 1 FROM entries WHERE cid = ?", row["cid"])

    assert_versions_follow(room)
    assert visible_words(server, room.topic) <= room.may_be_seen()


def assert_versions_follow(room: Newsroom) -> None:
    """Every text has the versions 1, 2, 3, …, each once."""
    texts: dict[Any, list[int]] = {}
    for row in sorted(
        (row for row in room.submissions() if row["state"] == "published"), key=lambda row: (row["topic"], row["seq"])
    ):
        of_one = row["author"] if row["surface"] == Surface.GROUP_SCREEN_NAME else None
        target = row["target"] or row["seq"] if row["surface"] in EDITABLE else None
        texts.setdefault((row["topic"], row["surface"], target, of_one), []).append(row["version"])
    for versions in texts.values():
        assert versions == list(range(1, len(versions) + 1))


def assert_every_article_stands_behind_its_card(room: Newsroom) -> None:
    """What can be opened is what the card in the log is of, and is there as long as the card is."""
    cards = {(row["topic"], row["seq"]): row for row in rows(room.server, "SELECT * FROM entries")}
    for article in rows(room.server, "SELECT * FROM articles"):
        card = cards[article["topic"], article["seq"]]
        assert card["kind"] in {Kind.ARTICLE, Kind.BROADCAST, Kind.EDIT}
        assert (article["body"] is None) == bool(card["erased"])
        if article["body"] is not None:
            assert encode(card_of(decode(article["body"]))) == card["body"]


@pytest.mark.parametrize("room", [Newsroom, Pressroom])
@given(data=st.data())
def test_after_any_script_every_public_text_stands_on_one_final_verdict(
    room: type[Newsroom], data: st.DataObject
) -> None:
    there = room()
    with closing(there.server):
        there.play(data.draw(PRESS_SCRIPTS if room is Pressroom else SCRIPTS))
        assert_one_final_verdict_each(there)
        assert_every_article_stands_behind_its_card(there)


@given(script=SCRIPTS)
def test_a_final_state_is_final(script: Script) -> None:
    room = Newsroom()
    final: dict[str, str] = {}
    with closing(room.server):
        for step in script:
            room.step(*step)
            for row in room.submissions():
                assert final.get(row["submission"], row["state"]) == row["state"]
                if row["state"] in FINAL:
                    final[row["submission"]] = row["state"]
        room.finish()


def test_the_script_of_the_newsroom_reaches_every_state_and_every_kind_of_decision() -> None:
    room = Newsroom()
    with closing(room.server):
        room.play(
            [
                *(("say", 0, mood) for mood in MOODS),
                *[("edit", 0, "allows"), ("edit", 1, "holds"), ("name", 0, "labels"), ("card", 0, "allows")],
                *[("slow", 0, "allows"), ("say", 1, "allows"), ("take back", 2, "allows"), ("say", 1, "allows")],
                *[("say", 2, "allows"), ("mute", 1, "allows"), ("quick", 0, "allows"), ("answer", 0, "allows")],
                *[("answer", 0, "allows"), ("answer", 0, "allows"), ("release", 0, "allows"), ("reject", 0, "allows")],
                *[("withdraw", 0, "allows"), ("restore", 0, "allows"), ("withdraw", 0, "allows")],
                *[("say", 0, "holds"), ("three days", 0, "allows"), ("recall", 1, "allows")],
            ]
        )
        assert {row["state"] for row in room.submissions()} == FINAL
        kinds = {row["kind"] for row in rows(room.server, "SELECT kind FROM decisions")}
        assert kinds == {"hold", "reject", "label", "release", "lapse", "withdraw", "restore"}
        assert_one_final_verdict_each(room)


def test_the_script_of_the_pressroom_reaches_every_surface_of_accounts_and_each_way_out() -> None:
    room = Pressroom()
    with closing(room.server):
        room.play(
            [
                *((what, 0, "allows") for what in ("article", "broadcast", "menu", "welcome", "replies", "profile")),
                *[("edit article", 2, "labels"), ("article", 1, "holds"), ("release", 0, "allows")],
                *[("article", 2, "holds"), ("appoint", 1, "allows"), ("release", 0, "allows")],
                *[("appoint", 0, "allows"), ("article", 1, "rejects"), ("recall article", 0, "allows")],
                *[("article", 0, "holds"), ("take back", 0, "allows")],
            ]
        )
        reached = {(row["surface"], row["state"]) for row in room.submissions()}
        ours = OF_ACCOUNTS - {Surface.REPRINT}  # Whose source would be another account's.
        assert {surface for surface, state in reached if state == "published"} == {surface.value for surface in ours}
        assert {state for surface, state in reached if surface == "article"} == FINAL
        assert rows(room.server, "SELECT 1 FROM articles WHERE root <> seq")
        assert rows(room.server, "SELECT 1 FROM articles WHERE body IS NULL")
        assert_one_final_verdict_each(room)
        assert_every_article_stands_behind_its_card(room)


@pytest.mark.parametrize("surface", Surface)
def test_every_surface_is_judged_once_and_appears_with_its_ruling(surface: Surface) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        ann, bob = server.people("ann", "bob")
        there = place(server, surface, ann, bob)
        fields = there.fields("words")
        before = len(rows(server, "SELECT * FROM rulings"))
        submission = ann.do(Publish, **fields).submission
        assert len(server.panel.seen) == 1
        (ruling,) = rows(server, "SELECT * FROM rulings ORDER BY leaf")[before:]
        where = {"topic": submission.topic, "seq": submission.seq}
        if surface is Surface.COMMENT:  # What its author is told is what it is under.
            (where,) = rows(server, "SELECT topic, seq FROM comments WHERE comment = ?", submission.comment)
        assert (ruling["topic"], ruling["seq"]) == (where["topic"], where["seq"])
        assert "words" in str(there.shown_to(bob))


def test_a_repeat_is_answered_and_not_judged_again() -> None:
    server = InlineServer(panel=StaffedPanel(hook=lambda _: HOLD))
    with closing(server):
        (ann,) = server.people("ann")
        topic = public_group(server, ann)
        request = ann.request(Publish, **publication_of(Surface.GROUP_MESSAGE, "words", topic))
        assert ann.ask(request) == ann.ask(request)
        assert len(server.panel.seen) == 1


def test_two_first_cards_at_a_time_are_two_versions_of_one_text() -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        (ann,) = server.people("ann")
        server.panel.is_slow = True
        for words in ("one", "two"):
            ann.say(ann.request(Publish, **publication_of(Surface.CARD, words, None)))
        server.panel.answer()
        server.panel.answer()
        server.settle()
        found = rows(server, "SELECT topic, seq, version FROM submissions ORDER BY number")
        assert [(row["seq"], row["version"]) for row in found] == [(1, 1), (2, 2)]
        assert len({row["topic"] for row in found}) == 1


# Mutations: one call less, and something refuses.

BODY = encode(Published(content=Content(text="unjudged")))


def assert_nothing_shows(world: World) -> None:
    """Nobody sees the words, and the file has them nowhere that is shown."""
    seen = [str(world.bob.collect()), str(shown_to(world.bob, world.topic, [world.ann.person], word="unjudged"))]
    assert "unjudged" not in "".join(seen)
    assert not visible_words(world.server, world.topic)
    assert not rows(world.server, "SELECT 1 FROM entries WHERE body IS NOT NULL")


def past_the_gate(request: Publish, world: World) -> Decision:
    """A handler that commits what is published as if it were private."""
    state = world.server.rooms.get(world.topic)
    draft = Draft(
        kind=Kind.MESSAGE, sender=world.ann.person, cid=request.cid, digest=bytes(16), at=1, body=BODY
    )  # fmt: skip
    return Commit(Post(topic=world.topic, generation=state.generation, draft=draft), lambda outcome: Answer(Reply()))


def test_a_handler_that_commits_without_the_gate_shows_nothing(world: World) -> None:
    rules = world.server.engine._dispatch._rules
    again: Any = rules[Publish]
    rules[Publish] = replace(again, handler=lambda request, caller, at: past_the_gate(request, world))
    answer = tried(world.ann, world.topic, "unjudged")
    assert isinstance(answer, Refusal)
    assert answer.code == "internal"
    assert_nothing_shows(world)


PRIVATE_WORDS: dict[type[Request[Any]], dict[str, Any]] = {
    Send: {"body": BODY},
    Edit: {"body": BODY, "target": 1},
    React: {"body": BODY, "target": 1},
    GroupName: {"name": BODY},
    GroupNotice: {"notice": BODY},
}


def test_the_private_operations_with_words_are_all_tried() -> None:
    here = {REQUESTS[way.operation] for way in WAYS if way.words and way.sides == {Side.PRIVATE}}
    apart = {"group.ask", "people"}  # A greeting is the admins' to see, a handle is only looked up.
    apart |= {"contact.ask", "contact.remark", "private_card", "moment.post", "comment"}  # They name no place.
    assert here - {REQUESTS[name] for name in apart} == {*PRIVATE_WORDS, GroupFound}


@pytest.mark.parametrize("shape", PRIVATE_WORDS, ids=lambda shape: shape.__name__)
def test_a_private_operation_let_into_public_places_shows_nothing(world: World, shape: type[Request[Any]]) -> None:
    rules = world.server.engine._dispatch._rules
    rules[shape] = replace(rules[shape], sides=frozenset(Side))
    if "target" in shape.__struct_fields__:  # Something that may be edited.
        publish(world.ann, world.topic, "fair")
        world.bob.collect()
        PRIVATE_WORDS[shape]["target"] = world.ann.do(History, topic=world.topic).entries[-1].seq
    world.ann.try_(world.ann.request(shape, topic=world.topic, **PRIVATE_WORDS[shape]))
    shown = str(shown_to(world.bob, world.topic, [world.ann.person], word="unjudged")) + str(world.bob.collect())
    assert "unjudged" not in shown
    assert "unjudged" not in visible_words(world.server, world.topic)
    assert not holds_words(public_dump(world.server), BODY)


@pytest.mark.parametrize(
    "change",
    [
        lambda person: SetName(name=BODY),
        lambda person: SetNotice(notice=BODY),
        lambda person: SetListing(listing=BODY),
        lambda person: SetScreenName(person=person, name=BODY),
    ],
    ids=["name", "notice", "listing", "screen name"],
)
def test_what_a_place_is_called_cannot_be_set_but_by_what_was_published(
    world: World, change: Callable[[Any], Any]
) -> None:
    state = world.server.rooms.get(world.topic)
    assert state is not None
    write = Post(topic=world.topic, generation=state.generation, draft=None, changes=(change(world.bob.person),))
    outcomes: list[Any] = []
    world.server.public_commits.submit(write, outcomes.append)
    assert isinstance(outcomes[0], Failed)
    assert_nothing_shows(world)


def unruled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate forgets to write the ruling down."""
    monkeypatch.setattr(gate, "_RULE", "SELECT ?, ?, ?, ?, ?")


def leafless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate forgets the leaf, and names another one."""
    monkeypatch.setattr(records.Records, "leave", lambda self, leaf: 0)


def borrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ruling is written down for another entry."""
    monkeypatch.setattr(gate, "_RULE", gate._RULE.replace("VALUES (?, ?,", "VALUES (?, 1 + ?,"))


@pytest.mark.parametrize("forgetful", [unruled, leafless, borrowed], ids=lambda each: each.__name__)
def test_a_gate_that_forgets_a_part_of_its_ruling_shows_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, forgetful: Callable[[pytest.MonkeyPatch], None]
) -> None:
    forgetful(monkeypatch)
    answer = tried(world.ann, world.topic, "unjudged")
    assert isinstance(answer, Refusal)
    assert answer.code == "internal"
    monkeypatch.undo()
    assert_nothing_shows(world)


def test_a_gate_that_forgets_the_ruling_of_what_it_restores_shows_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chief = officer(world.server)
    item = publish(world.ann, world.topic, "unjudged").submission
    chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="A fact.")
    world.bob.collect()
    unruled(monkeypatch)
    assert chief.refused(OfficerDecide, item=item, act=OfficerAct.RESTORE, ground=GROUND) == "internal"
    shown = str(shown_to(world.bob, world.topic, [world.ann.person])) + str(world.bob.collect())
    assert "unjudged" not in shown


def test_a_gatekeeper_that_asks_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Newsroom()
    with closing(room.server):
        room.play([("say", 0, "allows")])
        assert_one_final_verdict_each(room)
        monkeypatch.setattr(room.panel, "ask", lambda publication, done: done([]))
        room.play([("say", 0, "rejects")])
        with pytest.raises(AssertionError):
            assert_one_final_verdict_each(room)
