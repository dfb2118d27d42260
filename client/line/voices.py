"""How one speaks in a room of `hutong chat`: privately, or in public. A room has one voice, for as long as it is open.

There is no way from one to the other: each makes its own kind of request, and has no other.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from client.line import names
from client.line.audience import Audience, agree, audience, counted, has_agreed, has_ever_agreed
from client.line.publishing import base_of
from client.line.screen import Screen
from client.session import Session
from protocol import content, limits
from protocol.frames import Edit, React, Recall, Summary
from protocol.ids import Seq, TopicId
from protocol.public import Publish
from protocol.publications import Content, Surface


class UsageError(Exception):
    """What is said cannot be said here; without words, the command was given others than it takes."""


def number(text: str) -> Seq:
    """Return the number of an entry that `text` is.

    Raises:
        UsageError: It is none.
    """
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= limits.SEQ_MAX:
        raise UsageError
    return Seq(int(text))


def numbered(rest: str) -> tuple[Seq, str]:
    """Return the number that `rest` begins with, and the text after it; raises as `number`."""
    first, _, text = rest.partition(" ")
    if not text.strip():
        raise UsageError
    return number(first), text.strip()


class Voice(Protocol):
    """What one can do in a room. `silent`: the commands of a room that make no sense with this voice."""

    silent: frozenset[str]

    async def say(self, text: str, *, reply_to: Seq | None = None) -> None:
        """Say `text`.

        Raises:
            UsageError: It cannot be said; the words are for the person.
            RefusedError: The server does not allow it.
        """

    async def edit(self, topic: TopicId, target: Seq, text: str) -> None:
        """Say something else in its place; raises as `say`."""

    async def recall(self, topic: TopicId, target: Seq) -> None:
        """Take it back."""


class PrivateVoice:
    """Says private things to a person, or in a private group."""

    silent: frozenset[str] = frozenset()

    def __init__(self, session: Session, target: names.Target) -> None:
        self._session, self._target = session, target

    async def say(self, text: str, *, reply_to: Seq | None = None) -> None:
        request = self._target.send(self._session.new_cid(), _encoded(text), reply_to)
        self._session.post(request, handle=self._target.handle)

    async def edit(self, topic: TopicId, target: Seq, text: str) -> None:
        cid = self._session.new_cid()
        self._session.post(Edit(id=0, cid=cid, topic=topic, target=target, body=_encoded(text)))

    async def recall(self, topic: TopicId, target: Seq) -> None:
        self._session.post(Recall(id=0, cid=self._session.new_cid(), topic=topic, target=target))

    async def react(self, topic: TopicId, target: Seq, sign: str) -> None:
        """Give it a sign; raises as `say`."""
        body = _encoded(sign)
        if len(body) > limits.REACTION_BYTES:
            raise UsageError
        self._session.post(React(id=0, cid=self._session.new_cid(), topic=topic, target=target, body=body))


class PublicVoice:
    """Publishes in a public group, once its person has been told who sees that, and said yes. `ask`: asks them."""

    silent = frozenset({"react", "receipts"})

    def __init__(
        self, session: Session, screen: Screen, summary: Summary, ask: Callable[[Sequence[str]], Awaitable[bool]]
    ) -> None:
        self._session, self._screen, self._topic = session, screen, summary.topic
        self._ask = ask
        self._here: Audience | None = None

    async def say(self, text: str, *, reply_to: Seq | None = None) -> None:
        await self._publish(self._topic, text, reply_to=reply_to)

    async def edit(self, topic: TopicId, target: Seq, text: str) -> None:
        await self._publish(topic, text, target=target, base=base_of(self._session.cache, topic, target))

    async def recall(self, topic: TopicId, target: Seq) -> None:
        self._session.post(Recall(id=0, cid=self._session.new_cid(), topic=topic, target=target))

    @property
    def grounds(self) -> dict[str, str]:
        """The titles of what publications are decided on, as far as the gate was asked."""
        return self._here.gate.grounds if self._here else {}

    async def agreed(self) -> bool:
        """Say whether something may be published here: its person agreed before, or does so now."""
        summary = self._session.cache.topic(self._topic)
        if summary is None:
            return False
        if not self._session.is_online:
            if has_ever_agreed(self._session.cache, self._topic):
                return True
            raise UsageError("the server is away, and cannot say who would see it")
        if self._here is None or self._here.open_history != summary.history_open:
            self._here = await audience(self._session, self._screen, summary)
        if has_agreed(self._session.cache, self._here):
            return True
        here = await counted(self._session, self._here)
        if not await self._ask([*here.lines(), "Publish there? y or n"]):
            return False
        agree(self._session.cache, self._here)
        return True

    async def _publish(
        self,
        topic: TopicId,
        text: str,
        *,
        reply_to: Seq | None = None,
        target: Seq | None = None,
        base: int | None = None,
    ) -> None:
        if len(text) > limits.TEXT_CHARS:
            raise UsageError(f"at most {limits.TEXT_CHARS} characters are published at once; this has {len(text)}")
        if not await self.agreed():
            raise UsageError("nothing was published")
        self._session.post(
            Publish(
                id=0, cid=self._session.new_cid(), surface=Surface.GROUP_MESSAGE, content=Content(text=text),
                topic=topic, reply_to=reply_to, target=target, base=base,
            )
        )  # fmt: skip


def _encoded(text: str) -> bytes:
    try:
        return content.encode(content.Text(text=text))
    except ValueError as error:
        raise UsageError(str(error)) from error
