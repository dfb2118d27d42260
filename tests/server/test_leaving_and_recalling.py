"""What one has published is one's own to take back, wherever one has gone since."""

from protocol.frames import GroupLeave, Recall
from protocol.public import GroupFoundPublic, GroupJoin, Publish
from protocol.publications import Content, Surface
from tests.support.inline import Caller, InlineServer


def said(author: Caller, topic: str, text: str) -> int:
    submission = author.do(Publish, topic=topic, surface=Surface.GROUP_MESSAGE, content=Content(text=text)).submission
    assert submission.seq is not None
    return submission.seq


def test_who_has_left_a_public_group_can_recall_what_they_published_there(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    lane = ann.do(GroupFoundPublic).topic
    ben.do(GroupJoin, topic=lane)
    seq = said(ben, lane, "hello")
    ben.do(GroupLeave, topic=lane)
    ben.do(Recall, topic=lane, target=seq)
    entry = next(entry for entry in server.log(lane) if entry.seq == seq)
    assert (entry.erased, entry.body) == (True, None)


def test_who_has_come_back_can_recall_what_is_before_their_new_start(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    lane = ann.do(GroupFoundPublic).topic
    ben.do(GroupJoin, topic=lane)
    seq = said(ben, lane, "hello")
    ben.do(GroupLeave, topic=lane)
    ben.do(GroupJoin, topic=lane)
    assert ben.do(Recall, topic=lane, target=seq).topic == lane


def test_a_stranger_recalls_nothing_and_learns_nothing_of_what_there_is(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    lane = ann.do(GroupFoundPublic).topic
    seq = said(ann, lane, "hello")
    answers = [eve.refusal(Recall, topic=lane, target=target) for target in (seq, seq + 7)]
    assert answers[0].code == "not_found"
    assert answers[0] == answers[1]
