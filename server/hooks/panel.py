"""The panel of hooks: built-in checks asked at once, the others by tasks, and one answer of each, whatever happens.

A built-in check that takes longer than its deadline is believed all the same: by then its verdict is there, and to
throw it away would win nobody a microsecond. The time it took is in its answer, and is logged.
"""

from collections.abc import Callable, Sequence
from functools import partial

import structlog
import trio

from compliance.publication import Publication
from compliance.verdicts import Answer, Failure
from protocol.public import InstalledHook
from server.clock import Clock
from server.errors import ConfigError
from server.hooks.check import CheckHook, Reloaded
from server.hooks.hook import InstalledAs, RemoteHook, Said
from server.panel import Answered

Post = Callable[[Callable[[], None]], None]

log = structlog.get_logger("hutong.hooks")


class HookPanel:
    """Implements `server.panel.Panel`. Plugins and webhooks are asked while `run` runs; before and after, they fail.

    `post` schedules a call on the poller's thread, and wakes it.
    """

    def __init__(self, checks: Sequence[CheckHook], remotes: Sequence[RemoteHook], *, clock: Clock, post: Post) -> None:
        self.checks = tuple(checks)
        self.remotes = tuple(remotes)
        self._clock = clock
        self._post = post
        self._nursery: trio.Nursery | None = None

    @property
    def hooks(self) -> list[InstalledAs]:
        """The hooks, by name."""
        hooks: list[InstalledAs] = [*self.checks, *self.remotes]
        return sorted(hooks, key=lambda hook: hook.name)

    def installed(self) -> tuple[InstalledHook, ...]:
        """Return the hooks, by name."""
        return tuple(
            InstalledHook(name=hook.name, kind=hook.kind, version=hook.version, surfaces=tuple(hook.watches))
            for hook in self.hooks
        )

    def ask(self, publication: Publication, done: Answered) -> None:
        """Ask all hooks that watch its surface; `done` is called before this returns if all of them are checks."""
        answers = [self._checked(hook, publication) for hook in self.checks if publication.surface in hook.watches]
        remotes = [hook for hook in self.remotes if publication.surface in hook.watches]
        if not remotes:
            done(sorted(answers, key=_by_name))
            return
        sheet = _Sheet(answers, outstanding=len(remotes), done=done, post=self._post)
        for hook in remotes:
            if self._nursery is None:
                sheet.take(self._logged(hook, publication, Said(outcome=Failure.CANCELLED), 0.0))
            else:
                self._nursery.start_soon(self._ask, hook, publication, sheet)

    def published(self, publication: Publication) -> None:
        """Tell the checks that watch its surface that this is public now."""
        for hook in self.checks:
            if publication.surface in hook.watches:
                try:
                    hook.learn(publication)
                except Exception as error:  # It is public already: nothing hangs on it but what that check knows.
                    log.error("hook.learned_nothing", hook=hook.name, error=type(error).__name__)  # noqa: TRY400

    def rules(self) -> dict[str, str]:
        """Return the version and digest of each hook's rules."""
        return {hook.name: f"{hook.version} {hook.digest}" for hook in self.hooks}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Ask plugins and webhooks, and keep them going, until cancelled; what is outstanding then is CANCELLED."""
        async with trio.open_nursery() as nursery:
            for hook in self.remotes:
                nursery.start_soon(hook.run)
            self._nursery = nursery
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None

    async def close(self) -> None:
        """End all hosts and close all connections."""
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                for hook in self.remotes:
                    nursery.start_soon(hook.close)

    async def reload(self) -> tuple[Reloaded, ...]:
        """Read the files of the built-in checks anew, on another thread, and say of each what came of it."""
        return tuple([await self._reload(hook) for hook in self.checks])

    async def _reload(self, hook: CheckHook) -> Reloaded:
        try:
            check = await trio.to_thread.run_sync(hook.made, abandon_on_cancel=True)
        except ConfigError as error:
            return hook.kept("; ".join(error.problems))
        return hook.replace(check)

    def _checked(self, hook: CheckHook, publication: Publication) -> Answer:
        began = self._clock.monotonic()
        said = hook.judge(publication)
        took_s = self._clock.monotonic() - began
        if took_s * 1000 > hook.watches[publication.surface].deadline_ms:
            log.warning("hook.slow", hook=hook.name, took_ms=round(took_s * 1000))
        return self._logged(hook, publication, said, took_s)

    async def _ask(self, hook: RemoteHook, publication: Publication, sheet: "_Sheet") -> None:
        began = self._clock.monotonic()
        said = Said(outcome=Failure.CANCELLED)
        try:
            said = await hook.ask(publication, hook.watches[publication.surface].deadline_ms / 1000)
        except Exception as error:  # A mistake of ours in one hook's adapter: that hook fails, and the server goes on.
            said = Said(outcome=Failure.CRASHED, why=type(error).__name__)
        finally:
            sheet.take(self._logged(hook, publication, said, self._clock.monotonic() - began))

    def _logged(self, hook: InstalledAs, publication: Publication, said: Said, took_s: float) -> Answer:
        if isinstance(said.outcome, Failure):
            log.warning("hook.failed", hook=hook.name, failure=said.outcome.value, why=said.why)
        return self.answer(hook, publication, said, took_s)

    def answer(self, hook: InstalledAs, publication: Publication, said: Said, took_s: float) -> Answer:
        """Return the answer that `said`, which took `took_s`, is."""
        return Answer(
            hook=hook.name,
            kind=hook.kind,
            version=hook.version,
            digest=hook.digest,
            took_us=round(took_s * 1_000_000),
            outcome=said.outcome,
            on_error=hook.watches[publication.surface].policy(publication.minute),
        )


class _Sheet:
    """The answers about one publication as they come in; the last one hands them over."""

    def __init__(self, answers: list[Answer], *, outstanding: int, done: Answered, post: Post) -> None:
        self._answers = answers
        self._outstanding = outstanding
        self._done = done
        self._post = post

    def take(self, answer: Answer) -> None:
        self._answers.append(answer)
        self._outstanding -= 1
        if not self._outstanding:
            self._post(partial(self._done, sorted(self._answers, key=_by_name)))


def _by_name(answer: Answer) -> str:
    return answer.hook
