"""Accounts and their devices: register, sign in, change a password, sign out."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from msgspec import structs

from compliance.pack import AgreementText
from protocol import limits
from protocol.entries import Side, side_of
from protocol.errors import CloseCode, ErrorCode
from protocol.frames import (
    VERSION,
    Announced,
    ChangePassword,
    Devices,
    DevicesReply,
    Done,
    Hello,
    HelloReply,
    Login,
    Logout,
    Preferences,
    PreferencesPush,
    Register,
    Resume,
    RevokeDevice,
    SetPreferences,
    SignedIn,
    TokenReply,
)
from protocol.handles import HandleError, normalise, skeleton
from protocol.ids import DeviceId, Epoch, PersonId, new_id
from server.agreement import shown_agreement, signature_write, unsound
from server.handles import RESERVED
from server.outcomes import (
    NOT_FOUND,
    WRONG_SIDE,
    Again,
    Answer,
    Ask,
    Caller,
    CatchUp,
    Commit,
    Compute,
    Decision,
    Enter,
    Note,
    Prefer,
    Refuse,
    SignOut,
    Tell,
)
from server.passwords import new_token, token_digest
from server.store import writes
from server.store.base import Credentials, Failed, SignedPerson

_BAD_CREDENTIALS = Refuse(ErrorCode.BAD_CREDENTIALS, "no such handle, or not its password")
_BAD_TOKEN = Refuse(ErrorCode.BAD_CREDENTIALS, "this token is not good any more: sign in with handle and password")
_CLOSED = Refuse(ErrorCode.NOT_ACCEPTED, "this server takes no new people")
_BAD_INVITATION = Refuse(ErrorCode.NOT_ACCEPTED, "this invitation code is not valid", field="answers.invitation")
_TAKEN = Refuse(ErrorCode.HANDLE_TAKEN, "somebody has this handle, or one that looks like it", field="handle")
_RESERVED = Refuse(ErrorCode.BAD_HANDLE, "this handle is reserved", field="handle")
_SHORT = Refuse(
    ErrorCode.BAD_PASSWORD, f"a password has at least {limits.PASSWORD_CHARS_MIN} characters", field="password"
)
_MANY_DEVICES = Refuse(ErrorCode.TOO_MANY, "too many devices are signed in: sign one out first")
_VERSIONS = Refuse(
    ErrorCode.UNSUPPORTED_VERSION, f"this server speaks version {VERSION} only", close=CloseCode.UNSUPPORTED
)


class PasswordPort(Protocol):
    """Hashes and checks passwords elsewhere; `done` is called later, on the poller's thread; with Failed if it failed.

    Both raise BusyError when too much is waiting already.
    """

    def hash(self, password: str, done: Callable[[str | Failed], None]) -> None:
        """Give the encoded hash of `password`."""

    def verify(self, encoded: str | None, password: str, done: Callable[[bool | Failed], None]) -> None:
        """Say whether `password` is the one encoded; None is never right and takes as long."""


def greeter(
    *, server: str, announced: Announced, heartbeat_ms: int, epochs: Mapping[Side, Epoch]
) -> Callable[[Hello, int], Decision]:
    """Return the handler of `hello`, which says what this server is."""

    def hello(request: Hello, at: int) -> Decision:
        if VERSION not in request.versions:
            return _VERSIONS
        return Answer(
            HelloReply(
                version=VERSION,
                server=server,
                now=at,
                heartbeat_ms=heartbeat_ms,
                limits=announced,
                epochs=dict(epochs),
            )
        )

    return hello


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """`invitation`: what `register` asks for, empty when nothing. `devices`: of one person, at most.

    `agreement`: what is signed before there is an account (Art. 6), None when nothing is.
    """

    passwords: PasswordPort
    epoch: Epoch
    open: bool
    invitation: str
    devices_most: int
    agreement: AgreementText | None = None

    def register(self, request: Register, at: int) -> Decision:
        """Make a person and sign their first device in; or say what is needed before that."""
        if not self.open:
            return _CLOSED
        try:
            handle = normalise(request.handle)
        except HandleError as error:
            return Refuse(ErrorCode.BAD_HANDLE, str(error), field="handle")
        like = skeleton(handle)
        if like in RESERVED:
            return _RESERVED
        if len(request.password) < limits.PASSWORD_CHARS_MIN:
            return _SHORT
        refusal = self._needs(request)
        if refusal is not None:
            return refusal

        def hashed(encoded: str) -> Decision:
            token, device = _new_device(request.device, at)
            caller = Caller(
                person=PersonId(new_id()),
                handle=handle,
                device=device.device,
                preferences=Preferences(receipts=True, presence=True),
            )
            write = writes.AddPerson(
                person=caller.person, handle=handle, skeleton=like, password=encoded, device=device
            )
            add = Commit(write, lambda outcome: _TAKEN if outcome == writes.Taken() else _enter(caller, token))
            if self.agreement is None:
                return add
            return Commit(signature_write(self.agreement, caller.person, at), lambda _: add)  # Before they exist.

        def free(credentials: Credentials | None) -> Decision:
            if credentials is not None:
                return _TAKEN
            return Compute(lambda done: self.passwords.hash(request.password, done), hashed)

        return Ask(lambda reader: reader.credentials(handle), free)

    def _needs(self, request: Register) -> Decision | None:
        """Return what is to be answered while something is missing or wrong that an account needs first."""
        answer = request.answers.get("invitation")
        missing = []
        if self.invitation and answer is None:
            missing.append("invitation")
        if self.agreement is not None and request.signature is None:
            missing.append("agreement")
        if missing:
            shown = shown_agreement(self.agreement) if self.agreement and "agreement" in missing else None
            return Answer(SignedIn(needs=tuple(missing), agreement=shown))
        if self.invitation and not hmac.compare_digest((answer or "").encode(), self.invitation.encode()):
            return _BAD_INVITATION
        if self.agreement is not None and request.signature is not None:
            return unsound(self.agreement, request.signature)
        return None

    def login(self, request: Login, at: int) -> Decision:
        """Sign a device in by handle and password. That there is no such handle shows in nothing, not even in time."""
        try:
            handle = normalise(request.handle)
        except HandleError:
            handle = ""

        def found(credentials: Credentials | None) -> Decision:
            encoded = credentials.password if credentials else None
            return Compute(
                lambda done: self.passwords.verify(encoded, request.password, done),
                lambda right: enter(credentials) if right and credentials else _BAD_CREDENTIALS,
            )

        def enter(credentials: Credentials) -> Decision:
            token, device = _new_device(request.device, at)
            caller = Caller(
                person=credentials.person,
                handle=credentials.handle,
                device=device.device,
                preferences=credentials.preferences,
            )
            write = writes.AddDevice(
                person=caller.person, password=credentials.password, device=device, most=self.devices_most
            )

            def then(outcome: Any) -> Decision:
                if isinstance(outcome, writes.TooMany):
                    return _MANY_DEVICES
                return _BAD_CREDENTIALS if isinstance(outcome, writes.Stale) else _enter(caller, token)

            return Commit(write, then)

        return Ask(lambda reader: reader.credentials(handle), found)

    def resume(self, request: Resume, at: int) -> Decision:
        """Sign in by a device's token, and with `heads` bring it up to date in the same round trip."""
        if any(side_of(topic) is Side.PUBLIC for topic in request.heads or ()):
            return WRONG_SIDE  # Those are synced apart.

        def found(signed: SignedPerson | None) -> Decision:
            if signed is None:
                return _BAD_TOKEN
            caller = Caller(
                person=signed.person, handle=signed.handle, device=signed.device, preferences=signed.preferences
            )
            seen = (Note(writes.SeeDevice(device=caller.device, at=at)),)
            resync = Answer(SignedIn(**_fields(caller), resync=True), seen)
            if request.epoch not in {None, self.epoch}:
                return Enter(caller, resync)
            if request.heads is None:
                return Enter(caller, Answer(_signed_in(caller), seen))
            return Enter(
                caller,
                CatchUp(
                    request.heads, request.marks, lambda sync: SignedIn(**_fields(caller), sync=sync), resync, seen
                ),
            )

        return Ask(lambda reader: reader.signed(token_digest(request.token)), found)

    def logout(self, request: Logout, caller: Caller, at: int) -> Decision:
        """Make this device's token worthless."""
        return self._revoke(caller, caller.device, close=(1000, "signed out"))

    def revoke_device(self, request: RevokeDevice, caller: Caller, at: int) -> Decision:
        """Make the token of one of one's devices worthless."""
        own = request.device == caller.device
        return self._revoke(caller, request.device, close=(CloseCode.SIGNED_OUT, "signed out") if own else None)

    def _revoke(self, caller: Caller, device: DeviceId, *, close: tuple[int, str] | None) -> Decision:
        def then(outcome: Any) -> Decision:
            if not isinstance(outcome, writes.DevicesRevoked):
                return NOT_FOUND
            return Answer(Done(), (SignOut(outcome.devices),), close)

        return Commit(writes.RevokeDevice(person=caller.person, device=device), then)

    def change_password(self, request: ChangePassword, caller: Caller, at: int) -> Decision:
        """Change the password; every device but this one is signed out, and this one gets a new token."""
        if len(request.new) < limits.PASSWORD_CHARS_MIN:
            return structs.replace(_SHORT, field="new")

        def found(credentials: Credentials | None) -> Decision:
            assert credentials is not None  # People do not go away.
            return Compute(
                lambda done: self.passwords.verify(credentials.password, request.old, done),
                lambda right: hash_new(credentials) if right else structs.replace(_BAD_CREDENTIALS, field="old"),
            )

        def hash_new(credentials: Credentials) -> Decision:
            return Compute(
                lambda done: self.passwords.hash(request.new, done),
                lambda encoded: store(credentials, encoded),
            )

        def store(credentials: Credentials, encoded: str) -> Decision:
            token, device = _new_device("", at)
            write = writes.ChangePassword(
                person=caller.person, old=credentials.password, new=encoded, device=device, replaces=caller.device
            )

            def then(outcome: Any) -> Decision:
                if isinstance(outcome, writes.Stale):
                    return Again(request)
                return Enter(
                    replace(caller, device=device.device),
                    Answer(TokenReply(device=device.device, token=token), (SignOut(outcome.devices),)),
                )

            return Commit(write, then)

        return Ask(lambda reader: reader.credentials(caller.handle), found)

    def devices(self, request: Devices, caller: Caller, at: int) -> Decision:
        """List one's signed-in devices."""
        return Ask(
            lambda reader: reader.devices(caller.person, caller.device),
            lambda devices: Answer(DevicesReply(devices=devices)),
        )

    def set_preferences(self, request: SetPreferences, caller: Caller, at: int) -> Decision:
        """Choose what others learn of one: what one has read, that one is here, one's handle, older moments."""

        def then(preferences: Preferences) -> Decision:
            push = PreferencesPush(preferences=preferences)
            told = Tell(persons=(caller.person,), push=push, not_here=True)
            return Answer(Done(), (Prefer(caller.person, preferences), told))

        write = writes.SetPreferences(
            person=caller.person,
            receipts=request.receipts,
            presence=request.presence,
            findable=request.findable,
            moments_days=request.moments_days,
        )
        return Commit(write, then)


def _new_device(name: str, at: int) -> tuple[str, writes.NewDevice]:
    token = new_token()
    return token, writes.NewDevice(device=DeviceId(new_id()), name=name, digest=token_digest(token), at=at)


def _fields(caller: Caller) -> dict[str, Any]:
    return {
        "person": caller.person,
        "handle": caller.handle,
        "device": caller.device,
        "preferences": caller.preferences,
    }


def _signed_in(caller: Caller, token: str | None = None) -> SignedIn:
    return SignedIn(**_fields(caller), token=token)


def _enter(caller: Caller, token: str) -> Decision:
    return Enter(caller, Answer(_signed_in(caller, token)))
