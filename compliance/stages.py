"""The gate's stages but the hooks: facts in, the first that is not passed out.

Asked three times, with the facts of the moment: when something is submitted, in the transaction that would publish
it, and when it is released.
"""

from dataclasses import dataclass

from compliance.pack import NO_AGREEMENT, NO_LICENCE, NO_NEWS_RIGHT, NOT_ACTIVE, Licence, Pack, Stage
from compliance.rights import AccountFacts, may_publish_news, may_reprint_news
from protocol.account_states import AccountState
from protocol.errors import ErrorCode
from protocol.publications import Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`signed`: digest of the agreement that the author signed last, None when they signed none; `agreement`: of the
    one in force. `account`: the public account it is said for, if it is one; `category`: what its author declares.
    """

    licence: Licence | None
    signed: bytes | None
    agreement: bytes | None
    account: AccountFacts | None = None
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The stage that is not passed: what the author is told. `ground`: the pack's code."""

    stage: Stage
    ground: str
    code: ErrorCode
    text: str


def stopped_at(pack: Pack, surface: Surface, facts: Facts, *, at: int) -> Stopped | None:
    """Return the first stage that stops a publication on `surface` at `at` (Unix ms); None: it may go on to the hooks.

    The provider's licence (Art. 4), then the author's agreement in its version of today (Art. 6); of a public account
    that it is active, and has the right to what it declares (Art. 7).
    """
    if pack.asks(surface, Stage.LICENCE) and (why := closed(pack, facts.licence, at=at)):
        return Stopped(stage=Stage.LICENCE, ground=NO_LICENCE, code=ErrorCode.PUBLIC_CLOSED, text=why)
    if pack.asks(surface, Stage.AGREEMENT) and facts.signed != facts.agreement:
        first = facts.signed is None
        text = "sign the agreement first" if first else "the agreement has changed: sign it again first"
        return Stopped(stage=Stage.AGREEMENT, ground=NO_AGREEMENT, code=ErrorCode.NEEDS_AGREEMENT, text=text)
    if pack.asks(surface, Stage.ACCOUNT) and (why := inactive(facts.account, surface)):
        return Stopped(stage=Stage.ACCOUNT, ground=NOT_ACTIVE, code=ErrorCode.NOT_ALLOWED, text=why)
    if pack.asks(surface, Stage.NEWS_RIGHT) and (why := unentitled(pack, surface, facts)):
        return Stopped(stage=Stage.NEWS_RIGHT, ground=NO_NEWS_RIGHT, code=ErrorCode.NOT_ALLOWED, text=why)
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


def inactive(account: AccountFacts | None, surface: Surface) -> str:
    """Say why `account` cannot publish on `surface`, in words; empty when it can (Art. 7 ¶1).

    An approved one becomes active by its first profile, so that is all it can publish.
    """
    state = account.state if account is not None else None
    if state is AccountState.ACTIVE or (state is AccountState.APPROVED and surface is Surface.ACCOUNT_PROFILE):
        return ""
    if state is AccountState.APPROVED:
        return "the account is approved and not active yet: publish its profile first"
    return "only an account that has been approved publishes"


def unentitled(pack: Pack, surface: Surface, facts: Facts) -> str:
    """Say why an account has no right to what it declares, in words; empty when it has, or needs none (Art. 7 ¶2).

    Only what is declared counts. A reprint says what its source says, so it declares the source's category.
    """
    if pack.news is None or facts.category != pack.news.category:
        return ""
    reprints = surface is Surface.REPRINT
    may = may_reprint_news if reprints else may_publish_news
    if facts.account is not None and may(facts.account):
        return ""
    return (
        f"this account has no right to {'reprint' if reprints else 'publish'} current-affairs news ({pack.news.clause})"
    )
