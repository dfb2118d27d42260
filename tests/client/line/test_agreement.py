"""The agreement: at registration, and later."""

import os
import pty

import msgspec
import pytest

from client.line.agreement import in_language, language
from tests.client.fake_public import AGREEMENT
from tests.client.line.conftest import Meet, Someone
from tests.client.line.lane import Lane
from tests.client.line.test_chat import Terminal


@pytest.fixture
def newcomer(arrive: Meet, lane: Lane) -> Someone:
    """Return somebody who is not registered, where an agreement is asked for."""
    other = arrive("other")
    lane.fake.public.agreement = AGREEMENT
    return Someone("alice", other.home.with_name("alice"), other._at)


def test_without_a_terminal_registering_shows_the_agreement_and_how_to_accept_it(newcomer: Someone, lane: Lane) -> None:
    ran = newcomer("register", "alice", LC_ALL="C")
    assert (ran.status, "alice" in lane.fake.people) == (1, False)
    for words in ("version 1", "keeps the lines below", "2. truthfulness of information", "--accept-agreement 000102"):
        assert words in ran.err
    ran = newcomer("register", "alice", "--accept-agreement", AGREEMENT.digest.hex())
    assert (ran.status, lane.fake.public.signed[lane.fake.people["alice"]]) == (0, AGREEMENT.digest)


def test_the_digest_of_another_agreement_signs_nothing(newcomer: Someone, lane: Lane) -> None:
    ran = newcomer("register", "alice", "--accept-agreement", "00" * 32)
    assert (ran.status, AGREEMENT.digest.hex() in ran.err, lane.fake.public.signed) == (2, True, {})


def test_it_is_shown_in_the_language_of_the_computer_or_the_one_asked_for(newcomer: Someone) -> None:
    assert "信息真实性" in newcomer("register", "alice", LC_ALL="zh_CN.UTF-8").err
    assert "信息真实性" in newcomer("register", "alice", "--lang", "zh-Hant", LC_ALL="C").err
    assert "truthfulness" in newcomer("register", "alice", "--lang", "fr").err


@pytest.mark.parametrize(
    ("locale", "tag"), [("zh_CN.UTF-8", "zh-CN"), ("C.UTF-8", "en"), ("POSIX", "en"), ("", "en"), ("de_AT", "de-AT")]
)
def test_the_locale_says_the_language(monkeypatch: pytest.MonkeyPatch, locale: str, tag: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    for name in ("LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert language() == tag


def test_of_texts_without_english_the_first_is_shown() -> None:
    assert in_language({"zh": "一", "ja": "二"}, "fr") == "一"
    assert in_language({}, "fr") == ""


def test_at_a_terminal_every_line_is_acknowledged_apart(newcomer: Someone, lane: Lane) -> None:
    for answers in (["y", "n"], ["y", "y"]):
        own, process_end = pty.openpty()
        terminal = Terminal(process_end, own)
        with newcomer.start(
            "register", "alice", stdin=process_end, stdout=process_end, stderr=process_end
        ) as registering:
            terminal.until("Each line is acknowledged apart.")
            for line, answer in zip(AGREEMENT.lines, answers, strict=True):
                terminal.until(f"{line.titles['en']}: do you promise to keep it?")
                terminal.type(f"{answer}\r")
            assert registering.wait(15) == (0 if answers == ["y", "y"] else 1)
        os.close(own)
        os.close(process_end)
        assert ("alice" in lane.fake.people) is (answers == ["y", "y"])


def test_whoever_says_no_to_one_line_signs_nothing(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    lane.fake.public.agreement = AGREEMENT
    ran = alice.answers("y", "n", to=("agreement", "sign", "--lang", "en"))
    assert (ran.status, "nothing is signed" in ran.err, lane.fake.public.signed) == (1, True, {})
    ran = alice.answers("y", "y", to=("agreement", "sign", "--lang", "en"))
    assert ran.status == 0
    assert "truthfulness of information: do you promise to keep it?" in ran.err
    assert lane.fake.public.signed == {lane.fake.people["alice"]: AGREEMENT.digest}


def test_registering_asks_for_each_line(newcomer: Someone, lane: Lane) -> None:
    assert newcomer.answers("y", "y", to=("register", "alice", "--lang", "en")).status == 0
    assert lane.fake.public.signed == {lane.fake.people["alice"]: AGREEMENT.digest}


def test_an_agreement_is_shown_and_signed_later(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    for command in ("show", "sign"):
        assert alice("agreement", command).err == "This server asks for no agreement.\n"
    lane.fake.public.agreement = AGREEMENT
    assert "You have not signed it" in alice("agreement", "show").out
    [shown] = alice("agreement", "show", "--json").json
    assert (shown["signed"], shown["agreement"]["digest"]) == (False, AGREEMENT.digest.hex())
    assert alice("agreement", "sign").status == 1
    ran = alice("agreement", "sign", "--accept-agreement", AGREEMENT.digest.hex().upper())
    assert (ran.status, ran.out) == (0, "You have signed version 1.\n")
    assert alice("agreement", "sign").err == "You have signed it already.\n"
    assert "You have signed it." in alice("agreement", "show").out
    lane.fake.public.agreement = msgspec.structs.replace(AGREEMENT, version="2", digest=b"\x02" * 32)
    assert "You have not signed it" in alice("agreement", "show").out
