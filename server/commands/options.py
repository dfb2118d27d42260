"""Options that several commands have."""

import os
from pathlib import Path

import click

from server.config import Config, load

config_option = click.option(
    "--config",
    "config_file",
    envvar="HUTONG_CONFIG",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings in TOML (or name the file in HUTONG_CONFIG).",
)
data_option = click.option("--data", metavar="DIR", help="The data directory [server.data; by default hutong-data].")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for programs.")


def effective(config_file: Path | None, **server: str | None) -> Config:
    """Return the configuration with what the command line says of `[server]` on top.

    Raises:
        ConfigError: It cannot be used.
    """
    return load(config_file, os.environ, {f"server.{key}": value for key, value in server.items()})
