"""What the gate asks before the hooks: the provider's licence (Art. 4) and the author's signature (Art. 6)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest

from compliance.bench import Bench
from compliance.pack import AgreementText, Licence, load
from compliance.verdicts import Hold, Reject
from protocol.decisions import SubmissionState
from protocol.entries import Kind
from protocol.frames import GroupLeave, History, Recall, Register, Send
from protocol.ids import TopicId
from protocol.public import (
    GroupFind,
    GroupFoundPublic,
    GroupJoin,
    GroupListing,
    Publish,
    ShowAgreement,
    ShowGate,
    SignAgreement,
    Signature,
    TakeBack,
)
from protocol.publications import Content, Surface
from server.store.base import StoreFullError
from tests.support.inline import PASSWORD, Caller, InlineServer, configured, published
from tests.support.packs import LICENCE
from tests.support.panel import allows
from tests.support.public import leaves_of, rows

CN = load("cn-2014")
OPEN = load("open")
HELD_LICENCE = Licence(
    number="1",
    kind="internet_news_information_service",
    issuer="the authority",
    valid_from=date(2000, 1, 1),
    valid_until=date(2999, 12, 31),
)
LICENSED = Bench(pack=CN, licence=HELD_LICENCE)
SEVEN = ["laws", "socialist_system", "national_interest", "citizens_rights", "public_order", "social_morality"]
SEVEN.append("truthfulness")


@pytest.fixture
def licensed() -> Iterator[InlineServer]:
    """A server under cn-2014, with a licence."""
    with closing(InlineServer(bench=LICENSED)) as server:
        yield server


def agreement_of(server: InlineServer) -> AgreementText:
    agreement = server.bench.agreement
    assert agreement is not None
    return agreement


def changed(server: InlineServer) -> InlineServer:
    """Return the server that is started again with a new version of the agreement."""
    agreement = msgspec.structs.replace(agreement_of(server), version="2.0")
    pack = msgspec.structs.replace(server.bench.pack, agreement=agreement)
    return InlineServer(after=server, bench=Bench(pack=pack, licence=HELD_LICENCE))


def text_of(topic: TopicId) -> dict[str, object]:
    return published("hello", topic, Surface.GROUP_MESSAGE)


# Registration.


def test_register_says_that_the_agreement_is_needed_and_shows_it(licensed: InlineServer) -> None:
    caller = licensed.connect()
    reply = caller.do(Register, handle="alice", password=PASSWORD, signature=None)
    assert (reply.needs, reply.person, reply.token) == (("agreement",), None, None)
    assert reply.agreement is not None
    assert reply.agreement.digest == agreement_of(licensed).digest
    assert [line.code for line in reply.agreement.lines] == SEVEN
    assert set(reply.agreement.texts) == {"en", "zh"}
    assert not caller.session.signed_in
    assert rows(licensed, "SELECT * FROM signatures") == leaves_of(licensed) == []


def test_who_signs_has_an_account_and_the_signature_is_on_record(licensed: InlineServer) -> None:
    alice = licensed.register("alice")
    (signature,) = rows(licensed, "SELECT * FROM signatures")
    assert (signature["person"], signature["version"]) == (alice.person, "1.0")
    assert signature["digest"] == agreement_of(licensed).digest
    (leaf,) = leaves_of(licensed)
    assert (leaf["leaf"], leaf["agreement"], leaf["number"]) == (
        "agreement_signed",
        agreement_of(licensed).digest.hex(),
        signature["leaf"],
    )
    assert alice.person not in repr(leaf)


@pytest.mark.parametrize("line", SEVEN)
def test_every_line_is_acknowledged_apart(licensed: InlineServer, line: str) -> None:
    lines = tuple(code for code in SEVEN if code != line)
    signature = Signature(digest=agreement_of(licensed).digest, lines=lines)
    refusal = licensed.connect().refusal(Register, handle="alice", password=PASSWORD, signature=signature)
    assert (refusal.code, refusal.field) == ("needs_agreement", "signature.lines")
    assert line in refusal.message


def test_another_agreement_is_not_the_one_in_force(licensed: InlineServer) -> None:
    signature = Signature(digest=bytes(32), lines=tuple(SEVEN))
    refusal = licensed.connect().refusal(Register, handle="alice", password=PASSWORD, signature=signature)
    assert (refusal.code, refusal.field) == ("needs_agreement", "signature.digest")


def test_an_invitation_and_the_agreement_may_both_be_needed() -> None:
    with closing(InlineServer(configured(registration={"invitation": "open sesame"}), bench=LICENSED)) as server:
        caller = server.connect()
        reply = caller.do(Register, handle="alice", password=PASSWORD, signature=None)
        assert reply.needs == ("invitation", "agreement")
        assert reply.agreement is not None
        reply = caller.do(Register, handle="alice", password=PASSWORD)
        assert (reply.needs, reply.agreement) == (("invitation",), None)
        reply = caller.do(
            Register, handle="alice", password=PASSWORD, signature=None, answers={"invitation": "open sesame"}
        )
        assert reply.needs == ("agreement",)
        done = caller.do(Register, handle="alice", password=PASSWORD, answers={"invitation": "open sesame"})
        assert done.person is not None


def test_where_none_is_asked_for_a_signature_is_nothing() -> None:
    with closing(InlineServer(bench=Bench(pack=OPEN, licence=None))) as server:
        signature = Signature(digest=bytes(32), lines=())
        assert server.connect().do(Register, handle="alice", password=PASSWORD, signature=signature).person is not None
        assert rows(server, "SELECT * FROM signatures") == []


def test_who_came_too_late_for_a_handle_leaves_it_to_who_has_it_on_the_public_side_too(
    licensed: InlineServer,
) -> None:
    early, late = licensed.connect(), licensed.connect()
    licensed.public_commits.gather()
    for caller in (late, early):
        caller.say(caller.request(Register, handle="alice", password=PASSWORD))
    licensed.public_commits.commit()
    signed = [caller for caller in (late, early) if caller.session.signed_in]
    (alice,) = signed
    assert alice.session.caller is not None
    assert alice.publish(Content(title="Alice"), surface=Surface.CARD).state is SubmissionState.PUBLISHED
    assert [row["handle"] for row in rows(licensed, "SELECT handle FROM people")] == ["alice"]


def test_who_signed_and_was_never_registered_holds_no_handle_back(
    licensed: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def commit(self, writes: object) -> object:
            raise StoreFullError

        def close(self) -> None:
            pass

    with monkeypatch.context() as patch:
        patch.setattr(licensed.commits, "writer", Full())
        assert licensed.connect().refused(Register, handle="alice", password=PASSWORD) == "unavailable"
    alice = licensed.register("alice")
    assert alice.do(GroupFoundPublic).seq == 1


# Shown and signed later.


def test_the_agreement_is_shown_to_anybody_who_asks(licensed: InlineServer) -> None:
    reply = licensed.connect().do(ShowAgreement)
    assert reply.agreement is not None
    assert (reply.agreement.digest, reply.signed) == (agreement_of(licensed).digest, False)
    assert licensed.register("alice").do(ShowAgreement).signed


def test_where_there_is_none_none_is_shown_or_signed() -> None:
    with closing(InlineServer(bench=Bench(pack=OPEN, licence=None))) as server:
        alice = server.register("alice")
        assert alice.do(ShowAgreement).agreement is None
        signature = Signature(digest=bytes(32), lines=())
        assert alice.refused(SignAgreement, signature=signature) == "not_found"


def test_a_changed_agreement_is_asked_for_before_the_next_publication(licensed: InlineServer) -> None:
    alice = licensed.register("alice")
    topic = licensed.lane(alice)
    back = changed(licensed)
    alice = back.login("alice")
    assert not alice.do(ShowAgreement).signed
    refusal = alice.refusal(Publish, **text_of(topic))
    assert refusal.code == "needs_agreement"
    assert "changed" in refusal.message
    alice.do(SignAgreement, signature=back.signature())
    assert alice.do(ShowAgreement).signed
    assert alice.publish("hello", topic).state is SubmissionState.PUBLISHED
    back.close()


def test_until_it_is_signed_again_nothing_changes_for_what_is_private(licensed: InlineServer) -> None:
    licensed.people("alice", "bob")
    back = changed(licensed)
    alice, bob = back.login("alice"), back.login("bob")
    assert alice.do(Send, to=bob.person, body=b"hello").seq == 1
    back.close()


def test_a_card_and_a_listing_ask_for_no_new_signature(licensed: InlineServer) -> None:
    alice = licensed.register("alice")
    topic = licensed.lane(alice)
    back = changed(licensed)
    alice = back.login("alice")
    assert alice.publish(Content(title="Alice"), surface=Surface.CARD).state is SubmissionState.PUBLISHED
    assert alice.publish("x", topic, Surface.GROUP_LISTING).state is SubmissionState.PUBLISHED
    assert alice.refused(Publish, **text_of(topic)) == "needs_agreement"
    back.close()


def test_a_signature_to_what_is_not_in_force_is_none(licensed: InlineServer) -> None:
    alice = licensed.register("alice")
    old = licensed.signature()
    back = changed(licensed)
    refusal = back.login("alice").refusal(SignAgreement, signature=old)
    assert (refusal.code, refusal.field) == ("needs_agreement", "signature.digest")
    assert alice.person
    back.close()


def test_to_sign_twice_is_to_sign(licensed: InlineServer) -> None:
    alice = licensed.register("alice")
    alice.do(SignAgreement, signature=licensed.signature())
    assert len(rows(licensed, "SELECT * FROM signatures")) == len(leaves_of(licensed)) == 1


def test_decisions_name_the_version_of_the_agreement_they_are_made_under(licensed: InlineServer) -> None:
    alice = licensed.register("alice")
    topic = licensed.lane(alice)
    licensed.panel.hooks = {"terms": lambda _: Reject(ground="truthfulness", text="It is not true.")}
    decision = alice.publish("hello", topic).decision
    assert decision is not None
    assert (decision.agreement, decision.clause) == ("1.0", CN.grounds["truthfulness"].clause)
    assert decision.bottom_line == "Truthfulness of information"


def test_decisions_are_written_in_the_language_of_the_bench() -> None:
    with closing(InlineServer(bench=replace(LICENSED, language="zh"))) as server:
        alice = server.register("alice")
        topic = server.lane(alice)
        server.panel.hooks = {"terms": lambda _: Reject(ground="truthfulness", text="不实")}
        decision = alice.publish("hello", topic).decision
        assert decision is not None
        assert (decision.bottom_line, decision.appeal) == ("信息真实性底线", CN.appeal["zh"])


# The licence.

YESTERDAY = date(2023, 11, 13)  # The clock of the tests begins on the next day.
BENCHES = {
    "missing": Bench(pack=CN, licence=None),
    "expired": Bench(pack=CN, licence=replace(HELD_LICENCE, valid_until=YESTERDAY)),
    "not yet valid": Bench(pack=CN, licence=replace(HELD_LICENCE, valid_from=date(2023, 11, 15))),
    "of another kind": Bench(pack=CN, licence=replace(HELD_LICENCE, kind="fishing")),
}


@pytest.fixture(params=BENCHES)
def closed(request: pytest.FixtureRequest) -> Iterator[tuple[InlineServer, Caller, Caller, TopicId]]:
    """A server that had a licence, with two people and a group of one of them; then it has none any more."""
    before = InlineServer(bench=LICENSED)
    alice, _ = before.people("alice", "bob")
    topic = before.lane(alice, listed=True, history_open=True)
    alice.publish("hello", topic)
    server = InlineServer(after=before, bench=BENCHES[request.param])
    yield server, server.login("alice"), server.login("bob"), topic
    server.close()


def test_the_clock_of_these_tests_is_where_they_think(licensed: InlineServer) -> None:
    assert datetime.fromtimestamp(licensed.clock.ms / 1000, UTC).date() == date(2023, 11, 14)


def test_without_a_licence_in_force_nothing_is_published_founded_or_joined(
    closed: tuple[InlineServer, Caller, Caller, TopicId],
) -> None:
    server, alice, bob, topic = closed
    before = server.dump()
    for surface in (Surface.GROUP_MESSAGE, Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_SCREEN_NAME):
        refusal = alice.refusal(Publish, **published("x", topic, surface))
        assert refusal.code == "public_closed"
        assert "Art. 4" in refusal.message
        assert refusal.retry_after_ms is None
    assert bob.refused(GroupFoundPublic) == "public_closed"
    assert bob.refused(GroupJoin, topic=topic) == "public_closed"
    assert server.dump() == before


def test_the_private_side_needs_no_licence(closed: tuple[InlineServer, Caller, Caller, TopicId]) -> None:
    server, alice, bob, _ = closed
    assert alice.do(Send, to=bob.person, body=b"hello").seq == 1
    assert server.group(alice, bob)
    assert server.register("carol").do(Send, to=bob.person, body=b"hello").seq == 1


def test_what_was_published_before_can_still_be_read_found_and_taken_back(
    closed: tuple[InlineServer, Caller, Caller, TopicId],
) -> None:
    _, alice, bob, topic = closed
    page = bob.do(History, topic=topic)
    (said,) = [entry for entry in page.entries if entry.kind is Kind.MESSAGE]
    assert [listing.topic for listing in bob.do(GroupFind).listings] == [topic]
    assert bob.do(GroupListing, topic=topic).listing.members == 1
    alice.do(Recall, topic=topic, target=said.seq)
    alice.do(GroupLeave, topic=topic)


def test_the_gate_says_that_the_public_side_is_closed_and_why(
    closed: tuple[InlineServer, Caller, Caller, TopicId],
) -> None:
    server, *_ = closed
    said = server.connect().do(ShowGate).closed
    assert said.startswith("the public side is closed:")
    assert "Art. 4" in said


def test_a_licence_counts_through_the_whole_of_its_last_day() -> None:
    bench = Bench(pack=CN, licence=replace(HELD_LICENCE, valid_until=date(2023, 11, 14)))
    with closing(InlineServer(bench=bench)) as server:
        alice = server.register("alice")
        topic = server.lane(alice)
        midnight = int(datetime(2023, 11, 15, tzinfo=UTC).timestamp() * 1000)
        server.clock.pass_time((midnight - 1 - server.clock.ms) / 1000)
        assert server.clock.ms == midnight - 1
        assert alice.publish("in time", topic).state is SubmissionState.PUBLISHED
        server.clock.pass_time(0.001)
        assert alice.refused(Publish, **text_of(topic)) == "public_closed"


def test_what_is_held_may_be_taken_back_though_the_public_side_is_closed() -> None:
    before = InlineServer(bench=LICENSED)
    alice = before.register("alice")
    topic = before.lane(alice)
    before.panel.hooks = {"terms": lambda _: Hold(ground="spam", text="Perhaps.")}
    said = alice.publish("hello", topic)
    server = InlineServer(after=before, bench=BENCHES["expired"])
    back = server.login("alice").do(TakeBack, submission=said.submission).submission
    assert back.state is SubmissionState.TAKEN_BACK
    server.close()


def test_the_open_pack_asks_for_neither() -> None:
    with closing(InlineServer(bench=Bench(pack=OPEN, licence=None))) as server:
        alice = server.register("alice")
        assert alice.publish("hello", server.lane(alice)).state is SubmissionState.PUBLISHED
        assert alice.do(ShowGate).closed == ""


# What the gate says of itself.


def test_the_gate_says_what_publishing_meets(server: InlineServer) -> None:
    server.panel.hooks = {"terms": allows}
    said = server.connect().do(ShowGate)
    pack = server.bench.pack
    assert (said.pack, said.version, said.closed) == (pack.name, pack.version, "")
    assert {surface: list(stages) for surface, stages in said.stages.items()} == {
        surface: [str(stage) for stage in rules.stages] for surface, rules in pack.surfaces.items()
    }
    assert [(hook.name, hook.kind, hook.version) for hook in said.hooks] == [("terms", "check", "1")]
    assert set(said.grounds) == set(pack.grounds)
    assert set(said.categories) == set(pack.categories)
    assert LICENCE.number not in repr(said)
