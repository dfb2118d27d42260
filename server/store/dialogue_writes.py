"""What can be written about dialogues between people and public accounts, and what comes of it, as values."""

import msgspec

from protocol.ids import PersonId, TopicId
from server.store.writes import Post

ANSWER_MS = 48 * 3_600_000  # An account may answer until so long after the person's last message.


class Speak(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the dialogue between `person` and `account`, and what the account's inbox shows of it.

    `by`: the operator who answers in the account's name; None: the person speaks, who has to follow the account.
    Only a message of the person begins the time for answers anew. Outcomes: those of a Post | NotFollowing | TooLate.
    """

    post: Post
    account: TopicId
    person: PersonId
    by: PersonId | None = None


class NotFollowing(msgspec.Struct, frozen=True):
    """The person does not follow the account (any more): nothing is stored."""


class TooLate(msgspec.Struct, frozen=True):
    """The time for answers is over until the person writes again: nothing is stored."""


SpeakOutcome = NotFollowing | TooLate  # Besides those of a Post.
