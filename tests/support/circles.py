"""Contacts, blocks, moments and what is said under them, as docs/PROTOCOL.md says: a model written apart.

It keeps what people have done, and works out who sees what from that alone, by the formula, each time it is asked. No
store, no page, no position: a list here is all that somebody may see of it, newest first. Time is an argument.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from protocol.contacts import ContactState
from protocol.ids import CommentId, MomentId, PersonId, TopicId
from protocol.moments import NoticeKind

DAY_MS = 24 * 3600 * 1000
REQUEST_MS = 7 * DAY_MS


class Clause(StrEnum):
    """What must all be so for somebody else than its author to see a moment."""

    AUTHOR_HAS_VIEWER = "the author has the viewer as a contact"
    VIEWER_HAS_AUTHOR = "the viewer has the author as a contact"
    AUTHOR_BLOCKS_NOT = "the author does not block the viewer"
    VIEWER_BLOCKS_NOT = "the viewer does not block the author"
    NOT_HIDDEN = "the author does not hide theirs from the viewer"
    NOT_TOO_OLD = "it is not older than the author shows it for"
    FOR_VIEWER = "it is for all friends, or for the viewer"
    NOT_WITHOUT = "it is not for all but the viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How somebody stands to a person, in that person's own contacts. `until`: when a request ends."""

    state: ContactState = ContactState.NONE
    until: int = 0
    greeting: bytes = b""
    remark: bytes = b""
    hides_mine: bool = False
    hides_theirs: bool = False


NOBODY = Row()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`only`: None for all friends."""

    moment: MomentId
    author: PersonId
    at: int
    body: bytes
    only: frozenset[PersonId] | None = None
    without: frozenset[PersonId] = frozenset()

    @property
    def key(self) -> tuple[int, str]:
        """Its place in lists."""
        return self.at, self.moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is on a square, for everybody."""

    topic: TopicId
    seq: int
    author: PersonId
    at: int

    @property
    def key(self) -> tuple[int, str]:
        """Its place in lists. No test has one at the millisecond of a moment."""
        return self.at, f"{self.topic}:{self.seq}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """`answers`: another comment there."""

    comment: CommentId
    moment: MomentId
    author: PersonId
    at: int
    body: bytes
    answers: CommentId | None = None

    @property
    def key(self) -> tuple[int, str]:
        """Its place in lists."""
        return self.at, self.comment


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`person` is told that `by` did something; of a like there is no `comment`."""

    at: int
    kind: NoticeKind
    moment: MomentId
    comment: CommentId | None
    by: PersonId
    person: PersonId

    @property
    def key(self) -> tuple[int, str]:
        """Its place in lists."""
        return self.at, f"{self.kind}{self.moment}{self.comment or self.by}"


