"""I8: when a hook fails, what happens is what was configured: every kind of failure, every policy, every surface."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from compliance.pack import GATE_FAILURE, HOUR_MS, AtEnd, load, shipped
from compliance.publication import Publication
from compliance.ruling import RETRY_MS
from compliance.verdicts import Allow, Failure, Hold, OnError, Reject, Verdict
from protocol.codec import Refusal, decode_reply
from protocol.decisions import DecisionKind, SubmissionState
from protocol.errors import ErrorCode
from protocol.public import Publish, SubmissionReply
from protocol.publications import Surface
from server.errors import ConfigError
from server.hooks.hook import Said
from server.hooks.panel import HookPanel
from server.hooks.settings import Watch, read
from tests.server.hooks.support import Remote, StillClock
from tests.support.inline import Caller, InlineServer
from tests.support.newsroom import Newsroom
from tests.support.packs import PACK
from tests.support.panel import StaffedPanel
from tests.support.places import place
from tests.support.public import (
    HOLD,
    LABEL,
    REJECT,
    Outcome,
    leaves_of,
    public_group,
    publication_of,
    rows,
    tried,
)

WORDS = "wordstobejudged"
TODAY = datetime.fromtimestamp(1_700_000_000, UTC).date()  # Where the clock of an inline server begins.
PACK_POLICY = {surface: rules.on_error for surface, rules in load(PACK).surfaces.items()}

# What may be configured, and what it comes to on a surface whose default in the pack is `otherwise`.
CONFIGURED: dict[str, Callable[[OnError], tuple[dict[str, Any], OnError]]] = {
    "hold": lambda otherwise: ({"on_error": OnError.HOLD}, OnError.HOLD),
    "reject": lambda otherwise: ({"on_error": OnError.REJECT}, OnError.REJECT),
    "allow for ever so long": lambda otherwise: (
        {"on_error": OnError.ALLOW, "allow_until": TODAY + timedelta(days=30)}, OnError.ALLOW
    ),
    "allow, today for the last time": lambda otherwise: (
        {"on_error": OnError.ALLOW, "allow_until": TODAY}, OnError.ALLOW
    ),
    "allow, until yesterday": lambda otherwise: (
        {"on_error": OnError.ALLOW, "allow_until": TODAY - timedelta(days=1)}, otherwise
    ),
    "the pack's own": lambda otherwise: ({"on_error": otherwise}, otherwise),
}  # fmt: skip


def fails(failure: Failure) -> Callable[[Publication], Awaitable[Said]]:
    """Return a hook that fails like this."""

    async def behave(_: Publication) -> Said:
        return Said(outcome=failure, why="as the test says")

    return behave


def says(verdict: Verdict) -> Callable[[Publication], Awaitable[Said]]:
    async def behave(_: Publication) -> Said:
        return Said(outcome=verdict)

    return behave


def watched(policy: dict[str, Any], surface: Surface) -> dict[Surface, Watch]:
    watch = {"deadline_ms": 200, "allow_until": None, "otherwise": PACK_POLICY[surface]} | policy
    return {surface: Watch(**watch)}


def served_by(*hooks: Remote) -> tuple[InlineServer, HookPanel]:
    panel = HookPanel([], hooks, clock=StillClock(), post=lambda call: call())
    return InlineServer(panel=cast("Any", panel)), panel


async def judged(
    panel: HookPanel, author: Caller, fields: dict[str, Any], nursery: trio.Nursery
) -> SubmissionReply | Refusal:
    """Publish, let the real panel ask its hooks, and return the answer."""
    if panel._nursery is None:
        await nursery.start(panel.run)
    request = author.request(Publish, **fields)
    author.say(request)
    await trio.testing.wait_all_tasks_blocked()
    return answer_to(author, request)


def answer_to(author: Caller, request: Publish) -> SubmissionReply | Refusal:
    """Return what `request` was answered."""
    for message in author.collect():
        if isinstance(message, dict) and message["re"] == request.id:
            return decode_reply(message, request)
    raise AssertionError("it was not answered")


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("configured", CONFIGURED)
@pytest.mark.parametrize("failure", Failure)
async def test_each_failure_comes_to_what_was_configured(
    failure: Failure, configured: str, surface: Surface, nursery: trio.Nursery
) -> None:
    policy, comes_to = CONFIGURED[configured](PACK_POLICY[surface])
    server, panel = served_by(Remote("flaky", fails(failure), version="7", watches=watched(policy, surface)))
    with closing(server):
        ann, sam = server.people("ann", "sam")
        there = place(server, surface, ann)
        fields = there.fields(WORDS)
        before, earlier = there.shown_to(sam, word=WORDS), rows(server, "SELECT submission FROM submissions")
        begun = len(leaves_of(server))
        with capture_logs() as logged:
            answer = await judged(panel, ann, fields, nursery)
        leaves = leaves_of(server)[begun:]

        # Whatever the policy is, the failure is on record, in the log and in the audit log, before anything else.
        failed = [event for event in logged if event["event"] == "hook.failed"]
        assert [(event["hook"], event["failure"]) for event in failed] == [("flaky", failure)]
        assert WORDS not in str(logged)
        assert (leaves[0]["leaf"], leaves[0]["failure"], leaves[0]["hook"]) == ("failure", failure, "flaky")
        assert (leaves[0]["policy"], leaves[0]["surface"]) == (comes_to, surface)

        shows = there.shown_to(sam, word=WORDS) != before
        assert shows is (comes_to is OnError.ALLOW)
        match comes_to:
            case OnError.ALLOW:
                assert isinstance(answer, SubmissionReply)
                assert answer.submission.state is SubmissionState.PUBLISHED
                assert [leaf["leaf"] for leaf in leaves] == ["failure", "published"]
            case OnError.HOLD:
                assert isinstance(answer, SubmissionReply)
                held, decision = answer.submission, answer.submission.decision
                at = server.clock.wall_ms()
                assert decision is not None
                assert (held.state, decision.kind) == (SubmissionState.HELD, DecisionKind.HOLD)
                assert (decision.ground, decision.by, decision.automated) == (GATE_FAILURE, "hook flaky 7", True)
                assert held.until == decision.until == at + int(server.bench.pack.holds.failure_h * HOUR_MS)
                assert failure in decision.facts
                assert [leaf["leaf"] for leaf in leaves] == ["failure", "decision"]
            case OnError.REJECT:
                assert isinstance(answer, Refusal)
                assert (answer.code, answer.retry_after_ms) == (ErrorCode.GATE_UNAVAILABLE, RETRY_MS)
                assert rows(server, "SELECT submission FROM submissions") == earlier
                assert [leaf["leaf"] for leaf in leaves] == ["failure"]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("surface", Surface)
async def test_what_was_refused_for_a_failure_may_be_tried_again_and_is_judged_anew(
    surface: Surface, nursery: trio.Nursery
) -> None:
    moods = [Said(outcome=Failure.LATE), Said(outcome=Allow())]

    async def recovers(_: Publication) -> Said:
        return moods.pop(0)

    server, panel = served_by(Remote("flaky", recovers, watches=watched({"on_error": OnError.REJECT}, surface)))
    with closing(server):
        (ann,) = server.people("ann")
        await nursery.start(panel.run)
        request = ann.request(Publish, **place(server, surface, ann).fields(WORDS))
        for answer in (Refusal, SubmissionReply):
            ann.say(request)
            await trio.testing.wait_all_tasks_blocked()
            assert isinstance(answer_to(ann, request), answer)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("surface", Surface)
def test_a_hook_that_nobody_is_there_to_ask_has_failed_too(surface: Surface) -> None:
    """Before the panel runs, and after it: the policy is all there is."""
    watches = watched({"on_error": OnError.HOLD}, surface)
    server, _ = served_by(Remote("flaky", says(Allow()), watches=watches))
    with closing(server):
        (ann,) = server.people("ann")
        answer = ann.do(Publish, **place(server, surface, ann).fields(WORDS))
        assert answer.submission.state is SubmissionState.HELD
        assert [leaf["failure"] for leaf in leaves_of(server) if leaf["leaf"] == "failure"] == ["cancelled"]


async def test_an_adapter_that_breaks_is_a_failure_like_another(nursery: trio.Nursery) -> None:
    async def breaks(publication: Publication) -> Said:
        raise RuntimeError(publication.content.text)

    watches = watched({"on_error": OnError.HOLD}, Surface.GROUP_MESSAGE)
    server, panel = served_by(Remote("flaky", breaks, watches=watches))
    with closing(server), capture_logs() as logged:
        (ann,) = server.people("ann")
        topic = public_group(server, ann)
        fields = publication_of(Surface.GROUP_MESSAGE, WORDS, topic)
        answer = await judged(panel, ann, fields, nursery)
        assert isinstance(answer, SubmissionReply)
        assert answer.submission.state is SubmissionState.HELD
        assert WORDS not in str(logged)
        nursery.cancel_scope.cancel()


async def test_a_hook_whose_allow_ends_overnight_goes_by_the_pack_from_then_on(nursery: trio.Nursery) -> None:
    surface = Surface.GROUP_NAME
    policy = {"on_error": OnError.ALLOW, "allow_until": TODAY}
    server, panel = served_by(Remote("flaky", fails(Failure.LATE), watches=watched(policy, surface)))
    with closing(server):
        (ann,) = server.people("ann")
        fields = publication_of(surface, WORDS, public_group(server, ann))
        today = await judged(panel, ann, fields, nursery)
        server.clock.pass_time(86_400)
        tomorrow = await judged(panel, ann, fields, nursery)
        assert isinstance(today, SubmissionReply)
        assert today.submission.state is SubmissionState.PUBLISHED
        assert isinstance(tomorrow, SubmissionReply)
        assert tomorrow.submission.state is SubmissionState.HELD
        nursery.cancel_scope.cancel()


# What a pack says where the hooks file says nothing.


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("name", shipped())
def test_the_default_is_the_packs_on_each_surface(tmp_path: Path, name: str, surface: Surface) -> None:
    file = tmp_path / "hooks.toml"
    file.write_text('[any]\ncheck = "terms"\n', encoding="utf-8")
    (settings,) = read(file, load(name), today=TODAY)
    reject = surface in {Surface.GROUP_MESSAGE, Surface.COMMENT}
    assert settings.watches[surface].policy(0) is (OnError.REJECT if reject else OnError.HOLD)


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("policy", OnError)
def test_what_is_configured_for_one_surface_is_so_there_and_nowhere_else(
    tmp_path: Path, policy: OnError, surface: Surface
) -> None:
    file = tmp_path / "hooks.toml"
    until = "allow_until = 2999-12-31\n" if policy is OnError.ALLOW else ""
    table = f'[any.surface.{surface}]\non_error = "{policy}"\n{until}'
    file.write_text(f'[any]\ncheck = "terms"\n{table}', encoding="utf-8")
    (settings,) = read(file, load(PACK), today=TODAY)
    minute = 1_700_000_000 // 60
    assert {each: watch.policy(minute) for each, watch in settings.watches.items()} == PACK_POLICY | {surface: policy}


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('on_error = "allow"', "allow needs an end"),
        ('on_error = "allow"\nallow_until = 2020-01-01', "ended on 2020-01-01"),
        ('on_error = "hold"\nallow_until = 2999-01-01', "only"),
        ('on_error = "ignore"', "on_error"),
        ('on_eror = "hold"', "did you mean on_error"),
        ('[any.surface.grup_name]\non_error = "hold"', "did you mean group_name"),
    ],
)
def test_a_policy_that_would_fail_open_or_that_nobody_reads_is_refused_at_the_start(
    tmp_path: Path, keys: str, says: str
) -> None:
    file = tmp_path / "hooks.toml"
    file.write_text(f'[any]\ncheck = "terms"\n{keys}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read(file, load(PACK), today=TODAY)


# Several hooks, each with a policy of its own: what wins is written down here anew, in the plainest way.


def expected(outcomes: list[tuple[Outcome, OnError]]) -> str:
    """Return what becomes of a publication, by COMPLIANCE: the strictest wins, and a failure counts as its policy."""
    if any(outcome == REJECT for outcome, _ in outcomes):
        return "rejected"
    failed = [policy for outcome, policy in outcomes if isinstance(outcome, Failure)]
    if OnError.REJECT in failed:
        return "gate_unavailable"
    if any(outcome == HOLD for outcome, _ in outcomes) or OnError.HOLD in failed:
        return "held"
    return "published"


def assert_comes_to(outcomes: list[tuple[Outcome, OnError]], surface: Surface) -> None:
    """Hooks that say this make of a publication what is expected, and each is on record with its policy."""
    end = TODAY + timedelta(days=1)
    hooks = [
        Remote(
            f"h{number}",
            fails(outcome) if isinstance(outcome, Failure) else says(outcome),
            watches=watched({"on_error": policy, "allow_until": end}, surface),
        )
        for number, (outcome, policy) in enumerate(outcomes)
    ]
    server, panel = served_by(*hooks)

    async def go() -> str:
        async with trio.open_nursery() as nursery:
            (ann,) = server.people("ann")
            fields = place(server, surface, ann).fields(WORDS)
            answer = await judged(panel, ann, fields, nursery)
            nursery.cancel_scope.cancel()
        return answer.code if isinstance(answer, Refusal) else answer.submission.state

    with closing(server):
        assert trio.run(go) == expected(outcomes)
        said = [leaf for leaf in leaves_of(server) if leaf["leaf"] in {"verdict", "failure"}]
        assert [leaf["hook"] for leaf in said] == [hook.name for hook in hooks]
        assert [leaf["policy"] for leaf in said] == [policy for _, policy in outcomes]


ANSWERS: list[tuple[Outcome, OnError]] = [
    *((outcome, OnError.HOLD) for outcome in (Allow(), LABEL, HOLD, REJECT)),
    *((Failure.LATE, policy) for policy in OnError),
]


@pytest.mark.parametrize("second", ANSWERS, ids=str)
@pytest.mark.parametrize("first", ANSWERS, ids=str)
def test_of_two_answers_the_stricter_wins_whichever_comes_first(
    first: tuple[Outcome, OnError], second: tuple[Outcome, OnError]
) -> None:
    assert_comes_to([first, second], Surface.GROUP_MESSAGE)


@given(
    outcomes=st.lists(
        st.tuples(st.sampled_from([Allow(), LABEL, HOLD, REJECT, *Failure]), st.sampled_from(OnError)), max_size=5
    ),
    surface=st.sampled_from(Surface),
)
def test_of_several_hooks_the_strictest_wins_and_each_failure_counts_as_its_policy(
    outcomes: list[tuple[Outcome, OnError]], surface: Surface
) -> None:
    assert_comes_to(outcomes, surface)


@pytest.mark.parametrize("policy", [OnError.HOLD, OnError.REJECT])
@pytest.mark.parametrize("verdict", [Hold, Reject])
def test_a_verdict_on_a_ground_that_the_pack_does_not_have_is_a_failure(verdict: Any, policy: OnError) -> None:
    panel = StaffedPanel(on_error=policy, stray=lambda _: verdict(ground="of_another_pack", text="Because."))
    server = InlineServer(panel=panel)
    with closing(server):
        (ann,) = server.people("ann")
        answer = tried(ann, public_group(server, ann), WORDS)
        if policy is OnError.REJECT:
            assert isinstance(answer, Refusal)
            assert answer.code == ErrorCode.GATE_UNAVAILABLE
        else:
            assert isinstance(answer, SubmissionReply)
            assert answer.submission.decision is not None
            assert answer.submission.decision.ground == GATE_FAILURE
        assert [leaf["failure"] for leaf in leaves_of(server) if leaf["leaf"] == "failure"] == ["malformed"]


# A hold for a failure ends by itself, as the pack says, and is nobody's fault.


@pytest.mark.parametrize("at_end", AtEnd)
def test_what_is_held_for_a_failure_ends_after_its_time(at_end: AtEnd) -> None:
    room = Newsroom(at_end=at_end)
    with closing(room.server):
        room.step("say", 0, "late, hold")
        (held,) = room.submissions()
        room.server.clock.ms = held["until"] - 2000
        room.server.every_second()
        assert room.submissions()[0]["state"] == "held"
        for _ in range(3):
            room.server.every_second()
        room.finish()
        assert room.submissions()[0]["state"] == ("published" if at_end is AtEnd.RELEASE else "rejected")
        told = room.wire[room.ann.person][-1].decision
        assert told is not None
        assert (told.ground, told.by, told.automated) == ("overdue", "server", True)
