"""I19: nothing written as private is ever published or decoded, however late or by whatever race.

What somebody writes says by its verb and its place which side it is for, and both have to agree: in the server at every
interleaving of commits and reads, in the outbox of the client however long it waits there, and whatever the bytes are.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
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
from protocol.codec import Refusal, decode_reply, encode_request
from protocol.entries import Side, side_of
from protocol.errors import ErrorCode
from protocol.frames import (
    Edit,
    GroupAccept,
    GroupApprove,
    GroupAsk,
    GroupFound,
    GroupInvite,
    GroupLink,
    GroupName,
    GroupNotice,
    History,
    React,
    Recall,
    Request,
    Send,
    ShowTopic,
    Sync,
)
from protocol.ids import PUBLIC_MARK, PersonId, TopicId, new_cid, new_id, new_public_topic_id
from protocol.public import GroupFoundPublic, GroupJoin, Publish
from protocol.publications import Content, Published, Surface, encode, encode_content
from server.manifest import ways, whole_table
from server.posting import Drafts
from tests.stories.test_random_bodies import noise
from tests.stories.test_random_bodies import (
    test_people_chat_found_groups_and_catch_up_whatever_the_bytes_are as the_main_story,
)
from tests.support import packs
from tests.support.inline import Caller, InlineServer
from tests.support.panel import StaffedPanel, allows
from tests.support.public import holds_words, private_dump, public_dump, public_group, publication_of, rows
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

STEPS = (
    *("send", "send", "send to", "edit", "react", "name", "notice", "publish", "publish", "publish a name", "card"),
    *("found", "found public", "join", "again"),
    *("gather private", "gather public", "commit", "delay private", "delay public", "look", "hand out", "catch up"),
)
SCRIPTS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), min_size=4, max_size=40)


class Race:
    """Alice and bob have a private group and its public successor, and a chat; cids and places are used at random.

    `private`, `public`: every word that was written as such, whatever became of it.
    """

    def __init__(self) -> None:
        self.server = InlineServer(kept=1, panel=StaffedPanel(hook=allows))
        self.alice, self.bob = self.server.people("alice", "bob")
        self.private_places = [self.server.group(self.alice, self.bob), self.server.chat(self.alice, self.bob)]
        self.public_places = [public_group(self.server, self.alice, self.bob)]
        self.cids = [self.alice.cid() for _ in range(4)]  # The same few, for both sides.
        self.private: list[bytes] = []
        self.public: list[str] = []
        self.wrong: list[tuple[Caller, Request[Any]]] = []
        self.refused = 0
        self._asked: list[tuple[Caller, Request[Any]]] = []
        self._numbers = count()

    def play(self, script: list[tuple[str, int]]) -> None:
        for step in script:
            self.step(*step)
        for commits, reads in self.stores:
            reads.catch_up()
            commits.commit()
            reads.catch_up()
        self.server.settle()
        self.take_in()

    @property
    def stores(self) -> list[tuple[Any, Any]]:
        return [
            (self.server.commits, self.server.reads),
            (self.server.public_commits, self.server.public_reads),
        ]

    def step(self, what: str, number: int) -> None:
        who = (self.alice, self.bob)[number % 2]
        places = self.private_places + self.public_places
        place = places[number % len(places)]  # Of either side, whatever the verb.
        commits, reads = self.stores[number % 2]
        match what:
            case "send":
                self._say(who, Send, number, topic=place, body=self._words())
            case "send to":
                self._say(
                    who, Send, number, to=(self.bob if who is self.alice else self.alice).person, body=self._words()
                )
            case "edit":
                self._say(who, Edit, number, topic=place, target=1 + number, body=self._words())
            case "react":
                self._say(who, React, number, topic=place, target=1 + number, body=self._words())
            case "name":
                self._say(who, GroupName, number, topic=place, name=self._words())
            case "notice":
                self._say(who, GroupNotice, number, topic=place, notice=self._words())
            case "publish":
                self._say(who, Publish, number, **publication_of(Surface.GROUP_MESSAGE, self._spoken(), place))
            case "publish a name":
                self._say(who, Publish, number, **publication_of(Surface.GROUP_NAME, self._spoken(), place))
            case "card":
                self._say(who, Publish, number, **publication_of(Surface.CARD, self._spoken(), None))
            case "found":
                self._say(who, GroupFound, number, name=self._words(), invite=(self.bob.person,))
            case "found public":
                self._say(who, GroupFoundPublic, number)
            case "join":
                self._say(who, GroupJoin, number, topic=place)
            case "again" if self._asked:  # The same cid, with the topic of the other side.
                caller, before = self._asked[number % len(self._asked)]
                swapped = {"topic": place} if getattr(before, "topic", None) else {}
                fields = {name: getattr(before, name) for name in before.__struct_fields__ if name != "id"}
                self._ask(caller, caller.request(type(before), **fields | swapped))
            case "gather private" | "gather public":
                self.stores[what == "gather public"][0].gather()
            case "delay private" | "delay public":
                self.stores[what == "delay public"][1].delay()
            case "commit":
                commits.commit()
            case "look":
                reads.look(number)
            case "hand out":
                reads.hand_out(number)
            case "catch up":
                reads.catch_up()
        self.take_in()

    def take_in(self) -> None:
        """Learn of new places from what was answered; what was of the wrong side must have been refused for that."""
        asked = {(id(caller), request.id): request for caller, request in self._asked}
        for caller in (self.alice, self.bob):
            for message in caller.collect():
                request = asked.get((id(caller), message["re"])) if isinstance(message, dict) else None
                if request is None or not isinstance(message, dict):
                    continue
                answer = decode_reply(message, request)
                if is_of_the_wrong_side(request):
                    assert isinstance(answer, Refusal)
                    assert answer.code == ErrorCode.WRONG_SIDE
                    self.refused += 1
                elif isinstance(request, GroupFound) and not isinstance(answer, Refusal):
                    self.private_places.append(answer.topic)
                elif isinstance(request, GroupFoundPublic) and not isinstance(answer, Refusal):
                    self.public_places.append(answer.topic)

    def _say(self, who: Caller, shape: type[Request[Any]], number: int, **fields: Any) -> None:
        if "cid" in shape.__struct_fields__ and number % 3:
            fields["cid"] = self.cids[number % len(self.cids)]
        self._ask(who, who.request(shape, **fields))

    def _ask(self, who: Caller, request: Request[Any]) -> None:
        self._asked.append((who, request))
        if is_of_the_wrong_side(request):
            self.wrong.append((who, request))
        who.say(request)

    def _words(self) -> bytes:
        words = encode(Published(content=Content(text=f"private{next(self._numbers):05}")))
        self.private.append(words)
        return words

    def _spoken(self) -> str:
        words = f"public{next(self._numbers):05}"
        self.public.append(words)
        return words


def is_of_the_wrong_side(request: Request[Any]) -> bool:
    """Say whether `request` is for a place where its verb is not at home, by what the manifest says."""
    topic = getattr(request, "topic", None)
    operation = str(request.__struct_config__.tag)
    return topic is not None and side_of(topic) not in SIDES[operation]


SIDES = {way.operation: way.sides for way in ways(whole_table())}


@given(script=SCRIPTS)
def test_by_no_race_does_anything_cross(script: list[tuple[str, int]]) -> None:
    race = Race()
    with closing(race.server):
        race.play(script)
        public, private = public_dump(race.server), private_dump(race.server)
        judged = repr(race.server.panel.seen)
        assert "private" not in judged
        for words in race.private:
            assert not holds_words(public, words)
        for spoken in race.public:
            assert not holds_words(private, spoken.encode())
        assert race.refused == len(race.wrong)


def test_the_race_reaches_both_sides_and_the_wrong_ones() -> None:
    race = Race()
    with closing(race.server):
        race.play([(what, number) for number in range(8) for what in STEPS[:15]])
        assert race.refused > 10
        assert len(race.server.panel.seen) > 5
        private = private_dump(race.server)
        assert sum(holds_words(private, words) for words in race.private) > 10


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
        fields = publication_of(surface, "aloud", None) | {"topic": race.private_places[0]}
        assert race.alice.refused(Publish, **fields) == ErrorCode.WRONG_SIDE
        assert race.server.panel.seen == []
        assert rows(race.server, "SELECT 1 FROM submissions") == []


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
        assert "bob" not in dump  # Who does nothing public is not known there.


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


def everything_private(alice: Caller, bob: Caller, carol: Caller, body: bytes) -> None:
    """Put `body` wherever a private text may stand, and read it all back."""
    sent = alice.send(body, to=bob.person)
    bob.send(body, topic=sent.topic)
    alice.do(Edit, topic=sent.topic, target=sent.seq, body=body)
    bob.do(React, topic=sent.topic, target=sent.seq, body=body[:256])
    group = alice.do(GroupFound, name=body[:256], invite=(bob.person,)).topic
    bob.do(GroupAccept, topic=group)
    alice.do(GroupName, topic=group, name=body[:200])
    alice.do(GroupNotice, topic=group, notice=body)
    alice.send(body, topic=group)
    link = alice.do(GroupLink, topic=group).link
    carol.do(GroupAsk, link=link, greeting=body[:1000])
    alice.do(GroupApprove, topic=group, person=carol.person)
    alice.do(GroupInvite, topic=group, person=carol.person)
    last = alice.send(body, topic=group)
    assert carol.do(History, topic=group).entries[-1].body == body
    alice.do(Recall, topic=group, target=last.seq)
    for caller in (alice, bob, carol):
        assert caller.do(Sync, heads={}).topics
        assert caller.do(ShowTopic, topic=group).summary.notice == body
        caller.collect()


@pytest.mark.parametrize("body", LOOKALIKES.values(), ids=LOOKALIKES)
def test_whatever_a_private_body_looks_like_nobody_reads_it(body: bytes) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server):
        alice, bob, carol = server.people("alice", "bob", "carol")
        before, batches = public_dump(server), server.public_commits.batches
        with nobody_reads_anything_public():
            everything_private(alice, bob, carol, body)
        assert server.panel.seen == []
        assert public_dump(server) == before
        assert server.public_commits.batches == batches


@given(body=st.binary(min_size=1, max_size=300))
def test_no_bytes_at_all_are_read(body: bytes) -> None:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    with closing(server), nobody_reads_anything_public():
        alice, bob, carol = server.people("alice", "bob", "carol")
        everything_private(alice, bob, carol, body)
        assert server.panel.seen == []


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
)


@given(postings=st.lists(POSTINGS, max_size=12))
def test_what_waits_in_the_outbox_leaves_it_as_what_it_was_on_its_own_side(postings: list[Any]) -> None:
    with closing(Cache()) as cache:
        kept = []
        for posting in postings:
            handle = "bob" if posting.topic is None else None
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
                    or side_of(waiting.request.topic or TopicId("a")) is Side.PUBLIC
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
