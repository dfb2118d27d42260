"""What the audit log says: one function for each thing that leaves a leaf.

A leaf's bytes are canonical JSON: UTF-8, keys in order, no spaces, what does not apply left out. They stay for good and
anybody may be shown them, so they name no person and quote nothing that was published: a text is there as a
commitment, which tells nothing to those who have not been given the text and its salt, or once these are erased.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

import msgspec
from blake3 import blake3

from compliance.rights import Approval
from compliance.verdicts import Allow, Answer, Failure, Hold, Label, Reject, Verdict
from protocol.decisions import Decision
from protocol.ids import Seq, SubmissionId, TopicId
from protocol.publications import Surface
from protocol.staff import StaffRole

SALT_BYTES = 32  # Of random bytes, one salt a submission.


class LeafKind(StrEnum):
    """What a leaf is about; it says so itself as `leaf`."""

    VERDICT = "verdict"
    FAILURE = "failure"
    PUBLISHED = "published"
    DECISION = "decision"
    TAKEN_BACK = "taken_back"
    AGREEMENT_SIGNED = "agreement_signed"
    CONFIGURATION = "configuration"
    RULES_RELOADED = "rules_reloaded"
    STAFF = "staff"
    APPROVAL = "approval"


class StaffAct(StrEnum):
    """What happened to a staff account."""

    ADDED = "added"
    REMOVED = "removed"


class ApprovalAct(StrEnum):
    """What happened to an approval by the authority."""

    ADDED = "added"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A leaf to be appended. `says` is what is hashed; the rest is what it is filed under, as it says itself."""

    kind: LeafKind
    at: int
    submission: SubmissionId | None = None
    says: bytes


class LeafError(ValueError):
    """The bytes are no leaf that these functions could have given."""


def commitment(salt: bytes, content: bytes) -> str:
    """Return what binds a leaf to `content` without telling it: hexadecimal BLAKE3, keyed with the 32 bytes of `salt`.

    Without the salt even a text of one word cannot be found by trying.
    """
    return blake3(content, key=salt).hexdigest()


def answered(
    answer: Answer, *, at: int, submission: SubmissionId, version: int, surface: Surface, commitment: str
) -> Leaf:
    """Return the leaf of what a hook said, or of how it failed, of version `version` of a text.

    What it wrote to the author is not in it: it may quote the text.
    """
    failed = isinstance(answer.outcome, Failure)
    return _leaf(
        LeafKind.FAILURE if failed else LeafKind.VERDICT,
        at=at,
        submission=submission,
        version=version,
        surface=surface,
        commitment=commitment,
        hook=answer.hook,
        kind=answer.kind,
        hook_version=answer.version,
        rules=answer.digest,
        took_us=answer.took_us,
        policy=answer.on_error,
        **_outcome(answer.outcome),
    )


def published(
    *,
    at: int,
    submission: SubmissionId,
    version: int,
    topic: TopicId,
    seq: Seq,
    commitment: str,
    labels: Sequence[str],
    pack: str,
    pack_version: str,
    body: str,
) -> Leaf:
    """Return the leaf of an entry's appearing. `body`: `commitment(salt, body)` of the entry's body.

    Of a comment `topic` and `seq` are what it is under.
    A bare digest would do for an author, but from one a short text could be guessed after it was erased.
    """
    return _leaf(
        LeafKind.PUBLISHED,
        at=at,
        submission=submission,
        version=version,
        topic=topic,
        seq=seq,
        commitment=commitment,
        labels=labels,
        pack=pack,
        pack_version=pack_version,
        body=body,
    )


