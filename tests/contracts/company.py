"""Friends at a store's counter, and what they say to each other in a word each."""

from dataclasses import dataclass

from protocol.ids import Cid, CommentId, MomentId, PersonId, new_cid, new_id
from protocol.moments import Comment, ThreadReply
from server.positions import SortKey
from server.store.comment_writes import CommentPut, DropComment, LikePut, PutComment, PutLike
from server.store.contact_writes import AcceptRequest, ContactPut, DropContact, PutRequest
from server.store.moment_writes import MomentPut, PutMoment
from server.store.thread_port import NoticePage
from server.store.writes import PutBlock
from tests.contracts.desk import NOON, Desk, digest

WEEK = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Company:
    """People at a desk."""

    desk: Desk

    def person(self, handle: str) -> PersonId:
        """Return somebody who is nobody's friend yet."""
        return self.desk.person(handle)

    def people(self, *handles: str) -> list[PersonId]:
        """Return people who are all friends of each other."""
        people = [self.person(handle) for handle in handles]
        for index, one in enumerate(people):
            for other in people[:index]:
                self.befriend(one, other)
        return people

    def befriend(self, one: PersonId, other: PersonId) -> None:
        """Have two people be friends."""
        request = PutRequest(
            person=one, contact=other, greeting=b"", at=NOON, until=NOON + WEEK, most=99, most_asked=99
        )
        assert isinstance(self.desk.do(request), ContactPut)
        accepted = self.desk.do(AcceptRequest(person=other, contact=one, at=NOON, most=99))
        assert isinstance(accepted, ContactPut), accepted

    def unfriend(self, one: PersonId, other: PersonId) -> None:
        """Have `one` remove `other` from their contacts."""
        self.desk.do(DropContact(person=one, contact=other, at=NOON))

    def block(self, one: PersonId, other: PersonId) -> None:
        """Have `one` block `other`."""
        self.desk.do(PutBlock(person=one, other=other, blocked=True, at=NOON))

    def moment(
        self,
        author: PersonId,
        *,
        at: int = NOON,
        only: tuple[PersonId, ...] | None = None,
        without: tuple[PersonId, ...] = (),
    ) -> MomentId:
        """Have `author` say something to their friends."""
        moment = MomentId(new_id())
        put = PutMoment(
            moment=moment,
            author=author,
            cid=new_cid(at),
            digest=digest(moment),
            at=at,
            body=b"words",
            only=only,
            without=without,
        )
        assert isinstance(self.desk.do(put), MomentPut)
        return moment

    def comments(
        self,
        author: PersonId,
        moment: MomentId,
        body: bytes = b"words",
        *,
        answers: CommentId | None = None,
        at: int = NOON,
        cid: Cid | None = None,
    ) -> PutComment:
        """Return what has `author` say something under a moment."""
        return PutComment(
            comment=CommentId(new_id()),
            moment=moment,
            author=author,
            cid=cid or new_cid(at),
            digest=digest(repr((moment, body, answers))),
            at=at,
            body=body,
            answers=answers,
        )

    def comment(
        self,
        author: PersonId,
        moment: MomentId,
        body: bytes = b"words",
        *,
        answers: CommentId | None = None,
        at: int = NOON,
    ) -> Comment:
        """Have `author` say something under a moment."""
        put = self.desk.do(self.comments(author, moment, body, answers=answers, at=at))
        assert isinstance(put, CommentPut), put
        return put.comment

    def like(self, person: PersonId, moment: MomentId, *, at: int = NOON) -> LikePut:
        """Have `person` like a moment."""
        put = self.desk.do(PutLike(moment=moment, person=person, liked=True, at=at))
        assert isinstance(put, LikePut), put
        return put

    def delete(self, person: PersonId, comment: Comment) -> object:
        """Have `person` delete a comment, and return what comes of it."""
        return self.desk.do(DropComment(comment=comment.comment, person=person))

    def thread(
        self, viewer: PersonId, moment: MomentId, *, before: SortKey | None = None, limit: int = 20, at: int = NOON
    ) -> ThreadReply | None:
        """Return what `viewer` sees there."""
        return self.desk.read.thread(viewer, moment, before=before, limit=limit, at=at)

    def said(self, viewer: PersonId, moment: MomentId) -> list[Comment] | None:
        """Return all comments that `viewer` sees there, in the order they were made; None: they see no such moment."""
        thread = self.thread(viewer, moment)
        return None if thread is None else list(reversed(thread.comments))

    def notices(
        self, person: PersonId, *, before: SortKey | None = None, limit: int = 20, most: int = 100, at: int = NOON
    ) -> NoticePage:
        """Return what `person` is told of."""
        return self.desk.read.notices(person, before=before, limit=limit, most=most, at=at)
