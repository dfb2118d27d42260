"""Who is whose friend in the fourth act, what they have said, and who is therefore to see it. Pure; asks nobody.

Everything goes by the names it has in this act: people by their handles, what they say by a word for each. What is said
to friends and what is public can both be liked, and commented: it is the root of a thread. What is deleted stays
known, so that it can be asked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from protocol.entries import Side
from protocol.moments import Choice, NoticeKind

Told = tuple[NoticeKind, str, str, str]  # A notice: its kind, by whom, under what, and which comment, if any.


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something said by `author`: private, to friends, `only` to some of them, `without` some; or public.

    What is public is on their square, and so in timelines; or an article of an account they run, which is not.
    """

    key: str
    author: str
    side: Side = Side.PRIVATE
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    is_article: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What `author` says under `root`, or in answer to another comment there."""

    key: str
    root: str
    author: str
    answers: str | None = None
    selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody has of one root: nothing at all, unless it says otherwise.

    `timeline`, `page`: how often it is there. `shown`: by itself; an article is another matter. `opens`: its thread.
    `comments`: those in its thread. `likers`: who likes it; of what is public nobody is told. `likes`, `counted`: how
    many likes and comments it says. `liked`: by themselves.
    """

    timeline: int = 0
    page: int = 0
    shown: bool = False
    opens: bool = False
    comments: frozenset[str] = frozenset()
    likers: frozenset[str] = frozenset()
    likes: int = 0
    counted: int = 0
    liked: bool = False


NOTHING = View()


