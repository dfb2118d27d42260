"""`hutong-bench all`: a short run of every benchmark, one after the other: a file of figures for each, and plots."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks import command
from benchmarks.command import run
from benchmarks.figures import progress
from benchmarks.options import quick_option
from benchmarks.plots.command import draw
from benchmarks.systems.registry import SYSTEMS, installed

ONCE = ("--rounds=1", "--seconds=1")
# What is run, by the name of its file: the command, and what it is asked in a short run.
RUNS: dict[str, Sequence[str]] = {
    "limit": ("limit", *ONCE),
    "fanout": ("fanout", *ONCE, "--rate=100", "--rate=1000"),
    "growth": ("growth", *ONCE),
    "chat": ("chat", *ONCE, "--pairs=200", "--window=1", "--store=empty", "--store=100000"),
    "idle": ("idle", "--connections=1000"),
    "mixed": ("mixed", *ONCE, "--people=1000"),
    "beside": ("beside", *ONCE),
    "gate-private": ("gate", "private", *ONCE),
    "gate-crowd": ("gate", "crowd", *ONCE, "--public=1000"),
    "broadcast": ("broadcast", "deliver", *ONCE, "--followers=10000", "--online=500"),
    "circles": ("circles", "post", *ONCE),
    "checks": ("checks", "--terms=10000", "--publications=50"),
}
AT_ONCE = ("--rounds=1", "--seconds=0.2")
# So small that it shows that they work, and no figure.
QUICK: dict[str, Sequence[str]] = {
    "limit": ("limit", *AT_ONCE, "--members=5"),
    "fanout": ("fanout", *AT_ONCE, "--members=5", "--rate=50"),
    "growth": ("growth", *AT_ONCE, "--private=2", "--private=3", "--base=2", "--public=4"),
    "chat": ("chat", *AT_ONCE, "--pairs=2", "--store=empty"),
    "idle": ("idle", "--connections=20", "--chats=2", "--groups=1", "--follows=1", "--accounts=2"),
    "mixed": ("mixed", "--quick"),
    "beside": ("beside", "--quick"),
    "gate-private": ("gate", "private", *AT_ONCE, "--pairs=2", "--terms=100"),
    "gate-crowd": ("gate", "crowd", *AT_ONCE, "--private=3", "--public=4", "--terms=100"),
    "broadcast": ("broadcast", "deliver", "--quick"),
    "circles": ("circles", "post", "--quick"),
    "checks": ("checks", "--terms=100", "--publications=10"),
}


@click.command("all", epilog="Example: hutong-bench all --to build/bench")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), default="build/bench", show_default=True,
    help="The folder for what is found: a JSON file of each benchmark, and plots.",
)  # fmt: skip
@quick_option
def main(folder: Path, *, quick: bool) -> None:
    """A short run of every benchmark, some minutes in all, with plots; it goes on after one that breaks."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{folder}: {error.strerror}", param_hint="--to") from error
    begun, files, broken = time.monotonic(), [], []
    for name, arguments in (QUICK if quick else RUNS).items():
        progress(f"\nhutong-bench {' '.join(arguments)}  ({time.monotonic() - begun:.0f} s so far)")
        file = folder / f"{name}.json"
        match run([*arguments, "--json", str(file)]):
            case 0:
                files.append(file)
            case command.INTERRUPTED | command.TERMINATED as status:
                raise SystemExit(status)
            case _:
                broken.append(name)
    try:
        plots = draw(files, folder)
    finally:
        click.echo(f"\nFigures of {len(files)} benchmarks, in {time.monotonic() - begun:.0f} s: {folder}/*.json")
    click.echo(f"{len(plots)} plots: {folder}/*.png")
    if missing := installed(SYSTEMS)[1]:
        click.echo("Not measured, as not installed here:")
        for reason in missing:
            click.echo(f"  {reason}")
    if broken:
        raise click.ClickException(f"broken, see above: {', '.join(broken)}")
