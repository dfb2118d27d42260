"""Who sees what is published in a place, and what looks at it first: said before the first time, and agreed to.

When either has changed, it is said again, and asked again.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click
import trio

from client.cache import Cache
from client.errors import RefusedError
from client.line.keyboard import confirmed
from client.line.safe import visible
from client.line.screen import Screen
from client.session import Session
from protocol.account_states import AccountState
from protocol.accounts import Figures, OwnAccount
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.frames import Summary
from protocol.ids import TopicId
from protocol.public import GateReply, GroupListing, ShowGate
from protocol.publications import OF_ACCOUNTS, Surface

OF_GROUPS = (
    Surface.GROUP_MESSAGE, Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_LISTING, Surface.GROUP_SCREEN_NAME,
)  # fmt: skip
OF_ACCOUNT = tuple(surface for surface in Surface if surface in OF_ACCOUNTS)
_ANYBODY = {  # Where there is nobody to be counted.
    (Surface.CARD,): "Everybody who looks at it sees your card.",
    (Surface.SQUARE,): "Anybody may read it, and your friends have it in their timelines.",
    (Surface.COMMENT,): "Anybody may read it who reads that, unless its author wants no comments or selects them.",
}
_APPLIED_FOR = frozenset({AccountState.DRAFT, AccountState.SUBMITTED, AccountState.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who will see what is published in a place, and what looks at it first.

    `topic` None: one's card or square, a comment, or a group that does not exist yet. `members`: of a group;
    followers, of an account.
    `terms` is what one agrees to: who may read it, and which hooks; how many they are changes nothing about it.
    """

    topic: TopicId | None
    title: str
    members: int | None
    open_history: bool
    gate: GateReply
    surfaces: tuple[Surface, ...]

    @property
    def hooks(self) -> list[str]:
        """The hooks that see it, in words."""
        watching = [hook for hook in self.gate.hooks if set(hook.surfaces) & set(self.surfaces)]
        return [f"{hook.name} {hook.version} ({hook.kind})" for hook in watching]

    @property
    def terms(self) -> str:
        """What changes when one has to be asked again."""
        watching = sorted(hook.name for hook in self.gate.hooks if set(hook.surfaces) & set(self.surfaces))
        return f"{'open' if self.open_history else 'members'} {' '.join(watching)}"

    @property
    def key(self) -> str:
        """What it is noted under that one agreed."""
        return _key(self.topic or self.surfaces[0])

    def lines(self) -> list[str]:
        """Say it to the person who is about to publish."""
        if self.surfaces in _ANYBODY:
            who = _ANYBODY[self.surfaces]
        elif self.surfaces == OF_ACCOUNT:
            who = f"Anybody may read what is published there; what is broadcast comes to {_followers(self.members)}."
        else:
            people = "one member" if self.members == 1 else f"{self.members or 'all'} members"
            anybody = "; and anybody may read it, member or not" if self.open_history else ""
            who = f"What you publish here is seen by {people}{anybody}."
        seen = f"It is looked at first by: {', '.join(self.hooks)}." if self.hooks else "No hooks are installed here."
        return [f"{self.title} is public.", who, seen]


async def open_gate(session: Session) -> GateReply:
    """Return what publishing meets.

    Raises:
        RefusedError: `public_closed`: nothing can be published, and why.
    """
    gate = await session.request(ShowGate(id=0))
    if gate.closed:
        raise RefusedError(ErrorCode.PUBLIC_CLOSED, gate.closed)
    return gate


async def audience(session: Session, screen: Screen, summary: Summary | None) -> Audience:
    """Return who will see what is published in the group `summary` is of; None: on one's card.

    Raises:
        RefusedError: `public_closed`: nothing can be published, and why.
    """
    gate = await open_gate(session)
    if summary is None:
        return Audience(
            topic=None, title="[public] Your card", members=None, open_history=True, gate=gate, surfaces=(Surface.CARD,)
        )
    return Audience(
        topic=summary.topic, title=screen.place(summary), members=summary.members, open_history=summary.history_open,
        gate=gate, surfaces=OF_GROUPS,
    )  # fmt: skip


