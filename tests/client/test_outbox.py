"""The outbox: order, claims, refusals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.cache import Cache
from client.outbox import CLAIM_MS, Outbox
from protocol.entries import Side
from protocol.errors import ProtocolError
from protocol.frames import Recall, Send
from protocol.ids import PersonId, Seq, TopicId, new_cid
from protocol.public import Publish
from protocol.publications import Content, Surface

BOB = PersonId("b" * 16)
LANE = TopicId("0" + "t" * 15)


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    cache = Cache()
    yield cache.outbox
    cache.close()


def send(text: bytes = b"hello") -> Send:
    return Send(id=0, cid=new_cid(1), body=text, to=BOB)


def publish() -> Publish:
    return Publish(id=0, cid=new_cid(1), surface=Surface.GROUP_MESSAGE, content=Content(text="hello, all"), topic=LANE)


def test_the_oldest_goes_first(outbox: Outbox) -> None:
    first, second = send(b"first"), send(b"second")
    outbox.put(first, now=1)
    outbox.put(second, now=2)
    claimed = outbox.claim("me", Side.PRIVATE, now=10)
    assert claimed is not None
    assert claimed.request == first
    assert outbox.drop(first.cid)
    claimed = outbox.claim("me", Side.PRIVATE, now=10)
    assert claimed is not None
    assert claimed.request == second


def test_what_another_has_claimed_holds_all_up_until_the_claim_ends(outbox: Outbox) -> None:
    outbox.put(send(), now=1)
    outbox.put(send(), now=1)
    assert outbox.claim("other", Side.PRIVATE, now=10)
    assert outbox.claim("me", Side.PRIVATE, now=10 + CLAIM_MS) is None
    assert outbox.claim("me", Side.PRIVATE, now=11 + CLAIM_MS)


def test_what_is_public_waits_apart_and_holds_up_nothing_private(outbox: Outbox) -> None:
    public, private = publish(), send()
    outbox.put(public, now=1)
    outbox.put(private, now=2)
    claimed = [outbox.claim("me", side, now=10) for side in Side]
    assert [waiting and waiting.request for waiting in claimed] == [private, public]
    outbox.drop(public.cid)
    assert (outbox.is_empty(Side.PUBLIC), outbox.is_empty(Side.PRIVATE), outbox.is_empty()) == (True, False, False)


def test_releasing_one_leaves_the_other_claimed(outbox: Outbox) -> None:
    outbox.put(publish(), now=1)
    outbox.put(send(), now=1)
    claimed = [outbox.claim("me", side, now=10) for side in Side]
    assert claimed[0] is not None
    outbox.release("me", claimed[0].cid)
    assert outbox.claim("other", Side.PRIVATE, now=10)
    assert outbox.claim("other", Side.PUBLIC, now=10) is None


def test_the_side_of_a_row_is_that_of_what_it_says(outbox: Outbox) -> None:
    recall = Recall(id=0, cid=new_cid(1), topic=LANE, target=Seq(1))
    outbox.put(recall, now=1)
    claimed = outbox.claim("me", Side.PUBLIC, now=10)
    assert claimed is not None
    assert (claimed.request, outbox.is_publication(recall.cid)) == (recall, False)


def test_what_is_released_can_be_claimed_at_once(outbox: Outbox) -> None:
    outbox.put(send(), now=1)
    outbox.claim("other", Side.PRIVATE, now=10)
    outbox.release("other")
    assert outbox.claim("me", Side.PRIVATE, now=10)


def test_what_was_refused_stays_and_does_not_hold_up_the_rest(outbox: Outbox) -> None:
    refused, fine = send(b"refused"), Recall(id=0, cid=new_cid(1), topic=TopicId("t" * 16), target=Seq(1))
    outbox.put(refused, now=1)
    outbox.put(fine, now=1)
    outbox.refuse(refused.cid, "not_accepted", "no")
    assert [waiting.request for waiting in outbox.waiting()] == [fine]
    assert [waiting.refused for waiting in outbox.refused()] == [("not_accepted", "no")]
    assert outbox.refusal(refused.cid) == ("not_accepted", "no")
    assert outbox.refusal(fine.cid) is None


def test_a_handle_is_filled_in_once(outbox: Outbox) -> None:
    unaddressed = Send(id=0, cid=new_cid(1), body=b"hello")
    outbox.put(unaddressed, now=1, handle="bob")
    assert outbox.waiting()[0].handle == "bob"
    addressed = outbox.address(unaddressed.cid, unaddressed, BOB)
    assert (outbox.waiting()[0].handle, outbox.waiting()[0].request, addressed.to) == (None, addressed, BOB)


def test_what_the_wire_cannot_carry_is_not_kept(outbox: Outbox) -> None:
    with pytest.raises(ProtocolError):
        outbox.put(send(b""), now=1)
    assert outbox.is_empty()


def test_dropping_says_whether_it_was_there(outbox: Outbox) -> None:
    assert not outbox.drop(new_cid(1))


def test_it_lasts(tmp_path: Path) -> None:
    cache, kept = Cache(tmp_path / "cache.db"), send()
    cache.outbox.put(kept, now=5)
    cache.close()
    again = Cache(tmp_path / "cache.db")
    [waiting] = again.outbox.waiting()
    assert (waiting.cid, waiting.request, waiting.made_at) == (kept.cid, kept, 5)