def decided(
    decision: Decision,
    *,
    submission: SubmissionId,
    commitment: str,
    facts: str,
    topic: TopicId | None = None,
    seq: Seq | None = None,
) -> Leaf:
    """Return the leaf of `decision`, at its own time. `facts`: `commitment(salt, facts)` of its facts, in UTF-8.

    It does not say decision.leaf, its number, which nobody knows before it is appended.
    """
    return _leaf(
        LeafKind.DECISION,
        at=decision.at,
        decision=decision.decision,
        kind=decision.kind,
        submission=submission,
        topic=topic,
        seq=seq,
        commitment=commitment,
        ground=decision.ground,
        clause=decision.clause,
        bottom_line=decision.bottom_line or None,
        agreement=decision.agreement or None,
        where=decision.where,
        facts=facts,
        by=decision.by,
        automated=decision.automated,
        until=decision.until,
    )


def taken_back(*, at: int, submission: SubmissionId, version: int, surface: Surface, commitment: str) -> Leaf:
    """Return the leaf of an author's taking back what had not appeared."""
    return _leaf(
        LeafKind.TAKEN_BACK, at=at, submission=submission, version=version, surface=surface, commitment=commitment
    )


def agreement_signed(*, at: int, agreement: bytes, version: str) -> Leaf:
    """Return the leaf of somebody's signing the agreement (Art. 6) with this digest; by whom, the store knows."""
    return _leaf(LeafKind.AGREEMENT_SIGNED, at=at, agreement=agreement.hex(), version=version)


def configuration(*, at: int, what: Mapping[str, str]) -> Leaf:
    """Return the leaf of what is in force from now on: pack, hooks, policies, licence; no secret may be in `what`."""
    return _leaf(LeafKind.CONFIGURATION, at=at, what=what)


def rules_reloaded(*, at: int, hook: str, came: int, went: int, digest: str) -> Leaf:
    """Return the leaf of a hook's reading its rules anew: how many came and went, and the digest of what it has now."""
    return _leaf(LeafKind.RULES_RELOADED, at=at, hook=hook, came=came, went=went, digest=digest)


def staff(*, at: int, code: str, role: StaffRole, act: StaffAct) -> Leaf:
    """Return the leaf of a staff account's coming or going. `code` is how decisions name an officer."""
    return _leaf(LeafKind.STAFF, at=at, code=code, role=role, act=act)


def approval(*, at: int, account: TopicId, approval: Approval, act: ApprovalAct) -> Leaf:
    """Return the leaf of the coming or going of an approval of current-affairs news by the authority (Art. 7 ¶2)."""
    return _leaf(
        LeafKind.APPROVAL,
        at=at,
        account=account,
        issuer=approval.issuer,
        reference=approval.reference,
        issued_on=approval.issued_on.isoformat(),
        until=approval.until.isoformat() if approval.until is not None else None,
        item=approval.item.hex() if approval.item is not None else None,
        act=act,
    )


def read(leaf: bytes) -> dict[str, Any]:
    """Return what `leaf` says. Kinds that a later version may have are read, too.

    Raises:
        LeafError: It is no canonical JSON object with a kind as `leaf` and a time as `at`.
    """
    try:
        says = msgspec.json.decode(leaf)
    except (ValueError, RecursionError) as error:
        raise LeafError("it is no JSON") from error
    if not isinstance(says, dict) or type(says.get("leaf")) is not str or type(says.get("at")) is not int:
        raise LeafError("it is no object that says its kind and time")
    if _canonical(says) != leaf:
        raise LeafError("it is not canonical")
    return says


def _outcome(outcome: Verdict | Failure) -> dict[str, Any]:
    match outcome:
        case Failure():
            return {"failure": outcome}
        case Label():
            return {"verdict": "label", "labels": outcome.labels}
        case Hold():
            return {"verdict": "hold", "ground": outcome.ground}
        case Reject():
            return {"verdict": "reject", "ground": outcome.ground}
        case Allow():
            return {"verdict": "allow"}
        case _:
            assert_never(outcome)


def _leaf(kind: LeafKind, /, *, at: int, submission: SubmissionId | None = None, **more: Any) -> Leaf:
    says = {"leaf": kind, "at": at, "submission": submission, **more}
    told = {key: value for key, value in says.items() if value is not None}
    return Leaf(kind=kind, at=at, submission=submission, says=_canonical(told))


def _canonical(says: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(says, order="sorted")
