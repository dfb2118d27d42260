"""I6: nothing public is visible without exactly one final verdict for its version.

Three ways to be sure: the manifest of all operations, random scripts after which the whole file is looked through, and
mutations: each takes one call of the gate out, and something refuses what would then appear.
"""

import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given

from compliance import leaves
from compliance.leaves import LeafKind
from compliance.submissions import FINAL
from protocol.codec import Refusal
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Side
from protocol.frames import REQUESTS, Edit, GroupFound, GroupName, GroupNotice, History, React, Reply, Request, Send
from protocol.public import Publish
from protocol.publications import Content, Published, Surface, encode
from protocol.staff import OfficerAct, OfficerDecide
from server import manifest
from server.dispatch import Publishes, Rules
from server.manifest import BEGIN, END, ManifestError, lines, ways, whole_table, written
from server.outcomes import Answer, Commit, Decision
from server.store import gate, records
from server.store.base import Failed
from server.store.writes import Draft, Post
from server.topics import SetListing, SetName, SetNotice, SetScreenName
from tests.support.inline import InlineServer
from tests.support.newsroom import MOODS, SCRIPTS, Newsroom, Script, visible_words, words_in
from tests.support.panel import StaffedPanel, allows
from tests.support.public import (
    GROUND,
    HOLD,
    connection_of,
    holds_words,
    leaves_of,
    officer,
    public_dump,
    public_group,
    publication_of,
    publish,
    rows,
    shown_to,
    tried,
)

PAGE = Path(__file__).parents[2] / "docs" / "COMPLIANCE.md"
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
        assert way.sides == {Side.PRIVATE}


def test_an_operation_that_somebody_lets_past_the_gate_is_noticed() -> None:
    rules = whole_table()
    (shape,) = (shape for shape, rule in rules.items() if isinstance(rule, Publishes))
    past = rules | {shape: rules[next(iter(rules))]}
    assert [way.operation for way in ways(past) if way.gated is not way.publishes] == ["publish"]


def test_an_operation_that_the_table_forgot_is_noticed() -> None:
    rules: Rules = whole_table()
    del rules[Send]
    with pytest.raises(KeyError):
        ways(rules)


def test_the_page_shows_the_manifest_as_the_table_makes_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run `python -m server.manifest`"


def test_a_row_that_somebody_edited_is_put_right() -> None:
    page = PAGE.read_text(encoding="utf-8")
    row = next(line for line in lines(WAYS) if line.startswith("| `publish`"))
    assert written(page.replace(row, row.replace("every version", ""))) == page


@pytest.mark.parametrize(
    "page", ["", f"{BEGIN}{END}" * 2, f"{END}{BEGIN}", BEGIN], ids=["none", "twice", "the wrong way round", "open"]
)
def test_a_page_without_the_marks_is_refused(page: str) -> None:
    with pytest.raises(ManifestError, match="the page must have"):
        written(page)


def test_the_command_writes_the_page_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "page.md"
    copy.write_text(f"before {BEGIN} old {END} after", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["manifest", str(copy)])
    runpy.run_path(str(manifest.__file__), run_name="__main__")
    assert copy.read_text(encoding="utf-8") == "\n\n".join((f"before {BEGIN}", "\n".join(lines(WAYS)), f"{END} after"))


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
            assert not rows(server, "SELECT 1 FROM entries WHERE cid = ? AND sender = ?", row["cid"], row["author"])

    assert_versions_follow(room)
    assert visible_words(server, room.topic) <= room.may_be_seen()


def assert_versions_follow(room: Newsroom) -> None:
    """Every text has the versions 1, 2, 3, …, each once."""
    texts: dict[Any, list[int]] = {}
    for row in sorted(
        (row for row in room.submissions() if row["state"] == "published"), key=lambda row: (row["topic"], row["seq"])
    ):
        of_one = row["author"] if row["surface"] == Surface.GROUP_SCREEN_NAME else None
        target = row["target"] or row["seq"] if row["surface"] == Surface.GROUP_MESSAGE else None
        texts.setdefault((row["topic"], row["surface"], target, of_one), []).append(row["version"])
    for versions in texts.values():
        assert versions == list(range(1, len(versions) + 1))


@given(script=SCRIPTS)
def test_after_any_script_every_public_text_stands_on_one_final_verdict(script: Script) -> None:
    room = Newsroom()
    with closing(room.server):
        room.play(script)
        assert_one_final_verdict_each(room)


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


