"""From a request to a draft, and from what became of it to an answer: what all writing operations share."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import msgpack
import msgspec
from blake3 import blake3

from protocol.entries import Entry, Kind, Openness, Role
from protocol.errors import ErrorCode
from protocol.frames import Appended, Reply, Request
from protocol.ids import Cid, PersonId, Seq, TopicId
from server.outcomes import NOT_FOUND, Again, Answer, Ask, Caller, Commit, Decision, Effect, Refuse
from server.store.base import PostedBefore
from server.store.writes import Conflict, Draft, Exists, Post, Posted, Repeated, Stale, TargetGone

DIGEST_BYTES = 16
CONFLICT = Refuse(ErrorCode.CONFLICT, "this cid was used for something else", field="cid")


class Drafts:
    """Makes drafts. `secret` keys the digests, so that the store's file does not tell which bodies are equal."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def digest(self, request: Request[Reply]) -> bytes:
        """Return the keyed digest of what `request` says.

        Where it says it is left out: a first message goes `to` a person and its repeat may name the chat. The topic
        is compared apart.
        """
        said = _said(type(request))(request)
        return blake3(msgpack.packb(said, default=msgspec.to_builtins), key=self._secret).digest(DIGEST_BYTES)

    def draft(
        self,
        request: Request[Reply],
        caller: Caller,
        *,
        at: int,
        kind: Kind,
        body: bytes | None = None,
        reply_to: Seq | None = None,
        target: Seq | None = None,
        person: PersonId | None = None,
        role: Role | None = None,
        until: int | None = None,
        openness: Openness | None = None,
        hidden_from: PersonId | None = None,
    ) -> Draft:
        """Return the draft of an entry that `caller` asks for with `request`."""
        return Draft(
            kind=kind,
            sender=caller.person,
            cid=cid_of(request),
            digest=self.digest(request),
            at=at,
            body=body,
            reply_to=reply_to,
            target=target,
            person=person,
            role=role,
            until=until,
            openness=openness,
            hidden_from=hidden_from,
        )


@cache
def _said(shape: type[Request[Reply]]) -> Callable[[Request[Reply]], tuple[Any, ...]]:
    """Return what gives all that a request of `shape` says, its operation first."""
    names = [name for name in shape.__struct_fields__ if name not in {"id", "cid", "topic", "to"}]
    return attrgetter("__struct_config__.tag", *names)


def cid_of(request: Request[Reply]) -> Cid:
    """Return the cid of a writing request."""
    cid: Cid = request.cid  # type: ignore[attr-defined]
    return cid


def post(request: Request[Reply], write: Post, *, effects: tuple[Effect, ...] = ()) -> Commit:
    """Commit `write`, and answer `request` with the entry it became; decide again if the topic has changed since."""
    return Commit(write, _answer(request, effects))


def _answer(request: Request[Reply], effects: tuple[Effect, ...]) -> Callable[[Any], Decision]:
    def then(outcome: Any) -> Decision:
        match outcome:
            case Posted(entry=Entry() as entry):
                return Answer(_appended(entry), effects)
            case Repeated():
                return repeated(request, outcome.entry)
            case Conflict():
                return CONFLICT
            case TargetGone():
                return NOT_FOUND
            case Stale() | Exists():
                return Again(request)
            case _:
                raise TypeError(f"a post came back as {type(outcome).__name__}")

    return then


def as_refused(_request: Request[Reply], _caller: Caller, refusal: Refuse) -> Decision:
    """Return `refusal`: whether this was said before has been looked at, where it was to be written."""
    return refusal


def answer_again(request: Request[Reply], digest: bytes, refusal: Refuse, before: PostedBefore | None) -> Decision:
    """Return the first answer if `request` was carried out once, when things stood otherwise; else `refusal`."""
    if before is None:
        return refusal
    return repeated(request, before.entry) if before.digest == digest else CONFLICT


def repeated(request: Request[Reply], entry: Entry) -> Decision:
    """Answer a repeat with what it became the first time; in another topic, or to another person, it is another
    request.
    """
    to: PersonId | None = getattr(request, "to", None)
    if to is None:
        topic: TopicId | None = getattr(request, "dialogue", None) or getattr(request, "topic", None)
        return _if_there(entry, topic in {None, entry.topic})
    sender = entry.sender
    assert sender is not None
    return Ask(lambda reader: reader.chat(sender, to), lambda found: _if_there(entry, found.topic == entry.topic))


def _if_there(entry: Entry, there: bool) -> Decision:  # noqa: FBT001 - whether it is where the repeat asks for it.
    return Answer(_appended(entry)) if there else CONFLICT


def _appended(entry: Entry) -> Appended:
    return Appended(topic=entry.topic, seq=entry.seq, nth=entry.nth, at=entry.at)
