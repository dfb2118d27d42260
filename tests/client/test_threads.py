"""What has changed between two readings of a thread."""

import msgspec

from client.threads import Changed, changed
from protocol.frames import Person
from protocol.ids import CommentId, PersonId
from protocol.moments import Comment, ThreadReply

ANN = PersonId("a" * 16)


def comment(at: int) -> Comment:
    return Comment(comment=CommentId(f"{at:016}"), author=ANN, handle="ann", at=at, body=b"")


def thread(*ats: int, complete: bool = True, likes: int = 0) -> ThreadReply:
    return ThreadReply(comments=tuple(comment(at) for at in ats), complete=complete, likes=likes)


def test_nothing_has_changed_between_two_that_are_alike() -> None:
    assert changed(thread(2, 1), thread(2, 1)) == Changed()


def test_what_is_new_is_told_oldest_first() -> None:
    assert changed(thread(1), thread(3, 2, 1)) == Changed(said=(comment(2), comment(3)))


def test_what_is_gone_is_told() -> None:
    assert changed(thread(3, 2, 1), thread(3)) == Changed(gone=(comment(1), comment(2)))


def test_what_a_reading_does_not_reach_back_to_is_neither_new_nor_gone() -> None:
    assert changed(thread(2, 1), thread(4, 3, complete=False)) == Changed(said=(comment(3), comment(4)))
    assert changed(thread(3, 2, complete=False), thread(3, 2, 1)) == Changed()
    assert changed(thread(3, 2, complete=False), thread(2, 1)) == Changed(gone=(comment(3),))


def test_a_thread_that_was_empty_has_all_of_it_new_and_one_that_is_empty_all_of_it_gone() -> None:
    assert changed(thread(), thread(2, 1)) == Changed(said=(comment(1), comment(2)))
    assert changed(thread(2, 1), thread()) == Changed(gone=(comment(1), comment(2)))


def test_a_comment_that_is_selected_is_told_again() -> None:
    selected = msgspec.structs.replace(comment(1), selected=True)
    now = msgspec.structs.replace(thread(1), comments=(selected,))
    assert changed(thread(1), now) == Changed(said=(selected,))


def test_likes_of_others_are_other_likes_though_they_are_as_many() -> None:
    before = msgspec.structs.replace(thread(likes=1), likers=(Person(person=ANN, handle="ann"),))
    now = msgspec.structs.replace(before, likers=(Person(person=PersonId("b" * 16), handle="bob"),))
    assert changed(before, now) == Changed(likes=True)
    assert changed(thread(likes=1), thread(likes=2)) == Changed(likes=True)
