"""What one has submitted, as far as this device knows."""

from collections.abc import Iterator

import msgspec
import pytest

from client.cache import Cache
from client.submissions import KEPT, Submissions
from protocol.decisions import Submission, SubmissionState
from protocol.ids import Cid, SubmissionId
from protocol.publications import Surface


@pytest.fixture
def known() -> Iterator[Submissions]:
    cache = Cache()
    yield cache.submissions
    cache.close()


def submission(number: int, state: SubmissionState = SubmissionState.HELD) -> Submission:
    cid, name = Cid(b"%016d" % number), SubmissionId(f"{number:016d}")
    return Submission(submission=name, cid=cid, surface=Surface.GROUP_MESSAGE, state=state, at=number)


def test_what_is_said_again_is_no_news(known: Submissions) -> None:
    assert [known.put(submission(1)) for _ in range(2)] == [True, False]
    assert known.of(submission(1).cid) == submission(1)
    assert known.of(Cid(b"x" * 16)) is None


def test_what_is_decided_is_not_undecided_by_what_comes_late(known: Submissions) -> None:
    rejected = submission(1, SubmissionState.REJECTED)
    assert known.put(rejected)
    assert not known.put(submission(1))
    assert not known.put(submission(1, SubmissionState.WAITING))
    assert known.of(rejected.cid) == rejected


def test_a_hold_that_ends_earlier_is_news(known: Submissions) -> None:
    known.put(submission(1))
    assert known.put(msgspec.structs.replace(submission(1), until=5))


def test_only_what_waits_for_a_decision_is_undecided(known: Submissions) -> None:
    for number, state in enumerate(SubmissionState):
        known.put(submission(number, state))
    assert {each.state for each in known.undecided()} == {SubmissionState.WAITING, SubmissionState.HELD}


def test_only_the_newest_are_kept(known: Submissions) -> None:
    for number in range(KEPT + 3):
        known.put(submission(number))
    assert len(known.undecided()) == KEPT
    assert known.of(submission(2).cid) is None
