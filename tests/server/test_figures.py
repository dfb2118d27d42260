"""Figures: operators see numbers. Each person counts once a day, and nobody is told who it was."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from compliance.verdicts import Hold
from protocol.accounts import DayFigures, Figures, FiguresReply
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Role
from protocol.following import FollowAccount, ReadArticle
from protocol.ids import Seq, TopicId
from protocol.public import Origin, Publish
from protocol.publications import Content, Surface, digest_of
from protocol.staff import OfficerAct, OfficerDecide
from server.days import Days
from server.store.base import StoreFullError
from server.store.follow_writes import DaysEnded, EndDays
from tests.support.accounts import active, article, operator, words
from tests.support.adapters import HandClock
from tests.support.inline import Caller, InlineServer, bench_under_test

DAY_S = 86_400
TODAY, TOMORROW = "2023-11-14", "2023-11-15"  # Of a HandClock, in UTC.


def figures(caller: Caller, topic: TopicId, **asked: Any) -> FiguresReply:
    return caller.do(Figures, topic=topic, **asked)


def read(reader: Caller, topic: TopicId, seq: int | None) -> None:
    assert seq is not None
    reader.do(ReadArticle, topic=topic, seq=Seq(seq))


def row(seq: int | None, day: str = TODAY, *, reads: int = 0, shares: int = 0) -> DayFigures:
    return DayFigures(seq=Seq(seq or 0), day=day, reads=reads, shares=shares)


class Paper:
    """An account of ann's with one article, a group to share it in, and two who read."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.ann, self.ben, self.cyd = server.people("ann", "ben", "cyd")
        self.topic = active(server, self.ann)
        self.content = words("what happened")
        self.seq = article(self.ann, self.topic, self.content).seq
        self.group = server.lane(self.ben, self.cyd)

    def share(self, who: Caller, **more: Any) -> Submission:
        """Forward the article into the group."""
        assert self.seq is not None
        origin = Origin(account=self.topic, seq=self.seq, digest=digest_of(self.content))
        return who.do(
            Publish,
            topic=self.group,
            surface=Surface.GROUP_MESSAGE,
            content=Content(text="Read this!"),
            source=origin,
            **more,
        ).submission


@pytest.fixture
def paper(server: InlineServer) -> Paper:
    return Paper(server)


# Reads.


def test_who_opens_an_article_is_counted_once_a_day_on_whatever_device(paper: Paper) -> None:
    tablet = paper.server.login("ben")
    for reader in (paper.ben, paper.ben, tablet, paper.cyd):
        read(reader, paper.topic, paper.seq)
    assert figures(paper.ann, paper.topic).days == (row(paper.seq, reads=2),)


def test_who_reads_again_the_next_day_is_counted_again(paper: Paper) -> None:
    read(paper.ben, paper.topic, paper.seq)
    paper.server.clock.pass_time(DAY_S)
    read(paper.ben, paper.topic, paper.seq)
    assert figures(paper.ann, paper.topic).days == (row(paper.seq, TOMORROW, reads=1), row(paper.seq, reads=1))


def test_all_versions_of_an_article_are_one(paper: Paper) -> None:
    edit = paper.ann.publish(words("what really happened"), paper.topic, Surface.ARTICLE, target=paper.seq, base=1)
    read(paper.ben, paper.topic, edit.seq)
    read(paper.ben, paper.topic, paper.seq)
    assert figures(paper.ann, paper.topic).days == (row(paper.seq, reads=1),)


def test_what_is_not_there_is_not_counted(paper: Paper) -> None:
    assert paper.ben.refused(ReadArticle, topic=paper.topic, seq=Seq(99)) == "not_found"
    assert figures(paper.ann, paper.topic).days == ()


