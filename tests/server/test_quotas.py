"""How often accounts broadcast: asked when it is submitted, and again when it would appear."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from compliance.leaves import read
from compliance.pack import NOT_ENTITLED
from protocol.account_states import AccountType
from protocol.decisions import SubmissionState
from protocol.frames import Recall
from protocol.public import Publish, Submissions, TakeBack
from protocol.publications import Surface
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.app import bench_of
from server.config import load
from server.errors import ConfigError
from server.hooks.panel import HookPanel
from server.serving import configuration
from tests.server.hooks.support import StillClock
from tests.support.accounts import Press, active, article, broadcast, words
from tests.support.inline import InlineServer, bench_under_test
from tests.support.public import GROUND, HOLD, HOUR_S, rows

DAY_S = 86_400
TOMORROW_MS = 6_400_000  # The clock begins at 22:13:20 UTC on 14 November 2023.
DECEMBER_MS = TOMORROW_MS + 16 * DAY_S * 1000
Refused = tuple[str, int | None]


@pytest.fixture
def press(server: InlineServer) -> Press:
    return Press(server)


@pytest.fixture
def service(server: InlineServer) -> Press:
    return Press(server, type=AccountType.SERVICE)


def refused(press: Press, **more: Any) -> Refused:
    """Return how a broadcast is refused: its code, and after how long it may be tried again."""
    fields: dict[str, Any] = {"surface": Surface.BROADCAST, "topic": press.topic, "content": words("too much")}
    refusal = press.editor.refusal(Publish, **fields | more)
    assert refusal.field is None
    return refusal.code, refusal.retry_after_ms


# Subscription accounts.


def test_a_subscription_account_broadcasts_once_a_day_to_whomever(press: Press) -> None:
    broadcast(press.editor, press.topic, "one", tag="north")
    for tag in ("", "north", "south"):
        assert refused(press, tag=tag) == ("too_many", TOMORROW_MS)
    press.server.clock.pass_time(TOMORROW_MS / 1000)
    assert broadcast(press.editor, press.topic, "two").state is SubmissionState.PUBLISHED


def test_what_is_refused_leaves_nothing_and_is_asked_nobody(press: Press) -> None:
    broadcast(press.editor, press.topic, "one")
    seen = len(press.server.panel.seen)
    refused(press)
    assert len(press.server.panel.seen) == seen
    assert len(press.editor.do(Submissions).submissions) == 1


def test_articles_on_the_page_and_edits_are_no_broadcasts(press: Press) -> None:
    sent = broadcast(press.editor, press.topic, "one")
    for words_ in ("two", "three"):
        article(press.editor, press.topic, words_)
    assert broadcast(press.editor, press.topic, "four", target=sent.seq, base=1).version == 2


@pytest.mark.parametrize("how", ["recalled", "withdrawn"])
def test_what_was_taken_out_again_was_broadcast_all_the_same(press: Press, how: str) -> None:
    sent = broadcast(press.editor, press.topic, "one")
    if how == "recalled":
        press.editor.do(Recall, topic=press.topic, target=sent.seq)
    else:
        chief = press.server.officer("C1", StaffRole.CHIEF)
        decide = {"item": sent.submission, "ground": GROUND, "facts": "A fact."}
        chief.do(OfficerDecide, act=OfficerAct.WITHDRAW, **decide)
    assert refused(press) == ("too_many", TOMORROW_MS)


def test_what_was_never_broadcast_does_not_count(press: Press) -> None:
    press.server.panel.hooks = {"terms": lambda _: HOLD}
    for words_ in ("one", "two"):  # Both wait, and may.
        press.editor.do(TakeBack, submission=broadcast(press.editor, press.topic, words_).submission)
    press.server.panel.hooks = {}
    assert broadcast(press.editor, press.topic, "three").state is SubmissionState.PUBLISHED


def test_each_account_has_its_own(press: Press) -> None:
    other = active(press.server, press.reader, "The Lantern")
    broadcast(press.editor, press.topic, "one")
    assert broadcast(press.reader, other, "two").state is SubmissionState.PUBLISHED


# Service accounts.


def test_a_service_account_has_four_a_month_for_each_follower(service: Press) -> None:
    for tag in ("", "north", "north", "south", "south", "south"):
        assert broadcast(service.editor, service.topic, "words", tag=tag).state is SubmissionState.PUBLISHED
    assert refused(service, tag="south") == ("too_many", DECEMBER_MS)
    assert refused(service, tag="") == ("too_many", DECEMBER_MS)
    broadcast(service.editor, service.topic, "words", tag="north")
    assert refused(service, tag="north") == ("too_many", DECEMBER_MS)
    service.server.clock.pass_time(DECEMBER_MS / 1000)
    assert broadcast(service.editor, service.topic, "words").state is SubmissionState.PUBLISHED


# Asked again where it would appear.


def test_of_two_that_waited_at_a_time_the_second_lapses(press: Press) -> None:
    press.server.panel.is_slow = True
    for author in (press.editor, press.owner):
        author.publishes(words("words"), press.topic, Surface.BROADCAST)
    press.server.panel.answer()
    press.server.panel.answer()
    (ours,) = press.editor.do(Submissions).submissions
    theirs = press.owner.do(Submissions).submissions[0]
    assert ours.state is SubmissionState.PUBLISHED
    assert theirs.state is SubmissionState.LAPSED
    assert theirs.decision is not None
    assert (theirs.decision.ground, theirs.decision.by) == (NOT_ENTITLED, "server")
    assert "as often as it may today" in theirs.decision.facts
    assert rows(press.server, "SELECT count(*) AS n FROM articles WHERE broadcast") == [{"n": 1}]


def test_what_is_released_on_another_day_counts_for_that_day(press: Press) -> None:
    press.server.panel.hooks = {"terms": lambda _: HOLD}
    held = broadcast(press.editor, press.topic, "one")
    press.server.panel.hooks = {}
    broadcast(press.editor, press.topic, "two")
    press.server.clock.pass_time(TOMORROW_MS / 1000)
    press.server.officer().do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE, ground=GROUND)
    assert refused(press) == ("too_many", DAY_S * 1000)


# Whose days they are.


@pytest.fixture
def shanghai() -> Iterator[Press]:
    """A press whose server counts by the days of Shanghai, where the clock begins at 06:13:20."""
    server = InlineServer(bench=replace(bench_under_test(), zone=ZoneInfo("Asia/Shanghai")))
    yield Press(server)
    server.close()


def test_the_day_ends_at_midnight_in_the_servers_zone(shanghai: Press) -> None:
    broadcast(shanghai.editor, shanghai.topic, "one")
    midnight = 17 * HOUR_S + 46 * 60 + 40
    assert refused(shanghai) == ("too_many", midnight * 1000)
    shanghai.server.clock.pass_time(midnight - 1)
    assert refused(shanghai) == ("too_many", 1000)
    shanghai.server.clock.pass_time(1)
    assert broadcast(shanghai.editor, shanghai.topic, "two").state is SubmissionState.PUBLISHED


def test_the_zone_is_what_is_configured() -> None:
    today = datetime(2026, 1, 1, tzinfo=UTC).date()
    assert str(bench_of(load(None, {}), today=today).zone) == "UTC"
    config = load(None, {"HUTONG_COMPLIANCE_TIME_ZONE": "Asia/Shanghai"})
    assert bench_of(config, today=today).zone == ZoneInfo("Asia/Shanghai")


def test_the_zone_is_on_record_with_all_that_is_in_force() -> None:
    panel = HookPanel([], [], clock=StillClock(), post=lambda call: call())
    bench = replace(bench_under_test(), zone=ZoneInfo("Asia/Shanghai"))
    assert read(configuration(bench, panel, at=1).leaf.says)["what"]["time_zone"] == "Asia/Shanghai"


@pytest.mark.parametrize("zone", ["Asia/Hutong", "", "Asia", "../etc/passwd", "/etc/localtime", "UTC+8"])
def test_a_zone_that_there_is_not_stops_the_start(zone: str) -> None:
    with pytest.raises(ConfigError, match="time_zone is a time zone"):
        load(None, {"HUTONG_COMPLIANCE_TIME_ZONE": zone})


def test_the_numbers_are_the_packs() -> None:
    bench = bench_under_test()
    accounts = msgspec.structs.replace(bench.pack.accounts, subscription_daily=2)
    server = InlineServer(bench=replace(bench, pack=msgspec.structs.replace(bench.pack, accounts=accounts)))
    press = Press(server)
    for words_ in ("one", "two"):
        broadcast(press.editor, press.topic, words_)
    assert refused(press) == ("too_many", TOMORROW_MS)
    server.close()
