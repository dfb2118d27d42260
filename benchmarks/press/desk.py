"""An account at work: its owner applies for it, and whoever may publishes there."""

from collections.abc import Awaitable
from typing import Any

from benchmarks.playhouse.walker import Walker
from benchmarks.press.papers import Paper
from client.errors import RefusedError
from client.events import AccountChanged
from protocol.accounts import AccountApply, AccountSubmit, Application, OwnAccount, OwnAccounts
from protocol.decisions import Submission
from protocol.following import AccountPage, Pages
from protocol.ids import TopicId
from protocol.public import Origin, Publish
from protocol.publications import Content, Surface


class Desk:
    """One account, and its owner. `topic` is empty until it is applied for."""

    def __init__(self, paper: Paper, owner: Walker) -> None:
        self.paper = paper
        self.owner = owner
        self.topic = TopicId("")

    async def apply(self, application: Application) -> OwnAccount:
        """Draft an application, or say it anew, and hand it in."""
        session = self.owner.session
        drafted = await session.request(
            AccountApply(id=0, cid=session.new_cid(), application=application, topic=self.topic or None)
        )
        self.topic = drafted.account.topic
        return (await session.request(AccountSubmit(id=0, topic=self.topic))).account

    async def account(self) -> OwnAccount:
        """Return the account as its owner sees it."""
        own = (await self.owner.session.request(OwnAccounts(id=0))).accounts
        return next(account for account in own if account.topic == self.topic)

    async def decided(self) -> OwnAccount:
        """Wait until the owner is told what was decided, and return it."""
        told = self.owner.told
        await self.owner.until(lambda: any(isinstance(event, AccountChanged) for event in told))
        return next(event.account for event in told if isinstance(event, AccountChanged))

    async def publish(
        self,
        surface: Surface,
        content: Content,
        *,
        by: Walker | None = None,
        source: Origin | None = None,
        tag: str = "",
        reprintable: bool = False,
    ) -> Submission:
        """Publish in the account's name, as its owner or as another operator.

        Raises:
            RefusedError: It could not be submitted.
        """
        session = (by or self.owner).session
        publish = Publish(
            id=0,
            cid=session.new_cid(),
            surface=surface,
            content=content,
            topic=self.topic,
            source=source,
            tag=tag,
            reprintable=reprintable,
        )
        return (await session.request(publish)).submission


async def page(anybody: Walker, topic: TopicId) -> AccountPage | None:
    """Return an account as anybody sees it; None: nobody sees one there."""
    pages = (await anybody.session.request(Pages(id=0, topics=(topic,)))).pages
    return pages[0] if pages else None


async def refusal(asked: Awaitable[Any]) -> RefusedError | None:
    """Return what the server refuses something with; None: it does not."""
    try:
        await asked
    except RefusedError as refused:
        return refused
    return None