@pytest.mark.parametrize("surface", Surface)
def test_every_surface_is_judged_once_and_appears_with_its_ruling(surface: Surface) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        ann, bob = server.people("ann", "bob")
        topic = public_group(server, ann, bob, listed=True, history_open=True)
        submission = publish(ann, topic, "words", surface)
        assert len(server.panel.seen) == 1
        (ruling,) = rows(server, "SELECT * FROM rulings")
        assert (ruling["topic"], ruling["seq"]) == (submission.topic, submission.seq)
        assert "words" in str(shown_to(bob, topic, [ann.person]))


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


# The file itself refuses, whatever program writes to it.

FORGERIES = {
    "an entry without a ruling": (
        (
            "INSERT INTO entries (topic, seq, nth, at, kind, sender, cid, body)"
            " VALUES (:topic, 99, 1, 1, 'message', 'x', x'00', x'01')"
        ),
        "a public text without a ruling",
    ),
    "a text under an entry that had none": (
        "UPDATE entries SET body = x'01' WHERE topic = :topic AND seq = 1",
        "a public text does not change",
    ),
    "another text": (
        "UPDATE entries SET body = x'01' WHERE topic = :topic AND seq = :seq",
        "a public text does not change",
    ),
    "a ruling on a leaf about something else": (
        "INSERT INTO rulings (topic, seq, submission, leaf) VALUES (:topic, 99, 'another', 0)",
        "a ruling without its leaf",
    ),
    "a second ruling on one submission": (
        "INSERT INTO rulings (topic, seq, submission, leaf) SELECT topic, 99, submission, leaf FROM rulings",
        "a ruling does not change",
    ),
    "another text in the place of one": (
        (
            "INSERT OR REPLACE INTO entries (topic, seq, nth, at, kind, sender, cid, body)"
            " VALUES (:topic, :seq, 1, 1, 'message', 'x', x'00', x'01')"
        ),
        "a public entry does not change",
    ),
    "a ruling in the place of another": (
        "INSERT OR REPLACE INTO rulings SELECT * FROM rulings",
        "a ruling does not change",
    ),
    "a submission that begins by being published": (
        (
            "INSERT INTO submissions (submission, author, cid, digest, surface, state, at, seq)"
            " VALUES ('x', 'x', x'00', x'00', 'card', 'published', 1, 1)"
        ),
        "a submission begins by waiting, once",
    ),
    "a submission in the place of another": (
        (
            "INSERT OR REPLACE INTO submissions (submission, author, cid, digest, surface, state, at)"
            " VALUES (:held, 'x', x'00', x'00', 'card', 'waiting', 1)"
        ),
        "a submission begins by waiting, once",
    ),
    "a ruling that moves": ("UPDATE rulings SET seq = 99", "a ruling does not change"),
    "a ruling that goes": ("DELETE FROM rulings", "a ruling is kept"),
    "a state that says published of what was not": (
        "UPDATE submissions SET state = 'published', seq = 99, until = NULL WHERE submission = :held",
        "published without a ruling",
    ),
    "a published one that waits again": (
        "UPDATE submissions SET state = 'waiting', seq = NULL WHERE submission = :submission",
        "a final state does not change",
    ),
    "a published one that is rejected": (
        "UPDATE submissions SET state = 'rejected', seq = NULL WHERE submission = :submission",
        "a final state does not change",
    ),
    "a group's name out of nowhere": ("UPDATE topics SET name = x'01' WHERE topic = :topic", "was never published"),
    "a group's notice out of nowhere": ("UPDATE topics SET notice = x'01' WHERE topic = :topic", "was never published"),
    "a listing out of nowhere": ("UPDATE topics SET listing = x'01' WHERE topic = :topic", "was never published"),
    "a screen name out of nowhere": ("UPDATE members SET screen_name = x'01'", "was never published"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_file_refuses(world: World, forgery: str) -> None:
    published = publish(world.ann, world.topic, "fair")
    world.server.panel.hooks["hook"] = lambda _: HOLD
    held = publish(world.ann, world.topic, "held")
    statement, says = FORGERIES[forgery]
    known = {
        "topic": world.topic, "seq": published.seq, "submission": published.submission, "held": held.submission
    }  # fmt: skip
    before = public_dump(world.server)
    with pytest.raises(Exception, match=says):
        connection_of(world.server).execute(statement, {k: v for k, v in known.items() if f":{k}" in statement})
    assert public_dump(world.server) == before
