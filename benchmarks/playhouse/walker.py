"""Somebody in an act: a client as anybody would run it, and what has come to it."""

from collections.abc import Callable

import trio

from client.account import Account, acknowledge, register
from client.cache import Cache
from client.events import AccountChanged, Arrived, Event, InboxChanged, Judged, OperatorActed
from client.session import Session
from protocol.content import ContentError
from protocol.content import decode as decode_private
from protocol.decisions import Submission
from protocol.entries import Entry, Kind
from protocol.ids import PersonId, SubmissionId, TopicId
from protocol.publications import PublishedError
from protocol.publications import decode as decode_published

PASSWORD = "correct horse battery"  # noqa: S105 - of people who live for a minute.


class Walker:
    """A session with a cache in memory."""

    def __init__(self, account: Account) -> None:
        self.handle = account.handle
        self.person: PersonId = account.person
        self.account = account
        self.session = Session(account, Cache())
        self.heard: list[Entry] = []
        self.judged: dict[SubmissionId, Submission] = {}
        self.told: list[AccountChanged | OperatorActed | InboxChanged] = []  # Of the accounts one runs.
        self._news = trio.Event()

    @classmethod
    async def arrive(cls, url: str, handle: str) -> "Walker":
        """Register, acknowledging each line of the agreement."""
        return cls(await register(url, handle, PASSWORD, sign=acknowledge))

    async def live(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Be online until cancelled; started once caught up."""
        with self.session.subscribe() as events:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.session.run)
                await self.session.caught_up()
                task_status.started()
                async for event in events:
                    self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case Arrived(entry=entry):
                self.heard.append(entry)
            case Judged(submission=submission):
                self.judged[submission.submission] = submission
            case AccountChanged() | OperatorActed() | InboxChanged():
                self.told.append(event)
            case _:
                return
        self._news.set()
        self._news = trio.Event()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds()`; it is asked again whenever something has come."""
        while not holds():
            await self._news.wait()

    async def hears(self, topic: TopicId, text: str) -> Entry:
        """Wait for an entry of `topic` that says `text`."""
        await self.until(lambda: bool(self.lines(topic, text)))
        return self.lines(topic, text)[0]

    def lines(self, topic: TopicId, text: str) -> list[Entry]:
        """Return the messages of `topic` that say `text`."""
        return [
            entry for entry in self.heard if entry.topic == topic and entry.kind is Kind.MESSAGE and said(entry) == text
        ]


def said(entry: Entry) -> str:
    """Return what an entry of either side says; empty when it says nothing that can be read."""
    for decoded in (_published, _private):
        text = decoded(entry.body or b"")
        if text is not None:
            return text
    return ""


def _published(body: bytes) -> str | None:
    try:
        return decode_published(body).content.text
    except PublishedError:
        return None


def _private(body: bytes) -> str | None:
    try:
        return decode_private(body).text
    except ContentError:
        return None
