"""A newsroom that runs a public account besides: the same scripts, with steps for all that an account says."""

from typing import Any

from hypothesis import strategies as st

from protocol.accounts import SetOperator
from protocol.entries import Role
from protocol.frames import Recall
from protocol.ids import Seq
from protocol.publications import Surface
from tests.support.accounts import approved, operator
from tests.support.inline import Caller
from tests.support.newsroom import MOODS, STEPS, Newsroom
from tests.support.places import Place
from tests.support.public import rows

PRESS_STEPS = (
    *("article", "article", "broadcast", "broadcast", "edit article", "edit article", "recall article"),
    *("profile", "menu", "welcome", "replies", "appoint"),
)
PRESS_SCRIPTS = st.lists(
    st.tuples(st.sampled_from(STEPS + PRESS_STEPS * 2), st.integers(0, 11), st.sampled_from(sorted(MOODS))),
    min_size=3,
    max_size=40,
)
_SURFACES = {
    "article": Surface.ARTICLE,
    "broadcast": Surface.BROADCAST,
    "profile": Surface.ACCOUNT_PROFILE,
    "menu": Surface.ACCOUNT_MENU,
    "welcome": Surface.ACCOUNT_WELCOME,
    "replies": Surface.ACCOUNT_REPLIES,
}
_ARTICLES = "state = 'published' AND surface IN ('article', 'broadcast') AND target IS NULL"
_ROLES = (Role.EDITOR, Role.ANALYST, Role.EDITOR, None)


class Pressroom(Newsroom):
    """`account`: ann's, of which cat is an editor. Its first profile is public."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.account = approved(self.server, self.ann)
        self._publish(self.ann, Surface.ACCOUNT_PROFILE, topic=self.account)
        operator(self.ann, self.account, self.cat)
        self.take_in()

    def shown_to(self, reader: Caller) -> list[dict[str, Any]]:
        """Return all that `reader` can ask for, of the account too."""
        there = Place(self.server, self.ann, Surface.ARTICLE, self.account)
        return [*super().shown_to(reader), there.shown_to(reader)]

    def _beyond(self, what: str, number: int) -> None:
        who = (self.ann, self.cat, self.cat)[number % 3]
        match what:
            case "profile":
                self._publish(self.ann, _SURFACES[what], topic=self.account)
            case "article" | "broadcast" | "menu" | "welcome" | "replies":
                self._publish(who, _SURFACES[what], topic=self.account)
            case "edit article":
                for row in self._pick(number, _ARTICLES):
                    edits = "SELECT count(*) AS n FROM entries WHERE topic = ? AND target = ? AND kind = 'edit'"
                    version = 1 + rows(self.server, edits, self.account, row["seq"])[0]["n"]
                    edit = {"target": Seq(row["seq"]), "base": version + (number == 11)}
                    self._publish(who, Surface(row["surface"]), topic=self.account, **edit)
            case "recall article":
                for row in self._pick(number, _ARTICLES):
                    who.say(who.request(Recall, topic=self.account, target=row["seq"]))
            case "appoint":
                fields = {"topic": self.account, "person": self.cat.person, "role": _ROLES[number % 4]}
                self.ann.say(self.ann.request(SetOperator, **fields))
            case _:
                super()._beyond(what, number)
