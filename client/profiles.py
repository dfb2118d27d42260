"""Who is signed in on this computer: one folder a profile, with the account (token included) and the cache.

Folders are 0700 and files 0600: the token is as good as the password.
"""

import os
import re
import shutil
from pathlib import Path

import msgspec
import platformdirs

from client.account import Account
from client.errors import ProfileError, SignedOutError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def home() -> Path:
    """Return where profiles are kept: $HUTONG_HOME, or the user's data directory."""
    chosen = os.environ.get("HUTONG_HOME")
    return Path(chosen) if chosen else platformdirs.user_data_path("hutong", appauthor=False)


class Profiles:
    """The profiles under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names there are."""
        return sorted(path.parent.name for path in self.folder.glob("*/account.json"))

    def choose(self, name: str | None) -> str:
        """Return `name`, or else the last one used, or the only one.

        Raises:
            ProfileError: It cannot be a name.
            SignedOutError: There is nothing to choose from.
        """
        if name is not None:
            return _checked(name)
        last = self.folder / "last"
        names = self.names()
        if last.exists() and (used := last.read_text().strip()) in names:
            return used
        if len(names) == 1:
            return names[0]
        if names:
            raise ProfileError(f"several profiles here ({', '.join(names)}): choose one with --profile")
        raise SignedOutError("nobody is signed in here")

    def account(self, name: str) -> Account | None:
        """Return whose profile `name` is, signed in or not (then without a token); None: there is no such profile.

        Raises:
            ProfileError: Its file is damaged.
        """
        path = self.folder / _checked(name) / "account.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Account)
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ProfileError(f"{path} is damaged ({error}); remove it and log in again") from error

    def keep(self, name: str, account: Account) -> None:
        """Keep `account` as profile `name`, and use it from now on when none is named."""
        folder = self.folder / _checked(name)
        for each in (self.folder, folder):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_privately(folder / "account.json", msgspec.json.encode(account))
        write_privately(self.folder / "last", name.encode())

    def sign_out(self, name: str) -> None:
        """Forget the token and the cache of `name`; server and handle stay, for the next login."""
        account = self.account(name)
        if account is not None:
            shutil.rmtree(self.folder / name)
            self.keep(name, msgspec.structs.replace(account, token=""))

    def cache_path(self, name: str) -> Path:
        """Return where the cache of `name` is, or will be."""
        return self.folder / _checked(name) / "cache.db"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ProfileError("a profile's name is 1 to 64 letters, digits, '.', '_' and '-'")
    return name


def write_privately(path: Path, content: bytes) -> None:
    """Put `content` into the file `path`, whole or not at all, for its owner's eyes only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
