"""What has changed under something between two readings of it. Values in, values out."""

from dataclasses import dataclass

from protocol.moments import Comment, ThreadReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """`said`: comments that are new, or selected now, or no longer; oldest first. `gone`: those one sees no more.

    `likes`: whether they are others, or other people's.
    """

    said: tuple[Comment, ...] = ()
    gone: tuple[Comment, ...] = ()
    likes: bool = False


def changed(before: ThreadReply, now: ThreadReply) -> Changed:
    """Return what is otherwise `now`, as far as both readings reach back."""
    known, there = {each.comment for each in now.comments}, set(before.comments)
    return Changed(
        said=tuple(each for each in reversed(now.comments) if each not in there and not _is_past(each, before)),
        gone=tuple(each for each in reversed(before.comments) if each.comment not in known and not _is_past(each, now)),
        likes=(before.likes, before.liked, before.likers) != (now.likes, now.liked, now.likers),
    )


def _is_past(comment: Comment, thread: ThreadReply) -> bool:
    """Say whether `comment` is from before what `thread` has of it."""
    if thread.complete or not thread.comments:
        return not thread.complete
    oldest = thread.comments[-1]
    return (comment.at, comment.comment) < (oldest.at, oldest.comment)
