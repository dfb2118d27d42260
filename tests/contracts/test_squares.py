"""What the public store keeps and gives of squares and public threads: to whom, in which order, and how far."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from compliance.ruling import Publishes
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Side
from protocol.ids import CommentId, PersonId, Seq, TopicId, new_cid, new_id, new_public_comment_id, new_public_topic_id
from protocol.moments import Choice, Moment, Notice, NoticeKind
from protocol.publications import Content, Surface, decode
from server.positions import SortKey
from server.roots import Root, public_root_of
from server.store import public_writes as writes
from server.store.public_like_writes import PublicLikePut, PutPublicLike
from server.store.sqlite import PublicSqliteStore
from server.store.square_port import Likes, PublicRoot, PublicThread
from server.store.square_writes import (
    Choose,
    Chosen,
    DropPublicComment,
    NoSuchThing,
    NotTheirs,
    PublicCommentDropped,
    Select,
    Selected,
    Stirred,
)
from server.store.writes import Draft, Post, Posted
from tests.contracts.desk import NOON, Desk, digest
from tests.contracts.test_public import Counter

PLENTY = 1 << 20
Place = tuple[TopicId, Seq]


class Corner(Counter):
    """A counter at which ann, ben and cyd say things on their squares, and about them."""

    def __init__(self, store: PublicSqliteStore) -> None:
        super().__init__(store)
        self.ben, self.cyd, self.eve = self.person("ben"), self.person("cyd"), self.person("eve")
        self.at = NOON

    def asks(self, author: PersonId, text: str, surface: Surface, **more: Any) -> writes.Concluded:
        self.at += 1
        fields = {"author": author, "surface": surface, "topic": None, "content": Content(text=text), "at": self.at}
        submit = msgspec.structs.replace(self.submission(text), **fields | more)
        assert isinstance(accepted := self.do(submit), writes.Accepted), accepted
        concluded = self.concluded(submit.submission, Publishes(labels=()), at=self.at)
        assert concluded.submission.state is SubmissionState.PUBLISHED, concluded
        assert isinstance(concluded, writes.Concluded)
        return concluded

    def post(self, author: PersonId, text: str = "hello", **more: Any) -> Place:
        said = self.asks(author, text, Surface.SQUARE, **more).submission
        assert said.topic is not None
        assert said.seq is not None
        return said.topic, said.seq

    def says(self, author: PersonId, root: Place, text: str = "x", **more: Any) -> tuple[CommentId, Stirred]:
        topic, seq = root
        concluded = self.asks(author, text, Surface.COMMENT, topic=topic, root=seq, **more)
        assert concluded.submission.comment is not None
        assert concluded.stirred is not None
        return concluded.submission.comment, concluded.stirred

    def chooses(self, root: Place, choice: Choice, person: PersonId | None = None) -> Any:
        return self.do(Choose(topic=root[0], seq=root[1], choice=choice, person=person or self.ann, at=self.at))

    def selects(self, comment: CommentId, person: PersonId | None = None, *, selected: bool = True) -> Any:
        return self.do(Select(comment=comment, selected=selected, person=person or self.ann, at=self.at))

    def drops(self, comment: CommentId, person: PersonId) -> Any:
        return self.do(DropPublicComment(comment=comment, person=person, at=self.at))

    def recalls(self, root: Place, author: PersonId) -> None:
        state = self.read.topic(root[0])
        assert state is not None
        draft = Draft(
            kind=Kind.RECALL, sender=author, cid=new_cid(NOON), digest=digest("r"), at=self.at, target=root[1]
        )
        assert isinstance(self.do(Post(topic=root[0], generation=state.generation, draft=draft)), Posted)

    def page(self, root: Place, viewer: PersonId, **more: Any) -> PublicThread | None:
        asked = {"viewer": viewer, "before": None, "limit": 50, "slice_bytes": PLENTY} | more
        return self.read.public_thread(*root, **asked)

    def seen(self, root: Place, viewer: PersonId) -> list[CommentId]:
        page = self.page(root, viewer)
        assert page is not None
        return [comment.comment for comment in page.comments]

    def posts(self, *persons: PersonId, **more: Any) -> list[Moment]:
        return list(self.read.posts(persons, **{"viewer": self.eve, "before": None, "limit": 50} | more))


@pytest.fixture(params=["on disk", "in memory"])
def corner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Corner]:
    store = (
        PublicSqliteStore.open(tmp_path, Side.PUBLIC)
        if request.param == "on disk"
        else PublicSqliteStore.in_memory(Side.PUBLIC)
    )
    corner = Corner(store)
    yield corner
    corner.read.close()
    store.close()


def texts(posts: list[Moment]) -> list[str]:
    return [decode(post.body).content.text for post in posts]


# Posts.


def test_posts_of_several_people_come_in_one_order_the_newest_first(corner: Corner) -> None:
    for text, author in (("1", corner.ann), ("2", corner.ben), ("3", corner.ann), ("4", corner.cyd), ("5", corner.ann)):
        corner.post(author, text)
    assert texts(corner.posts(corner.ann, corner.cyd)) == ["5", "4", "3", "1"]
    assert texts(corner.posts(corner.ann, corner.ann, corner.ben, limit=2)) == ["5", "3"]
    assert texts(corner.posts(corner.ben)) == ["2"]
    assert corner.posts() == corner.posts(corner.eve, PersonId(new_id())) == []


def test_a_page_goes_on_where_one_ended_without_a_hole_or_a_repeat(corner: Corner) -> None:
    for number in range(12):
        corner.post((corner.ann, corner.ben, corner.cyd)[number % 3], str(number), at=NOON + number // 4)
    persons, found = (corner.ann, corner.ben, corner.cyd), list[Moment]()
    while page := corner.posts(*persons, limit=5, before=place_of(found[-1]) if found else None):
        found += page
    assert sorted(map(int, texts(found))) == list(range(12))
    assert [place_of(post) for post in found] == sorted(map(place_of, found), reverse=True)


def place_of(post: Moment) -> SortKey:
    assert post.topic is not None
    assert post.seq is not None
    return SortKey(post.at, post.topic, post.seq)


def test_what_is_erased_is_in_no_page_and_can_not_be_looked_at(corner: Corner) -> None:
    first, second = corner.post(corner.ann, "1"), corner.post(corner.ann, "2")
    corner.recalls(first, corner.ann)
    assert texts(corner.posts(corner.ann)) == ["2"]
    assert corner.read.post(*first, viewer=corner.ann) is None
    post = corner.read.post(*second, viewer=corner.eve)
    assert post is not None
    assert (post.topic, post.seq, post.author, post.handle) == (*second, corner.ann, "ann")
    assert [post] == corner.posts(corner.ann)
    assert corner.read.post(second[0], Seq(9), viewer=corner.eve) is None
    assert corner.read.post(corner.topic, Seq(1), viewer=corner.eve) is None  # Of a group.


def test_a_post_says_how_many_comments_its_reader_sees(corner: Corner) -> None:
    root = corner.post(corner.ann)
    (comment, _), _ = corner.says(corner.ben, root), corner.says(corner.cyd, root)

    def counts() -> list[int]:
        viewers = (corner.ann, corner.ben, corner.eve)
        found = [corner.read.post(*root, viewer=viewer) for viewer in viewers]
        assert [corner.posts(corner.ann, viewer=viewer)[0] for viewer in viewers] == found
        return [post.comments for post in found if post is not None]

    assert counts() == [2, 2, 2]
    corner.chooses(root, Choice.SELECTED)
    assert counts() == [2, 1, 0]
    corner.selects(comment)
    assert counts() == [2, 1, 1]
    corner.chooses(root, Choice.OFF)
    assert counts() == [2, 1, 0]


# Roots.


def test_a_root_says_what_is_chosen_and_who_has_the_say(corner: Corner) -> None:
    topic, seq = root = corner.post(corner.ann)
    assert corner.read.public_root(*root, viewer=corner.ann) == PublicRoot(
        topic=topic, seq=seq, choice=Choice.EVERYONE, has_say=True
    )
    corner.chooses(root, Choice.OFF)
    assert corner.read.public_root(*root, viewer=corner.eve) == PublicRoot(
        topic=topic, seq=seq, choice=Choice.OFF, has_say=False
    )
    assert corner.read.thread_root(*root) == seq
    corner.recalls(root, corner.ann)
    assert corner.read.public_root(*root, viewer=corner.ann) is None
    assert corner.read.thread_root(*root) == seq
    assert corner.read.thread_root(topic, Seq(2)) is None  # What recalls it.
    assert corner.page(root, corner.ann) is None


def test_who_chooses_has_the_say_and_what_is_chosen_is_chosen_once(corner: Corner) -> None:
    topic, seq = root = corner.post(corner.ann)
    assert corner.chooses(root, Choice.OFF, corner.ben) == NotTheirs()
    assert corner.chooses((topic, Seq(9)), Choice.OFF) == NoSuchThing()
    assert corner.chooses(root, Choice.OFF) == Chosen(stirred=Stirred(topic=topic, seq=seq, seen_by=None))
    assert corner.chooses(root, Choice.OFF) == Chosen()


# Comments.


def test_a_page_of_comments_ends_where_it_says(corner: Corner) -> None:
    root = corner.post(corner.ann)
    comments = [corner.says(corner.ben, root, str(number))[0] for number in range(5)]
    first = corner.page(root, corner.eve, limit=2)
    assert first is not None
    assert ([comment.comment for comment in first.comments], first.complete) == (comments[:2:-1], False)
    second = corner.page(root, corner.eve, limit=3, before=first.last)
    assert second is not None
    assert ([comment.comment for comment in second.comments], second.complete) == (comments[2::-1], True)
    small = corner.page(root, corner.eve, slice_bytes=1)
    assert small is not None
    assert ([comment.comment for comment in small.comments], small.complete) == (comments[4:], False)
    empty = corner.page(root, corner.eve, before=second.last)
    assert empty is not None
    assert (empty.comments, empty.last, empty.complete) == ((), None, True)


def test_times_in_a_thread_rise(corner: Corner) -> None:
    root = corner.post(corner.ann)
    for _ in range(3):
        corner.says(corner.ben, root, at=NOON)
    page = corner.page(root, corner.eve)
    assert page is not None
    times = [comment.at for comment in page.comments]
    assert times == sorted(set(times), reverse=True)


def test_what_is_said_stirs_those_who_see_it_and_is_noticed_by_those_it_concerns(corner: Corner) -> None:
    topic, seq = root = corner.post(corner.ann)
    comment, stirred = corner.says(corner.ben, root)
    assert stirred == Stirred(topic=topic, seq=seq, seen_by=None, noticed=(corner.ann,))
    _, stirred = corner.says(corner.cyd, root, answers=comment)
    assert set(stirred.noticed) == {corner.ann, corner.ben}
    corner.chooses(root, Choice.SELECTED)
    _, stirred = corner.says(corner.cyd, root)
    assert (stirred.seen_by, stirred.noticed) == ((corner.ann, corner.cyd), (corner.ann,))
    _, stirred = corner.says(corner.ann, root, answers=comment)
    assert (stirred.seen_by, stirred.noticed) == ((corner.ann,), ())  # By several, and ben does not see it.


def test_selecting_stirs_those_who_see_it_before_or_after(corner: Corner) -> None:
    root = corner.post(corner.ann)
    comment, _ = corner.says(corner.ben, root)
    corner.chooses(root, Choice.SELECTED)
    assert corner.selects(comment, corner.ben) == NotTheirs()
    assert corner.selects(comment, corner.eve) == corner.selects(new_public_comment_id()) == NoSuchThing()
    selected = corner.selects(comment)
    assert isinstance(selected, Selected)
    assert (selected.comment.selected, selected.stirred and selected.stirred.seen_by) == (True, None)
    assert corner.selects(comment) == Selected(comment=selected.comment)
    corner.chooses(root, Choice.OFF)
    assert corner.selects(comment, selected=False).stirred.seen_by == (corner.ann, corner.ben)


def test_who_drops_a_comment_drops_its_answers_and_may_again(corner: Corner) -> None:
    root = corner.post(corner.ann)
    comment, _ = corner.says(corner.ben, root)
    answer, _ = corner.says(corner.cyd, root, answers=comment)
    other, _ = corner.says(corner.cyd, root)
    assert corner.drops(comment, corner.eve) == NotTheirs()
    assert isinstance(corner.drops(comment, corner.ann), PublicCommentDropped)
    assert corner.seen(root, corner.ann) == [other]
    for gone, person in ((comment, corner.ben), (comment, corner.ann), (answer, corner.cyd)):
        assert corner.drops(gone, person) == PublicCommentDropped()
    assert corner.drops(comment, corner.eve) == corner.drops(new_public_comment_id(), corner.ann) == NoSuchThing()


# Notices.


def test_notices_are_read_in_pages_and_counted_from_when_they_were_read(corner: Corner) -> None:
    root, other = corner.post(corner.ann), corner.post(corner.ben)
    own, _ = corner.says(corner.ann, other)
    said = [
        (NoticeKind.COMMENT, corner.says(corner.ben, root)[0]),
        (NoticeKind.ANSWER, corner.says(corner.cyd, other, answers=own)[0]),
        (NoticeKind.COMMENT, corner.says(corner.cyd, root)[0]),
    ]
    corner.says(corner.ann, root)
    found = list(corner.read.public_notices(corner.ann, before=None, limit=9))
    assert [(notice.kind, named(notice)) for notice in found] == said[::-1]
    turned = corner.read.public_notices(corner.ann, before=SortKey(found[0].at, named(found[0])), limit=1)
    assert list(turned) == found[1:2]
    assert [corner.read.public_unread(corner.ann, since=since, most=2) for since in (0, found[1].at, corner.at)] == [
        2,
        1,
        0,
    ]
    corner.recalls(root, corner.ann)
    assert [named(notice) for notice in corner.read.public_notices(corner.ann, before=None, limit=9)] == [said[1][1]]


def named(notice: Notice) -> CommentId:
    assert notice.comment is not None
    return notice.comment.comment


# Likes, which only the private store knows.


def test_likes_are_counted_by_root_and_whether_they_are_ones_own(private_desk: Desk) -> None:
    ann, ben = PersonId(new_id()), PersonId(new_id())
    root, other = (public_root_of(new_public_topic_id(), Seq(1)) for _ in range(2))

    def likes(person: PersonId, *, liked: bool = True, on: Root = root) -> tuple[int, bool]:
        put = private_desk.do(PutPublicLike(root=on, person=person, liked=liked, at=NOON))
        assert isinstance(put, PublicLikePut)
        return put.likes, put.changed

    assert [likes(ann), likes(ann), likes(ben)] == [(1, True), (1, False), (2, True)]
    assert likes(ann, liked=False) == (1, True)
    found = private_desk.read.public_likes((root, other), ben)
    assert found == {root: Likes(likes=1, liked=True), other: Likes(likes=0, liked=False)}
    assert private_desk.read.public_likes((root,), ann)[root] == Likes(likes=1, liked=False)
    assert private_desk.read.public_likes((), ann) == {}


def test_the_public_store_writes_no_likes() -> None:
    write = PutPublicLike(root=public_root_of(new_public_topic_id(), Seq(1)), person=PersonId("x"), liked=True, at=0)
    assert writes.side_of_write(write) is Side.PRIVATE
