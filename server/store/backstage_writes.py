"""What an account's operators write about what it has not said yet: drafts, what is scheduled; and what comes of it.

Each of them names its `account`, never a `topic`: an account's topic is public, and all this is private.
"""

import msgspec

from protocol.ids import Cid, PersonId, TopicId


class PutDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a draft in the place of what was there. `most`: drafts of one account. Outcomes: Done | TooMany."""

    account: TopicId
    draft: Cid
    body: bytes
    by: PersonId
    at: int
    most: int


class DropDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome: Done, also when it is not there."""

    account: TopicId
    draft: Cid


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be published when due. `request`: a `schedule`, encoded; `digest`: keyed, of all that it says.

    Outcomes, with the item as the account has it now: Planned | Conflict (it has this `item` for something else)
    | TooMany (items of one account; `most`).
    """

    account: TopicId
    item: Cid
    by: PersonId
    handle: str
    digest: bytes
    request: bytes
    due: int
    most: int


class Planned(msgspec.Struct, frozen=True):
    """It waits until it is due."""


class TakeUp(msgspec.Struct, frozen=True, kw_only=True):
    """It is due: from now on nobody can unschedule it. Outcomes: Done | TargetGone (somebody has, before)."""

    account: TopicId
    item: Cid


class Unplan(msgspec.Struct, frozen=True, kw_only=True):
    """Do not publish it. Outcomes: Done | TargetGone | Stale (it has been taken up, and is being published)."""

    account: TopicId
    item: Cid


class CloseItem(msgspec.Struct, frozen=True, kw_only=True):
    """It is submitted, and goes; or, `failed`, it was refused with that code, and stays to be seen. Outcome: Done."""

    account: TopicId
    item: Cid
    failed: str = ""


BackstageWrite = PutDraft | DropDraft | Plan | TakeUp | Unplan | CloseItem
BackstageOutcome = Planned  # Besides those that other writes have, too.
