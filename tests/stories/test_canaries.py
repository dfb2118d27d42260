"""What people say, call things, or keep secret is in no log, and secrets are in no file: canaries are sent to find out.

A canary is a fresh random word. The server runs as loud as it can be made, and is made to fail while it holds them.
"""

import secrets
import time
from pathlib import Path
from typing import Any

import msgpack
import pytest
import trio
from websockets.frames import BINARY, TEXT, Frame

from client.account import Account, acknowledge, login, register
from client.errors import RefusedError
from protocol.accounts import InboxAnswer, SaveDraft, Schedule
from protocol.codec import Refusal
from protocol.frames import (
    ChangePassword,
    Edit,
    GroupApprove,
    GroupAsk,
    GroupFound,
    GroupLink,
    GroupName,
    GroupNotice,
    Hello,
    Login,
    React,
    Recall,
    Reply,
    Request,
    Resume,
    Send,
)
from protocol.ids import PersonId, TopicId
from protocol.limits import MESSAGE_BYTES
from tests.support.aviary import Aviary
from tests.support.daemon import PATIENCE_S, Daemon
from tests.support.loud import CONTROL, EVERYTHING, HANDLER, LINK, STORE
from tests.support.newsstand import content, hire, opens
from tests.support.town import Resident, Town, open_town, plain
from tests.support.wire import raw_client, raw_stream

LOUD = ("-m", "tests.support.loud")
SECRET = ("password", "token", "link", "invitation", "secret")
LONG = 300  # Times: more than a page, so that what was freed and not overwritten would be found for long.


def seen(aviary: Aviary, data: bytes, *words: str) -> list[str]:
    """Return which canaries are in `data`, of those that were sent as something with one of `words` in its name."""
    return [what for what in aviary.seen_in(data) if what in aviary.only(*words)]


def files(directory: Path) -> bytes:
    """Return the bytes of all files in `directory`."""
    return b"\n".join(path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file())


async def knock(daemon: Daemon, *frames: Frame) -> None:
    """Say `frames` as a stranger and wait for the close."""
    async with raw_client(daemon) as client:
        for frame in frames:
            await client.stream.send_all(frame.serialize(mask=True))
        await client.is_closed()


async def refused(daemon: Daemon, request: Request[Reply] | bytes, account: Account | None = None) -> str:
    """Ask for what is refused, signed in with `account` if there is one, and return the code."""
    async with raw_client(daemon) as client:
        if account is not None:
            await client.signs_in(account)
        elif not isinstance(request, Hello):
            await client.asks(Hello(id=0, versions=(1,)))
        if isinstance(request, bytes):
            await client.sends(request)
            with trio.fail_after(PATIENCE_S):
                while not client.replies:
                    assert await client.reads()
            error: Any = client.replies.pop()["error"]
            return str(error["code"])
        reply = await client.asks(request)
        assert isinstance(reply, Refusal), reply
        return reply.code


async def moves_in(town: Town, aviary: Aviary, handle: str, invitation: str) -> Resident:
    account = await register(
        town.daemon.url,
        handle,
        aviary.fresh(f"password of {handle}"),
        device=aviary.fresh(f"device of {handle}"),
        answers={"invitation": invitation},
        sign=acknowledge,
    )
    aviary.also(f"token of {handle}", account.token, kept_as_digest=True)
    return await town.moves_in(account)


