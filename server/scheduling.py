"""What is scheduled, in its three forms: as its operator asked for it, as it is kept, as it is published when due."""

import msgspec

from protocol.accounts import Schedule, ScheduledItem
from protocol.codec import decode_request, encode_request
from protocol.errors import CodecError, ShapeError
from protocol.ids import PersonId
from protocol.public import Publish
from protocol.publications import Content, Surface
from server.store.backstage_port import Item


def publication_of(request: Schedule) -> Publish:
    """Return the `publish` that `request` becomes when it is due: with the same cid, so that it becomes it once."""
    return Publish(
        id=0,
        cid=request.cid,
        surface=Surface.BROADCAST if request.broadcast else Surface.ARTICLE,
        content=request.content,
        topic=request.topic,
        tag=request.tag,
        reprintable=request.reprintable,
    )


def packed(request: Schedule) -> bytes:
    """Return `request` as it is kept."""
    return encode_request(msgspec.structs.replace(request, id=0))


def unpacked(item: Item) -> Schedule | None:
    """Return what an operator asked for when they scheduled `item`; None: this version cannot read it."""
    try:
        request = decode_request(item.request)
    except (CodecError, ShapeError):
        return None
    return request if isinstance(request, Schedule) else None


def shown(request: Schedule, by: PersonId, *, failed: str = "") -> ScheduledItem:
    """Return what `by` has scheduled as operators see it."""
    return ScheduledItem(
        item=request.cid,
        due=request.due,
        broadcast=request.broadcast,
        content=request.content,
        by=by,
        tag=request.tag,
        reprintable=request.reprintable,
        failed=failed,
    )


def listed(item: Item) -> ScheduledItem:
    """Return `item` as operators see it; without its words, if this version cannot read them."""
    request = unpacked(item)
    if request is not None:
        return shown(request, item.by, failed=item.failed)
    return ScheduledItem(
        item=item.item, due=item.due, broadcast=False, content=Content(), by=item.by, failed=item.failed
    )
