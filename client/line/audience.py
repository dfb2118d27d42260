"""Who sees what is published in a place, and what looks at it first: said before the first time, and agreed to.

When either has changed, it is said again, and asked again.
"""

import sys
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
from protocol.errors import ErrorCode
from protocol.frames import Summary
from protocol.ids import TopicId
from protocol.public import GateReply, GroupListing, ShowGate
from protocol.publications import OF_ACCOUNTS, Surface

OF_GROUPS = tuple(surface for surface in Surface if surface is not Surface.CARD and surface not in OF_ACCOUNTS)
OF_ACCOUNT = tuple(surface for surface in Surface if surface in OF_ACCOUNTS)
_APPLIED_FOR = frozenset({AccountState.DRAFT, AccountState.SUBMITTED, AccountState.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who will see what is published in a place, and what looks at it first.

    `topic` None: one's card, or a group that does not exist yet. `members`: of a group; followers, of an account.
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

    def lines(self) -> list[str]:
        """Say it to the person who is about to publish."""
        if self.surfaces == (Surface.CARD,):
            who = "Everybody who looks at it sees your card."
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
    return cache.note(_key(here.topic)) == here.terms


def has_ever_agreed(cache: Cache, topic: TopicId) -> bool:
    """Say whether they agreed to publish in `topic` once, whatever has changed there since."""
    return cache.note(_key(topic)) is not None


def agree(cache: Cache, here: Audience) -> None:
    """Remember that they do."""
    cache.write_note(_key(here.topic), here.terms)


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
    for line in here.lines():
        screen.note(line)
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"nothing is published in {here.title} before somebody says yes to that: --yes")
    # Asked beside the session, which has to answer the server meanwhile.
    if not await trio.to_thread.run_sync(confirmed, "Publish there?", abandon_on_cancel=True):
        raise RefusedError("not_published", "nothing was published")


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


def _key(topic: TopicId | None) -> str:
    return f"agreed:{topic or 'card'}"
