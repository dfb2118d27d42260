"""Moments, posts, comments and notices as they are shown: lines for a terminal or a pipe, or JSON.

Before each stands, in brackets, what one may type for it. Counts are those of whoever looks.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from rich.text import Text

from client.line import circle
from client.line.paper import COLUMNS
from client.line.references import of_comment, of_root, reference
from client.line.safe import visible, when
from client.line.screen import Screen
from client.line.wrapping import wrap
from client.moments import Root
from client.session import Session
from client.view import Said, said
from protocol.entries import Side, TopicKind
from protocol.frames import Person
from protocol.ids import PersonId
from protocol.moments import Comment, Moment, Notice, NoticeKind, ThreadReply


class Board:
    """Shows what it is given, on `screen`, and lets people name it from then on. Nothing here asks the server but
    `learn`.
    """

    def __init__(self, session: Session, screen: Screen) -> None:
        self._session, self._screen = session, screen

    async def learn(self, moments: Iterable[Moment]) -> None:
        """Know what everybody is called whom one's own `moments` are for."""
        whom = [moment.audience for moment in moments if moment.audience is not None]
        await self._session.names([person for each in whom for person in (*(each.only or ()), *each.without)])

    # Moments.

    def moment(self, moment: Moment, *, whole: bool = True) -> None:
        """Print a moment or a post, and how much is said under it; not that, unless it is `whole`."""
        self._meet(moment.author, moment.handle)
        read = said(moment.body, moment.side)
        line = Text.assemble((f"[{of_root(self._session, moment)}] {when(moment.at)} ", "dim"))
        line.append(self._screen.name(moment.author))
        line.append(f" [{moment.side}]", style="bold" if moment.side is Side.PUBLIC else "dim")
        if moment.audience is not None:
            line.append(f" {circle.words(self._screen, moment.audience)}", style="dim")
        if read.labels:
            line.append(f" [{', '.join(map(visible, read.labels))}]", style="bold yellow")
        self._screen.say(line)
        self._body(read, 4)
        counts = _counts(moment)
        if counts and whole:
            self._screen.say(Text(f"    {counts}", style="dim"))

    def moment_json(self, moment: Moment) -> dict[str, Any]:
        """Return a moment or a post as JSON: that of the wire with a text, and with what names it as `reference`."""
        of_root(self._session, moment)
        counts = {"likes": moment.likes, "liked": moment.liked, "comments": moment.comments}
        fields = {"side": str(moment.side), "reference": reference(Root.of(moment)), **_plain(moment), **counts}
        if moment.audience is not None and moment.audience.only is None:
            fields["audience"] = {"only": None, **fields["audience"]}
        return fields | _words(said(moment.body, moment.side), moment.body)

    # What is said under them.

    def likes(self, thread: ThreadReply) -> None:
        """Print who likes it, as far as one is told."""
        if not thread.likes:
            return
        for liker in thread.likers:
            self._meet(liker.person, liker.handle)
        who = ", ".join(self._screen.who(liker.person) for liker in thread.likers)
        more = f" and {thread.likes - len(thread.likers)} more" if thread.likes > len(thread.likers) else ""
        words = f"Liked by {who}{more}" if who else likes_words(thread.likes, liked=thread.liked)
        self._screen.say(Text(f"    {words}", style="dim"))

    def likes_json(self, thread: ThreadReply) -> dict[str, Any]:
        """Return who likes it as JSON, and which comments its author wants, of what is public."""
        likers = [{"person": liker.person, "handle": liker.handle} for liker in thread.likers]
        fields: dict[str, Any] = {"likes": thread.likes, "liked": thread.liked, "likers": likers}
        return fields if thread.choice is None else {**fields, "choice": str(thread.choice)}

    def comment(self, comment: Comment, side: Side) -> None:
        """Print a comment under something of `side`."""
        self._meet(comment.author, comment.handle)
        read = said(comment.body, side)
        line = Text.assemble((f"  [{of_comment(self._session, comment)}] {when(comment.at)} ", "dim"))
        line.append(self._screen.name(comment.author))
        if comment.answers is not None:
            line.append(f" (to [{of_comment(self._session, comment.answers)}])", style="dim")
        if comment.selected:
            line.append(" (selected)", style="dim")
        if read.labels:
            line.append(f" [{', '.join(map(visible, read.labels))}]", style="bold yellow")
        self._screen.say(line)
        self._body(read, 6)

    def comment_json(self, comment: Comment, side: Side) -> dict[str, Any]:
        """Return a comment as JSON."""
        of_comment(self._session, comment)
        return {**_plain(comment), "selected": comment.selected, **_words(said(comment.body, side), comment.body)}

    def gone(self, comment: Comment) -> None:
        """Print that a comment is not there any more."""
        self._screen.say(Text(f"  [{of_comment(self._session, comment)}] is not there any more", style="dim"))

    # Notices.

    def notice(self, notice: Notice, *, is_new: bool) -> None:
        """Print a notice, on one line."""
        self._meet(notice.by, notice.handle)
        root = Root.of(notice)
        mark = ("● ", "bold green") if is_new else "  "
        line = Text.assemble(mark, (f"{when(notice.at)} ", "dim"), self._screen.name(notice.by))
        line.append(f" {_HAPPENED[notice.kind].format(what=self._what(root))} ")
        line.append(f"[{of_root(self._session, root)}]", style="dim")
        if notice.comment is not None:
            read = said(notice.comment.body, root.side)
            line.append(f": [{of_comment(self._session, notice.comment)}] ", style="dim")
            line.append(visible(read.text) if read.text is not None else _unreadable(read))
        self._screen.say(line)

    def notice_json(self, notice: Notice, *, is_new: bool) -> dict[str, Any]:
        """Return a notice as JSON."""
        root = Root.of(notice)
        of_root(self._session, root)
        fields = {"kind": str(notice.kind), "unread": is_new, "reference": reference(root), **_plain(notice)}
        if notice.comment is not None:
            fields["comment"] = self.comment_json(notice.comment, root.side)
        return fields

    # How it is done.

    def _meet(self, person: PersonId, handle: str) -> None:
        self._session.cache.learn([Person(person=person, handle=handle)])

    def _what(self, root: Root) -> str:
        if root.topic is None:
            return "moment"
        known = self._session.cache.topic(root.topic)
        return "article" if known is not None and known.kind is TopicKind.ACCOUNT else "post"

    def _body(self, read: Said, indent: int) -> None:
        if read.text is None:
            self._screen.say(Text(f"{' ' * indent}{_unreadable(read)}", style="dim"))
            return
        for line in self._laid(read.text, indent):
            self._screen.say(f"{' ' * indent}{line}".rstrip())

    def _laid(self, text: str, indent: int) -> Iterator[str]:
        """Return `text` as lines: wrapped at a terminal, a paragraph a line on a pipe."""
        width = min(self._screen.out.width, COLUMNS) - indent
        for paragraph in map(visible, text.replace("\r\n", "\n").split("\n")):
            yield from wrap(paragraph, width) if self._screen.out.is_terminal else [paragraph]


