"""Whom to give up on, when peers do not read."""

from server.net.backlog import Backlog
from server.net.link import Agenda, Link
from server.net.settings import NetSettings
from tests.server.net.support import Recorder


def owing(count: int) -> Link:
    link = Link("", agenda=Agenda(), settings=NetSettings(), open_session=Recorder)
    link.outbox.put(bytes(count))
    link.stalled = True
    return link


def test_a_link_that_owes_more_than_its_cap_is_too_slow_and_one_at_the_cap_is_not() -> None:
    backlog = Backlog(link_bytes=100, all_bytes=1000)
    fair, slow = owing(100), owing(101)
    backlog.weigh(fair)
    backlog.weigh(slow)
    assert backlog.too_slow(fair) is None
    assert backlog.too_slow(slow) is slow


def test_when_all_together_owe_too_much_the_one_that_owes_most_is_too_slow() -> None:
    backlog = Backlog(link_bytes=100, all_bytes=200)
    some, most, last = owing(80), owing(90), owing(31)
    for link in (some, most, last):
        backlog.weigh(link)
    assert backlog.total == 201
    assert backlog.too_slow(last) is most
    backlog.forget(most)
    assert backlog.too_slow(last) is None


def test_what_is_weighed_again_counts_once_and_what_is_sent_no_longer() -> None:
    backlog = Backlog(link_bytes=100, all_bytes=200)
    link = owing(50)
    backlog.weigh(link)
    link.outbox.put(bytes(10))
    backlog.weigh(link)
    assert backlog.total == 60
    link.stalled = False
    backlog.weigh(link)
    assert backlog.total == 0
