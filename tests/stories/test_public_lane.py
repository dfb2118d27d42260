"""A public group over the wire: founded, joined, spoken in, watched by hooks, looked after by officers."""

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trio

from client.account import acknowledge
from client.errors import OffDutyError
from client.events import Held, Judged
from client.staff import on_duty
from protocol.decisions import Span, SubmissionState
from protocol.entries import Kind
from protocol.frames import GroupLeave, History, Recall
from protocol.public import (
    Cards,
    GroupFind,
    GroupJoin,
    GroupListing,
    ShowAgreement,
    ShowAudit,
    ShowGate,
    ShowReceipt,
    Submissions,
    TakeBack,
)
from protocol.publications import Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, OfficerQueue, StaffRole
from tests.support.daemon import PATIENCE_S, operator
from tests.support.town import Resident, Town, open_town

TERMS = """
[terms]
check = "terms"

[[terms.options.lists]]
file = "forbidden.txt"
action = "reject"
ground = "truthfulness"
text = "That is not true."

[[terms.options.lists]]
file = "doubtful.txt"
action = "hold"
ground = "spam"
"""


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    """A hooks file with one check and two lists of terms, as an operator keeps them."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    (folder / "forbidden.txt").write_text("microwaved food causes cancer\n", encoding="utf-8")
    (folder / "doubtful.txt").write_text("please forward\n", encoding="utf-8")
    (folder / "hooks.toml").write_text(TERMS, encoding="utf-8")
    return folder / "hooks.toml"


def added(town: Town, capsys: pytest.CaptureFixture[str], code: str, role: StaffRole = StaffRole.REVIEWER) -> str:
    """Type `hutongd staff add` while the server runs, and return the token it prints."""
    capsys.readouterr()
    assert operator("staff", "add", code, "--role", role, "--data", town.daemon.data) == 0
    return capsys.readouterr().out.strip()


def saw(resident: Resident, kind: type[Held] | type[Judged]) -> list[SubmissionState]:
    return [event.submission.state for event in resident.events if isinstance(event, kind)]


async def test_people_found_a_public_group_find_it_join_it_and_talk(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        ann, ben, cyd = await town.settle("ann", "ben", "cyd")
        lane = await ann.founds_public(listed=True, history_open=True)
        await ann.publishes("Lamp lane", lane, Surface.GROUP_NAME)
        await ann.publishes("For those who repair lamps", lane, Surface.GROUP_LISTING)

        (found,) = (await cyd.asks(GroupFind(id=0, query="LAMP"))).listings
        assert (found.topic, found.members) == (lane, 1)
        for person in (ben, cyd):
            await person.asks(GroupJoin(id=0, topic=lane))
        assert (await cyd.asks(GroupListing(id=0, topic=lane))).listing.members == 3

        said = await ben.publishes("The lamp at the corner works again", lane)
        assert said.state is SubmissionState.PUBLISHED
        for person in (ann, ben, cyd):
            entry = await person.reads("The lamp at the corner works again")
            assert (entry.seq, entry.sender) == (said.seq, ben.id)
        edited = await ben.publishes("The lamp works", lane, target=said.seq, base=1)
        assert edited.version == 2
        await cyd.reads("The lamp works")
        joined = await ann.sees(Kind.JOINED)
        assert joined.count == 2

        assert said.seq is not None
        await ben.asks(Recall(id=0, cid=ben.cid(), topic=lane, target=said.seq))
        await cyd.sees(Kind.RECALL, target=said.seq)
        page = await cyd.asks(History(id=0, topic=lane))
        assert [entry.body for entry in page.entries if entry.seq in {said.seq, edited.seq}] == [None, None]


async def test_who_was_away_catches_up_with_both_sides(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        chat = (await ann.says("privately", to=ben)).topic
        await ben.goes_offline()
        for number in range(3):
            await ann.publishes(f"public {number}", lane)
            await ann.says(f"private {number}", topic=chat)
        await ben.comes_online()
        assert [decode(body).content.text for _, _, kind, body in ben.log(lane) if kind is Kind.MESSAGE and body] == [
            f"public {number}" for number in range(3)
        ]
        await ben.hears("private 2")


async def test_what_is_written_offline_is_published_when_one_is_back(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        await ben.goes_offline()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ben.publishes, "written on the way", lane)
            await ben.comes_online()
        await ann.reads("written on the way")


async def test_a_card_is_shown_to_whoever_asks(town: Town) -> None:
    ann, ben = await town.settle("ann", "ben")
    await ann.publishes("Ann of the lane", surface=Surface.CARD)
    (card,) = (await ben.asks(Cards(id=0, persons=(ann.id, ben.id)))).cards
    assert (card.person, card.handle, decode(card.body).content.title) == (ann.id, "ann", "Ann of the lane")


async def test_a_list_of_terms_rejects_with_the_exact_places_and_what_to_do(tmp_path: Path, hooks: Path) -> None:
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        gate = await ann.asks(ShowGate(id=0))
        assert [(hook.name, hook.kind) for hook in gate.hooks] == [("terms", "check")]

        text = "Beware: MICROWAVED\u200b food causes cancer! Spread this!"
        said = await ben.publishes(text, lane)
        assert said.decision is not None
        assert (said.state, said.decision.ground, said.decision.facts) == (
            SubmissionState.REJECTED,
            "truthfulness",
            "That is not true.",
        )
        (where,) = said.decision.where
        assert where == Span(path="text", start=text.index("MICRO"), end=text.index("!"))
        assert said.decision.by.startswith("hook terms ")
        assert said.decision.appeal
        await ben.until(lambda: saw(ben, Judged) == [SubmissionState.REJECTED], "the rejection")

        receipt = await ben.asks(ShowReceipt(id=0, submission=said.submission))
        assert [json.loads(verdict.leaf)["leaf"] for verdict in receipt.verdicts] == ["verdict", "decision"]
        await ben.publishes("The soup is ready", lane)
        await ann.reads("The soup is ready")
        assert ann.public_texts(lane) == ["The soup is ready"]


async def test_what_is_held_appears_when_an_officer_added_meanwhile_releases_it(
    tmp_path: Path, hooks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        held = await ben.publishes("Food poisoning at the school, please forward", lane)
        assert held.state is SubmissionState.HELD
        await ben.until(lambda: saw(ben, Held) == [SubmissionState.HELD], "the hold")

        token = added(town, capsys, "K7")
        with trio.fail_after(PATIENCE_S):
            async with on_duty(town.daemon.url, "K7", token) as (desk, duty):
                assert duty.role is StaffRole.REVIEWER
                (item,) = (await desk.request(OfficerQueue(id=0))).items
                assert (item.item, item.ground) == (held.submission, "spam")
                await desk.request(OfficerDecide(id=0, item=held.submission, act=OfficerAct.RELEASE))
        await ann.reads("Food poisoning at the school, please forward")
        await ben.until(lambda: SubmissionState.PUBLISHED in saw(ben, Judged), "the release")


async def test_what_a_chief_withdraws_comes_back_when_it_is_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_town(tmp_path) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        said = await ben.publishes("Buy lamps", lane)
        token = added(town, capsys, "C1", StaffRole.CHIEF)
        with trio.fail_after(PATIENCE_S):
            async with on_duty(town.daemon.url, "C1", token) as (desk, _):
                decide = OfficerDecide(
                    id=0, item=said.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="It sells lamps."
                )
                await desk.request(decide)
                await ann.sees(Kind.WITHDRAWN, target=said.seq)
                page = await ann.asks(History(id=0, topic=lane))
                assert [entry.body for entry in page.entries if entry.seq == said.seq] == [None]
                await desk.request(OfficerDecide(id=0, item=said.submission, act=OfficerAct.RESTORE))
        back = await ann.sees(Kind.RESTORED, target=said.seq)
        assert back.body is not None
        assert decode(back.body).content.text == "Buy lamps"


async def test_an_officer_who_is_removed_does_not_sign_in_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_town(tmp_path) as town:
        token = added(town, capsys, "K7")
        assert operator("staff", "remove", "K7", "--data", town.daemon.data) == 0
        with pytest.raises(OffDutyError):
            async with on_duty(town.daemon.url, "K7", token):
                raise AssertionError("on duty")


async def test_lists_are_read_anew_on_sighup_and_a_leaf_says_so(tmp_path: Path, hooks: Path) -> None:
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        assert (await ben.publishes("The moon is a lamp", lane)).state is SubmissionState.PUBLISHED
        before = await ann.asks(ShowAudit(id=0))
        (hooks.parent / "forbidden.txt").write_text("the moon is a lamp\nthe sun is a lamp\n", encoding="utf-8")
        town.daemon.process.send_signal(signal.SIGHUP)
        await town.daemon.logged("hook.reloaded")
        assert (await ben.publishes("Yes, the moon is a lamp", lane)).state is SubmissionState.REJECTED
        assert (await ben.publishes("Microwaved food causes cancer", lane)).state is SubmissionState.PUBLISHED
        assert (await ann.asks(ShowAudit(id=0, since=before.size))).size > before.size
        leaves = leaves_of(town.daemon.data)
        assert [(leaf["hook"], leaf["came"], leaf["went"]) for leaf in leaves if leaf["leaf"] == "rules_reloaded"] == [
            ("terms", 2, 1)
        ]


async def test_a_list_that_cannot_be_used_leaves_the_old_one_in_force(tmp_path: Path, hooks: Path) -> None:
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        (hooks.parent / "forbidden.txt").unlink()
        town.daemon.process.send_signal(signal.SIGHUP)
        await town.daemon.logged("hook.kept_old_rules")
        assert (await ben.publishes("Microwaved food causes cancer", lane)).state is SubmissionState.REJECTED


def leaves_of(data: Path) -> list[dict[str, object]]:
    """Return what the audit log in the data directory says."""
    with closing(sqlite3.connect(f"file:{data / 'public.db'}?mode=ro", uri=True)) as connection:
        return [json.loads(row[0]) for row in connection.execute("SELECT leaf FROM leaves ORDER BY number")]


async def test_what_is_in_force_is_on_record_once_as_long_as_it_stays_so(tmp_path: Path, hooks: Path) -> None:
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        await town.settle("ann")
        await town.go_home()
        for _ in range(2):
            assert await town.daemon.stop() == 0
            await town.daemon.start()
        recorded = [leaf["what"] for leaf in leaves_of(town.daemon.data) if leaf["leaf"] == "configuration"]
        assert len(recorded) == 1
        town.daemon.settings["compliance.language"] = "zh"
        assert await town.daemon.stop() == 0
        await town.daemon.start()
        (ann,) = await town.settle("ben")
        await ann.asks(ShowAudit(id=0))
        recorded = [leaf["what"] for leaf in leaves_of(town.daemon.data) if leaf["leaf"] == "configuration"]
        assert len(recorded) == 2


async def test_the_last_to_leave_ends_the_group_and_what_is_held_there_lapses(
    tmp_path: Path, hooks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        (ann,) = await town.settle("ann")
        lane = await ann.founds_public()
        held = await ann.publishes("please forward", lane)
        await ann.asks(GroupLeave(id=0, cid=ann.cid(), topic=lane))
        token = added(town, capsys, "K7")
        with trio.fail_after(PATIENCE_S):
            async with on_duty(town.daemon.url, "K7", token) as (desk, _):
                decided = await desk.request(OfficerDecide(id=0, item=held.submission, act=OfficerAct.RELEASE))
        assert decided.submission.state is SubmissionState.LAPSED
        await ann.until(lambda: SubmissionState.LAPSED in saw(ann, Judged), "the lapse")


async def test_the_agreement_that_everybody_signed_is_the_one_in_force(town: Town) -> None:
    (ann,) = await town.settle("ann")
    reply = await ann.asks(ShowAgreement(id=0))
    if reply.agreement is not None:
        assert reply.signed
        assert acknowledge(reply.agreement).lines
    assert (await ann.asks(ShowGate(id=0))).closed == ""


async def test_one_takes_back_what_is_held(tmp_path: Path, hooks: Path) -> None:
    async with open_town(tmp_path, {"compliance.hooks": hooks}) as town:
        ann, ben = await town.settle("ann", "ben")
        lane = await ann.founds_public(ben)
        held = await ben.publishes("please forward", lane)
        back = await ben.asks(TakeBack(id=0, submission=held.submission))
        assert back.submission.state is SubmissionState.TAKEN_BACK
        (own,) = (await ben.asks(Submissions(id=0))).submissions
        assert (own.state, own.content) == (SubmissionState.TAKEN_BACK, None)
