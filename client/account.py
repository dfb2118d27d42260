"""Being somebody: registering and logging in. Each makes one short connection and returns who one is from now on."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from client.connection import Connection, open_connection
from client.errors import NeedsError, RefusedError
from protocol.frames import VERSION, Hello, HelloReply, Login, Register, Request, SignedIn
from protocol.ids import DeviceId, PersonId

CLIENT_NAME = "hutong 0.1"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person signed in on this device. The token is as good as the password: keep it where only its owner reads."""

    url: str
    handle: str
    person: PersonId
    device: DeviceId
    token: str


async def greet(connection: Connection) -> HelloReply:
    """Say hello, which comes before anything else."""
    return await connection.request(Hello(id=0, versions=(VERSION,), client=CLIENT_NAME))


async def register(
    url: str,
    handle: str,
    password: str,
    *,
    device: str = "",
    answers: Mapping[str, str] | None = None,
    ca: Path | None = None,
) -> Account:
    """Make a new person on the server at `url` and sign this device in.

    Raises:
        NeedsError: The server wants `answers` first; nothing is registered yet.
        RefusedError: `bad_handle`, `handle_taken`, `bad_password` and the like.
        UnreachableError, ConnectionLostError: Try again; if the handle is taken then, log in.
    """
    wanted = Register(id=0, handle=handle, password=password, device=device, answers=dict(answers or {}))
    return await _sign_in(url, wanted, ca)


async def login(url: str, handle: str, password: str, *, device: str = "", ca: Path | None = None) -> Account:
    """Sign this device in as the person with `handle`.

    Raises:
        RefusedError: `bad_credentials`: no such person, or another password.
        UnreachableError, ConnectionLostError: Try again.
    """
    return await _sign_in(url, Login(id=0, handle=handle, password=password, device=device), ca)


async def _sign_in(url: str, request: Request[SignedIn], ca: Path | None) -> Account:
    async with open_connection(url, ca=ca) as connection:
        await greet(connection)
        signed = await connection.request(request)
    match signed:
        case SignedIn(needs=(_, *_) as needs):
            raise NeedsError(tuple(needs))
        case SignedIn(person=str() as person, handle=str() as own, device=str() as device, token=str() as token):
            return Account(url=url, handle=own, person=person, device=device, token=token)
        case _:
            raise RefusedError("bad_reply", "the server signed us in without saying who we are")
