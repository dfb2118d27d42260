"""The panel: one answer of each hook that watches, in order, however the hooks behave."""

from datetime import date
from pathlib import Path

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from compliance.publication import Publication
from compliance.verdicts import Allow, Answer, Failure, OnError, Reject
from protocol.public import InstalledHook
from protocol.publications import Surface
from server.hooks.check import CheckHook
from server.hooks.hook import Said
from server.hooks.panel import HookPanel
from server.hooks.settings import CheckSource, HookSettings
from tests.server.hooks.support import (
    KINDS,
    NOW_MS,
    PACK,
    Desk,
    Remote,
    StillClock,
    WordCheck,
    outcomes,
    text,
    watching,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def words(tmp_path: Path) -> Path:
    file = tmp_path / "words.txt"
    file.write_text("bad worse")
    return file


def check(words: Path, name: str = "words", **watch: object) -> CheckHook:
    source = CheckSource(check="words", options={"file": words.name})
    settings = HookSettings(name=name, source=source, watches=watching(**watch))
    return CheckHook(settings, source, kinds=KINDS, grounds=PACK.grounds, folder=words.parent)


def write(file: Path, content: str | None) -> None:
    """Write `content` to `file`; None: take the file away."""
    if content is None:
        file.unlink()
    else:
        file.write_text(content)


async def allows(_: Publication) -> Said:
    return Said(outcome=Allow())


async def breaks(publication: Publication) -> Said:
    raise RuntimeError(publication.content.text)


async def hangs(_: Publication) -> Said:
    await trio.sleep_forever()
    raise AssertionError


def panel_of(*hooks: CheckHook | Remote, desk: Desk, clock: StillClock | None = None) -> HookPanel:
    return HookPanel(
        [hook for hook in hooks if isinstance(hook, CheckHook)],
        [hook for hook in hooks if isinstance(hook, Remote)],
        clock=clock or StillClock(),
        post=desk.post,
    )


def test_checks_alone_answer_before_ask_returns(words: Path, desk: Desk) -> None:
    got: list[list[Answer]] = []
    panel_of(check(words), desk=desk).ask(text("a bad word"), got.append)
    ((answer,),) = got
    assert (answer.hook, answer.kind, answer.version, answer.digest) == ("words", "check", "7", "bad-worse")
    assert isinstance(answer.outcome, Reject)
    assert desk.posted == []


def test_without_hooks_the_answer_is_none_of_any(desk: Desk) -> None:
    got: list[list[Answer]] = []
    panel_of(desk=desk).ask(text("words"), got.append)
    assert got == [[]]


async def test_all_hooks_answer_once_by_name_through_the_post(words: Path, desk: Desk, nursery: trio.Nursery) -> None:
    panel = panel_of(Remote("zeta", allows), check(words, "middle"), Remote("alpha", allows), desk=desk)
    got: list[list[Answer]] = []
    await nursery.start(panel.run)
    panel.ask(text("a bad word"), got.append)
    await trio.testing.wait_all_tasks_blocked()
    assert got == []
    desk.turn()
    assert [answer.hook for answer in got[0]] == ["alpha", "middle", "zeta"]
    nursery.cancel_scope.cancel()
    assert desk.posted == []


async def test_a_hook_that_does_not_watch_the_surface_is_not_asked(
    words: Path, desk: Desk, nursery: trio.Nursery
) -> None:
    card = {Surface.CARD: watching()[Surface.CARD]}
    elsewhere = check(words)
    elsewhere.watches = card
    panel = panel_of(Remote("far", breaks, watches=card), elsewhere, desk=desk)
    await nursery.start(panel.run)
    got: list[list[Answer]] = []
    panel.ask(text("a bad word"), got.append)
    panel.published(text("something"))
    assert got == [[]]
    assert isinstance(elsewhere._check, WordCheck)
    assert elsewhere._check.learned == []
    nursery.cancel_scope.cancel()


async def test_an_adapter_that_breaks_fails_alone(words: Path, desk: Desk, nursery: trio.Nursery) -> None:
    panel = panel_of(Remote("broken", breaks), Remote("good", allows), desk=desk)
    await nursery.start(panel.run)
    got: list[list[Answer]] = []
    panel.ask(text("canary"), got.append)
    with capture_logs() as logged:
        await trio.testing.wait_all_tasks_blocked()
    desk.turn()
    assert outcomes(got[0]) == {"broken": Failure.CRASHED, "good": Allow()}
    assert [(event["event"], event["failure"], event["why"]) for event in logged] == [
        ("hook.failed", "crashed", "RuntimeError")
    ]
    assert "canary" not in str(logged)
    nursery.cancel_scope.cancel()


def test_a_check_that_breaks_fails_alone(words: Path, desk: Desk) -> None:
    got: list[list[Answer]] = []
    panel = panel_of(check(words), desk=desk)
    panel.ask(text("break"), got.append)
    panel.ask(text("malformed"), got.append)
    panel.ask(text("fine"), got.append)
    assert [answers[0].outcome for answers in got] == [Failure.CRASHED, Failure.MALFORMED, Allow()]


async def test_what_is_outstanding_at_the_end_is_cancelled(desk: Desk) -> None:
    panel = panel_of(Remote("slow", hangs), Remote("quick", allows), desk=desk)
    got: list[list[Answer]] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(panel.run)
        panel.ask(text("words"), got.append)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    desk.turn()
    assert outcomes(got[0]) == {"quick": Allow(), "slow": Failure.CANCELLED}


async def test_before_it_runs_and_after_what_is_asked_is_cancelled_at_once(desk: Desk) -> None:
    panel = panel_of(Remote("far", allows), desk=desk)
    got: list[list[Answer]] = []
    panel.ask(text("words"), got.append)
    async with trio.open_nursery() as nursery:
        await nursery.start(panel.run)
        nursery.cancel_scope.cancel()
    panel.ask(text("words"), got.append)
    desk.turn()
    assert [outcomes(answers) for answers in got] == [{"far": Failure.CANCELLED}] * 2


async def test_hooks_are_kept_going_and_closed(desk: Desk, nursery: trio.Nursery) -> None:
    remote = Remote("far", allows)
    panel = panel_of(remote, desk=desk)
    await nursery.start(panel.run)
    await trio.testing.wait_all_tasks_blocked()
    nursery.cancel_scope.cancel()
    await panel.close()
    assert remote.ran == ["run", "close"]


def test_an_answer_says_how_long_it_took_and_a_slow_check_counts_all_the_same(words: Path, desk: Desk) -> None:
    clock = StillClock()
    slow = check(words)
    judge = slow.judge

    def lingers(publication: Publication) -> Said:
        clock.now_s += 0.25
        return judge(publication)

    slow.judge = lingers  # type: ignore[method-assign]
    got: list[list[Answer]] = []
    with capture_logs() as logged:
        panel_of(slow, desk=desk, clock=clock).ask(text("a bad word"), got.append)
    assert isinstance(got[0][0].outcome, Reject)
    assert got[0][0].took_us == 250_000
    assert [(event["event"], event["took_ms"]) for event in logged] == [("hook.slow", 250)]


def test_an_answer_has_the_policy_in_force_at_that_minute(words: Path, desk: Desk) -> None:
    hook = check(words, on_error=OnError.ALLOW, allow_until=date(2026, 11, 25), otherwise=OnError.REJECT)
    panel = panel_of(hook, desk=desk)
    got: list[list[Answer]] = []
    panel.ask(text("break"), got.append)
    panel.ask(text("break", at=NOW_MS + 86_400_000), got.append)
    assert [answers[0].on_error for answers in got] == [OnError.ALLOW, OnError.REJECT]


def test_it_says_what_is_installed_and_by_which_rules(words: Path, desk: Desk) -> None:
    panel = panel_of(Remote("alpha", allows), check(words), desk=desk)
    everywhere = tuple(Surface)
    assert panel.installed() == (
        InstalledHook(name="alpha", kind="plugin", version="1", surfaces=everywhere),
        InstalledHook(name="words", kind="check", version="7", surfaces=everywhere),
    )
    assert panel.rules() == {"alpha": "1 d1", "words": "7 bad-worse"}


def test_checks_learn_what_is_public_and_one_that_cannot_is_logged(words: Path, desk: Desk) -> None:
    hook = check(words)
    panel = panel_of(hook, desk=desk)
    with capture_logs() as logged:
        panel.published(text("canary"))
        panel.published(text("break"))
    assert isinstance(hook._check, WordCheck)
    assert hook._check.learned == ["canary"]
    assert [event["event"] for event in logged] == ["hook.learned_nothing"]


async def test_a_reload_says_what_came_and_went_and_keeps_what_was_learned(words: Path, desk: Desk) -> None:
    panel = panel_of(check(words), desk=desk)
    panel.published(text("something"))
    write(words, "worse new newer")
    (told,) = await panel.reload()
    assert (told.hook, told.came, told.went, told.digest, told.problem) == ("words", 2, 1, "new-newer-worse", "")
    got: list[list[Answer]] = []
    panel.ask(text("bad"), got.append)
    panel.ask(text("new"), got.append)
    assert [type(answers[0].outcome) for answers in got] == [Allow, Reject]
    (hook,) = panel.checks
    assert isinstance(hook._check, WordCheck)
    assert hook._check.learned == ["something"]


@pytest.mark.parametrize("damage", [None, "unusable"])
async def test_a_reload_of_a_bad_file_keeps_the_old_rules_and_says_so(
    words: Path, desk: Desk, damage: str | None
) -> None:
    panel = panel_of(check(words), desk=desk)
    write(words, damage)
    (told,) = await panel.reload()
    assert (told.came, told.went, told.digest) == (0, 0, "bad-worse")
    assert "words.txt" in told.problem
    got: list[list[Answer]] = []
    panel.ask(text("bad"), got.append)
    assert isinstance(got[0][0].outcome, Reject)
