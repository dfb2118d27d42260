"""What is written about who likes what is public. It goes to the private store, for nobody is told who they are."""

import msgspec

from protocol.ids import PersonId
from server.roots import Root


class PutPublicLike(msgspec.Struct, frozen=True, kw_only=True):
    """`person` likes something public (`liked`), or no longer; that it is there was asked before.

    Outcome: PublicLikePut.
    """

    root: Root
    person: PersonId
    liked: bool
    at: int


class PublicLikePut(msgspec.Struct, frozen=True, kw_only=True):
    """`likes`: how many there are now. `changed`: whether there was another number before."""

    likes: int
    changed: bool
