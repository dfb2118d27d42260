"""I19: nothing written as private is ever published or decoded, however late or by whatever race.

What somebody writes says by its verb and its place which side it is for, and both have to agree: in the server at every
interleaving of commits and reads, in the outbox of the client however long it waits there, and whatever the bytes are.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.cache import Cache
from client.errors import RefusedError
from client.outbox import Outbox
from compliance import publication as publications_for_hooks
from protocol import publications
from protocol.codec import encode_request
from protocol.entries import Side, side_of
from protocol.errors import ErrorCode
from protocol.following import FollowAccount
from protocol.frames import (
    Edit,
    GroupName,
    GroupNotice,
    React,
    Recall,
    Request,
    Send,
)
from protocol.ids import PUBLIC_MARK, MomentId, PersonId, TopicId, new_cid, new_id, new_public_topic_id
from protocol.moments import PostMoment, SayComment
from protocol.public import GroupFoundPublic, GroupJoin, Publish
from protocol.publications import Content, Published, Surface, encode, encode_content
from server.posting import Drafts
from tests.stories.test_random_bodies import noise
from tests.stories.test_random_bodies import (
    test_people_chat_found_groups_and_catch_up_whatever_the_bytes_are as the_main_story,
)
from tests.support import packs
from tests.support.accounts import active
from tests.support.courtyard import everything_private, everything_private_among, everything_private_with
from tests.support.inline import InlineServer
from tests.support.panel import StaffedPanel, allows
from tests.support.public import holds_words, private_dump, public_dump, public_group, publication_of, rows
from tests.support.racing import SCRIPTS, VERBS, Race, is_of_the_wrong_side
from tests.support.town import open_town

SPOKEN = Content(text="said to nobody but bob")
# Bodies that would be something public, if anybody looked.
LOOKALIKES = {
    "a content": encode_content(SPOKEN),
    "a published body": encode(Published(content=SPOKEN, labels=("rumour",), version=2)),
    "a request to publish": encode_request(
        Publish(id=1, cid=new_cid(1), surface=Surface.GROUP_MESSAGE, content=SPOKEN, topic=new_public_topic_id())
    ),
    "half a published body": encode(Published(content=SPOKEN))[:-3],
    "noise": noise("whatever"),
    "no MessagePack": b"\xc1",
    "a bomb": b"\x91" * 2000,
}


# Races in the server.


def assert_nothing_crossed(race: Race) -> None:
    """What was written for one side is on the other nowhere, and no hook has seen what is private."""
    public, private = public_dump(race.server), private_dump(race.server)
    assert "private" not in repr(race.server.panel.seen)
    for words in race.private:
        assert not holds_words(public, words)
    for spoken in race.public:
        assert not holds_words(private, spoken.encode())
    for planned in race.planned:  # Private until it is due, and public from then on; or private still, as it failed.
        assert not (holds_words(private, planned.encode()) and holds_words(public, planned.encode()))
    assert race.refused == len(race.wrong)


@given(script=SCRIPTS)
def test_by_no_race_does_anything_cross(script: list[tuple[str, int]]) -> None:
    race = Race()
    with closing(race.server):
        race.play(script)
        assert_nothing_crossed(race)


def test_the_race_reaches_both_sides_and_the_wrong_ones() -> None:
    race = Race()
    with closing(race.server):
        race.play([(what, number) for number in range(8) for what in (*VERBS, "an hour")])
        assert_nothing_crossed(race)
        assert race.refused > 10
        seen = {publication.surface for publication in race.server.panel.seen}
        assert seen >= {Surface.ARTICLE, Surface.GROUP_MESSAGE, Surface.SQUARE, Surface.COMMENT}
        public, private = public_dump(race.server), private_dump(race.server)
        reached = {verb for verb, words in race.said if holds_words(private, words)}
        assert reached >= {"send", "send to", "name", "notice", "ask", "answer", "draft", "schedule"}
        assert reached >= {"moment", "say", "greet", "remark"}
        assert any(holds_words(public, planned.encode()) for planned in race.planned)


@pytest.mark.parametrize("verb", ["send", "publish"])
def test_one_cid_may_be_used_on_each_side_and_each_stays_where_it_was_said(verb: str) -> None:
    race = Race()
    with closing(race.server):
        cid = race.alice.cid()
        send = race.alice.request(Send, cid=cid, topic=race.private_places[0], body=b"whispered")
        say = race.alice.request(
            Publish, cid=cid, **publication_of(Surface.GROUP_MESSAGE, "aloud", race.public_places[0])
        )
        for request in (send, say) if verb == "send" else (say, send):
            race.alice.ask(request)
        assert not holds_words(public_dump(race.server), b"whispered")
        assert not holds_words(private_dump(race.server), b"aloud")


@pytest.mark.parametrize("surface", Surface)
def test_a_publication_for_a_private_place_is_refused_before_anybody_reads_or_keeps_it(surface: Surface) -> None:
    race = Race()
    with closing(race.server):
        before = rows(race.server, "SELECT 1 FROM submissions")
        fields = publication_of(surface, "aloud", None) | {"topic": race.private_places[0]}
        assert race.alice.refused(Publish, **fields) == ErrorCode.WRONG_SIDE
        assert race.server.panel.seen == []
        assert rows(race.server, "SELECT 1 FROM submissions") == before


def test_a_public_successor_has_nothing_of_the_group_that_it_succeeds() -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        alice, bob = server.people("alice", "bob")
        group = server.group(alice, bob)
        sent = alice.send(b"whispered among us", topic=group)
        alice.do(GroupName, topic=group, name=b"the four of us")
        alice.do(GroupNotice, topic=group, notice=b"do not tell")
        successor = public_group(server, alice)
        alice.do(Publish, **publication_of(Surface.GROUP_MESSAGE, "hello, all", successor))
        dump = public_dump(server)
        for words in (b"whispered among us", b"the four of us", b"do not tell"):
            assert not holds_words(dump, words)
        known = [group, sent.topic] + [entry.cid.hex().upper() for entry in server.log(group) if entry.cid]
        if server.bench.agreement is None:  # Who signed one is on record; in which groups they are is not.
            known.append(bob.person)
        assert not [each for each in known if each in dump]
        assert "'bob'" not in dump  # Who does nothing public is not known there.


def test_a_places_id_says_its_side_and_no_private_one_can_look_public() -> None:
    assert all(side_of(TopicId(new_id())) is Side.PRIVATE for _ in range(2000))
    assert all(side_of(new_public_topic_id()) is Side.PUBLIC for _ in range(2000))
    assert PUBLIC_MARK not in "abcdefghijklmnopqrstuvwxyz234567"


# Nobody looks inside.


class LookedInsideError(BaseException):
    """Somebody has begun to read, or to make, something public; no `except Exception` hides it."""


@contextmanager
def nobody_reads_anything_public() -> Iterator[None]:
    """Make every function by which something public is read or made raise, wherever it was imported to."""
    forbidden = [
        getattr(publications, name)
        for name in ("decode", "decode_content", "encode", "encode_content", "fields_of", "is_empty", "_decoded")
    ]
    forbidden.append(publications_for_hooks.publication)

    def raises(*arguments: object, **fields: object) -> None:
        raise LookedInsideError

    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            if module.__name__.partition(".")[0] in {"server", "compliance", "protocol"}:
                for name, value in list(vars(module).items()):
                    if any(value is function for function in forbidden):
                        patch.setattr(module, name, raises)
        yield


@pytest.mark.parametrize("body", LOOKALIKES.values(), ids=LOOKALIKES)
def test_whatever_a_private_body_looks_like_nobody_reads_it(body: bytes) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        alice, bob, carol = server.people("alice", "bob", "carol")
        before, batches = public_dump(server), server.public_commits.batches
        with nobody_reads_anything_public():
            everything_private(alice, bob, carol, body)
            everything_private_among(alice, bob, carol, body)
        assert server.panel.seen == []
        assert public_dump(server) == before
        assert server.public_commits.batches == batches


@pytest.mark.parametrize("body", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_an_account_is_asked_answers_and_drafts_nobody_reads_whatever_it_looks_like(body: bytes) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        alice, bob = server.people("alice", "bob")
        account = active(server, alice)
        bob.do(FollowAccount, topic=account)
        before, asked = public_dump(server), len(server.panel.seen)
        with nobody_reads_anything_public():
            everything_private_with(account, alice, bob, body)
        assert len(server.panel.seen) == asked
        assert public_dump(server) == before


@given(body=st.binary(min_size=1, max_size=300))
def test_no_bytes_at_all_are_read(body: bytes) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        alice, bob, carol = server.people("alice", "bob", "carol")
        account = active(server, alice)
        bob.do(FollowAccount, topic=account)
        asked = len(server.panel.seen)
        with nobody_reads_anything_public():
            everything_private(alice, bob, carol, body)
            everything_private_among(alice, bob, carol, body)
            everything_private_with(account, alice, bob, body)
        assert len(server.panel.seen) == asked


def test_who_looked_would_be_seen() -> None:
    """The guard is no blind man: what is published is read, and it says so."""
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        (alice,) = server.people("alice")
        topic = public_group(server, alice)
        fields = publication_of(Surface.GROUP_MESSAGE, "aloud", topic)
        with nobody_reads_anything_public(), pytest.raises(LookedInsideError):
            alice.do(Publish, **fields)


def test_a_digest_of_a_private_body_is_keyed_and_tells_nobody_what_it_was() -> None:
    body = LOOKALIKES["a published body"]
    request = Send(id=1, cid=new_cid(1), body=body, topic=TopicId("a" * 16))
    one, other = Drafts(b"1" * 32).digest(request), Drafts(b"2" * 32).digest(request)
    assert one != other


@pytest.mark.parametrize(
    "fields",
    [
        {"op": "send", "topic": "PRIVATE", "body": b"x", "surface": "group_message", "content": {"text": "x"}},
        {"op": "publish", "topic": "PUBLIC", "body": b"x", "surface": "group_message"},
        {"op": "publish", "topic": "PUBLIC", "content": b"x", "surface": "group_message"},
        {"op": "publish", "topic": "PUBLIC", "content": {"text": b"x"}, "surface": "group_message"},
        {"op": "send", "topic": "PUBLIC", "content": {"text": "x"}},
        {"op": "send", "topic": "PUBLIC", "body": b"x"},
        {"op": "publish", "topic": "PRIVATE", "content": {"text": "x"}, "surface": "group_message"},
    ],
    ids=[
        "a send with a content",
        "a publish with a body",
        "a content of bytes",
        "a text of bytes",
        "a send without a body",
        "a send there",
        "a publish here",
    ],
)
def test_a_request_that_is_half_of_each_is_no_publication(fields: dict[str, Any]) -> None:
    race = Race()
    with closing(race.server):
        places = {"PRIVATE": race.private_places[0], "PUBLIC": race.public_places[0]}
        before = public_dump(race.server)
        asked = fields | {"id": 99, "cid": race.alice.cid(), "topic": places[fields["topic"]]}
        race.alice.say(msgpack.packb(asked))
        (answer,) = [message for message in race.alice.collect() if isinstance(message, dict)]
        accepted = fields["op"] == "send" and fields["topic"] == "PRIVATE"  # What it does not know it does not read.
        assert ("error" not in answer) is accepted
        assert public_dump(race.server) == before
        assert race.server.panel.seen == []


# The outbox of the client: what waits there is what it was, however long.

TOPICS = st.one_of(st.none(), st.builds(lambda: TopicId(new_id())), st.builds(new_public_topic_id))
CIDS = st.builds(lambda: new_cid(1_700_000_000_000))
POSTINGS = st.one_of(
    st.builds(Send, id=st.just(0), cid=CIDS, body=st.binary(min_size=1, max_size=20), topic=TOPICS),
    st.builds(Edit, id=st.just(0), cid=CIDS, target=st.just(1), body=st.just(b"x"), topic=TOPICS.filter(bool)),
    st.builds(React, id=st.just(0), cid=CIDS, target=st.just(1), body=st.just(b"x"), topic=TOPICS.filter(bool)),
    st.builds(Recall, id=st.just(0), cid=CIDS, target=st.just(1), topic=TOPICS.filter(bool)),
    st.builds(
        Publish, id=st.just(0), cid=CIDS, surface=st.sampled_from(Surface), content=st.just(SPOKEN), topic=TOPICS
    ),
    st.builds(PostMoment, id=st.just(0), cid=CIDS, body=st.binary(min_size=1, max_size=20)),
    st.builds(SayComment, id=st.just(0), cid=CIDS, body=st.just(b"x"), moment=st.builds(lambda: MomentId(new_id()))),
)


@given(postings=st.lists(POSTINGS, max_size=12))
def test_what_waits_in_the_outbox_leaves_it_as_what_it_was_on_its_own_side(postings: list[Any]) -> None:
    with closing(Cache()) as cache:
        kept = []
        for posting in postings:
            handle = "bob" if getattr(posting, "topic", None) is None else None
            if is_of_the_wrong_side(posting):
                with pytest.raises(RefusedError, match="wrong_side"):
                    cache.outbox.put(posting, now=1, handle=handle)
            else:
                cache.outbox.put(posting, now=1, handle=handle)
                kept.append(posting)
        assert [waiting.request for waiting in cache.outbox.waiting()] == kept
        for side in Side:
            while (waiting := cache.outbox.claim("me", side, now=2)) is not None:
                assert waiting.request == kept[[each.cid for each in kept].index(waiting.cid)]
                public = (
                    isinstance(waiting.request, Publish)
                    or side_of(getattr(waiting.request, "topic", None) or TopicId("a")) is Side.PUBLIC
                )
                assert public is (side is Side.PUBLIC)
                cache.outbox.drop(waiting.cid)
        assert cache.outbox.is_empty()


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    """The outbox of one profile."""
    with closing(Cache()) as cache:
        yield cache.outbox


def test_addressing_a_row_makes_it_nothing_else(outbox: Outbox) -> None:
    send = Send(id=0, cid=new_cid(1), body=LOOKALIKES["a request to publish"])
    outbox.put(send, now=1, handle="bob")
    outbox.address(send.cid, send, PersonId("b" * 16))
    a_year_later = 365 * 86_400_000
    assert outbox.claim("me", Side.PUBLIC, now=a_year_later) is None
    waiting = outbox.claim("me", Side.PRIVATE, now=a_year_later)
    assert waiting is not None
    assert waiting.request == Send(id=0, cid=send.cid, body=send.body, to=PersonId("b" * 16))
    assert not outbox.is_publication(send.cid)


@pytest.mark.parametrize("first", [Send, Publish])
def test_one_cid_waits_for_one_side_only(outbox: Outbox, first: type[Request[Any]]) -> None:
    cid = new_cid(1)
    requests: list[Any] = [
        Send(id=0, cid=cid, body=b"x", topic=TopicId("a" * 16)),
        Publish(id=0, cid=cid, surface=Surface.GROUP_MESSAGE, content=SPOKEN, topic=new_public_topic_id()),
    ]
    requests.sort(key=lambda request: not isinstance(request, first))
    outbox.put(requests[0], now=1)
    with pytest.raises(Exception, match="UNIQUE constraint failed"):
        outbox.put(requests[1], now=1)
    assert [waiting.request for waiting in outbox.waiting()] == requests[:1]


def test_a_row_that_somebody_moved_to_the_other_side_is_still_what_it_was(outbox: Outbox) -> None:
    send = Send(id=0, cid=new_cid(1), body=LOOKALIKES["a request to publish"], topic=TopicId("a" * 16))
    outbox.put(send, now=1)
    outbox._database.execute("UPDATE outbox SET side = 'public'")
    waiting = outbox.claim("me", Side.PUBLIC, now=2)
    assert waiting is not None
    assert waiting.request == send


# With real clients, a real server, and hooks that would not let anything pass.

TELLTALE = """
    from compliance.hooks import hookimpl

    @hookimpl
    def judge(publication):
        raise RuntimeError("a hook was asked")
