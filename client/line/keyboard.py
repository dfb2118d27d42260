"""Lines from standard input while others arrive: at a terminal, the line being typed stays below what is shown."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size

import click
import trio
from rich.cells import cell_len

try:
    import readline
    import termios
except ImportError:  # Not everywhere; without them a line being typed may be interrupted by what arrives.
    readline = termios = None  # type: ignore[assignment]


def confirmed(question: str) -> bool:
    """Ask on standard error, and return the answer that is typed; an empty one is no.

    Whoever has a thread wait for it may abandon that: unlike `input` it holds nothing that the end of a process needs.

    Raises:
        click.Abort: There are no more lines.
    """
    while True:
        click.echo(f"{question} [y/N]: ", nl=False, err=True)
        line = _typed_line()
        if not line:
            raise click.Abort
        answer = line.strip().casefold()
        if answer in {"y", "yes"}:
            return True
        if answer in {"", "n", "no"}:
            return False
        click.echo("The answer is y or n.", err=True)


def _typed_line() -> str:
    """Return a line of standard input, with its end; what is typed ahead stays for whoever reads next."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(sys.stdin.fileno(), 1)):
        line += byte
    return line.decode(errors="replace")


class Keyboard:
    """Standard input. `prompt` is shown at a terminal only."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        self.is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        self._is_reading = False

    async def line(self) -> str | None:
        """Return the next line; None when there are no more."""
        # There is no way to interrupt a read: the thread of an abandoned one ends with the process.
        return await trio.to_thread.run_sync(self._read, abandon_on_cancel=True)

    def typed(self) -> str:
        """Return the line as far as it is typed."""
        return readline.get_line_buffer() if self.is_terminal and readline is not None else ""

    def show(self, text: str) -> None:
        """Print `text` above the line being typed."""
        if self.is_terminal:
            below = f"{self._prompt}{self.typed()}" if self._is_reading else ""
            sys.stdout.write(f"\r\x1b[2K{text}\n{below}")
        else:
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    @contextmanager
    def terminal(self) -> Iterator[None]:
        """Leave the terminal as it was found, whatever the abandoned read had made of it."""
        if not self.is_terminal or termios is None:
            yield
            return
        before = termios.tcgetattr(sys.stdin)
        try:
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
            sys.stdout.write("\r\x1b[2K")

    def _read(self) -> str | None:
        if not self.is_terminal:
            line = sys.stdin.readline()
            return line.rstrip("\n") if line else None
        self._is_reading = True
        try:
            line = input(self._prompt)
        except EOFError:
            return None
        finally:
            self._is_reading = False
        if cell_len(self._prompt + line) < get_terminal_size().columns:
            sys.stdout.write("\x1b[1A\x1b[2K")  # What was typed is shown again, as said.
        return line
