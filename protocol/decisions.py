"""What becomes of a publication, and how it is told to its author: submissions, and the decisions about them."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.ids import Cid, CommentId, DecisionId, Seq, SubmissionId, TopicId
from protocol.publications import Content, Surface


class SubmissionState(StrEnum):
    """Where a submission stands. Only `waiting` and `held` go on to anything else."""

    WAITING = "waiting"
    HELD = "held"
    PUBLISHED = "published"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    TAKEN_BACK = "taken_back"


class DecisionKind(StrEnum):
    """What was decided. Each binds somebody, so each has all the parts of a Decision."""

    HOLD = "hold"
    REJECT = "reject"
    LABEL = "label"
    RELEASE = "release"
    LAPSE = "lapse"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    APPROVE = "approve"
    REFUSE = "refuse"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one text of the content: characters (Unicode code points) `start` up to, not including, `end`."""

    path: Annotated[str, Meta(max_length=64)]
    start: Annotated[int, Meta(ge=0, le=limits.TEXT_CHARS)]
    end: Annotated[int, Meta(ge=0, le=limits.TEXT_CHARS)]


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One decision, with everything its addressee needs to understand and contest it.

    `ground`: the pack's code; `clause`: what it stands on, as the pack cites it; `bottom_line`: of the agreement, as
    a heading; `agreement`: the version that was in force. `where`: exactly; empty: the whole. `facts`: in words.
    `by`: `hook NAME VERSION`, `stage NAME`, `officer CODE` or `server`. `at`, `until`: Unix ms; `until` None: it has
    no end of its own. `appeal`: what one can do about it. `leaf`: its number in the audit log.
    """

    decision: DecisionId
    kind: DecisionKind
    ground: str
    clause: str
    bottom_line: str = ""
    agreement: str = ""
    where: tuple[Span, ...] = ()
    facts: str
    by: str
    automated: bool
    at: int
    until: int | None = None
    appeal: str
    leaf: int


class Submission(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one submitted for publication, and what has become of it; for its author only.

    `topic` None: a card or a square that does not exist yet. `target`: of an edit, the entry it is a new version of.
    `seq`: of the entry it became. `until`: of what is held, when the hold ends. `decision`: the last one about it.
    `withdrawn`: it was published and is kept from readers now. Of a comment: `root`, the entry of `topic` that it is
    under; `answers`, the comment it answers; and, in place of a `seq`, `comment`, what it is known by once published.
    Staff are shown it, too, so nothing in it names a person.
    """

    submission: SubmissionId
    cid: Cid
    surface: Surface
    state: SubmissionState
    at: int
    topic: TopicId | None = None
    target: Seq | None = None
    content: Content | None = None
    labels: tuple[str, ...] = ()
    seq: Seq | None = None
    version: int | None = None
    until: int | None = None
    withdrawn: bool = False
    decision: Decision | None = None
    root: Seq | None = None
    answers: CommentId | None = None
    comment: CommentId | None = None
