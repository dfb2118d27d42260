"""Decisions carried across a wait, and what else a stranger found: a writer that fails in a way of its own, noise."""

import threading
from collections.abc import Callable, Sequence

import pytest

from protocol.frames import Block, ChangePassword, Edit, Hello, React, Read, ReadPush, Resume, SetPreferences, Unblock
from server.committer import Committer
from server.config import Config, RateSettings
from server.settings import Rate
from server.store.writes import Write
from tests.support.inline import PASSWORD, UNLIMITED, Caller, InlineServer


def test_receipts_switched_off_during_a_resume_stay_off_on_its_connection(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.chat(ann, ben)
    late = Caller(server)
    late.say(late.request(Hello, versions=(1,)))
    server.reads.delay()
    late.say(late.request(Resume, token=ben.token))
    server.reads.look()
    ben.say(ben.request(SetPreferences, receipts=False))
    server.reads.catch_up()
    late.say(late.request(Read, topic=topic, seq=1))
    assert not [push for push in ann.pushes() if isinstance(push, ReadPush)]


def test_receipts_switched_off_during_a_change_of_password_stay_off(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.chat(ann, ben)
    other = server.login("ben")
    slow: list[Callable[[], None]] = []
    monkeypatch.setattr(server.passwords, "_work", slow.append)
    ben.say(ben.request(ChangePassword, old=PASSWORD, new="something else"))
    other.do(SetPreferences, receipts=False)
    while slow:
        slow.pop()()
    ben.say(ben.request(Read, topic=topic, seq=1))
    assert not [push for push in ann.pushes() if isinstance(push, ReadPush)]


def test_a_writer_that_fails_in_a_way_of_its_own_stops_the_server_not_only_its_thread() -> None:
    class Failing:
        def commit(self, writes: Sequence[Write]) -> list[object]:
            raise RuntimeError("words that nobody should read in a log")

    broken: list[str] = []
    said = threading.Event()

    def post(call: Callable[[], None]) -> None:
        call()
        said.set()

    committer = Committer(Failing(), post=post, broken=broken.append)  # type: ignore[arg-type]
    committer.start()
    committer.submit(None, lambda _: None)  # type: ignore[arg-type]
    committer.hand_over()
    assert said.wait(10)
    committer.close()
    assert broken == ["RuntimeError"]


def test_what_has_no_shape_counts_as_a_request() -> None:
    rates = {name: getattr(UNLIMITED, name) for name in RateSettings.__struct_fields__}
    server = InlineServer(Config(rates=RateSettings(**rates | {"per_connection": Rate.parse("5/1s")})))
    caller = server.connect()
    codes = []
    for _ in range(8):
        caller.say(b"\x82\xa2op\xa4nope\xa2id\x07")
        codes += [
            message["error"]["code"] for message in caller.collect() if isinstance(message, dict) and message["re"] == 7
        ]
    server.close()
    assert codes == ["unknown_op"] * 4 + ["rate_limited"] * 4


def test_what_is_made_of_a_hidden_message_stays_hidden_after_the_block(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.chat(ann, ben)
    ben.do(Block, person=ann.person)
    hidden = ann.send(b"hidden", topic=topic)
    ben.do(Unblock, person=ann.person)
    ben.collect()
    ann.do(Edit, topic=topic, target=hidden.seq, body=b"still hidden")
    ann.do(React, topic=topic, target=hidden.seq, body=b"+")
    assert [entry.elided for entry in ben.entries()] == [True, True]