async def everything_goes_well(town: Town, aviary: Aviary, alice: Resident, bob: Resident, carol: Resident) -> TopicId:
    """Put a canary wherever a text can stand, and take some back; return a chat."""
    kept = await alice.says(aviary.fresh("kept body"), to=bob)
    chat = kept.topic
    slip = await alice.says(aviary.fresh("recalled body") * LONG, topic=chat)
    for number in range(2):
        body = plain(aviary.fresh(f"recalled edit {number}") * LONG)
        await alice.asks(Edit(id=0, cid=alice.cid(), topic=chat, target=slip.seq, body=body))
    await alice.asks(Recall(id=0, cid=alice.cid(), topic=chat, target=slip.seq))
    heart = plain(aviary.fresh("recalled reaction"))
    reaction = await bob.asks(React(id=0, cid=bob.cid(), topic=chat, target=kept.seq, body=heart))
    await bob.asks(Recall(id=0, cid=bob.cid(), topic=chat, target=reaction.seq))

    name, notice = plain(aviary.fresh("first name")), plain(aviary.fresh("notice"))
    group = (await alice.asks(GroupFound(id=0, cid=alice.cid(), name=name))).topic
    await alice.asks(GroupName(id=0, cid=alice.cid(), topic=group, name=plain(aviary.fresh("name"))))
    await alice.asks(GroupNotice(id=0, cid=alice.cid(), topic=group, notice=notice))
    link = (await alice.asks(GroupLink(id=0, topic=group))).link
    aviary.also("link", link, kept_as_digest=True)
    await carol.asks(GroupAsk(id=0, link=link, greeting=plain(aviary.fresh("greeting"))))
    await alice.asks(GroupApprove(id=0, cid=alice.cid(), topic=group, person=carol.id))

    new = aviary.fresh("new password")
    old = aviary.kept["password of carol"]
    changed = await carol.asks(ChangePassword(id=0, old=old, new=new))
    aviary.also("new token", changed.token, kept_as_digest=True)
    await login(town.daemon.url, "carol", new, device=aviary.fresh("second device"))
    return chat


async def an_account_is_run(town: Town, aviary: Aviary, alice: Resident, bob: Resident) -> None:
    """Put a canary wherever something is said about a public account that is not published."""
    subject: dict[str, Any] = {
        field: aviary.fresh(f"application {field}") for field in ("subject", "scope", "operator")
    }
    lane = await opens(town, hire(town), alice, "The Lane", **subject)
    draft, due = alice.cid(), time.time_ns() // 1_000_000 + 3_600_000
    body = plain(aviary.fresh("draft"))
    await alice.asks(SaveDraft(id=0, topic=lane, draft=draft, body=body))
    article = content(aviary.fresh("scheduled item"))
    await alice.asks(Schedule(id=0, cid=alice.cid(), topic=lane, due=due, content=article))
    await bob.session.follow(lane)
    asked = await bob.session.say(plain(aviary.fresh("question")), to=PersonId(lane))
    answer = plain(aviary.fresh("answer"))
    await alice.asks(InboxAnswer(id=0, cid=alice.cid(), topic=lane, dialogue=asked.topic, body=answer))
    await bob.session.search(aviary.fresh("secret search"))
    stranger = await bob.is_refused(SaveDraft(id=0, topic=lane, draft=draft, body=plain(aviary.fresh("secret draft"))))
    assert stranger == "not_found"


