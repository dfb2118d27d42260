"""What the client raises. A class per remedy.

ClientError
├── UnreachableError       no connection could be made: try again later, or look at the address
├── ConnectionLostError    there was one and it ended; says whether to connect again
├── RefusedError           the server said no to one request, and why
├── NeedsError             the server asks for answers, or a signature, before it registers anybody
├── SignedOutError         the token is no longer good: log in again
│   └── OffDutyError       no officer is logged in here
└── ProfileError           what is kept on this computer does not allow it
"""

from protocol.errors import CloseCode, may_reconnect
from protocol.public import Agreement

_WORDS: dict[int, str] = {
    1006: "the connection broke",
    CloseCode.SHUTDOWN: "the server shut down",
    CloseCode.SLOW: "the server closed the connection: we read too slowly",
    CloseCode.SILENT: "the server closed the connection: it heard nothing of us",
    CloseCode.SIGNED_OUT: "this device was signed out",
}


class ClientError(Exception):
    """Root of what `client` raises."""


class UnreachableError(ClientError):
    """No connection to `url` could be made."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot reach {url}: {reason}")
        self.url, self.reason = url, reason


class ConnectionLostError(ClientError):
    """The connection ended. What was asked and not answered may or may not have happened."""

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(
            _WORDS.get(close_code) or f"the connection ended ({close_code}{': ' if reason else ''}{reason})"
        )
        self.close_code, self.reason = close_code, reason
        self.may_reconnect = may_reconnect(close_code)


class RefusedError(ClientError):
    """The server refused a request. `retry_after_ms` None: repeating it will not help."""

    def __init__(self, code: str, message: str, *, retry_after_ms: int | None = None, field: str | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code, self.message, self.retry_after_ms, self.field = code, message, retry_after_ms, field


class NeedsError(ClientError):
    """Nothing is registered yet: ask the person for each of `needs` and register again with the answers.

    `agreement`: what is to be signed, where `needs` has "agreement".
    """

    def __init__(self, needs: tuple[str, ...], agreement: Agreement | None = None) -> None:
        super().__init__(f"the server asks for {', '.join(needs)}")
        self.needs, self.agreement = needs, agreement


class SignedOutError(ClientError):
    """This device is not signed in, or no longer."""


class OffDutyError(SignedOutError):
    """No officer is logged in here, or no longer."""


class ContactError(ClientError):
    """Nobody among one's contacts, or several, or no tag of theirs is called so; the message says what to do."""


class ProfileError(ClientError):
    """A profile is missing, taken, or not readable; the message says what to do."""
