"""What can become of a public account (Art. 7): a table, from which the page's diagram and the tests of forbidden moves
come; when its application is to be decided, and what its name is compared by.

The measures of Art. 8, which limit, suspend and close an account, are moves from `active` to states that are not here
yet. Filing with the authority (Art. 7 ¶1) is no state of an account: it runs beside, and stops nothing by itself.
"""

import unicodedata
from enum import StrEnum

from compliance.invisible import BLANK, is_ignorable
from compliance.pack import HOUR_MS, AccountRules
from protocol.account_states import AccountState


class Move(StrEnum):
    """What happens to an account."""

    SUBMIT = "submit"  # Its applicant wants it reviewed.
    TAKE_BACK = "take_back"  # Its applicant does not want that any more.
    REFUSE = "refuse"  # A reviewer's decision; the application may be mended and submitted again.
    APPROVE = "approve"  # A reviewer's decision.
    OPEN = "open"  # Its first profile is published: nobody could tell before whose account it is.


_S = AccountState
NEXT: dict[tuple[AccountState, Move], AccountState] = {
    (_S.DRAFT, Move.SUBMIT): _S.SUBMITTED,
    (_S.SUBMITTED, Move.TAKE_BACK): _S.DRAFT,
    (_S.SUBMITTED, Move.REFUSE): _S.REFUSED,
    (_S.REFUSED, Move.SUBMIT): _S.SUBMITTED,
    (_S.SUBMITTED, Move.APPROVE): _S.APPROVED,
    (_S.APPROVED, Move.OPEN): _S.ACTIVE,
}
DRAFTED = frozenset(state for state, move in NEXT if move is Move.SUBMIT)  # Its application may be changed.
FOUNDED = frozenset({_S.APPROVED, _S.ACTIVE})  # It has a log and operators, and its name is nobody else's.


def after(state: AccountState, move: Move) -> AccountState | None:
    """Return the state that `move` leads to from `state`; None: that move is not possible."""
    return NEXT.get((state, move))


def due(submitted_at: int, rules: AccountRules, *, encouraged: bool) -> int:
    """Return by when an application that was submitted at `submitted_at` is to be decided; both in Unix ms.

    Bodies that the pack encourages are decided sooner (Art. 7 ¶4). It depends on nothing but the application itself,
    so however many of those there are, nobody else waits longer for it.
    """
    hours = rules.encouraged_h if encouraged else rules.review_h
    return submitted_at + int(hours * HOUR_MS)


def name_key(name: str) -> str:
    """Return what `name` is compared by: NFKC, case folded, without spaces and what is not seen at all."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    seen = "".join(character for character in unicodedata.normalize("NFKC", folded) if _is_seen(character))
    return unicodedata.normalize("NFKC", seen)  # Without the space before it an accent belongs to the letter.


def _is_seen(character: str) -> bool:
    unseen = character.isspace() or character == BLANK or unicodedata.category(character) == "Cf"
    return not unseen and not is_ignorable(character)