def test_an_article_is_read_on_a_day_without_room_for_figures(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def commit(self, writes: Any) -> Any:
            raise StoreFullError

    with monkeypatch.context() as patch:
        patch.setattr(paper.server.commits, "writer", Full())
        read(paper.ben, paper.topic, paper.seq)
    assert figures(paper.ann, paper.topic).days == ()


# Shares.


def test_who_forwards_an_article_into_a_public_group_is_counted_once_a_day(paper: Paper) -> None:
    paper.share(paper.ben)
    paper.share(paper.ben)
    paper.share(paper.cyd)
    assert figures(paper.ann, paper.topic).days == (row(paper.seq, shares=2),)


def test_a_message_that_says_it_again_when_it_is_edited_is_no_other_share(paper: Paper) -> None:
    said = paper.share(paper.ben)
    paper.server.clock.pass_time(DAY_S)
    paper.share(paper.ben, target=said.seq, base=1)
    assert [day.shares for day in figures(paper.ann, paper.topic).days] == [1]


@pytest.mark.parametrize("by", ["officer", "time"])
def test_what_was_held_first_is_a_share_when_it_appears(paper: Paper, by: str) -> None:
    server = paper.server
    server.panel.hooks["careful"] = lambda _: Hold(ground=next(iter(server.bench.pack.grounds)), text="a look")
    held = paper.share(paper.ben)
    assert held.state is SubmissionState.HELD
    assert figures(paper.ann, paper.topic).days == ()
    if by == "officer":
        server.officer().do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE, facts="fine")
    else:
        server.clock.pass_time(30 * DAY_S)
        server.every_second()
    released = by == "officer" or server.bench.pack.holds.at_end.value == "release"
    assert [day.shares for day in figures(paper.ann, paper.topic).days] == [1] * released


# Which days.


def test_figures_are_of_so_many_days_the_newest_first(paper: Paper) -> None:
    for _ in range(4):
        read(paper.ben, paper.topic, paper.seq)
        paper.server.clock.pass_time(DAY_S)
    read(paper.ben, paper.topic, paper.seq)
    assert [day.day for day in figures(paper.ann, paper.topic, days=3).days] == [
        "2023-11-18",
        "2023-11-17",
        "2023-11-16",
    ]
    assert len(figures(paper.ann, paper.topic, days=1).days) == 1
    assert len(figures(paper.ann, paper.topic).days) == 5


def test_figures_of_one_article_leave_the_others_out(paper: Paper) -> None:
    other = article(paper.ann, paper.topic, "another").seq
    read(paper.ben, paper.topic, paper.seq)
    read(paper.cyd, paper.topic, other)
    assert figures(paper.ann, paper.topic, seq=other).days == (row(other, reads=1),)
    assert figures(paper.ann, paper.topic).days == (row(other, reads=1), row(paper.seq, reads=1))


@pytest.fixture
def eastern() -> Iterator[InlineServer]:
    """A server whose days are Shanghai's."""
    with closing(InlineServer(bench=replace(bench_under_test(), zone=ZoneInfo("Asia/Shanghai")))) as server:
        yield server


def test_days_are_those_of_the_servers_time_zone(eastern: InlineServer) -> None:
    paper = Paper(eastern)
    assert datetime.fromtimestamp(eastern.clock.ms / 1000, UTC).hour == 22
    read(paper.ben, paper.topic, paper.seq)
    assert figures(paper.ann, paper.topic, days=1).days == (row(paper.seq, TOMORROW, reads=1),)


# Who was it?


def known(server: InlineServer) -> tuple[list[str], int]:
    """Return the days there is a key of, and how many people of them could be told with it."""
    connection = server.store._writer._connection
    days = [day for (day,) in connection.execute("SELECT day FROM day_keys")]
    return days, connection.execute("SELECT count(*) FROM counted").fetchone()[0]


def test_while_the_day_lasts_there_is_a_digest_and_when_it_is_over_there_is_none(paper: Paper) -> None:
    read(paper.ben, paper.topic, paper.seq)
    paper.server.every_second()
    assert known(paper.server) == ([TODAY], 1)
    paper.server.clock.pass_time(DAY_S)
    assert known(paper.server) == ([TODAY], 1)
    paper.server.every_second()
    assert known(paper.server) == ([], 0)
    assert figures(paper.ann, paper.topic).days == (row(paper.seq, reads=1),)


