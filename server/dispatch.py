"""Which handler decides which operation, and what must hold first: a table, so that checks live in one place."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from protocol import frames
from protocol.entries import Standing
from protocol.errors import ErrorCode
from protocol.frames import Reply, Request
from protocol.ids import is_cid
from server.handlers.accounts import Accounts
from server.handlers.groups import Groups
from server.handlers.messages import Messages
from server.handlers.people import Neighbours
from server.handlers.reading import Reading
from server.outcomes import NOT_FOUND, Ask, Caller, Decision, Refuse, With
from server.posting import Drafts, answer_again
from server.topics import TopicState

_NOT_SIGNED_IN = Refuse(ErrorCode.NOT_SIGNED_IN, "sign in first: register, login or resume")
_NO_CID = Refuse(ErrorCode.BAD_REQUEST, "a cid is a UUIDv7, as 16 bytes", field="cid")
_ALREADY = Refuse(ErrorCode.ALREADY_SIGNED_IN, "this connection is signed in already")


@dataclass(frozen=True, slots=True)
class Anyone:
    """Asked before signing in."""

    handler: Callable[[Any, int], Decision]


@dataclass(frozen=True, slots=True)
class Signed:
    """Asked by somebody who is signed in."""

    handler: Callable[[Any, Caller, int], Decision]


@dataclass(frozen=True, slots=True)
class InTopic:
    """Asked about a topic by a member of it; `outside`: also by who is invited to it or asks to join."""

    handler: Callable[[Any, Caller, TopicState, int], Decision]
    outside: bool = False


Rule = Anyone | Signed | InTopic
Rules = dict[type[Request[Reply]], Rule]


def private_side(
    hello: Callable[[frames.Hello, int], Decision],
    accounts: Accounts,
    neighbours: Neighbours,
    reading: Reading,
    messages: Messages,
    groups: Groups,
) -> Rules:
    """Return the rules of everything that is not publication."""
    rules: Iterable[tuple[Any, Rule]] = (
        (frames.Hello, Anyone(hello)),
        (frames.Register, Anyone(accounts.register)),
        (frames.Login, Anyone(accounts.login)),
        (frames.Resume, Anyone(accounts.resume)),
        (frames.Logout, Signed(accounts.logout)),
        (frames.ChangePassword, Signed(accounts.change_password)),
        (frames.Devices, Signed(accounts.devices)),
        (frames.RevokeDevice, Signed(accounts.revoke_device)),
        (frames.SetPreferences, Signed(accounts.set_preferences)),
        (frames.People, Signed(neighbours.people)),
        (frames.Block, Signed(neighbours.block)),
        (frames.Unblock, Signed(neighbours.unblock)),
        (frames.Blocks, Signed(neighbours.blocks)),
        (frames.Watch, Signed(neighbours.watch)),
        (frames.Sync, Signed(reading.sync)),
        (frames.History, Signed(reading.history)),
        (frames.ShowTopic, InTopic(reading.topic, outside=True)),
        (frames.SetTopic, InTopic(reading.set_topic)),
        (frames.Clear, InTopic(reading.clear)),
        (frames.Read, InTopic(reading.read)),
        (frames.Receipts, InTopic(reading.receipts)),
        (frames.Typing, InTopic(reading.typing)),
        (frames.Send, Signed(messages.send)),
        (frames.Edit, InTopic(messages.edit)),
        (frames.React, InTopic(messages.react)),
        (frames.Recall, InTopic(messages.recall)),
        (frames.GroupFound, Signed(groups.found)),
        (frames.GroupInvite, InTopic(groups.invite)),
        (frames.GroupAccept, InTopic(groups.accept, outside=True)),
        (frames.GroupDecline, InTopic(groups.decline, outside=True)),
        (frames.GroupLink, InTopic(groups.link)),
        (frames.GroupUnlink, InTopic(groups.unlink)),
        (frames.GroupAsk, Signed(groups.ask)),
        (frames.GroupApprove, InTopic(groups.approve)),
        (frames.GroupRefuse, InTopic(groups.refuse)),
        (frames.GroupLeave, InTopic(groups.leave)),
        (frames.GroupRemove, InTopic(groups.remove)),
        (frames.GroupRole, InTopic(groups.role)),
        (frames.GroupHandOver, InTopic(groups.hand_over)),
        (frames.GroupMute, InTopic(groups.mute)),
        (frames.GroupName, InTopic(groups.name)),
        (frames.GroupNotice, InTopic(groups.notice)),
    )
    return dict(rules)


class Dispatch:
    """Decides requests by the table."""

    def __init__(self, rules: Rules, drafts: Drafts) -> None:
        self._rules = rules
        self._drafts = drafts

    def decide(self, request: Request[Reply], caller: Caller | None, at: int) -> Decision:
        """Return what is to be done about `request`; `at`: Unix ms."""
        cid = getattr(request, "cid", None)
        if cid is not None and not is_cid(cid):
            return _NO_CID
        match self._rules[type(request)]:
            case Anyone(handler):
                if caller is not None and not isinstance(request, frames.Hello):
                    return _ALREADY
                return handler(request, at)
            case Signed(handler):
                return _NOT_SIGNED_IN if caller is None else handler(request, caller, at)
            case InTopic(handler, outside):
                if caller is None:
                    return _NOT_SIGNED_IN
                topic: frames.TopicRef = request.topic  # type: ignore[attr-defined]

                def decide(state: TopicState | None) -> Decision:
                    member = state.members.get(caller.person) if state else None
                    if state is None or member is None or (member.standing is not Standing.MEMBER and not outside):
                        return NOT_FOUND
                    return handler(request, caller, state, at)

                return With(topic, decide)

    def reconsider(self, request: Request[Reply], caller: Caller | None, refusal: Refuse) -> Decision:
        """Return the first answer if a writing request that is refused now was carried out before; else `refusal`.

        A repeat is answered as the first time whatever has changed since: its sender cannot know that it got through.
        """
        cid = getattr(request, "cid", None)
        if cid is None or caller is None:
            return refusal
        digest = self._drafts.digest(request)
        return Ask(
            lambda reader: reader.posted(caller.person, cid),
            lambda before: answer_again(request, digest, refusal, before),
        )
