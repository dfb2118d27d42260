"""Public accounts in a town with a real server: applied for, reviewed and opened by people and an officer.

desk = hire(town)                                        # an officer
topic = await opens(town, desk, ann, "The Lane", tags=("north",))
said = await says(ann, topic, "The lamp works again")
await ben.session.follow(topic); await reads(ben, topic, "The lamp works again")
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from io import StringIO
from typing import Any

import msgspec
import trio

from client.connection import Connection
from client.staff import on_duty
from compliance.pack import load
from protocol.accounts import AccountApply, AccountSubmit, Application, SetOperator
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Entry, Role
from protocol.ids import TopicId
from protocol.publications import Content, Surface, decode
from protocol.staff import OfficerReview, ReviewAct, StaffRole
from tests.support.daemon import PATIENCE_S, operator
from tests.support.packs import PACK
from tests.support.town import Resident, Town

CODE = "K7"


class Desk(msgspec.Struct, frozen=True):
    """An officer's code and token."""

    code: str
    token: str


def hire(town: Town, code: str = CODE, role: StaffRole = StaffRole.CHIEF) -> Desk:
    """Type `hutongd staff add` while the server runs."""
    with redirect_stdout(StringIO()) as printed:
        assert operator("staff", "add", code, "--role", role, "--data", town.daemon.data) == 0
    return Desk(code, printed.getvalue().strip())


@asynccontextmanager
async def at(town: Town, desk: Desk) -> AsyncIterator[Connection]:
    """Give a connection on which the officer is on duty."""
    with trio.fail_after(PATIENCE_S):
        async with on_duty(town.daemon.url, desk.code, desk.token) as (connection, _):
            yield connection


def application(name: str, **more: Any) -> Application:
    """Return what somebody applies with."""
    fields: dict[str, Any] = {
        "body": next(iter(load(PACK).bodies)),
        "subject": "The people of the lane",
        "category": "society",
        "scope": "What happens in the lane.",
        "operator": "Somebody of the lane",
    }
    return Application(name=name, **fields | more)


async def applies(resident: Resident, name: str, **more: Any) -> TopicId:
    """Apply for an account, and have it reviewed."""
    said = application(name, **more)
    topic = (await resident.asks(AccountApply(id=0, cid=resident.cid(), application=said))).account.topic
    await resident.asks(AccountSubmit(id=0, topic=topic))
    return topic


async def opens(
    town: Town, desk: Desk, resident: Resident, name: str, *, tags: tuple[str, ...] = (), **more: Any
) -> TopicId:
    """Return an account of this name that is active."""
    topic = await applies(resident, name, **more)
    async with at(town, desk) as staff:
        await staff.request(OfficerReview(id=0, topic=topic, act=ReviewAct.APPROVE))
    profile = Content(title=name, text="What happens in the lane.", tags=tags)
    said = await resident.session.publish(profile, topic=topic, surface=Surface.ACCOUNT_PROFILE)
    assert said.state is SubmissionState.PUBLISHED
    return topic


async def appoints(owner: Resident, topic: TopicId, person: Resident, role: Role | None = Role.EDITOR) -> None:
    """Make somebody an operator, or none any more."""
    await owner.asks(SetOperator(id=0, topic=topic, person=person.id, role=role))


async def says(
    resident: Resident, topic: TopicId, title: str, surface: Surface = Surface.BROADCAST, **more: Any
) -> Submission:
    """Say something for an account, and wait until it is known what became of it."""
    said = content(title)
    with trio.fail_after(PATIENCE_S):
        return await resident.session.publish(said, topic=topic, surface=surface, **more)


def content(title: str) -> Content:
    """Return an article of this title."""
    return Content(title=title, summary=f"{title}, in short.", text=f"{title}. That is all there is to say.")


async def reads(resident: Resident, topic: TopicId, title: str) -> Entry:
    """Wait until an article of this title has come, as a card, and return its entry."""

    def found() -> list[Entry]:
        return [entry for entry in resident.heard if entry.topic == topic and title_of(entry) == title]

    await resident.until(lambda: bool(found()), f"“{title}”")
    return found()[0]


def titles(resident: Resident, topic: TopicId) -> list[str]:
    """Return the titles of what has come of an account, in the order it came."""
    return [title for entry in resident.heard if entry.topic == topic and (title := title_of(entry))]


def title_of(entry: Entry) -> str:
    """Return the title of what an entry says; empty if it is no text, or elided."""
    return "" if entry.body is None else decode(entry.body).content.title
