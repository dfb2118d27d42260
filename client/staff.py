"""An officer at work: a connection that is staff's, and who it is that is logged in on this computer.

Staff are no persons: they have no session, no cache and no outbox, and no operation that reads anything private.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from client.account import greet
from client.connection import Connection, open_connection
from client.errors import OffDutyError, ProfileError, RefusedError
from client.profiles import write_privately
from protocol.errors import ErrorCode
from protocol.staff import OnDutyReply, StaffLogin, StaffRole

_FILE = ".officer.json"  # No profile can be called that.


class Officer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in here as staff. The token is as good as a password."""

    url: str
    code: str
    role: StaffRole
    token: str


@asynccontextmanager
async def on_duty(
    url: str, code: str, token: str, *, ca: Path | None = None
) -> AsyncIterator[tuple[Connection, OnDutyReply]]:
    """Give a connection on which officer `code` is logged in, for the length of the block.

    Raises:
        OffDutyError: There is no such officer, or another token.
        UnreachableError: As `open_connection`.
    """
    async with open_connection(url, ca=ca) as connection:
        await greet(connection)
        try:
            duty = await connection.request(StaffLogin(id=0, code=code, token=token))
        except RefusedError as refused:
            if refused.code == ErrorCode.BAD_CREDENTIALS:
                raise OffDutyError(f"no officer {code} with that token at {url}") from refused
            raise
        yield connection, duty


class Badge:
    """The officer logged in on this computer, in the folder the profiles are in, in a file only its owner reads."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / _FILE

    def officer(self) -> Officer:
        """Return who it is.

        Raises:
            OffDutyError: Nobody.
            ProfileError: The file is damaged.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Officer)
        except FileNotFoundError:
            raise OffDutyError("no officer is logged in here") from None
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ProfileError(f"{self._path} is damaged ({error}); log in again") from error

    def keep(self, officer: Officer) -> None:
        """It is `officer` from now on."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_privately(self._path, msgspec.json.encode(officer))

    def drop(self) -> None:
        """It is nobody from now on."""
        self._path.unlink(missing_ok=True)
