"""What is not sent yet. A message is stored here under its cid before it is sent, and leaves when it is acked.

Sent once: the server stores a cid once, however often it comes. In order: the oldest goes first, one at a time on
each side, so that what waits at the gate holds up nothing private. What is private and what is public is said by the
request itself: a row is sent as what it was made, and never becomes another.
Several processes of one profile share the outbox; a row is claimed for the time of one request.
"""

import sqlite3
from dataclasses import dataclass

import msgspec
from sqlite_utils import Database

from client.errors import RefusedError
from protocol import codec
from protocol.entries import Side, side_of
from protocol.errors import ErrorCode
from protocol.frames import Edit, React, Recall, Send
from protocol.ids import Cid, PersonId
from protocol.moments import PostMoment, SayComment
from protocol.public import Publish

Confidence = PostMoment | SayComment  # Said privately, and in no topic.
Posting = Send | Edit | Recall | React | Publish | Confidence
CLAIM_MS = 15_000  # A process that died while sending holds the others up for so long at most.


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One request that waits. `handle`: whom to send it to, as long as nobody has looked up who that is.

    `refused`: the server's code and words; such a row is not tried again, and stays until it is dropped.
    """

    cid: Cid
    request: Posting
    handle: str | None
    made_at: int
    refused: tuple[str, str] | None


def side_of_posting(request: Posting) -> Side:
    """Return the side of what `request` says.

    Raises:
        RefusedError: `wrong_side`: something private for a public topic, or the other way round. The server would
            refuse it too; refused here, it never waits to be said.
    """
    if isinstance(request, Confidence):
        return Side.PRIVATE
    side = side_of(request.topic) if request.topic is not None else None
    if isinstance(request, Publish):
        if side is Side.PRIVATE:
            raise RefusedError(ErrorCode.WRONG_SIDE, "this place is private: send it, do not publish it")
        return Side.PUBLIC
    if side is Side.PUBLIC and not isinstance(request, Recall):
        raise RefusedError(ErrorCode.WRONG_SIDE, "this place is public: what is said there is published")
    return side or Side.PRIVATE


class Outbox:
    """The outbox of one profile, in the cache's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        table = Database(database).table("outbox")
        table.create(
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
                "side": str,
            },
            pk="number",
            not_null={"cid", "request", "made_at", "side"},
            if_not_exists=True,
            strict=True,
        )
        if "side" not in table.columns_dict:  # A file from before there was another.
            table.add_column("side", str, not_null_default=Side.PRIVATE.value)
        database.execute("CREATE UNIQUE INDEX IF NOT EXISTS outbox_cid ON outbox (cid)")

    def put(self, request: Posting, *, now: int, handle: str | None = None) -> None:
        """Store `request` durably, to be sent. With `handle` its `to` is filled in once the person is known.

        Raises:
            ProtocolError: It is out of the wire's bounds, and would never be accepted.
            RefusedError: It is on the wrong side.
        """
        side = side_of_posting(request)
        message = codec.encode_request(request)
        codec.decode_request(message)
        # Everything else can come again from the server; this cannot, so it alone waits for the disk.
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "INSERT INTO outbox (cid, request, handle, made_at, side) VALUES (?, ?, ?, ?, ?)",
            (request.cid, message, handle, now, side.value),
        )
        self._database.execute("PRAGMA synchronous = NORMAL")

    def claim(self, owner: str, side: Side, *, now: int) -> Waiting | None:
        """Return the oldest row of `side` that waits, `owner`'s for a while now; None: there is none, or not for us."""
        row = self._database.execute(
            "UPDATE outbox SET claimed_by = :owner, claimed_until = :now + :span WHERE number ="
            " (SELECT min(number) FROM outbox WHERE refused_code IS NULL AND side = :side)"
            " AND (claimed_by IS NULL OR claimed_by = :owner OR claimed_until < :now)"
            f" RETURNING {_COLUMNS}",
            {"owner": owner, "now": now, "span": CLAIM_MS, "side": side.value},
        ).fetchone()
        return _waiting(row) if row else None

    def address(self, cid: Cid, request: Send, to: PersonId) -> Send:
        """The handle `cid` was meant for is `to`: fill it in, for this and every later try, and return the request."""
        addressed = msgspec.structs.replace(request, to=to)
        self._database.execute(
            "UPDATE outbox SET request = ?, handle = NULL WHERE cid = ?", (codec.encode_request(addressed), cid)
        )
        return addressed

    def release(self, owner: str, cid: Cid | None = None) -> None:
        """Give back what `owner` has claimed, not sent: `cid`, or all."""
        self._database.execute(
            "UPDATE outbox SET claimed_by = NULL WHERE claimed_by = ? AND cid = coalesce(?, cid)", (owner, cid)
        )

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

    def is_empty(self, side: Side | None = None) -> bool:
        """Say whether nothing is still to be sent, on `side` or at all."""
        return not self._database.execute(
            "SELECT 1 FROM outbox WHERE refused_code IS NULL AND side = coalesce(?, side) LIMIT 1", (side,)
        ).fetchone()

    def holds(self, cid: Cid) -> bool:
        """Say whether `cid` is here, still to be sent or refused."""
        return self._database.execute("SELECT 1 FROM outbox WHERE cid = ?", (cid,)).fetchone() is not None

    def is_publication(self, cid: Cid) -> bool:
        """Say whether what waits as `cid` is to be published."""
        row = self._database.execute("SELECT request FROM outbox WHERE cid = ?", (cid,)).fetchone()
        return row is not None and isinstance(codec.decode_request(row[0]), Publish)

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
    posting: Posting = codec.decode_request(request)  # type: ignore[assignment]
    return Waiting(
        cid=Cid(cid), request=posting, handle=handle, made_at=made_at, refused=(code, message or "") if code else None
    )
