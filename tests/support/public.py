"""The public side to play with: public groups, publications, officers, and what is in the file afterwards.

For a test on `InlineServer`; the hooks are those of its `StaffedPanel`.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from compliance import leaves
from compliance.verdicts import Failure, Hold, Label, Reject, Verdict
from protocol.codec import Refusal
from protocol.decisions import Submission
from protocol.entries import Admission, Role
from protocol.frames import GroupRole, History, ShowTopic, Sync
from protocol.ids import PersonId, Seq, TopicId
from protocol.public import Cards, GroupFind, GroupFoundPublic, GroupJoin, GroupListing, Publish, SubmissionReply
from protocol.publications import PERSONAL, AutoReply, Content, MenuEntry, Surface
from protocol.staff import StaffLogin, StaffRole
from server.passwords import token_digest
from server.store.public_writes import AddStaff
from tests.support.inline import Caller, InlineServer

NAME, MENU, KEYWORD = "The Lane", "Menu", "help"
FIXED = frozenset({NAME, MENU, KEYWORD})
GROUND = "truthfulness"  # In every pack; under cn-2014 it is a bottom line.
HOUR_S = 3600

REJECT = Reject(ground=GROUND, text="It is not true.")
HOLD = Hold(ground=GROUND, text="Somebody should look at it.")
LABEL = Label(labels=("rumour",))
Outcome = Verdict | Failure


def public_group(
    server: InlineServer, owner: Caller, *members: Caller, admins: Iterable[Caller] = (), **openness: Any
) -> TopicId:
    """Return a public group of these; nothing of its beginnings waits to be collected."""
    topic = owner.do(GroupFoundPublic, **{"admission": Admission.OPEN} | openness).topic
    for member in (*members, *admins):
        member.do(GroupJoin, topic=topic)
    for admin in admins:
        owner.do(GroupRole, topic=topic, person=admin.person, role=Role.ADMIN)
    for _ in range(6):  # Who has come is said, too.
        server.every_second()
    for caller in server.callers:
        caller.collect()
    return topic


def publication_of(
    surface: Surface, words: str, topic: TopicId | None, *, target: Seq | None = None, base: int | None = None
) -> dict[str, Any]:
    """Return the fields of a `publish` of `words` on `surface`; `topic`: of the group or account that has it.

    A comment is under the first entry there.
    """
    fields: dict[str, Any] = {"surface": surface, "content": content_of(surface, words)}
    if surface not in PERSONAL:
        fields["topic"] = topic
    if surface is Surface.COMMENT:
        fields["root"] = 1
    return fields if target is None else fields | {"target": target, "base": base}


def content_of(surface: Surface, words: str) -> Content:
    """Return a content that says `words`, and beside them only what the surface cannot do without (FIXED)."""
    match surface:
        case Surface.CARD:
            return Content(title=words)
        case Surface.ARTICLE | Surface.BROADCAST | Surface.REPRINT:
            return Content(title=words, text=words)
        case Surface.ACCOUNT_PROFILE:
            return Content(title=NAME, text=words)
        case Surface.ACCOUNT_MENU:
            return Content(menu=(MenuEntry(label=MENU, text=words),))
        case Surface.ACCOUNT_REPLIES:
            return Content(replies=(AutoReply(keywords=(KEYWORD,), text=words),))
        case _:
            return Content(text=words)


def publish(
    author: Caller, topic: TopicId | None, words: str, surface: Surface = Surface.GROUP_MESSAGE, **edit: Any
) -> Submission:
    """Publish `words`, and return what has become of them."""
    return author.do(Publish, **publication_of(surface, words, topic, **edit)).submission


def tried(
    author: Caller, topic: TopicId | None, words: str, surface: Surface = Surface.GROUP_MESSAGE, **edit: Any
) -> SubmissionReply | Refusal:
    """Try to publish `words`, and return the answer, whatever it is."""
    return author.try_(author.request(Publish, **publication_of(surface, words, topic, **edit)))


def officer(server: InlineServer, role: StaffRole = StaffRole.CHIEF) -> Caller:
    """Return a connection on which a new officer of this role is on duty."""
    code = f"{role.value}-{sum(1 for _ in rows(server, 'SELECT 1 FROM staff'))}"
    add = AddStaff(code=code, role=role, digest=token_digest(code), at=server.clock.wall_ms())
    server.public_commits.submit(add, lambda _: None)
    caller = server.connect()
    caller.do(StaffLogin, code=code, token=code)
    return caller


# What others get.


def shown_to(reader: Caller, topic: TopicId, persons: Iterable[PersonId], *, word: str = "") -> dict[str, Any]:
    """Return all that `reader` can ask for about a public group and these people's cards: answers and refusals."""
    asked = {
        "sync": reader.request(Sync, heads={}, side="public"),
        "sync from there": reader.request(Sync, heads={topic: 1}, side="public"),
        "history": reader.request(History, topic=topic, limit=200),
        "topic": reader.request(ShowTopic, topic=topic),
        "listing": reader.request(GroupListing, topic=topic),
        "found": reader.request(GroupFind),
        "found by word": reader.request(GroupFind, query=word),
        "cards": reader.request(Cards, persons=tuple(persons)),
    }
    return {name: reader.try_(request) for name, request in asked.items()}


# What is in the file.


def connection_of(server: InlineServer) -> sqlite3.Connection:
    """Return the writer's connection to the public store."""
    connection: sqlite3.Connection = server.public_store._writer._connection
    return connection


def rows(server: InlineServer, query: str, *values: Any) -> list[dict[str, Any]]:
    """Return what `query` finds in the public store."""
    found = connection_of(server).execute(query, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def leaves_of(server: InlineServer, kind: leaves.LeafKind | None = None) -> list[dict[str, Any]]:
    """Return what the audit log says, in order, each leaf with its `number`."""
    found = rows(server, "SELECT number, leaf FROM leaves ORDER BY number")
    said = [{"number": row["number"], **json.loads(row["leaf"])} for row in found]
    return [leaf for leaf in said if kind is None or leaf["leaf"] == kind]


def public_dump(server: InlineServer) -> str:
    """Return all that is stored on the public side, as SQL; blobs as hexadecimal."""
    return "\n".join(connection_of(server).iterdump())


def private_dump(server: InlineServer) -> str:
    """Return all that is stored on the private side, likewise."""
    return "\n".join(server.store._writer._connection.iterdump())


def holds_words(dump: str, words: bytes) -> bool:
    """Say whether `words` stand anywhere in a dump, as text or in a blob."""
    return words.hex().upper() in dump.upper() or words.decode(errors="replace") in dump