async def square(session: Session) -> Audience:
    """Return who will see what is published on one's square; raises as `audience`."""
    return Audience(
        topic=None, title=f"[{Side.PUBLIC}] Your square", members=None, open_history=True,
        gate=await open_gate(session), surfaces=(Surface.SQUARE,),
    )  # fmt: skip


async def below(session: Session, what: str) -> Audience:
    """Return who will see what is published under something public, which is called `what`; raises as `audience`."""
    return Audience(
        topic=None, title=f"[{Side.PUBLIC}] What is said under {what}", members=None, open_history=True,
        gate=await open_gate(session), surfaces=(Surface.COMMENT,),
    )  # fmt: skip


async def audience_of(session: Session, screen: Screen, own: OwnAccount) -> Audience:
    """Return who will see what is published in an account one is an operator of.

    Raises:
        RefusedError: `not_allowed`: it has not been approved. `public_closed`: nothing can be published, and why.
    """
    if own.state in _APPLIED_FOR:
        waits = f"{visible(own.name)} is not approved ({own.state}): hutong account list says what it waits for"
        raise RefusedError(ErrorCode.NOT_ALLOWED, waits)
    gate = await open_gate(session)
    return Audience(
        topic=own.topic, title=screen.somewhere(own.topic), members=None if own.state is AccountState.ACTIVE else 0,
        open_history=True, gate=gate, surfaces=OF_ACCOUNT,
    )  # fmt: skip


async def counted(session: Session, here: Audience) -> Audience:
    """Return `here` with the number of those there really are now: the one that is synced may be a little behind."""
    if here.topic is None:
        return here
    if here.surfaces == OF_ACCOUNT:
        is_open = here.members is None
        figures = await session.request(Figures(id=0, topic=here.topic, days=1)) if is_open else None
        return here if figures is None else replace(here, members=figures.followers)
    listing = (await session.request(GroupListing(id=0, topic=here.topic))).listing
    return replace(here, members=listing.members)


def has_agreed(cache: Cache, here: Audience) -> bool:
    """Say whether this person knows who sees what is published here, and agreed to it before."""
    return cache.note(here.key) == here.terms


def has_ever_agreed(cache: Cache, topic: TopicId) -> bool:
    """Say whether they agreed to publish in `topic` once, whatever has changed there since."""
    return cache.note(_key(topic)) is not None


def agree(cache: Cache, here: Audience) -> None:
    """Remember that they do."""
    cache.write_note(here.key, here.terms)


async def consent(session: Session, screen: Screen, here: Audience, *, yes: bool) -> None:
    """Say who will see it and ask, unless that was done before.

    Raises:
        click.UsageError: There is nobody to ask.
        RefusedError: The answer was no.
    """
    if not has_agreed(session.cache, here):
        await ask(screen, await counted(session, here), yes=yes)
        agree(session.cache, here)


async def ask(screen: Screen, here: Audience, *, yes: bool) -> None:
    """Say who will see it and ask, whatever was said before; raises as `consent`."""
    await put_to(screen, here.lines(), "Publish there?", yes=yes, undone="nothing was published")


async def put_to(screen: Screen, lines: Sequence[str], question: str, *, yes: bool, undone: str) -> None:
    """Say `lines` and ask, unless `yes`. `undone`: what it comes to if the answer is no; raises as `consent`."""
    for line in lines:
        screen.note(line)
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{undone}: somebody has to say yes to that first, or --yes")
    # Asked beside the session, which has to answer the server meanwhile.
    if not await trio.to_thread.run_sync(confirmed, question, abandon_on_cancel=True):
        raise RefusedError("not_agreed", undone)


def _followers(number: int | None) -> str:
    match number:
        case None:
            return "its followers"
        case 0:
            return "its followers, of whom there are none yet"
        case 1:
            return "its one follower"
        case _:
            return f"its {number} followers"


def _key(place: TopicId | Surface) -> str:
    return f"agreed:{place}"
