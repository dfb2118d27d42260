"""The gate's stages but the hooks: facts in, the first that is not passed out.

Asked three times, with the facts of the moment: when something is submitted, in the transaction that would publish
it, and when it is released.
"""

from dataclasses import dataclass

from compliance.pack import NO_AGREEMENT, NO_LICENCE, Licence, Pack, Stage
from protocol.errors import ErrorCode
from protocol.publications import Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`signed`: digest of the agreement that the author signed last, None when they signed none; `agreement`: of the
    one in force.
    """

    licence: Licence | None
    signed: bytes | None
    agreement: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The stage that is not passed: what the author is told. `ground`: the pack's code."""

    stage: Stage
    ground: str
    code: ErrorCode
    text: str


def stopped_at(pack: Pack, surface: Surface, facts: Facts, *, at: int) -> Stopped | None:
    """Return the first stage that stops a publication on `surface` at `at` (Unix ms); None: it may go on to the hooks.

    The provider's licence (Art. 4), then the author's agreement in its version of today (Art. 6).
    """
    if pack.asks(surface, Stage.LICENCE) and (why := closed(pack, facts.licence, at=at)):
        return Stopped(stage=Stage.LICENCE, ground=NO_LICENCE, code=ErrorCode.PUBLIC_CLOSED, text=why)
    if pack.asks(surface, Stage.AGREEMENT) and facts.signed != facts.agreement:
        first = facts.signed is None
        text = "sign the agreement first" if first else "the agreement has changed: sign it again first"
        return Stopped(stage=Stage.AGREEMENT, ground=NO_AGREEMENT, code=ErrorCode.NEEDS_AGREEMENT, text=text)
    return None


def closed(pack: Pack, licence: Licence | None, *, at: int) -> str:
    """Say why the public side is closed at `at` (Unix ms), in words; empty when it is open (Art. 4).

    The private side needs no licence and is never asked.
    """
    if pack.licence is None:
        return ""
    if licence is None:
        return f"the public side is closed: the provider states no licence ({pack.licence.clause})"
    if licence.kind not in pack.licence.kinds:
        return f"the public side is closed: a licence of another kind is needed ({pack.licence.clause})"
    if not licence.in_force(at):
        return f"the public side is closed: the provider's licence is not in force ({pack.licence.clause})"
    return ""
