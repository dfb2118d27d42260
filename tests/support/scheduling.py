"""What an account's operators schedule, in a word each, and the time until it is due."""

from typing import Any

from protocol.accounts import Schedule, Scheduled, ScheduledItem
from protocol.entries import Entry
from protocol.ids import TopicId
from protocol.publications import Content, decode
from tests.support.accounts import words
from tests.support.inline import Caller, InlineServer

HOUR_MS = 3_600_000


def schedule(
    caller: Caller, topic: TopicId, text: str | Content = "the morning's news", *, in_ms: int = HOUR_MS, **more: Any
) -> ScheduledItem:
    """Schedule a broadcast, and return the item."""
    content = words(text) if isinstance(text, str) else text
    return caller.do(Schedule, topic=topic, content=content, due=caller.server.clock.ms + in_ms, **more).item


def scheduled(caller: Caller, topic: TopicId) -> list[ScheduledItem]:
    return list(caller.do(Scheduled, topic=topic).items)


def pass_time(server: InlineServer, ms: int = HOUR_MS) -> None:
    """Let time pass, and what is due be looked for."""
    server.clock.pass_time(ms / 1000 - 1)
    server.every_second()


def said(server: InlineServer, topic: TopicId) -> list[Entry]:
    """Return what an account has said since it was opened."""
    return server.log(topic)[1:]


def titles(server: InlineServer, topic: TopicId) -> list[str]:
    return [decode(entry.body).content.title for entry in said(server, topic) if entry.body]