@dataclass(slots=True)
class Circles:
    """`days`: for how many days people show their moments, those who have said so. `read`: up to when they have read
    their notices.
    """

    rows: dict[tuple[PersonId, PersonId], Row] = field(default_factory=dict)
    blocks: set[tuple[PersonId, PersonId]] = field(default_factory=set)
    days: dict[PersonId, int] = field(default_factory=dict)
    moments: dict[MomentId, Moment] = field(default_factory=dict)
    posts: dict[tuple[TopicId, int], Post] = field(default_factory=dict)
    comments: dict[CommentId, Comment] = field(default_factory=dict)
    deletable: dict[CommentId, frozenset[PersonId]] = field(default_factory=dict)  # By whom; gone ones, too.
    likes: dict[tuple[MomentId, PersonId], int] = field(default_factory=dict)
    read: dict[PersonId, int] = field(default_factory=dict)

    # How people stand to each other.

    def row(self, person: PersonId, other: PersonId, now: int) -> Row:
        """Return how `other` stands to `person`; a request that has ended is none."""
        row = self.rows.get((person, other), NOBODY)
        return NOBODY if row.until and row.until <= now else row

    def ask(self, asking: PersonId, asked: PersonId, greeting: bytes, now: int) -> None:
        """`asking` would have `asked` as a contact."""
        mine, theirs = self.row(asking, asked, now), self.row(asked, asking, now)
        if mine.state in {ContactState.CONTACT, ContactState.ASKED}:
            return
        if mine.state is ContactState.ASKING or theirs.state in {ContactState.ASKED, ContactState.CONTACT}:
            self._agree(asking, asked, now)
            return
        request = Row(state=ContactState.ASKED, until=now + REQUEST_MS, greeting=greeting)
        self.rows[asking, asked] = request
        if (asked, asking) not in self.blocks:
            self.rows[asked, asking] = replace(request, state=ContactState.ASKING)

    def accept(self, asked: PersonId, asking: PersonId, now: int) -> None:
        """`asked` says yes to somebody who asks."""
        if self.row(asked, asking, now).state is ContactState.ASKING:
            self._agree(asked, asking, now)

    def _agree(self, one: PersonId, other: PersonId, now: int) -> None:
        """Both want it, or the other one has them still, and changes nothing."""
        for pair in ((one, other), (other, one)):
            row = self.row(*pair, now)
            self.rows[pair] = replace(row, state=ContactState.CONTACT, until=0, greeting=b"")

    def refuse(self, asked: PersonId, asking: PersonId, now: int) -> None:
        """`asked` says no; whoever asks goes on waiting."""
        self._leave(asked, asking, ContactState.ASKING, now)

    def withdraw(self, asking: PersonId, asked: PersonId, now: int) -> None:
        """`asking` does not ask any more."""
        if self.row(asking, asked, now).state is ContactState.ASKED:
            self._leave(asking, asked, ContactState.ASKED, now)
            self.refuse(asked, asking, now)

    def remove(self, person: PersonId, other: PersonId, now: int) -> None:
        """`person` has them as a contact no longer, and forgets all about them."""
        self._leave(person, other, ContactState.CONTACT, now)

    def end_requests(self, now: int) -> None:
        """Let go of those that have ended: what is seen is the same without."""
        self.rows = {pair: row for pair, row in self.rows.items() if not row.until or row.until > now}

    def _leave(self, person: PersonId, other: PersonId, state: ContactState, now: int) -> None:
        if self.row(person, other, now).state is state:
            del self.rows[person, other]

    def amend(self, person: PersonId, other: PersonId, **what: bool | bytes) -> None:
        """`person` notes something about somebody in their contacts, or hides something."""
        self.rows[person, other] = replace(self.rows[person, other], **what)  # type: ignore[arg-type]

    def block(self, person: PersonId, other: PersonId, now: int) -> None:
        """`person` blocks `other`; a request of theirs is gone."""
        self.blocks.add((person, other))
        self.refuse(person, other, now)

    def unblock(self, person: PersonId, other: PersonId, now: int) -> None:
        """`person` does not block `other` any more."""
        self.blocks.discard((person, other))

    def friends(self, one: PersonId, other: PersonId) -> bool:
        """Say whether both have each other as contacts, and neither blocks the other."""
        return all(self._friendship(one, other).values())

    def _friendship(self, one: PersonId, other: PersonId) -> dict[Clause, bool]:
        return {
            Clause.AUTHOR_HAS_VIEWER: self.rows.get((one, other), NOBODY).state is ContactState.CONTACT,
            Clause.VIEWER_HAS_AUTHOR: self.rows.get((other, one), NOBODY).state is ContactState.CONTACT,
            Clause.AUTHOR_BLOCKS_NOT: (one, other) not in self.blocks,
            Clause.VIEWER_BLOCKS_NOT: (other, one) not in self.blocks,
        }

    # What they say. What it is called, and when it was said, the server tells.

    def narrow(self, moment: MomentId, only: Iterable[PersonId] | None, without: Iterable[PersonId]) -> None:
        """Take it from some who were shown it. Nobody is added."""
        was = self.moments[moment]
        listed = was.only
        if only is not None:
            listed = frozenset(only) if listed is None else listed & frozenset(only)
        self.moments[moment] = replace(was, only=listed, without=was.without | frozenset(without))

    def delete(self, moment: MomentId) -> None:
        """Delete a moment, and all that was said under it."""
        del self.moments[moment]
        self.comments = {each: said for each, said in self.comments.items() if said.moment != moment}
        self.likes = {like: at for like, at in self.likes.items() if like[0] != moment}

    def say(self, said: Comment) -> None:
        """Somebody says something under a moment."""
        self.comments[said.comment] = said
        self.deletable[said.comment] = frozenset({said.author, self.moments[said.moment].author})

    def delete_comment(self, comment: CommentId) -> None:
        """Delete a comment and its answers, and theirs, if it is there still."""
        answers = [said.comment for said in self.comments.values() if said.answers == comment]
        for answer in answers:
            self.delete_comment(answer)
        self.comments.pop(comment, None)

    def like(self, moment: MomentId, person: PersonId, now: int, *, liked: bool) -> None:
        """`person` likes it, or no longer."""
        if liked:
            self.likes.setdefault((moment, person), now)
        else:
            self.likes.pop((moment, person), None)

    # The formula.

    def sees(self, viewer: PersonId, moment: MomentId | None, now: int) -> bool:
        """visible(viewer, moment, now)."""
        said = self.moments.get(moment) if moment is not None else None
        return said is not None and (viewer == said.author or all(self.clauses(viewer, said, now).values()))

    def clauses(self, viewer: PersonId, said: Moment, now: int) -> dict[Clause, bool]:
        """Return which clauses hold for somebody else than its author."""
        days = self.days.get(said.author, 0)
        return self._friendship(said.author, viewer) | {
            Clause.NOT_HIDDEN: not self.rows.get((said.author, viewer), NOBODY).hides_mine,
            Clause.NOT_TOO_OLD: days == 0 or now - said.at <= days * DAY_MS,
            Clause.FOR_VIEWER: said.only is None or viewer in said.only,
            Clause.NOT_WITHOUT: viewer not in said.without,
        }

    def sees_comment(self, viewer: PersonId, comment: CommentId | None, now: int) -> bool:
        """visible(viewer, comment, now)."""
        said = self.comments.get(comment) if comment is not None else None
        return (
            said is not None
            and self.sees(viewer, said.moment, now)
            and all(viewer == author or self.friends(viewer, author) for author in self.chain(said))
        )

    def sees_like(self, viewer: PersonId, moment: MomentId, person: PersonId, now: int) -> bool:
        """visible(viewer, like by `person`, now)."""
        return (
            (moment, person) in self.likes
            and self.sees(viewer, moment, now)
            and (viewer == person or self.friends(viewer, person))
        )

    def chain(self, said: Comment) -> Iterator[PersonId]:
        """Return who wrote it, and who wrote what it answers, and what that answers."""
        while True:
            yield said.author
            if said.answers is None:
                return
            said = self.comments[said.answers]

    def may_comment(self, person: PersonId, moment: MomentId, answers: CommentId | None, now: int) -> bool:
        """Say whether `person` may say something there, in answer to that."""
        if answers is None:
            return self.sees(person, moment, now)
        return self.sees_comment(person, answers, now) and self.comments[answers].moment == moment

    def may_delete_comment(self, person: PersonId, comment: CommentId) -> bool:
        """Say whether it is, or was, theirs, or under something of theirs."""
        return person in self.deletable.get(comment, frozenset())

    def lone_reasons(self, people: Iterable[PersonId], now: int) -> set[Clause]:
        """Return which clauses alone hide something from somebody now."""
        found: set[Clause] = set()
        for viewer in people:
            for said in self.moments.values():
                false = [clause for clause, holds in self.clauses(viewer, said, now).items() if not holds]
                if viewer != said.author and len(false) == 1:
                    found |= set(false)
        return found

    # What somebody is shown.

    def timeline(self, viewer: PersonId, now: int) -> list[Moment | Post]:
        """Return what oneself and friends have said, but for those whose moments one does not want to be shown."""
        shown: list[Moment | Post] = [said for said in self._said() if self._has_in_timeline(viewer, said, now)]
        return sorted(shown, key=lambda said: said.key, reverse=True)

    def moments_of(self, viewer: PersonId, author: PersonId, now: int) -> list[Moment | Post]:
        """Return what `viewer` may see of one person."""
        shown = [said for said in self._said() if said.author == author and self._may_read(viewer, said, now)]
        return sorted(shown, key=lambda said: said.key, reverse=True)

    def _said(self) -> Iterator[Moment | Post]:
        yield from self.moments.values()
        yield from self.posts.values()

    def _may_read(self, viewer: PersonId, said: Moment | Post, now: int) -> bool:
        return isinstance(said, Post) or self.sees(viewer, said.moment, now)

    def _has_in_timeline(self, viewer: PersonId, said: Moment | Post, now: int) -> bool:
        if viewer == said.author:
            return True
        wanted = self.friends(viewer, said.author) and not self.rows[viewer, said.author].hides_theirs
        return wanted and self._may_read(viewer, said, now)

    def thread(self, viewer: PersonId, moment: MomentId, now: int) -> list[Comment]:
        """Return the comments there that `viewer` may see."""
        shown = [
            said
            for said in self.comments.values()
            if said.moment == moment and self.sees_comment(viewer, said.comment, now)
        ]
        return sorted(shown, key=lambda said: said.key, reverse=True)

    def likers(self, viewer: PersonId, moment: MomentId, now: int) -> set[PersonId]:
        """Return who likes it, as far as `viewer` may see."""
        return {person for each, person in self.likes if each == moment and self.sees_like(viewer, moment, person, now)}

    def notices(self, viewer: PersonId, now: int) -> list[Notice]:
        """Return what `viewer` is told of."""
        shown = [notice for notice in self._all_notices() if notice.person == viewer and self._is_shown(notice, now)]
        return sorted(shown, key=lambda notice: notice.key, reverse=True)

    def unread(self, viewer: PersonId, now: int) -> int:
        """Return how many of them came after those that have been read."""
        return sum(notice.at > self.read.get(viewer, 0) for notice in self.notices(viewer, now))

    def _is_shown(self, notice: Notice, now: int) -> bool:
        if notice.kind is NoticeKind.LIKE:
            return self.sees_like(notice.person, notice.moment, notice.by, now)
        return self.sees_comment(notice.person, notice.comment, now)

    def _all_notices(self) -> Iterator[Notice]:
        """Return a notice for everybody of whose own something was liked, commented or answered by somebody else.

        Who is answered under something of their own has one notice of it: that of the answer.
        """
        for (moment, person), at in self.likes.items():
            yield from self._notice(self.moments[moment].author, person, at, NoticeKind.LIKE, moment)
        for said in self.comments.values():
            under, about = self.moments[said.moment].author, (said.author, said.at)
            answered = self.comments[said.answers].author if said.answers is not None else None
            if answered is not None:
                yield from self._notice(answered, *about, NoticeKind.ANSWER, said.moment, said.comment)
            if answered != under:
                yield from self._notice(under, *about, NoticeKind.COMMENT, said.moment, said.comment)

    def _notice(
        self,
        person: PersonId,
        by: PersonId,
        at: int,
        kind: NoticeKind,
        moment: MomentId,
        comment: CommentId | None = None,
    ) -> Iterator[Notice]:
        if person != by:
            yield Notice(at=at, kind=kind, moment=moment, comment=comment, by=by, person=person)
