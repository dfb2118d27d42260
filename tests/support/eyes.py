"""What somebody is shown by a server, held against what the model says (tests/support/circles.py): by every operation
that reads moments, what is said under them, notices and contacts.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from protocol.codec import Refusal
from protocol.contacts import Contact, Contacts, ContactState
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.frames import Person
from protocol.ids import MomentId, PersonId
from protocol.limits import NOTICES_COUNTED
from protocol.moments import (
    Audience,
    Comment,
    Moment,
    Moments,
    MomentsReply,
    Notice,
    Notices,
    ShowMoment,
    ShowThread,
    Timeline,
)
from tests.support import circles
from tests.support.circles import Circles
from tests.support.inline import Caller

ALL = 50  # As many as one page has at most.


class Eyes:
    """`handles`: of everybody there is, by id."""

    def __init__(self, model: Circles, handles: dict[PersonId, str]) -> None:
        self.model = model
        self.handles = handles

    def look(self, caller: Caller, *, limit: int = ALL) -> None:
        """Have `caller` read whatever there is, in pages of `limit`: it is what the model says.

        Raises:
            AssertionError: It is not.
        """
        self.timeline(caller, limit)
        for author in self.handles:
            self.moments_of(caller, author, limit)
        for moment in self.model.moments:
            self.moment(caller, moment)
            self.thread(caller, moment, limit)
        self.notices(caller, limit)
        self.contacts(caller)

    def timeline(self, caller: Caller, limit: int) -> None:
        now = caller.server.clock.ms
        shown = self.turned(lambda before: caller.do(Timeline, before=before, limit=limit), "moments")
        assert shown == self.as_shown(caller.person, self.model.timeline(caller.person, now), now)

    def moments_of(self, caller: Caller, author: PersonId, limit: int) -> None:
        now = caller.server.clock.ms
        shown = self.turned(lambda before: caller.do(Moments, person=author, before=before, limit=limit), "moments")
        assert shown == self.as_shown(caller.person, self.model.moments_of(caller.person, author, now), now)

    def moment(self, caller: Caller, moment: MomentId) -> None:
        now = caller.server.clock.ms
        answer = caller.try_(caller.request(ShowMoment, moment=moment))
        if self.model.sees(caller.person, moment, now):
            assert not isinstance(answer, Refusal), (answer, moment)
            assert plain(answer.moment) == self.moment_as_shown(caller.person, self.model.moments[moment], now)
        else:
            assert isinstance(answer, Refusal), answer
            assert answer.code == ErrorCode.NOT_FOUND

    def thread(self, caller: Caller, moment: MomentId, limit: int) -> None:
        viewer, now = caller.person, caller.server.clock.ms
        first = caller.try_(caller.request(ShowThread, moment=moment, limit=limit))
        if not self.model.sees(viewer, moment, now):
            assert isinstance(first, Refusal), first
            assert first.code == ErrorCode.NOT_FOUND
            return
        assert not isinstance(first, Refusal), (first, moment)
        shown = self.turned(
            lambda before: caller.do(ShowThread, moment=moment, before=before, limit=limit) if before else first,
            "comments",
        )
        assert shown == [self.comment_as_shown(each) for each in self.model.thread(viewer, moment, now)]
        likers = self.model.likers(viewer, moment, now)
        assert first.likes == len(likers)
        assert first.liked == (viewer in likers)
        assert set(first.likers) == {self.person(each) for each in likers}
        assert len(first.likers) == len(likers)
        assert first.choice is None

    def notices(self, caller: Caller, limit: int) -> None:
        viewer, now = caller.person, caller.server.clock.ms
        shown = self.turned(lambda before: caller.do(Notices, before=before, limit=limit), "notices")
        assert [notice.at for notice in shown] == sorted((notice.at for notice in shown), reverse=True)
        expected = [self.notice_as_shown(notice) for notice in self.model.notices(viewer, now)]
        assert sorted(shown, key=repr) == sorted(expected, key=repr)
        assert caller.do(Notices).unread == min(self.model.unread(viewer, now), NOTICES_COUNTED)

    def contacts(self, caller: Caller) -> None:
        person, now = caller.person, caller.server.clock.ms
        shown: dict[PersonId, Contact] = {}
        mark, more = 0, True
        while more:
            reply = caller.do(Contacts, mark=mark)
            shown |= {each.person: each for each in reply.contacts}
            mark, more = reply.mark, reply.more
        for other in self.handles:
            row = self.model.row(person, other, now)
            contact = shown.get(other)
            if contact is None:
                assert row.state is ContactState.NONE, (person, other, row)
                continue
            assert contact.handle == self.handles[other]
            flags = contact.hides_mine, contact.hides_theirs
            assert (contact.state, contact.until or 0, contact.greeting, contact.remark, *flags) == (
                *(row.state, row.until, row.greeting, row.remark),
                *(row.hides_mine, row.hides_theirs),
            ), (person, other)

    # One thing as it is shown.

    def as_shown(
        self, viewer: PersonId, said: Sequence[circles.Moment | circles.Post], now: int
    ) -> list[Moment | tuple[Any, ...]]:
        """Return what `viewer` is to be shown of them; a post by where it is alone, for anybody is shown that."""
        return [
            (each.author, each.topic, each.seq, each.at)
            if isinstance(each, circles.Post)
            else self.moment_as_shown(viewer, each, now)
            for each in said
        ]

    def moment_as_shown(self, viewer: PersonId, said: circles.Moment, now: int) -> Moment:
        likers = self.model.likers(viewer, said.moment, now)
        only = None if said.only is None else tuple(sorted(said.only))
        audience = Audience(only=only, without=tuple(sorted(said.without)))
        return Moment(
            side=Side.PRIVATE,
            author=said.author,
            handle=self.handles[said.author],
            at=said.at,
            body=said.body,
            moment=said.moment,
            audience=audience if viewer == said.author else None,
            likes=len(likers),
            liked=viewer in likers,
            comments=len(self.model.thread(viewer, said.moment, now)),
        )

    def comment_as_shown(self, said: circles.Comment) -> Comment:
        return Comment(
            comment=said.comment,
            author=said.author,
            handle=self.handles[said.author],
            at=said.at,
            body=said.body,
            answers=said.answers,
        )

    def notice_as_shown(self, notice: circles.Notice) -> Notice:
        comment = None if notice.comment is None else self.comment_as_shown(self.model.comments[notice.comment])
        return Notice(
            kind=notice.kind,
            at=notice.at,
            by=notice.by,
            handle=self.handles[notice.by],
            moment=notice.moment,
            comment=comment,
        )

    def person(self, person: PersonId) -> Person:
        return Person(person=person, handle=self.handles[person])

    # Pages.

    def turned(self, page: Callable[[str], "Page"], what: str) -> list[Any]:
        """Return what is shown from the first page to the one that is said to be the last."""
        shown: list[Any] = []
        before = ""
        while True:
            reply = page(before)
            items = getattr(reply, what)
            shown += map(plain, items) if isinstance(reply, MomentsReply) else items
            if reply.complete:
                return shown
            assert items, "there is said to be more, and nothing is shown"
            assert reply.before not in {"", before}
            before = reply.before


class Page(Protocol):
    """A reply that shows a part of a list."""

    @property
    def complete(self) -> bool: ...
    @property
    def before(self) -> str: ...


def plain(shown: Moment) -> Moment | tuple[Any, ...]:
    """Return a moment with its audience in order; of a post, where it is."""
    if shown.side is Side.PUBLIC:
        return shown.author, shown.topic, shown.seq, shown.at
    if shown.audience is None:
        return shown
    only = None if shown.audience.only is None else tuple(sorted(shown.audience.only))
    audience = Audience(only=only, without=tuple(sorted(shown.audience.without)))
    return msgspec.structs.replace(shown, audience=audience)
