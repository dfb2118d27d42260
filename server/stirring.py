"""From a change to those who have the thread open where it is: that a moment, or what is under it, is not as it was."""

from collections.abc import Callable

import msgspec

from protocol.ids import MomentId, PersonId
from protocol.moments import ThreadPush
from server.outcomes import Answer, Ask, Decision, Stir
from server.roots import Root, root_of
from server.store.base import Reader

Listening = Callable[[Root], tuple[PersonId, ...]]
Seeing = Callable[[Reader, tuple[PersonId, ...]], tuple[PersonId, ...]]


def stirred(moment: MomentId, listening: Listening, seeing: Seeing, answer: Answer) -> Decision:
    """Give `answer`, and tell those who listen to a moment's thread and see what has changed, which `seeing` finds out.

    It is asked when the change is made: who opens the thread later than that reads it as it is. And it is asked also
    when nobody listens, or the time that an answer takes would tell who is reading.
    """
    root = root_of(moment)
    persons = listening(root)

    def then(seeing_it: tuple[PersonId, ...]) -> Decision:
        stir = Stir(root, ThreadPush(moment=moment), seeing_it)
        return msgspec.structs.replace(answer, effects=(*answer.effects, stir))

    return Ask(lambda reader: seeing(reader, persons), then)
