"""I7: nothing public is visible before a verdict or a recorded fallback, whatever a hook does.

Slow, dead, lying, huge, computing for ever: what waits for such a hook waits alone. Others publish and chat meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from compliance.publication import Publication
from compliance.verdicts import Allow, Hold, Label, OnError, Reject
from protocol.decisions import Span, Submission, SubmissionState
from protocol.errors import ErrorCode
from protocol.frames import Send
from protocol.ids import TopicId
from protocol.public import GroupFoundPublic, GroupJoin, Publish, Submissions
from protocol.publications import Surface, decode
from server.hooks.check import CheckHook
from server.hooks.panel import HookPanel
from server.hooks.settings import CheckSource, HookSettings
from tests.server.hooks.support import StillClock, watching
from tests.support.daemon import PATIENCE_S
from tests.support.inline import InlineServer, bench_under_test
from tests.support.newsroom import SCRIPTS, Newsroom, words_in
from tests.support.panel import StaffedPanel, allows
from tests.support.places import place
from tests.support.pressroom import PRESS_SCRIPTS, Pressroom
from tests.support.public import (
    GROUND,
    leaves_of,
    public_group,
    publication_of,
    rows,
    shown_to,
    tried,
)
from tests.support.town import Resident, open_town
from tests.support.webhook import webhook

WORDS = "wordsnobodyhassaidyet"


@pytest.fixture
def server() -> Iterator[InlineServer]:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    yield server
    server.close()


def told(server: InlineServer) -> str:
    """Return all that was pushed to anybody and has not been read."""
    return repr([message for caller in server.callers for message in caller.collect()])


# While a hook has not answered.


@pytest.mark.parametrize("surface", Surface)
def test_what_waits_for_a_slow_hook_is_nowhere_and_then_it_is_there(server: InlineServer, surface: Surface) -> None:
    ann, bob, sam = server.people("ann", "bob", "sam")
    there = place(server, surface, ann, bob)
    request = ann.request(Publish, **there.fields(WORDS))
    tablet = server.login("ann")
    before = [there.shown_to(reader, word=WORDS) for reader in (bob, sam, tablet)]
    told(server)
    server.panel.is_slow = True
    ann.say(request)
    for _ in range(100):
        server.every_second()
    assert told(server) == "[]"
    assert [there.shown_to(reader, word=WORDS) for reader in (bob, sam, tablet)] == before
    server.panel.answer()
    assert WORDS in repr(there.shown_to(sam, word=WORDS))


@pytest.mark.parametrize("room", [Newsroom, Pressroom])
@given(data=st.data())
def test_at_every_moment_only_what_was_let_through_can_be_seen(room: type[Newsroom], data: st.DataObject) -> None:
    there = room()
    with closing(there.server):
        for step in data.draw(PRESS_SCRIPTS if room is Pressroom else SCRIPTS):
            there.step(*step)
            seen = {words_in(entry.body) for entry in there.seen} - {None}
            for reader in (there.eve, there.sam):
                shown = repr(there.shown_to(reader))
                seen |= {words for words in there.authors if words in shown}
            assert seen <= there.may_be_seen()
        there.finish()


def test_who_waits_holds_up_nobody_else(server: InlineServer) -> None:
    ann, bob, cat = server.people("ann", "bob", "cat")
    topic = public_group(server, ann, bob, cat)
    chat = server.chat(ann, bob)
    server.panel.is_slow = True
    ann.say(ann.request(Publish, **publication_of(Surface.GROUP_MESSAGE, WORDS, topic)))
    bob.say(bob.request(Publish, **publication_of(Surface.GROUP_MESSAGE, "bob's", topic)))
    server.panel.answer(1)  # The second is answered first.
    assert [words_in(entry.body) for entry in cat.entries()] == ["bob's"]
    ann.do(Send, topic=chat, body=b"meanwhile")  # On the connection that waits for its publication.
    assert [entry.body for entry in bob.entries()][-1] == b"meanwhile"


def test_one_author_in_one_place_is_heard_in_order(server: InlineServer) -> None:
    ann, bob = server.people("ann", "bob")
    topic = public_group(server, ann, bob)
    server.panel.is_slow = True
    for words in ("one", "two"):
        ann.say(ann.request(Publish, **publication_of(Surface.GROUP_MESSAGE, words, topic)))
    server.panel.answer(1)
    assert bob.entries() == []
    server.panel.answer(0)
    assert [words_in(entry.body) for entry in bob.entries()] == ["one", "two"]


def test_what_waits_when_the_store_is_busy_is_seen_by_nobody_who_reads_meanwhile(server: InlineServer) -> None:
    ann, bob, sam = server.people("ann", "bob", "sam")
    topic = public_group(server, ann, bob, listed=True, history_open=True)
    server.public_commits.gather()
    ann.say(ann.request(Publish, **publication_of(Surface.GROUP_NAME, WORDS, topic)))
    assert server.panel.seen == []  # Nobody is asked about what is not durable.
    server.public_commits.commit()
    server.panel.is_slow = True
    ann.say(ann.request(Publish, **publication_of(Surface.GROUP_NOTICE, "a notice", topic)))
    server.public_commits.gather()
    server.panel.answer()
    assert "a notice" not in repr(shown_to(sam, topic, [])) + told(server)
    server.public_commits.commit()
    assert "a notice" in told(server)


# Hooks that lie: what they say is no verdict, so it is a failure, and the policy's way is the only one.


def allows_by_its_class(publication: Publication) -> Any:
    return Allow


def says_true(publication: Publication) -> Any:
    return True


def says_the_word(publication: Publication) -> Any:
    return "allow"


def says_a_number(publication: Publication) -> Any:
    return 0


def says_a_huge_thing(publication: Publication) -> Any:
    return [publication.content.text] * 100_000


def points_elsewhere(publication: Publication) -> Any:
    return Reject(ground=GROUND, text="There.", where=(Span(path="text", start=0, end=7_000),))


def knows_another_ground(publication: Publication) -> Any:
    return Hold(ground="none_of_this_pack", text="Because.")


def labels_nothing(publication: Publication) -> Any:
    return Label(labels=())


def raises(publication: Publication) -> Any:
    raise RuntimeError(publication.content.text)


def recurses(publication: Publication) -> Any:
    return recurses(publication)


def has_no_memory(publication: Publication) -> Any:
    raise MemoryError


def exits(publication: Publication) -> Any:
    return (_ for _ in ()).throw(StopIteration)


LIARS = (
    allows_by_its_class,
    says_true,
    says_the_word,
    says_a_number,
    says_a_huge_thing,
    points_elsewhere,
    knows_another_ground,
    labels_nothing,
    raises,
    recurses,
    has_no_memory,
    exits,
)


class NoOptions(msgspec.Struct):
    pass


@dataclass
class Liar:
    """A check that says what it is made to say."""

    judge: Callable[[Publication], Any]
    version: str = "1"
    digest: str = "00"
    grounds: frozenset[str] = frozenset()

    def learn(self, publication: Publication) -> None:
        raise AssertionError("it was published")


def lying(judge: Callable[[Publication], Any], on_error: OnError) -> InlineServer:
    """Return a server whose only hook is a check that judges like this."""

    class Kind:
        options = NoOptions

        def make(self, options: Any, read: Any) -> Any:
            return Liar(judge)

    source = CheckSource(check="liar", options={})
    settings = HookSettings(name="liar", source=source, watches=watching(on_error=on_error))
    grounds = bench_under_test().pack.grounds
    hook = CheckHook(settings, source, kinds={"liar": cast("Any", Kind())}, grounds=grounds, folder=Path())
    panel = HookPanel([hook], [], clock=StillClock(), post=lambda call: call())
    return InlineServer(panel=cast("Any", panel))


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("judge", LIARS, ids=lambda judge: judge.__name__)
def test_a_hook_that_lies_lets_nothing_through(judge: Callable[[Publication], Any], surface: Surface) -> None:
    server = lying(judge, OnError.HOLD)
    with closing(server):
        ann, sam = server.people("ann", "sam")
        there = place(server, surface, ann)
        request = ann.request(Publish, **there.fields(WORDS))
        before = there.shown_to(sam, word=WORDS)
        assert ann.ask(request).submission.state is SubmissionState.HELD
        assert there.shown_to(sam, word=WORDS) == before
        (leaf,) = [leaf for leaf in leaves_of(server) if leaf["leaf"] in {"verdict", "failure"}]
        assert (leaf["failure"], leaf["policy"]) in {("malformed", "hold"), ("crashed", "hold")}


def test_with_a_policy_of_its_own_a_lie_is_refused_and_nothing_is_kept() -> None:
    server = lying(says_true, OnError.REJECT)
    with closing(server):
        (ann,) = server.people("ann")
        topic = public_group(server, ann)
        answer = tried(ann, topic, WORDS)
        assert getattr(answer, "code", None) == ErrorCode.GATE_UNAVAILABLE
        assert rows(server, "SELECT 1 FROM submissions") == []


# Hooks in processes of their own, over the wire.

WILD = """
    import os, re, signal, socket, stat, time
    from compliance.hooks import hookimpl

    def wire():
        for fd in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(fd).st_mode):
                    return socket.socket(fileno=os.dup(fd))
            except OSError:
                pass

    def hangs(_):
        time.sleep(3600)

    def loops(_):
        while True:
            pass

    def is_stuck(_):
        re.match("(a+)+$", "a" * 64 + "b")

    def dies(_):
        os.kill(os.getpid(), signal.SIGKILL)

    def writes_garbage(_):
        wire().send(b"\\x93garbage")

    def answers_hugely(_):
        wire().send(b"x" * 40_000)

    def allows_another(_):
        import msgpack
        wire().send(msgpack.packb({"id": "another", "last": False, "said": {"verdict": "allow"}}))

    @hookimpl
    def judge(publication):
        act = globals().get(publication.content.text)
        if act is not None and publication.content.text not in {"wire", "judge"}:
            act(publication)
