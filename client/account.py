"""Being somebody: registering and logging in. Each makes one short connection and returns who one is from now on."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from client.connection import Connection, open_connection
from client.errors import NeedsError, RefusedError
from protocol.frames import VERSION, Hello, HelloReply, Login, Register, SignedIn
from protocol.ids import DeviceId, PersonId
from protocol.public import Agreement, Signature

CLIENT_NAME = "hutong 0.1"
Signing = Callable[[Agreement], Signature | None]


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
    sign: Signing | None = None,
    ca: Path | None = None,
) -> Account:
    """Make a new person on the server at `url` and sign this device in.

    `sign`: asked for a signature to the agreement, if the server wants one; it answers at once, or None. A person who
    has to read first is shown the NeedsError's agreement, and registered again then. `acknowledge` signs all of it.

    Raises:
        NeedsError: The server wants `answers`, or a signature, first; nothing is registered yet.
        RefusedError: `bad_handle`, `handle_taken`, `bad_password` and the like.
        UnreachableError, ConnectionLostError: Try again; if the handle is taken then, log in.
    """
    wanted = Register(id=0, handle=handle, password=password, device=device, answers=dict(answers or {}))
    async with open_connection(url, ca=ca) as connection:
        await greet(connection)
        signed = await connection.request(wanted)
        if signed.agreement is not None and sign is not None and (signature := sign(signed.agreement)):
            signed = await connection.request(msgspec.structs.replace(wanted, signature=signature))
    return _account(url, signed)


def acknowledge(agreement: Agreement) -> Signature:
    """Return the signature of somebody who acknowledges every line of `agreement`."""
    return Signature(digest=agreement.digest, lines=tuple(line.code for line in agreement.lines))


async def login(url: str, handle: str, password: str, *, device: str = "", ca: Path | None = None) -> Account:
    """Sign this device in as the person with `handle`.

    Raises:
        RefusedError: `bad_credentials`: no such person, or another password.
        UnreachableError, ConnectionLostError: Try again.
    """
    async with open_connection(url, ca=ca) as connection:
        await greet(connection)
        signed = await connection.request(Login(id=0, handle=handle, password=password, device=device))
    return _account(url, signed)


def _account(url: str, signed: SignedIn) -> Account:
    match signed:
        case SignedIn(needs=(_, *_) as needs):
            raise NeedsError(tuple(needs), signed.agreement)
        case SignedIn(person=str() as person, handle=str() as own, device=str() as device, token=str() as token):
            return Account(url=url, handle=own, person=person, device=device, token=token)
        case _:
            raise RefusedError("bad_reply", "the server signed us in without saying who we are")