"""


@pytest.fixture
def telltale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hook that fails whenever it is asked, and so is in the log; installed in every town of this test."""
    (tmp_path / "telltale.py").write_text(dedent(TELLTALE), encoding="utf-8")
    hooks = tmp_path / "hooks.toml"
    hooks.write_text('[telltale]\nfile = "telltale.py"\ndeadline_ms = 20000\non_error = "hold"\n', encoding="utf-8")
    monkeypatch.setitem(packs.SETTINGS, "compliance.hooks", str(hooks))
    return tmp_path


def lookalike(text: str) -> bytes:
    """Return bytes that are a published body."""
    return encode(Published(content=Content(text=text)))


@pytest.mark.parametrize("words", [lookalike, noise])
async def test_the_main_story_is_the_same_with_hooks_installed_and_none_is_asked(
    telltale: Path, words: Callable[[str], bytes]
) -> None:
    await the_main_story(telltale, words)
    log = (telltale / "data.log").read_text(encoding="utf-8")
    assert "hook.failed" not in log
    assert "server.listening" in log


async def test_what_was_written_offline_goes_where_it_was_written_for(telltale: Path) -> None:
    async with open_town(telltale) as town:
        alice, bob = await town.settle("alice", "bob")
        group = await alice.founds("readers", bob)
        chat = (await alice.says("hello", to=bob)).topic
        await alice.goes_offline()
        for number in range(3):
            alice.writes(f"whispered {number}", topic=group)
            alice.writes(f"murmured {number}", topic=chat)
        # Meanwhile bob founds a public group, and alice comes to know of it before her outbox is empty.
        successor = (await bob.asks(GroupFoundPublic(id=0, cid=bob.cid()))).topic
        with pytest.raises(RefusedError, match="wrong_side"):
            alice.writes("whispered there", topic=successor)
        with pytest.raises(RefusedError, match="wrong_side"):
            alice.session.post(
                Publish(id=0, cid=alice.cid(), surface=Surface.GROUP_MESSAGE, content=SPOKEN, topic=group)
            )
        alice.session.post(Publish(id=0, cid=alice.cid(), surface=Surface.CARD, content=Content(title="alice aloud")))
        await alice.comes_online()
        await alice.asks(GroupJoin(id=0, topic=successor))
        await alice.has_sent_all()
        for number in range(3):
            await bob.hears(f"whispered {number}")
            await bob.hears(f"murmured {number}")
        await town.daemon.logged("hook.failed")  # For the card, and for nothing else:
        assert town.daemon.log.count('"hook.failed"') == 1
        await town.go_home()
        assert await town.daemon.stop() == 0
        public = b"".join(path.read_bytes() for path in town.daemon.data.glob("public.db*"))
        private = b"".join(path.read_bytes() for path in town.daemon.data.glob("private.db*"))
        assert b"whispered" in private
        assert b"murmured" in private
        assert b"whispered" not in public
        assert b"murmured" not in public
        assert b"alice aloud" in public
        assert b"alice aloud" not in private