def test_a_day_that_ended_while_nobody_served_is_over_a_second_after_the_next_start(paper: Paper) -> None:
    read(paper.ben, paper.topic, paper.seq)
    paper.server.clock.pass_time(DAY_S)
    with closing(InlineServer(after=paper.server)) as again:
        again.every_second()
        assert known(again) == ([], 0)


def test_a_day_is_ended_once_and_not_every_second(paper: Paper) -> None:
    server = paper.server
    for _ in range(3):
        server.every_second()
    batches = server.commits.batches
    server.every_second()
    assert server.commits.batches == batches
    server.clock.pass_time(DAY_S)
    for _ in range(5):
        server.every_second()
    assert server.commits.batches <= batches + 2


def test_a_day_is_ended_until_nothing_is_left_of_it_to_overwrite() -> None:
    asked: list[tuple[EndDays, Callable[[Any], None]]] = []

    class Slow:
        def submit(self, write: Any, done: Callable[[Any], None]) -> None:
            asked.append((write, done))

    clock = HandClock()
    days = Days(commits=Slow(), clock=clock, zone=UTC)
    for traces in (True, True, False):
        days.every_second()
        days.every_second()  # Not twice at a time.
        (write, done) = asked.pop()
        assert (write, asked) == (EndDays(today=TODAY), [])
        done(DaysEnded(traces=traces))
    days.every_second()
    assert asked == []
    clock.pass_time(DAY_S)
    days.every_second()
    assert [write for write, _ in asked] == [EndDays(today=TOMORROW)]


@pytest.mark.parametrize("why", ["full", "broken"])
def test_a_day_that_could_not_be_ended_is_ended_as_soon_as_it_can(
    paper: Paper, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = paper.server
    read(paper.ben, paper.topic, paper.seq)
    server.clock.pass_time(DAY_S)
    writer: Any = server.commits.writer

    class Failing:
        def commit(self, writes: Any) -> Any:
            if why == "full":
                raise StoreFullError
            execute = writer._execute
            execute[EndDays], before = Failing.fail, execute[EndDays]
            try:
                return writer.commit(writes)
            finally:
                execute[EndDays] = before

        @staticmethod
        def fail(_: EndDays) -> Any:
            raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(server.commits, "writer", Failing())
        server.every_second()
    assert known(server) == ([TODAY], 1)
    server.every_second()
    assert known(server) == ([], 0)


def test_figures_tell_numbers_and_never_who(paper: Paper) -> None:
    read(paper.ben, paper.topic, paper.seq)
    paper.share(paper.cyd)
    paper.ben.do(FollowAccount, topic=paper.topic)
    before = paper.ann.collect()
    reply = figures(paper.ann, paper.topic)
    told = repr((before, msgspec.to_builtins(reply)))
    assert (reply.followers, reply.days) == (1, (row(paper.seq, reads=1, shares=1),))
    assert not any(reader.person in told or reader.token in told for reader in (paper.ben, paper.cyd))


def test_a_clock_that_is_set_back_over_midnight_ends_the_day_it_came_from(paper: Paper) -> None:
    server = paper.server
    read(paper.ben, paper.topic, paper.seq)
    server.clock.pass_time(DAY_S)
    read(paper.ben, paper.topic, paper.seq)
    server.every_second()
    server.clock.pass_time(-DAY_S)
    server.every_second()
    assert known(server) == ([], 0)
    read(paper.ben, paper.topic, paper.seq)
    assert row(paper.seq, reads=2) in figures(paper.ann, paper.topic).days
    assert known(server) == ([TODAY], 1)


# Who may ask.


def test_every_operator_may_see_them_and_nobody_else(paper: Paper) -> None:
    server = paper.server
    operator(paper.ann, paper.topic, paper.ben, Role.ANALYST)
    assert figures(paper.ben, paper.topic) == figures(paper.ann, paper.topic)
    assert paper.cyd.refused(Figures, topic=paper.topic) == "not_found"
    assert paper.cyd.refused(Figures, topic=paper.group) == "not_found"
    assert paper.cyd.refused(Figures, topic=server.chat(paper.ben, paper.cyd)) == "wrong_side"
