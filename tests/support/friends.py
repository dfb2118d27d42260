"""Friends on a whole server, and what they say to each other in a word each."""

from typing import Any

from protocol.contacts import AcceptContact, AskContact
from protocol.ids import MomentId
from protocol.moments import Comment, PostMoment, SayComment
from tests.support.inline import Caller, InlineServer


def befriend(*people: Caller) -> None:
    """Have all of them be friends of each other; nothing of it waits to be collected."""
    for index, one in enumerate(people):
        for other in people[:index]:
            one.do(AskContact, person=other.person)
            other.do(AcceptContact, person=one.person)
    for caller in people[0].server.callers:
        caller.collect()


def friends(server: InlineServer, *handles: str) -> list[Caller]:
    """Return new people who are all friends of each other."""
    people = server.people(*handles)
    befriend(*people)
    return people


def post(author: Caller, **audience: Any) -> MomentId:
    """Have `author` say something to their friends; nothing of it waits to be collected."""
    moment = author.do(PostMoment, body=b"words", **audience).moment.moment
    assert moment is not None
    for caller in author.server.callers:
        caller.collect()
    return moment


def say(author: Caller, moment: MomentId, body: bytes = b"words", *, answers: Comment | None = None) -> Comment:
    """Have `author` say something under a moment."""
    answered = None if answers is None else answers.comment
    return author.do(SayComment, moment=moment, body=body, answers=answered).comment
