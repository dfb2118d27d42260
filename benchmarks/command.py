"""`hutong-bench`: all benchmarks, one a command. What a command needs is imported when it is called."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pkgutil import resolve_name

import click

BROKEN, INTERRUPTED = 1, 130
TERMINATED = 128 + signal.SIGTERM

# Where each command is, and what it is for.
COMMANDS: dict[str, tuple[str, str]] = {
    "fanout": ("benchmarks.fanout.command:main", "One speaks in a room, all hear it: hutong beside every peer."),
    "growth": ("benchmarks.growth:main", "What a delivery costs in rooms of ten to ten thousand."),
    "limit": ("benchmarks.limit:main", "What a delivery costs in a bare loop: the machine's limit."),
    "chat": ("benchmarks.chat.command:main", "Between two people, durable, beside those that keep nothing."),
    "idle": ("benchmarks.idle.command:main", "Memory of idle connections, and how soon all are back."),
    "mixed": ("benchmarks.mixed.command:main", "A day in the town: everything at once."),
    "beside": ("benchmarks.beside:main", "How long small chats wait beside a busy group."),
    "gate": ("benchmarks.gate.command:main", "What the gate costs, and whom."),
    "broadcast": ("benchmarks.broadcast.command:main", "A public account with a million followers."),
    "circles": ("benchmarks.circles.command:main", "Moments and timelines."),
    "checks": ("benchmarks.checks:main", "What a publication costs in the built-in checks."),
    "peers": ("benchmarks.peers:main", "The systems beside hutong: which are here, and how to get the others."),
    "plots": ("benchmarks.plots.command:main", "Pictures of what was measured."),
    "all": ("benchmarks.everything:main", "A short run of all of it."),
}


class Lazy(click.Group):
    """A group whose commands are imported one at a time, when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's.
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's.
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = resolve_name(COMMANDS[cmd_name][0])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's.
        """List them without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Lazy)
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
@click.version_option(package_name="hutong", prog_name="hutong-bench")
def bench() -> None:
    """Measure hutong, and its peers beside it.

    Every benchmark starts what it needs on this machine and ends it again. CPU is that of the server's processes, as
    the system counts it; every delivery is counted, and its place in the sequence checked.
    """


def main() -> None:
    """Run the program and exit as it went; SIGTERM ends everything that was started, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the program and return its exit status. Errors become one line; a traceback is shown with --debug only."""
    try:
        bench.main(list(arguments), prog_name="hutong-bench", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:  # The program's edge: whatever it is gets words and a status.
        if "--debug" in arguments and not isinstance(error, click.ClickException | SystemExit):
            traceback.print_exception(error)
        return _farewell(error)
    return 0


def _farewell(error: BaseException) -> int:
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else BROKEN
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():  # click has ended the line.
            return INTERRUPTED
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Else its last flush fails aloud.
            return 0
        case click.ClickException():
            error.show()
            return error.exit_code
        case _:
            said = str(error).partition("\n")[0]
            click.echo(f"hutong-bench: {type(error).__name__}: {said} (--debug shows more)", err=True)
            return BROKEN


if __name__ == "__main__":
    main()
