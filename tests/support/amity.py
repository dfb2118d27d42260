"""What friends say to each other on a real server, with a canary in each text: a part of the story of
tests/support/confidences.py.
"""

from protocol.contacts import AcceptContact, AskContact, RemarkContact, SetPrivateCard
from protocol.moments import (
    DeleteComment,
    DeleteMoment,
    Like,
    NarrowMoment,
    Notices,
    PostMoment,
    SayComment,
    ShowThread,
    Timeline,
)
from tests.support.confidences import LONG_TEXT, Story
from tests.support.town import Resident


async def people_befriend(story: Story, alice: Resident, bob: Resident, carol: Resident) -> None:
    """Make alice and bob friends, who say something in every row of friends, and delete some; carol asks in vain."""
    greeting = story.private("contact.ask", "greeting", "recalled")  # It is gone once it is answered.
    await alice.asks(AskContact(id=0, person=bob.id, greeting=greeting))
    await bob.asks(AcceptContact(id=0, person=alice.id))
    await carol.asks(AskContact(id=0, person=bob.id, greeting=story.private("contact.ask", "greeting")))
    for remark in ("recalled", ""):
        said = story.private("contact.remark", "remark", remark)
        await alice.asks(RemarkContact(id=0, person=bob.id, remark=said))
        await alice.asks(SetPrivateCard(id=0, card=story.private("private_card", "card", remark)))
    for remark in ("recalled", ""):
        many = LONG_TEXT if remark else 1
        body = story.private("moment.post", "body", remark) * many
        moment = (await alice.asks(PostMoment(id=0, cid=alice.cid(), body=body))).moment.moment
        assert moment is not None
        words = story.private("comment", "body", remark)
        said_there = await bob.asks(SayComment(id=0, cid=bob.cid(), moment=moment, body=words))
        regretted = story.private("comment", "body", f"in answer to {remark or 'what stayed'}, recalled")
        comment = said_there.comment.comment
        answer = SayComment(id=0, cid=alice.cid(), moment=moment, body=regretted, answers=comment)
        await alice.asks(DeleteComment(id=0, comment=(await alice.asks(answer)).comment.comment))
        await bob.asks(Like(id=0, moment=moment))
        assert (await bob.asks(Timeline(id=0))).moments[0].body == body
        assert len((await bob.asks(ShowThread(id=0, moment=moment, live=True))).comments) == 1
        assert (await alice.asks(Notices(id=0))).unread == 2
        await alice.asks(NarrowMoment(id=0, moment=moment, without=(carol.id,)))
        if remark:
            await alice.asks(DeleteMoment(id=0, moment=moment))