async def everything_goes_wrong(daemon: Daemon, aviary: Aviary, alice: Resident, chat: TopicId) -> None:
    """Put a canary into whatever the server refuses, closes at, or fails of."""
    account = alice.session.account
    wrong = {name: aviary.fresh(name) for name in ("wrong password", "unknown handle", "wrong token", "wrong link")}
    assert await refused(daemon, Login(id=0, handle="alice", password=wrong["wrong password"])) == "bad_credentials"
    assert await refused(daemon, Login(id=0, handle=wrong["unknown handle"], password="?" * 9)) == "bad_credentials"
    assert await refused(daemon, Resume(id=0, token=wrong["wrong token"])) == "bad_credentials"
    assert await refused(daemon, GroupAsk(id=0, link=wrong["wrong link"]), account) == "not_found"
    wrong_answer = {"invitation": aviary.fresh("wrong invitation")}
    with pytest.raises(RefusedError, match="not_accepted"):
        await register(daemon.url, "mallory", "a password", answers=wrong_answer, sign=acknowledge)

    cid = alice.cid()
    await alice.asks(Send(id=0, cid=cid, body=plain(aviary.fresh("first of two")), topic=chat))
    second = Send(id=0, cid=cid, body=plain(aviary.fresh("second of two")), topic=chat)
    assert await refused(daemon, second, account) == "conflict"
    nowhere = Send(id=0, cid=alice.cid(), body=plain(aviary.fresh("body to nowhere")), topic=TopicId("a" * 16))
    assert await refused(daemon, nowhere, account) == "not_found"
    no_one = Send(id=0, cid=alice.cid(), body=plain(aviary.fresh("body to nobody")), to=PersonId("b" * 16))
    assert await refused(daemon, no_one, account) == "not_found"
    for fields in (
        {"op": aviary.fresh("operation"), "id": 1},
        {"op": "send", "id": 1, "cid": aviary.fresh("cid"), "body": aviary.fresh("body that is text")},
        {"op": "sync", "id": 1, "heads": {aviary.fresh("topic"): 1}},
        {"op": "history", "id": 1, "topic": "a" * 16, aviary.fresh("key"): aviary.fresh("value")},
    ):
        assert await refused(daemon, msgpack.packb(fields), account) in {"unknown_op", "bad_request", "not_found"}
    await knock(daemon, Frame(TEXT, aviary.fresh("text message").encode()))
    await knock(daemon, Frame(BINARY, aviary.fresh("no message").encode()))
    await knock(daemon, Frame(BINARY, b"\x81\xa2op\xba\xff" + aviary.fresh("broken text").encode()))
    await knock(daemon, Frame(BINARY, aviary.fresh("oversized").encode() * (MESSAGE_BYTES // 20)))
    await knock(daemon, Frame(BINARY, msgpack.packb({"op": "hello", "id": aviary.fresh("id"), "versions": [1]})))
    async with await raw_stream(daemon) as stream:
        path, cookie = aviary.fresh("path"), aviary.fresh("cookie")
        await stream.send_all(f"GET /{path}?{path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        assert b" 404 " in await stream.receive_some()

    for fault in (LINK, HANDLER):
        async with raw_client(daemon) as client:
            await client.signs_in(account)
            await client.says(Send(id=0, cid=alice.cid(), body=fault + aviary.fresh(repr(fault)).encode(), topic=chat))
            assert (await client.is_closed())[0] == 1011
    words = Send(id=0, cid=alice.cid(), body=STORE + aviary.fresh(repr(STORE)).encode(), topic=chat)
    assert await refused(daemon, words, account) == "internal"


async def test_no_canary_is_in_any_log_and_no_secret_in_any_file(tmp_path: Path) -> None:
    aviary = Aviary(secrets.token_hex())
    invitation = aviary.fresh("invitation")
    settings = {"registration.invitation": invitation}
    async with open_town(tmp_path, settings, program=LOUD) as town:
        daemon = town.daemon
        alice, bob, carol = [await moves_in(town, aviary, handle, invitation) for handle in ("alice", "bob", "carol")]
        chat = await everything_goes_well(town, aviary, alice, bob, carol)
        await an_account_is_run(town, aviary, alice, bob)
        await everything_goes_wrong(daemon, aviary, alice, chat)
        assert seen(aviary, files(daemon.data), *SECRET) == []
        await town.go_home()
        assert await daemon.stop() == 0

        log = daemon.log
        assert CONTROL in log, "the search would find nothing if nothing were said"
        for event in ("request.failed", "write.failed", "link.failed", "server.listening"):
            assert event in log
        assert aviary.seen_in(log.encode()) == []
        assert aviary.seen_in(repr(daemon.said).encode()) == []
        stored = files(daemon.data)
        for what in (
            "kept body",
            "notice",
            "device of alice",
            "question",
            "answer",
            "scheduled item",
            "application scope",
        ):
            assert seen(aviary, stored, what), "it is looked for wrongly"
        assert seen(aviary, stored, *SECRET) == []
        assert seen(aviary, stored, "recalled") == []
        daemon.log_file.write_bytes(b"")  # The failures were meant.


async def test_not_even_the_end_of_everything_quotes_anybody(tmp_path: Path) -> None:
    aviary = Aviary(secrets.token_hex())
    async with open_town(tmp_path, program=LOUD) as town:
        alice, bob = await town.settle("alice", "bob")
        chat = (await alice.says("before the end", to=bob)).topic
        body = EVERYTHING + aviary.fresh("last words").encode()
        alice.session.post(Send(id=0, cid=alice.cid(), body=body, topic=chat))
        assert await town.daemon.ended() == 1
        assert "server.crashed" in town.daemon.log
        assert aviary.seen_in(town.daemon.log.encode()) == []
        town.daemon.log_file.write_bytes(b"")
