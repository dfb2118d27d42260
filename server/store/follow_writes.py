"""What is written about who follows public accounts, and who reads and shares what they say; and what comes of it.

Each of them names its `account`, never a `topic`: an account's topic is public, and all this is private.
"""

import msgspec

from protocol.following import Follow
from protocol.ids import PersonId, Seq, TopicId


class PutFollow(msgspec.Struct, frozen=True, kw_only=True):
    """`person` follows an account, or in another way: None leaves a tag or a muting as it is. `most`: accounts of one.

    Outcomes: FollowPut | TooMany.
    """

    person: PersonId
    account: TopicId
    tag: str | None
    muted: bool | None
    at: int
    most: int


class DropFollow(msgspec.Struct, frozen=True, kw_only=True):
    """`person` does not follow an account any more. Outcome: FollowDropped."""

    person: PersonId
    account: TopicId


class FollowPut(msgspec.Struct, frozen=True, kw_only=True):
    """How they follow it now. `mark`: of all they follow; `changed`: whether it was otherwise before."""

    person: PersonId
    follow: Follow
    mark: int
    changed: bool


class FollowDropped(msgspec.Struct, frozen=True, kw_only=True):
    """They do not follow it. `changed`: whether they did."""

    person: PersonId
    account: TopicId
    mark: int
    changed: bool


class CountOnce(msgspec.Struct, frozen=True, kw_only=True):
    """`person` has read an article on `day` (`YYYY-MM-DD`), or `shared` it: count that once. Outcome: Done.

    A day that is over by what was counted since counts for the newest one: its key is gone.
    """

    account: TopicId
    seq: Seq
    person: PersonId
    day: str
    shared: bool = False


class EndDays(msgspec.Struct, frozen=True, kw_only=True):
    """Destroy by what those were known who were counted before `today`. Outcome: DaysEnded."""

    today: str


class DaysEnded(msgspec.Struct, frozen=True):
    """`traces`: whether there was anything to destroy, or to overwrite in the log; if so, look again soon."""

    traces: bool


FollowWrite = PutFollow | DropFollow | CountOnce | EndDays
FollowOutcome = FollowPut | FollowDropped | DaysEnded
