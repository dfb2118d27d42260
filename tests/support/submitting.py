"""A public group where hooks say what the test wants, and what becomes there of what its people submit."""

from typing import Any

import msgspec

from compliance.verdicts import Allow, Failure, Hold, Reject, Verdict
from protocol.decisions import Span, Submission, SubmissionState
from protocol.entries import Kind
from protocol.frames import History
from protocol.public import Publish, SubmissionPush, Submissions
from protocol.publications import decode
from tests.support.inline import Caller, InlineServer

HOLD = Hold(ground="truthfulness", text="Somebody should look at it.", where=(Span(path="text", start=0, end=5),))
REJECT = Reject(ground="truthfulness", text="It is not true.", where=(Span(path="text", start=0, end=5),))


def says(outcome: Verdict | Failure) -> dict[str, Any]:
    """Return hooks of which one has something to say."""
    return {"mute": lambda _: Allow(), "terms": lambda _: outcome}


class Lane:
    """A public group with an owner, an admin and two members."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.owner, self.admin, self.member, self.other = server.people("ann", "ben", "cyd", "dee")
        self.topic = server.lane(self.owner, self.member, self.other, admins=(self.admin,))

    def held(self, text: str = "hello", **more: Any) -> Submission:
        """Return something of the member's that is held."""
        self.server.panel.hooks = says(HOLD)
        said = self.member.publish(text, self.topic, **more)
        assert said.state is SubmissionState.HELD
        self.server.panel.hooks = {}
        return said

    def of(self, caller: Caller, cid: bytes) -> Submission:
        """Return what has become of what `caller` submitted as `cid`."""
        listed = next(own for own in caller.do(Submissions, limit=100).submissions if own.cid == cid)
        return Submission(**{name: getattr(listed, name) for name in Submission.__struct_fields__})

    def texts(self) -> list[str]:
        """Return what stands in the log, as readers see it."""
        entries = self.owner.do(History, topic=self.topic, limit=200).entries
        said = (Kind.MESSAGE, Kind.EDIT)
        return [decode(entry.body).content.text for entry in entries if entry.kind in said and entry.body]

    def told(self, caller: Caller) -> list[Submission]:
        """Return the submissions that `caller` was pushed since the last time."""
        return [push.submission for push in caller.pushes() if isinstance(push, SubmissionPush)]


def answered(caller: Caller, request: Publish) -> Submission | str | None:
    """Return the state that `request` was answered with, the code it was refused with, or None: not yet."""
    for message in caller.collect():
        if isinstance(message, dict) and message["re"] == request.id:
            if "error" in message:
                code: str = message["error"]["code"]
                return code
            return msgspec.convert(message["submission"], Submission, builtin_types=(bytes,), strict=False)
    return None
