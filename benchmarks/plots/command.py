"""`hutong-bench plots`: pictures of what was measured, from the files that `--json` wrote."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

Found = dict[str, Any]


@click.command("plots", epilog="Example: hutong-bench plots fanout.json growth.json --to pictures")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="For the pictures."
)
def main(files: Sequence[Path], folder: Path) -> None:
    """Pictures of what was measured: a PNG for each thing that the files tell of."""
    made = draw(files, folder)
    for path in made:
        click.echo(path)
    if not made:
        click.echo("there is nothing in these files that there is a picture of", err=True)


def draw(files: Sequence[Path], folder: Path) -> list[Path]:
    """Draw all that the files tell of; return the pictures.

    Raises:
        ClickException: A file is none of ours, or what draws is not installed.
    """
    found = [each for file in files for each in _read(file)]
    try:
        from benchmarks.plots.pictures import pictures  # noqa: PLC0415 - what draws is asked for by nothing else.
    except ModuleNotFoundError as error:
        raise click.ClickException(f"plots need {error.name}: pip install 'hutong[bench]'") from error
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, picture in pictures(found):
        path = folder / f"{name}.png"
        picture.savefig(path)
        made.append(path)
    return made


def _read(file: Path) -> list[Found]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, dict) and "benchmark" in each for each in found):
        raise click.ClickException(f"{file} is no list of measurements")
    return found