_HAPPENED = {
    NoticeKind.LIKE: "likes your {what}",
    NoticeKind.COMMENT: "says something under your {what}",
    NoticeKind.ANSWER: "answers you under the {what}",
}


def _counts(moment: Moment) -> str:
    said_there = f"{moment.comments} comment{'s' * (moment.comments != 1)}" if moment.comments else ""
    likes = likes_words(moment.likes, liked=moment.liked) if moment.likes else ""
    return " · ".join(filter(None, (likes, said_there)))


def likes_words(likes: int, *, liked: bool) -> str:
    """Return how many likes one sees, in words."""
    number = "1 like" if likes == 1 else f"{likes or 'no'} likes"
    return f"{number}, yours {'' if likes == 1 else 'among them'}".rstrip() if liked else number


def _unreadable(read: Said) -> str:
    return f"({read.unreadable} unreadable bytes)"


def _words(read: Said, body: bytes) -> dict[str, Any]:
    """Return what a body says, as JSON; one that cannot be read as it is."""
    words: dict[str, Any] = {"text": read.text} if read.text is not None else {"body_hex": body.hex()}
    return words if read.version is None else {**words, "version": read.version, "labels": list(read.labels)}


def _plain(value: Moment | Comment | Notice) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(value, builtin_types=(bytes,))
    fields.pop("body", None)
    return fields
