"""Where a public account stands, how it broadcasts, what it may do with current-affairs news, and what its operators
do: words, no more.
"""

from enum import StrEnum


class AccountState(StrEnum):
    """Where an account stands (Art. 7): compliance.accounts has the moves between them."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REFUSED = "refused"
    APPROVED = "approved"
    ACTIVE = "active"


class AccountType(StrEnum):
    """How often it may broadcast: a subscription account daily, a service account a few times a month."""

    SUBSCRIPTION = "subscription"
    SERVICE = "service"


class NewsRight(StrEnum):
    """What an account may do with current-affairs news (Art. 7 ¶2)."""

    NONE = "none"
    REPRINT = "reprint"
    PUBLISH = "publish"


class ActKind(StrEnum):
    """What an operator did, as the other operators are told. Of what was said the act names the entry, if it has one.

    `submitted`: something was handed in that has not appeared, and may not; when it does, there is another act.
    `comments_chosen`, `comment_selected` and so on: the article whose comments it is about.
    `made_editor`, `made_analyst`, `removed`: to `person`; `left`: by themselves.
    """

    SUBMITTED = "submitted"
    TAKEN_BACK = "taken_back"
    PUBLISHED = "published"
    EDITED = "edited"
    RECALLED = "recalled"
    PROFILE = "profile"
    MENU = "menu"
    WELCOME = "welcome"
    REPLIES = "replies"
    MADE_EDITOR = "made_editor"
    MADE_ANALYST = "made_analyst"
    REMOVED = "removed"
    LEFT = "left"
    COMMENTS_CHOSEN = "comments_chosen"
    COMMENT_SELECTED = "comment_selected"
    COMMENT_UNSELECTED = "comment_unselected"
    COMMENT_DELETED = "comment_deleted"
