"""What an account says by itself to whoever writes to it: its welcome, its menu, its automatic replies.

All of it is public, and shown by this client: nothing that is written to the account is matched by the server.
"""

from rich.text import Text

from client.errors import RefusedError
from client.line.safe import visible, visible_lines
from client.replies import answer, menu_lines, tapped
from client.session import Session
from client.view import content_of
from protocol.following import AccountPage
from protocol.ids import TopicId


class Desk:
    """The desk of one account; `page` None: nothing is known of it, so it says nothing."""

    def __init__(self, name: str, page: AccountPage | None) -> None:
        self.name = name
        bodies = (page.welcome, page.menu, page.replies) if page is not None else (None, None, None)
        self._welcome, self._menu, self._replies = map(content_of, bodies)

    def greeting(self) -> list[Text]:
        """Return what a new follower is told: the welcome, and the menu."""
        welcome = [_by_itself(self.name, self._welcome.text)] if self._welcome.text else []
        return [*welcome, *map(_dim, self.menu())]

    def menu(self) -> list[str]:
        """Return the lines of the menu, each with its number."""
        return [visible(line) for line in menu_lines(self._menu.menu)]

    def tap(self, number: str) -> list[str] | None:
        """Return what the thing with this number in the menu shows; None: there is none."""
        found = tapped(self._menu.menu, number)
        if found is None:
            return None
        items = getattr(found, "items", ())
        below = [f"{number.strip()}.{place} {visible(item.label)}" for place, item in enumerate(items, 1)]
        return [visible_lines(text, 2) for text in (found.text, found.link) if text] + below

    def answer(self, text: str) -> Text | None:
        """Return what the keyword table answers to `text`; None: nothing, so somebody has to."""
        answered = answer(text, self._replies.replies)
        return _by_itself(self.name, answered) if answered is not None else None


async def desk_of(session: Session, account: TopicId) -> Desk:
    """Return the desk of an account, as far as it can be had."""
    page = session.cache.follows.page(account)
    if page is None and session.is_online:
        try:
            page = await session.page(account)
        except RefusedError:
            page = None
    return Desk(session.cache.follows.name(account) or account, page)


def _by_itself(name: str, text: str) -> Text:
    return Text.assemble((f"{visible(name)}, by itself: ", "dim"), visible_lines(text, 4))


def _dim(text: str) -> Text:
    return Text(text, style="dim")