"""
WILD_ACTS = ("hangs", "loops", "is_stuck", "dies", "writes_garbage", "answers_hugely", "allows_another")
LONG_MS = 4000  # Far longer than what happens meanwhile takes, and no longer.


async def lane(owner: Resident, *members: Resident) -> TopicId:
    """Return a public group that all of these have joined, and know."""
    topic = (await owner.asks(GroupFoundPublic(id=0, cid=owner.cid(), listed=True, history_open=True))).topic
    for member in members:
        await member.asks(GroupJoin(id=0, topic=topic))
    for resident in (owner, *members):
        await resident.until(lambda who=resident: who.cache.topic(topic) is not None, "the group")  # type: ignore[misc]
    return topic


def heard_by(resident: Resident, topic: TopicId) -> list[str]:
    """Return the words of all that has come to `resident` in `topic`."""
    return [decode(entry.body).content.text for entry in resident.heard if entry.topic == topic and entry.body]


async def published(author: Resident, topic: TopicId, words: str) -> Submission:
    with trio.fail_after(PATIENCE_S):
        return await author.session.publish(words, topic=topic)


@pytest.mark.slow
async def test_what_a_wild_hook_is_asked_is_held_and_everybody_else_goes_on(tmp_path: Path) -> None:
    (tmp_path / "wild.py").write_text(dedent(WILD), encoding="utf-8")
    hooks = tmp_path / "hooks.toml"
    hooks.write_text(f'[wild]\nfile = "wild.py"\ndeadline_ms = {LONG_MS}\non_error = "hold"\n', encoding="utf-8")
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        bob, cat, *authors = await town.settle("bob", "cat", *(f"author{n}" for n in range(len(WILD_ACTS))))
        topic = await lane(bob, cat, *authors)
        became: dict[str, Submission] = {}

        async def dares(author: Resident, act: str) -> None:
            became[act] = await published(author, topic, act)

        async with trio.open_nursery() as nursery:
            for author, act in zip(authors, WILD_ACTS, strict=True):
                nursery.start_soon(dares, author, act)
            await at_the_gate(authors)
            for number in range(3):
                assert (await published(bob, topic, f"bob's {number}")).state is SubmissionState.PUBLISHED
                await authors[0].says(f"privately {number}", to=cat)  # Whose own publication hangs.
                await cat.hears(f"privately {number}")
            assert not {"hangs", "loops", "is_stuck"} & became.keys(), "they did not wait for the hook"
        assert {act: submission.state for act, submission in became.items()} == dict.fromkeys(
            WILD_ACTS, SubmissionState.HELD
        )
        await published(bob, topic, "bob's last")
        for reader in (cat, *authors):
            await reader.until(lambda who=reader: "bob's last" in heard_by(who, topic), "the last word")  # type: ignore[misc]
            assert [words for words in heard_by(reader, topic) if not words.startswith("bob's")] == []
        for failure in ("late", "crashed", "malformed"):
            assert f'"failure": "{failure}"' in town.daemon.log


async def at_the_gate(authors: list[Resident]) -> None:
    """Wait until what each of `authors` publishes is kept, or decided already."""
    for author in authors:
        with trio.fail_after(PATIENCE_S):
            while not (await author.asks(Submissions(id=0))).submissions:  # noqa: ASYNC110 - nobody is told of it.
                await trio.sleep(0.01)


async def test_while_a_hook_does_not_answer_nothing_shows_and_when_it_does_it_shows(tmp_path: Path) -> None:
    async with webhook() as far:
        far.stuck = lambda publication: "stuck" in publication["content"]["text"]
        hooks = tmp_path / "hooks.toml"
        hooks.write_text(far.settings(), encoding="utf-8")
        async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
            ann, bob, cat = await town.settle("ann", "bob", "cat")
            topic = await lane(ann, bob, cat)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(published, ann, topic, "stuck")
                with trio.fail_after(PATIENCE_S):
                    await far.is_asked("stuck")
                assert (await published(bob, topic, "free")).state is SubmissionState.PUBLISHED
                await ann.says("privately", to=cat)
                await cat.hears("privately")
                fresh = await town.another_device(cat)
                assert words_known(fresh, topic) == words_known(cat, topic) == ["free"]
                far.gate.set()
            await cat.until(lambda: heard_by(cat, topic) == ["free", "stuck"], "what was stuck")


def words_known(resident: Resident, topic: TopicId) -> list[str]:
    """Return the words that this device has of `topic`, however they came."""
    return [decode(line[3]).content.text for line in resident.log(topic) if line[3]]


async def test_what_waits_when_the_server_dies_is_judged_when_it_is_back(tmp_path: Path) -> None:
    async with webhook() as far:
        far.stuck = lambda _: True
        hooks = tmp_path / "hooks.toml"
        hooks.write_text(far.settings(), encoding="utf-8")
        async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
            ann, bob = await town.settle("ann", "bob")
            topic = await lane(ann, bob)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(published, ann, topic, "late words")
                with trio.fail_after(PATIENCE_S):
                    await far.is_asked("late words")
                await town.daemon.kill()
                far.asked.clear()
                await town.daemon.start()
                with trio.fail_after(PATIENCE_S):
                    await far.is_asked("late words")
                await bob.catches_up()
                assert words_known(bob, topic) == []
                far.gate.set()
            await bob.until(lambda: words_known(bob, topic) == ["late words"], "what waited")
            assert len(far.asked) == 1, "a repeat was judged again"
