"""`hutongd` as a whole: its commands, those that other packages add, and what its exit codes mean.

0 done · 1 it failed, or `doctor` or `audit verify` found something · 2 the command line or the configuration is wrong ·
130 interrupted
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from server.commands.approvals import approvals
from server.commands.audit import audit
from server.commands.hooks import hooks
from server.commands.maintenance import backup, doctor, restore, stats
from server.commands.running import config, serve
from server.commands.staff import staff
from server.errors import ConfigError, ServerError
from server.store.base import StoreError

GROUP = "hutong.commands"
DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
FORESEEN = (ServerError, StoreError, OSError)  # What an operator can do something about: a line each, no traceback.


class Program(click.Group):
    """Our commands and those of the entry points of GROUP, which are imported only when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, ours first."""
        own = super().list_commands(ctx)
        return own + [name for name in _added() if name not in own]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command; one that cannot be imported says so when it is called."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        added = _added().get(cmd_name)
        return _loaded(added) if added is not None else None


def _added() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


def _loaded(point: EntryPoint) -> click.Command:
    try:
        command = point.load()
    except (ImportError, AttributeError) as error:
        return _Broken(point.name, f"{point.value} cannot be loaded: {error}")
    if not isinstance(command, click.Command):
        return _Broken(point.name, f"{point.value} is no command")
    return command


class _Broken(click.Command):
    """Stands in for a command that could not be imported, whatever its arguments are."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            name,
            short_help=f"(Not here: {reason})",
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        )
        self._reason = reason

    def invoke(self, ctx: click.Context) -> Any:
        """Say why there is no such command."""
        raise click.ClickException(f"`{ctx.command_path}` is not available: {self._reason}")


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hutong", prog_name="hutongd")
def program() -> None:
    """A reference instant-messaging server.

    Without any configuration `hutongd serve` listens on 127.0.0.1:8440 and keeps its data in ./hutong-data.

    Exit codes: 0 done; 1 it failed, or doctor or audit verify found something; 2 the command line or the configuration
    is wrong; 130 interrupted.
    """


for command in (serve, config, backup, restore, stats, doctor, staff, approvals, audit, hooks):
    program.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run `hutongd` with `arguments`, say on stderr what went wrong, and return the exit code."""
    try:
        result = program.main(list(arguments), prog_name="hutongd", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return MISUSED if isinstance(error, click.UsageError) else FAILED
    except (click.Abort, KeyboardInterrupt) as error:
        return _explain(error)
    except FORESEEN as error:
        return _explain(error)
    except BaseExceptionGroup as group:  # As nurseries raise them.
        problems = list(_leaves(group))
        if not all(isinstance(problem, (*FORESEEN, KeyboardInterrupt)) for problem in problems):
            raise
        return max(_explain(problem) for problem in problems)
    return result if isinstance(result, int) else DONE


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for part in group.exceptions:
        if isinstance(part, BaseExceptionGroup):
            yield from _leaves(part)
        else:
            yield part


def _explain(error: BaseException) -> int:
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("hutongd: interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, ConfigError):
        for problem in error.problems:
            click.echo(f"hutongd: {problem}", err=True)
        click.echo("hutongd: docs/OPERATIONS.md lists every setting", err=True)
        return MISUSED
    if isinstance(error, OSError) and error.strerror is not None:
        place = f"{error.filename}: " if error.filename is not None else ""
        click.echo(f"hutongd: {place}{error.strerror}", err=True)
    else:
        click.echo(f"hutongd: {error}", err=True)
    return FAILED
