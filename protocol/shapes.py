"""The shapes that all messages are made of, and the bounds of their fields."""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.ids import CID_BYTES, ID_CHARS, Cid, CommentId, DeviceId, MomentId, PersonId, Seq, SubmissionId, TopicId

_ID = Meta(min_length=ID_CHARS, max_length=ID_CHARS)
TopicRef = Annotated[TopicId, _ID]
PersonRef = Annotated[PersonId, _ID]
SubmissionRef = Annotated[SubmissionId, _ID]
DeviceRef = Annotated[DeviceId, _ID]
MomentRef = Annotated[MomentId, _ID]
CommentRef = Annotated[CommentId, _ID]
CidRef = Annotated[Cid, Meta(min_length=CID_BYTES, max_length=CID_BYTES)]
Number = Annotated[int, Meta(ge=0, le=limits.SEQ_MAX)]
Position = Annotated[Seq, Meta(ge=1, le=limits.SEQ_MAX)]
Have = Annotated[Seq, Meta(ge=0, le=limits.SEQ_MAX)]
Body = Annotated[bytes, Meta(min_length=1, max_length=limits.BODY_BYTES)]
Name = Annotated[bytes, Meta(max_length=limits.NAME_BYTES)]
Notice = Annotated[bytes, Meta(max_length=limits.NOTICE_BYTES)]
Greeting = Annotated[bytes, Meta(max_length=limits.GREETING_BYTES)]
Remark = Annotated[bytes, Meta(max_length=limits.REMARK_BYTES)]
PrivateCardBody = Annotated[bytes, Meta(max_length=limits.PRIVATE_CARD_BYTES)]
CommentBody = Annotated[bytes, Meta(min_length=1, max_length=limits.COMMENT_BYTES)]
Place = Annotated[str, Meta(max_length=limits.PLACE_CHARS)]  # In a list that is read in pages: sealed by the server.
Sign = Annotated[bytes, Meta(min_length=1, max_length=limits.REACTION_BYTES)]
HandleText = Annotated[str, Meta(max_length=4 * limits.HANDLE_CHARS)]  # Before it is normalised.
Password = Annotated[str, Meta(max_length=limits.PASSWORD_CHARS)]
DeviceName = Annotated[str, Meta(max_length=limits.DEVICE_NAME_CHARS)]
Token = Annotated[str, Meta(max_length=limits.TOKEN_CHARS)]
Link = Annotated[str, Meta(max_length=limits.LINK_CHARS)]
Code = Annotated[str, Meta(max_length=limits.CODE_CHARS)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]  # BLAKE3.
Words = Annotated[str, Meta(max_length=limits.REASON_CHARS)]
PackCode = Annotated[str, Meta(max_length=limits.CATEGORY_CHARS)]
StaffCode = Annotated[str, Meta(max_length=limits.STAFF_CODE_CHARS)]
Tag = Annotated[str, Meta(max_length=limits.TAG_CHARS)]
Heads = Annotated[dict[TopicRef, Have], Meta(max_length=limits.HEADS)]


class Reply(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a request is answered with, beside `re`."""


R_co = TypeVar("R_co", bound=Reply, covariant=True)


class Request(msgspec.Struct, Generic[R_co], frozen=True, omit_defaults=True, kw_only=True, tag_field="op"):
    """A request; `id` is the client's, unique among its requests in flight. R_co is the reply's type."""

    id: Number


class Push(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="ev"):
    """What the server says unasked."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person as others see them."""

    person: PersonId
    handle: str


class Done(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """It is so; nothing more to say."""


class Appended(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The entry is durable. A repeat of the same `cid` gets the same answer."""

    topic: TopicId
    seq: Seq
    nth: int
    at: int
