"""The outbox: nothing lost, nothing twice, and never half a frame forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from server.net.outbox import FRAMES_A_WRITE, Outbox


def filled(*frames: bytes) -> Outbox:
    outbox = Outbox()
    for frame in frames:
        outbox.put(frame)
    return outbox


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=9), st.data())
def test_whatever_the_writes_take_the_stream_is_the_frames_in_order(frames: list[bytes], data: st.DataObject) -> None:
    outbox, stream = filled(*frames), b""
    while outbox.unsent:
        offered = b"".join(outbox.batch())
        taken = data.draw(st.integers(1, len(offered)))
        stream += offered[:taken]
        outbox.written(taken)
    assert stream == b"".join(frames)


def test_a_write_that_takes_nothing_changes_nothing() -> None:
    outbox = filled(b"frame")
    outbox.written(0)
    assert outbox.batch() == [b"frame"]
    assert outbox.unsent == 5


def test_a_batch_has_no_more_pieces_than_one_write_may() -> None:
    outbox = filled(*[b"x"] * (FRAMES_A_WRITE + 1))
    assert len(outbox.batch()) == FRAMES_A_WRITE
    outbox.written(FRAMES_A_WRITE)
    assert outbox.batch() == [b"x"]


def test_the_rest_of_a_begun_frame_stays_when_whole_ones_are_dropped() -> None:
    outbox = filled(b"begun", b"whole", b"whole too")
    outbox.written(2)
    assert outbox.untouched == 14
    outbox.drop_whole()
    assert outbox.untouched == 0
    assert b"".join(outbox.batch()) == b"gun"
    assert outbox.unsent == 3


def test_all_frames_are_dropped_when_none_is_begun() -> None:
    outbox = filled(b"whole", b"whole too")
    outbox.drop_whole()
    assert outbox.batch() == []
    assert outbox.unsent == 0


def test_clear_forgets_the_begun_frame_too() -> None:
    outbox = filled(b"begun")
    outbox.written(1)
    outbox.clear()
    outbox.put(b"new")
    assert outbox.batch() == [b"new"]
