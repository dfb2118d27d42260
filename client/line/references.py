"""What people type to name a moment, a post, an article or a comment, and what is meant by it."""

import re

import click

from client.line import names
from client.line.cards import named_in
from client.line.screen import visible
from client.moments import Root
from client.references import Shape
from client.session import Session
from protocol.ids import ID_CHARS, PUBLIC_MARK, CommentId, MomentId, Seq, TopicId
from protocol.moments import Comment, Moment, Notice

_MOMENT = re.compile(rf"[a-z2-7]{{{ID_CHARS}}}")
_COMMENT = re.compile(rf"[{PUBLIC_MARK}a-z2-7][a-z2-7]{{{ID_CHARS - 1}}}")
_PUBLIC = re.compile(rf"(?P<topic>{PUBLIC_MARK}[a-z2-7]{{{ID_CHARS - 1}}})/(?P<seq>[1-9][0-9]{{0,15}})")
_IN_ACCOUNT = re.compile(r"(?P<account>.+)/(?P<seq>[1-9][0-9]{0,15})")

ROOT_HELP = """\b
REF names it: what stands in [brackets] before a moment or a post; or for an article, ACCOUNT/NUMBER."""


def reference(root: Root) -> str:
    """Return the whole reference of `root`."""
    return root.moment if root.moment is not None else f"{root.topic}/{root.seq}"


def of_root(session: Session, what: Moment | Notice | Root) -> str:
    """Return what one may type for what is shown of `what`; from now on, that is."""
    return session.cache.references.show(Shape.ROOT, reference(what if isinstance(what, Root) else Root.of(what)))


def of_comment(session: Session, comment: Comment | CommentId) -> str:
    """Return the same for a comment."""
    return session.cache.references.show(Shape.COMMENT, comment.comment if isinstance(comment, Comment) else comment)


async def root(session: Session, typed: str) -> Root:
    """Return the moment, the post or the article that is meant.

    Raises:
        click.UsageError: None that was shown here, or several.
    """
    bare = typed.removeprefix("[").removesuffix("]")
    if named := named_in(bare):
        return Root(None, *named[0])
    known = _read(_one(session, Shape.ROOT, bare)) or _read(bare)
    if known is not None:
        return known
    if (found := _IN_ACCOUNT.fullmatch(bare)) is not None:
        return Root(None, await names.account(session, found["account"]), Seq(int(found["seq"])))
    raise click.UsageError(
        f"{typed!r} names nothing that was shown on this device: `hutong moments timeline` shows what there is; of an "
        "article, say ACCOUNT/NUMBER"
    )


async def moment(session: Session, typed: str) -> MomentId:
    """Return the moment that is meant; raises as `root`, and if it is something public."""
    meant = await root(session, typed)
    if meant.moment is None:
        place = visible(reference(meant))
        raise click.UsageError(
            f"{place} is public: it is for everybody, and stays so until it is recalled: hutong moments delete {place}"
        )
    return meant.moment


def comment(session: Session, typed: str) -> CommentId:
    """Return the comment that is meant.

    Raises:
        click.UsageError: None that was shown here, or several.
    """
    bare = typed.removeprefix("[").removesuffix("]")
    found = _one(session, Shape.COMMENT, bare)
    if _COMMENT.fullmatch(found):
        return CommentId(found)
    raise click.UsageError(f"{typed!r} names no comment that was shown on this device: hutong comments REF shows them")


def _one(session: Session, shape: Shape, bare: str) -> str:
    """Return the one reference that was shown here and begins so; or what was typed."""
    found = session.cache.references.meant(shape, bare)
    if len(found) > 1 and bare not in found:
        raise click.UsageError(f"{bare!r} may be {', '.join(found)}: type some more of it")
    return found[0] if len(found) == 1 else bare


def _read(whole: str) -> Root | None:
    if (public := _PUBLIC.fullmatch(whole)) is not None:
        return Root(None, TopicId(public["topic"]), Seq(int(public["seq"])))
    return Root(MomentId(whole)) if _MOMENT.fullmatch(whole) else None
