"""Accounts that reprint each other, for a test on `InlineServer`: whose article came how far, and what became of it."""

from typing import Any

import msgspec

from protocol.decisions import Submission, SubmissionState
from protocol.entries import Entry, Kind
from protocol.frames import History, Recall
from protocol.ids import Seq, TopicId
from protocol.public import Origin
from protocol.publications import Content, Published, Source, Surface, digest_of
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from tests.support.accounts import active, broadcast, opened, whole
from tests.support.inline import Caller, InlineServer

SAID = Content(title="The lamp", text="The lamp of the lane works again.", author="A. Writer", category="society")
MARKS = (Kind.SOURCE_WITHDRAWN, Kind.SOURCE_RESTORED)
AGAINST: dict[str, Any] = {"ground": "truthfulness", "facts": "It does not."}
NAMES = ("One", "Two", "Three", "Four", "Five")


class Presses:
    """Several active accounts, each with an owner; a chief of the staff; and a reader who follows nobody."""

    def __init__(self, server: InlineServer, count: int = 3, **more: Any) -> None:
        self.server = server
        *self.owners, self.reader = server.people(*(f"owner_{number}" for number in range(count)), "reader")
        self.topics = [
            active(server, owner, name, **more) for owner, name in zip(self.owners, NAMES[:count], strict=True)
        ]
        self.chief = server.officer("C1", StaffRole.CHIEF)
        self._of = dict(zip(self.topics, self.owners, strict=True))

    def owner(self, topic: TopicId | None) -> Caller:
        """Return who runs an account."""
        assert topic is not None
        return self._of[topic]

    def says(self, number: int, content: Content = SAID, **more: Any) -> Submission:
        """Have an account broadcast something that others may reprint."""
        return broadcast(self.owners[number], self.topics[number], content, **{"reprintable": True} | more)

    def request(self, number: int, said: Submission, **changes: Any) -> dict[str, Any]:
        """Return the fields of a `publish` by which an account reprints what was `said`."""
        fields = {
            "surface": Surface.REPRINT,
            "topic": self.topics[number],
            "content": said.content,
            "source": origin(said),
            "reprintable": True,
        }
        return fields | changes

    def reprints(self, number: int, said: Submission, **changes: Any) -> Submission:
        """Have an account reprint what was `said`, for others to reprint in turn; return what became of it."""
        fields = self.request(number, said, **changes)
        return self.owners[number].publish(fields.pop("content"), fields.pop("topic"), **fields)

    def chain(self) -> list[Submission]:
        """Have the first account say something, and each reprint it from the one before."""
        said = [self.says(0)]
        for number in range(1, len(self.topics)):
            said.append(self.reprints(number, said[-1]))
        assert [each.state for each in said] == [SubmissionState.PUBLISHED] * len(said)
        for caller in self.server.callers:
            caller.collect()
        return said

    def read(self, article: Submission) -> Published:
        """Return an article as anybody reads it."""
        assert article.topic is not None
        return whole(self.reader, article.topic, article.seq)

    def source(self, article: Submission) -> Source:
        """Return where an article says that it comes from."""
        source = self.read(article).source
        assert source is not None
        return source

    def is_marked(self, article: Submission) -> bool:
        """Say whether who opens it is told that its source is gone."""
        assert article.topic is not None
        return opened(self.reader, article.topic, article.seq).source_withdrawn

    def withdraws(self, article: Submission) -> None:
        self.chief.do(OfficerDecide, item=article.submission, act=OfficerAct.WITHDRAW, **AGAINST)

    def restores(self, article: Submission) -> None:
        self.chief.do(OfficerDecide, item=article.submission, act=OfficerAct.RESTORE)

    def recalls(self, article: Submission) -> None:
        self.owner(article.topic).do(Recall, topic=article.topic, target=article.seq)

    def marks(self, topic: TopicId | None) -> list[tuple[Kind | None, Seq | None]]:
        """Return what an account's readers have been told about its sources, oldest first."""
        return [(entry.kind, entry.target) for entry in self.page(topic) if entry.kind in MARKS]

    def page(self, topic: TopicId | None) -> tuple[Entry, ...]:
        """Return an account's page as anybody reads it."""
        return self.reader.do(History, topic=topic, limit=200).entries


def origin(article: Submission, **changes: Any) -> Origin:
    """Return what names an article that one has read."""
    assert article.topic is not None
    assert article.seq is not None
    assert article.content is not None
    named = Origin(account=article.topic, seq=article.seq, digest=digest_of(article.content))
    return msgspec.structs.replace(named, **changes)
