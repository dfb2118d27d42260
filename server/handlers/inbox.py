"""The inbox of a public account: what people write to it, which its operators read and answer in its name."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from protocol.accounts import Inbox, InboxAnswer, InboxShow
from protocol.entries import Kind, TopicKind
from protocol.ids import PersonId
from server.dialogues import speak
from server.operating import as_operator
from server.operators import OperatorAct
from server.outcomes import NOT_FOUND, Answer, Ask, Caller, Decision, Refuse, With
from server.posting import Drafts, answer_again, cid_of
from server.store.writes import Post
from server.topics import TopicState


@dataclass(frozen=True, slots=True, kw_only=True)
class Inboxes:
    """`slice_bytes`: bound of one reply."""

    drafts: Drafts
    slice_bytes: int

    def inbox(self, request: Inbox, caller: Caller, at: int) -> Decision:
        """List the dialogues of an account."""
        asked = Ask(
            lambda reader: reader.inbox(request.topic, offset=request.offset, slice_bytes=self.slice_bytes), Answer
        )
        return as_operator(request.topic, caller, OperatorAct.ANSWER, lambda _: asked)

    def show(self, request: InboxShow, caller: Caller, at: int) -> Decision:
        """Show a page of one of them, and which operator wrote what."""

        def ask(_: TopicState, dialogue: TopicState) -> Decision:
            return Ask(
                lambda reader: reader.dialogue(
                    dialogue.topic, before=request.before, limit=request.limit, slice_bytes=self.slice_bytes
                ),
                Answer,
            )

        return _in_dialogue(request, caller, ask)

    def answer(self, request: InboxAnswer, caller: Caller, at: int) -> Decision:
        """Answer in the account's name."""

        def say(account: TopicState, dialogue: TopicState) -> Decision:
            draft = self.drafts.draft(request, caller, at=at, kind=Kind.MESSAGE, body=request.body)
            draft = msgspec.structs.replace(draft, sender=PersonId(account.topic))
            write = Post(topic=dialogue.topic, generation=dialogue.generation, draft=draft)
            return speak(request, write, account, _person(account, dialogue), by=caller.person)

        return _in_dialogue(request, caller, say)

    def again(self, request: InboxAnswer, caller: Caller, refusal: Refuse) -> Decision:
        """Answer a repeat that is refused now as the first time; `refusal` if it was not carried out before."""
        digest = self.drafts.digest(request)
        return Ask(
            lambda reader: reader.answered(request.topic, caller.person, cid_of(request)),
            lambda before: answer_again(request, digest, refusal, before),
        )


def _in_dialogue(
    request: InboxShow | InboxAnswer, caller: Caller, then: Callable[[TopicState, TopicState], Decision]
) -> Decision:
    """Go on with the states of the account and of a dialogue of its; one of another is not there."""

    def with_dialogue(account: TopicState, dialogue: TopicState | None) -> Decision:
        if dialogue is None or dialogue.kind is not TopicKind.DIALOGUE or PersonId(account.topic) not in dialogue.peers:
            return NOT_FOUND
        return then(account, dialogue)

    return as_operator(
        request.topic,
        caller,
        OperatorAct.ANSWER,
        lambda account: With(request.dialogue, lambda dialogue: with_dialogue(account, dialogue)),
    )


def _person(account: TopicState, dialogue: TopicState) -> PersonId:
    return dialogue.peer_of(PersonId(account.topic))
