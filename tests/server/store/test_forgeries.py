"""What the public file refuses by itself, whatever program writes to it: above all, what nobody has judged."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.support.inline import InlineServer
from tests.support.panel import StaffedPanel, allows
from tests.support.public import HOLD, connection_of, public_dump, public_group, publish

World = SimpleNamespace  # server, ann, who owns the group `topic`, and bob, who is in it.


@pytest.fixture
def world() -> Iterator[World]:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    ann, bob = server.people("ann", "bob")
    topic = public_group(server, ann, bob, listed=True, history_open=True)
    yield World(server=server, ann=ann, bob=bob, topic=topic)
    server.close()


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
