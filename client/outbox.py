"""What is not sent yet. A message is stored here under its cid before it is sent, and leaves when it is acked.

Sent once: the server stores a cid once, however often it comes. In order: the oldest goes first, one at a time.
Several processes of one profile share the outbox; a row is claimed for the time of one request.
"""

import sqlite3
from dataclasses import dataclass

import msgspec
from sqlite_utils import Database

from protocol import codec
from protocol.frames import Appended, Edit, React, Recall, Request, Send
from protocol.ids import Cid, PersonId

Posting = Send | Edit | Recall | React
CLAIM_MS = 15_000  # A process that died while sending holds the others up for so long at most.


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One request that waits. `handle`: whom to send it to, as long as nobody has looked up who that is.

    `refused`: the server's code and words; such a row is not tried again, and stays until it is dropped.
    """

    cid: Cid
    request: Request[Appended]
    handle: str | None
    made_at: int
    refused: tuple[str, str] | None


class Outbox:
    """The outbox of one profile, in the cache's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        Database(database).table("outbox").create(
            {
                "number": int,
                "cid": bytes,
                "request": bytes,
                "handle": str,
                "made_at": int,
                "claimed_by": str,
                "claimed_until": int,
                "refused_code": str,
                "refused_message": str,
            },
            pk="number",
            not_null={"cid", "request", "made_at"},
            if_not_exists=True,
            strict=True,
        )
        database.execute("CREATE UNIQUE INDEX IF NOT EXISTS outbox_cid ON outbox (cid)")

    def put(self, request: Posting, *, now: int, handle: str | None = None) -> None:
        """Store `request` durably, to be sent. With `handle` its `to` is filled in once the person is known.

        Raises:
            ProtocolError: It is out of the wire's bounds, and would never be accepted.
        """
        message = codec.encode_request(request)
        codec.decode_request(message)
        # Everything else can come again from the server; this cannot, so it alone waits for the disk.
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "INSERT INTO outbox (cid, request, handle, made_at) VALUES (?, ?, ?, ?)",
            (request.cid, message, handle, now),
        )
        self._database.execute("PRAGMA synchronous = NORMAL")

    def claim(self, owner: str, *, now: int) -> Waiting | None:
        """Return the oldest row that waits, now `owner`'s for a while; None: there is none, or another has it."""
        row = self._database.execute(
            "UPDATE outbox SET claimed_by = :owner, claimed_until = :now + :span WHERE number ="
            " (SELECT min(number) FROM outbox WHERE refused_code IS NULL)"
            " AND (claimed_by IS NULL OR claimed_by = :owner OR claimed_until < :now)"
            f" RETURNING {_COLUMNS}",
            {"owner": owner, "now": now, "span": CLAIM_MS},
        ).fetchone()
        return _waiting(row) if row else None

    def address(self, cid: Cid, request: Send, to: PersonId) -> Send:
        """The handle `cid` was meant for is `to`: fill it in, for this and every later try, and return the request."""
        addressed = msgspec.structs.replace(request, to=to)
        self._database.execute(
            "UPDATE outbox SET request = ?, handle = NULL WHERE cid = ?", (codec.encode_request(addressed), cid)
        )
        return addressed

    def release(self, owner: str) -> None:
        """Give back what `owner` has claimed, not sent."""
        self._database.execute("UPDATE outbox SET claimed_by = NULL WHERE claimed_by = ?", (owner,))

    def drop(self, cid: Cid) -> bool:
        """Forget `cid` (it is acked, or nobody wants it any more) and say whether it was here."""
        return self._database.execute("DELETE FROM outbox WHERE cid = ?", (cid,)).rowcount > 0

    def refuse(self, cid: Cid, code: str, message: str) -> None:
        """The server will not have `cid`: keep it, but do not try again."""
        self._database.execute(
            "UPDATE outbox SET refused_code = ?, refused_message = ?, claimed_by = NULL WHERE cid = ?",
            (code, message, cid),
        )

    def waiting(self) -> list[Waiting]:
        """Return what is still to be sent, oldest first."""
        return self._rows("refused_code IS NULL")

    def refused(self) -> list[Waiting]:
        """Return what the server refused, oldest first."""
        return self._rows("refused_code IS NOT NULL")

    def is_empty(self) -> bool:
        """Say whether nothing is still to be sent."""
        return not self._database.execute("SELECT 1 FROM outbox WHERE refused_code IS NULL LIMIT 1").fetchone()

    def refusal(self, cid: Cid) -> tuple[str, str] | None:
        """Return code and words if the server refused `cid`."""
        query = "SELECT refused_code, refused_message FROM outbox WHERE cid = ? AND refused_code IS NOT NULL"
        refusal: tuple[str, str] | None = self._database.execute(query, (cid,)).fetchone()
        return refusal

    def _rows(self, condition: str) -> list[Waiting]:
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM outbox WHERE {condition} ORDER BY number")
        return [_waiting(row) for row in rows]


_COLUMNS = "cid, request, handle, made_at, refused_code, refused_message"


def _waiting(row: tuple[bytes, bytes, str | None, int, str | None, str | None]) -> Waiting:
    cid, request, handle, made_at, code, message = row
    posting: Request[Appended] = codec.decode_request(request)  # type: ignore[assignment]
    return Waiting(
        cid=Cid(cid), request=posting, handle=handle, made_at=made_at, refused=(code, message or "") if code else None
    )