@dataclass(slots=True)
class Graph:
    """What has been done so far. `contacts`, `blocks`, `hides_mine`, `hides_theirs`: who does so, and to whom.

    `roots`, `comments`: by their keys, in the order they were said. `gone`: which of them are deleted.
    """

    contacts: set[tuple[str, str]] = field(default_factory=set)
    blocks: set[tuple[str, str]] = field(default_factory=set)
    hides_mine: set[tuple[str, str]] = field(default_factory=set)
    hides_theirs: set[tuple[str, str]] = field(default_factory=set)
    roots: dict[str, Said] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    likes: set[tuple[str, str]] = field(default_factory=set)
    choices: dict[str, Choice] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    # How people stand to each other.

    def befriend(self, one: str, other: str) -> None:
        """Each has the other as a contact."""
        self.contacts |= {(one, other), (other, one)}

    def friends(self, one: str, other: str) -> bool:
        """Say whether each has the other as a contact, and neither blocks the other."""
        both = ((one, other), (other, one))
        return self.contacts.issuperset(both) and self.blocks.isdisjoint(both)

    def friends_of(self, person: str) -> frozenset[str]:
        """Return whose friend somebody is."""
        return frozenset(other for one, other in self.contacts if one == person and self.friends(one, other))

    # Who sees what.

    def reasons(self, viewer: str, said: Said) -> list[str]:
        """Return all that keeps a moment from `viewer`, who is not its author."""
        author = said.author
        found = {
            "it is deleted": said.key in self.gone,
            "no contact of the author's": (author, viewer) not in self.contacts,
            "the author is no contact of theirs": (viewer, author) not in self.contacts,
            "blocked by the author": (author, viewer) in self.blocks,
            "blocks the author": (viewer, author) in self.blocks,
            "the author hides theirs": (author, viewer) in self.hides_mine,
            "it is for others": said.only is not None and viewer not in said.only,
            "it is for all but them": viewer in said.without,
        }
        return [reason for reason, holds in found.items() if holds]

    def sees(self, viewer: str, key: str) -> bool:
        """Say whether somebody sees a root."""
        root = self.roots[key]
        if root.side is Side.PUBLIC or viewer == root.author:
            return key not in self.gone
        return not self.reasons(viewer, root)

    def audience(self, key: str) -> frozenset[str]:
        """Return who, besides its author, is told of a moment or a post: those in whose timelines it comes."""
        author = self.roots[key].author
        return frozenset(other for other in self.friends_of(author) if self.has_in_timeline(other, key))

    def has_in_timeline(self, viewer: str, key: str) -> bool:
        """Say whether something is in somebody's timeline."""
        root = self.roots[key]
        wanted = viewer == root.author or (
            self.friends(viewer, root.author) and (viewer, root.author) not in self.hides_theirs
        )
        return wanted and not root.is_article and self.sees(viewer, key)

    def chain(self, comment: Comment) -> Iterator[Comment]:
        """Return a comment, what it answers, what that answers, and so on."""
        yield comment
        if comment.answers is not None:
            yield from self.chain(self.comments[comment.answers])

    def sees_comment(self, viewer: str, key: str) -> bool:
        """Say whether somebody sees a comment: under a moment, if they are friends of all who had a part in it."""
        comment = self.comments[key]
        chain = list(self.chain(comment))
        if not self.sees(viewer, comment.root) or any(each.key in self.gone for each in chain):
            return False
        if self.roots[comment.root].side is Side.PUBLIC:
            return all(self._is_shown(viewer, each) for each in chain)
        return self.would_see_comment(viewer, key)

    def would_see_comment(self, viewer: str, key: str) -> bool:
        """Say the same of one under a moment, whether or not it is deleted itself."""
        comment = self.comments[key]
        authors = {each.author for each in self.chain(comment)}
        return self.sees(viewer, comment.root) and all(
            viewer == author or self.friends(viewer, author) for author in authors
        )

    def sees_like(self, viewer: str, key: str, by: str) -> bool:
        """Say whether somebody is told that another one likes a moment."""
        return (key, by) in self.likes and self.sees(viewer, key) and (viewer == by or self.friends(viewer, by))

    def _is_shown(self, viewer: str, comment: Comment) -> bool:
        """Say whether a public comment is one that the author of what it is under wants to be shown."""
        if viewer in {comment.author, self.roots[comment.root].author}:
            return True
        choice = self.choices.get(comment.root, Choice.EVERYONE)
        return choice is Choice.EVERYONE or (choice is Choice.SELECTED and comment.selected)

    # What somebody has of it.

    def thread(self, viewer: str, key: str) -> frozenset[str]:
        """Return the comments under something that somebody sees."""
        return frozenset(
            comment.key
            for comment in self.comments.values()
            if comment.root == key and self.sees_comment(viewer, comment.key)
        )

    def view(self, viewer: str, key: str) -> View:
        """Return what somebody is to have of a root."""
        if not self.sees(viewer, key):
            return NOTHING
        root, comments = self.roots[key], self.thread(viewer, key)
        everybody = frozenset(by for liked, by in self.likes if liked == key)
        is_public = root.side is Side.PUBLIC
        likers = frozenset() if is_public else frozenset(by for by in everybody if self.sees_like(viewer, key, by))
        return View(
            timeline=int(self.has_in_timeline(viewer, key)),
            page=int(not root.is_article),
            shown=not root.is_article,
            opens=True,
            comments=comments,
            likers=likers,
            likes=len(everybody if is_public else likers),
            counted=len(comments),
            liked=viewer in everybody,
        )

    def views(self, viewers: Iterable[str]) -> Mapping[tuple[str, str], View]:
        """Return what each of `viewers` is to have of each root there ever was."""
        return {(viewer, key): self.view(viewer, key) for viewer in viewers for key in self.roots}

    def notices(self, viewer: str) -> list[Told]:
        """Return what somebody is to be told of, in any order."""
        likes = [
            (NoticeKind.LIKE, by, key, "")
            for key, by in self.likes
            if self.roots[key].side is Side.PRIVATE
            and viewer == self.roots[key].author != by
            and self.sees_like(viewer, key, by)
        ]
        concerning = [(self.concerns(viewer, comment), comment) for comment in self.comments.values()]
        return likes + [
            (kind, comment.author, comment.root, comment.key)
            for kind, comment in concerning
            if kind is not None and self.sees_comment(viewer, comment.key)
        ]

    def concerns(self, viewer: str, comment: Comment) -> NoticeKind | None:
        """Return as what a comment concerns somebody: most of all as an answer. None: it does not."""
        root = self.roots[comment.root]
        if viewer == comment.author:
            return None
        if comment.answers is not None and viewer == self.comments[comment.answers].author:
            return NoticeKind.ANSWER
        return NoticeKind.COMMENT if viewer == root.author and not root.is_article else None

    # What is done to what is there.

    def delete(self, key: str) -> list[str]:
        """A root or a comment is deleted, with all that is said under it; return which of it are gone with that."""
        before = set(self.gone)
        self.gone.add(key)
        for comment in self.comments.values():  # In the order they were said: what is answered came first.
            if comment.root in self.gone or comment.answers in self.gone:
                self.gone.add(comment.key)
        self.likes = {(liked, by) for liked, by in self.likes if liked != key}
        return sorted(self.gone - before)
