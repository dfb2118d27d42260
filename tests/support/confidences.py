"""A story in which everything that can be said is said once, to a real server, with a canary in each text.

The server is as loud as it can be made, has a hook of every kind, and is made to fail while it holds some of them.
"""

import sys
from pathlib import Path
from typing import Any

import trio

from client.account import acknowledge, login, register
from client.staff import on_duty
from compliance.pack import load
from protocol.codec import encode_reply
from protocol.decisions import Submission, SubmissionState
from protocol.frames import (
    ChangePassword,
    Edit,
    GroupAsk,
    GroupFound,
    GroupLink,
    GroupName,
    GroupNotice,
    React,
    Read,
    Recall,
    Send,
)
from protocol.ids import Seq, TopicId
from protocol.public import GroupFind, GroupFoundPublic, GroupJoin, Publish, ShowReceipt, TakeBack
from protocol.publications import OF_ACCOUNTS, PERSONAL, Content, Surface
from protocol.staff import OfficerAct, OfficerDecide, OfficerQueue, OfficerShow
from tests.support import loud, louder
from tests.support.aviary import Aviary
from tests.support.daemon import PATIENCE_S, ROOT, Daemon, environment
from tests.support.packs import PACK
from tests.support.public import content_of
from tests.support.receiver import SECRET, Receiver
from tests.support.town import Resident, Town, plain
from tests.support.wire import raw_client

PROGRAM = ("-m", "tests.support.louder")
CODE = "K7"
LONG_TEXT = 300  # Times: more than a page, so that what was freed and not overwritten would be found for long.
GROUND = next(iter(load(PACK).grounds))
WITNESS = """
import re

from compliance.hooks import Hold, Reject, hookimpl

seen = []

@hookimpl
def judge(publication):
    text = publication.content.text
    if "what have you seen" in text:
        return Reject(ground="GROUND", text=" ".join(dict.fromkeys(seen)))
    seen.extend(word[-8:] for word in re.findall("canary[0-9a-f]{24}", repr(publication)))
    if "crash at this" in text:
        raise ValueError(publication)
    if "hold this" in text:
        return Hold(ground="GROUND", text="Somebody should look at this first.")
    if "reject this" in text:
        return Reject(ground="GROUND", text="This is not published here.")
"""
HOOKS = """
[length]
check = "length"

[links]
check = "links"

[chain]
check = "chain"

[terms]
check = "terms"
options.lists = [{file = "terms.txt", action = "hold", ground = "GROUND"}]

[witness]
file = "witness.py"
workers = 1
deadline_ms = 20000
on_error = "hold"

[far_away]
webhook = "URL"
secret = "SECRET"
deadline_ms = 20000
on_error = "hold"
"""


# What becomes of what the server held when a room of it failed.
FAILURES = {
    loud.LINK: "refused, for the server failed",
    loud.HANDLER: "refused, for the server failed",
    loud.STORE: "refused, for the server failed",
    louder.PUBLISHING: "refused, for the server failed",
    louder.KEEPING: "refused, for the server failed",
    louder.JUDGING: "kept, though nobody judged it",
    louder.CONCLUDING: "publish.content, judged, and then the server failed",
}


def hooks_file(folder: Path, receiver: Receiver) -> Path:
    """Install every kind of hook there is."""
    (folder / "witness.py").write_text(WITNESS.replace("GROUND", GROUND), encoding="utf-8")
    (folder / "terms.txt").write_text("a term\n", encoding="utf-8")
    path = folder / "hooks.toml"
    text = HOOKS.replace("GROUND", GROUND).replace("URL", receiver.url).replace("SECRET", SECRET)
    path.write_text(text, encoding="utf-8")
    return path


async def hutongd(daemon: Daemon, *arguments: str) -> str:
    """Type `hutongd` with `arguments` and `--data`; return all it prints."""
    command = [sys.executable, "-m", "server", *arguments, "--data", str(daemon.data)]
    with trio.fail_after(PATIENCE_S):
        done = await trio.run_process(
            command, capture_stdout=True, capture_stderr=True, cwd=ROOT, env=environment(daemon.settings)
        )
    return done.stdout.decode() + done.stderr.decode()


class Story:
    """What happens, with a canary in each text. What they are called says what may become of them:

    `secret …` and `refused …` are nowhere at all, `… recalled` nowhere any more; other fields of private text are in
    private.db; `publish.content …` is public, and `publish.content gone …` was, for a moment.
    """

    def __init__(self, town: Town, aviary: Aviary) -> None:
        self.town = town
        self.daemon = town.daemon
        self.aviary = aviary
        self.carried: set[tuple[str, str]] = set()
        self.said: list[bytes] = []  # What staff, authors and passers-by were answered.

    def private(self, operation: str, field: str, remark: str = "") -> bytes:
        """Return a private text with a fresh canary."""
        self.carried.add((operation, field))
        return plain(self.aviary.fresh(f"{operation}.{field} {remark}".strip()))

    def device(self, operation: str, handle: str) -> str:
        """Return a fresh name of a device."""
        self.carried.add((operation, "device"))
        return self.aviary.fresh(f"{operation}.device of {handle}")

    async def moves_in(self, handle: str, invitation: str) -> Resident:
        """Register somebody."""
        password = self.aviary.fresh(f"secret password of {handle}")
        account = await register(
            self.daemon.url,
            handle,
            password,
            device=self.device("register", handle),
            answers={"invitation": invitation},
            sign=acknowledge,
        )
        self.aviary.also(f"secret token of {handle}", account.token, kept_as_digest=True)
        return await self.town.moves_in(account)

    async def people_talk(self, alice: Resident, bob: Resident, carol: Resident) -> TopicId:
        """Say something in every private row, take some back; return a chat."""
        kept = await alice.asks(Send(id=0, cid=alice.cid(), to=bob.id, body=self.private("send", "body")))
        chat = kept.topic
        slip = self.private("send", "body", "recalled") * LONG_TEXT
        slipped = await alice.asks(Send(id=0, cid=alice.cid(), topic=chat, body=slip))
        edit = self.private("edit", "body", "recalled") * LONG_TEXT
        await alice.asks(Edit(id=0, cid=alice.cid(), topic=chat, target=slipped.seq, body=edit))
        await alice.asks(Recall(id=0, cid=alice.cid(), topic=chat, target=slipped.seq))
        better = self.private("edit", "body")
        await alice.asks(Edit(id=0, cid=alice.cid(), topic=chat, target=kept.seq, body=better))
        heart = self.private("react", "body")
        await bob.asks(React(id=0, cid=bob.cid(), topic=chat, target=kept.seq, body=heart))
        await bob.asks(Read(id=0, topic=chat, seq=kept.seq))

        group = (await alice.asks(GroupFound(id=0, cid=alice.cid(), name=self.private("group.found", "name")))).topic
        await alice.asks(GroupName(id=0, cid=alice.cid(), topic=group, name=self.private("group.name", "name")))
        notice = self.private("group.notice", "notice")
        await alice.asks(GroupNotice(id=0, cid=alice.cid(), topic=group, notice=notice))
        link = (await alice.asks(GroupLink(id=0, topic=group))).link
        self.aviary.also("secret link", link, kept_as_digest=True)
        await carol.asks(GroupAsk(id=0, link=link, greeting=self.private("group.ask", "greeting")))
        await alice.asks(Send(id=0, cid=alice.cid(), topic=group, body=self.private("send", "body", "to a group")))

        old, new = self.aviary.kept[f"secret password of {carol.handle}"], self.aviary.fresh("secret new password")
        self.aviary.also(
            "secret new token", (await carol.asks(ChangePassword(id=0, old=old, new=new))).token, kept_as_digest=True
        )
        await login(self.daemon.url, carol.handle, new, device=self.device("login", carol.handle))
        return chat

    async def publishes(self, who: Resident, topic: TopicId | None, text: str, **fields: Any) -> Submission:
        """Publish `text` with a fresh canary; `content`: something else, which has its own or needs none."""
        gone = "gone " if fields.pop("gone", False) else ""
        surface, content = fields.pop("surface", Surface.GROUP_MESSAGE), fields.pop("content", None)
        if content is None:
            content = content_of(surface, f"{text} {self.aviary.fresh(f'publish.content {gone}{text}')}")
        publish = Publish(id=0, cid=who.cid(), surface=surface, content=content, topic=topic, **fields)
        reply = await who.asks(publish)
        self.said.append(encode_reply(0, reply))
        return reply.submission

    async def people_publish(self, alice: Resident, bob: Resident, token: str) -> TopicId:
        """Publish on every surface; have some of it edited, held, rejected, taken back, withdrawn, recalled."""
        group = (await alice.asks(GroupFoundPublic(id=0, cid=alice.cid(), listed=True, history_open=True))).topic
        await bob.asks(GroupJoin(id=0, topic=group))
        square = (await self.publishes(bob, None, "on a square", surface=Surface.SQUARE)).topic
        for surface in sorted(set(Surface) - OF_ACCOUNTS):
            place = None if surface in PERSONAL else group
            under = {"topic": square, "root": Seq(1)} if surface is Surface.COMMENT else {"topic": place}
            done = await self.publishes(alice, text=f"on {surface}", surface=surface, **under)
            assert done.state is SubmissionState.PUBLISHED, done
        query = self.aviary.fresh("group.find.query")
        self.carried.add(("group.find", "query"))
        await bob.asks(GroupFind(id=0, query=query))
        said = await self.publishes(bob, group, "a first version")
        await self.publishes(bob, group, "a second version", target=said.seq, base=1)
        recalled = await self.publishes(bob, group, "regretted", gone=True)
        assert recalled.seq is not None
        await bob.asks(Recall(id=0, cid=bob.cid(), topic=group, target=recalled.seq))
        back = await self.publishes(bob, group, "hold this, or rather not", gone=True)
        await bob.asks(TakeBack(id=0, submission=back.submission))
        first = await self.publishes(bob, group, "hold this")
        second = await self.publishes(bob, group, "hold this, too")
        crashed = await self.publishes(bob, group, "crash at this")
        assert {back.state, first.state, second.state, crashed.state} == {SubmissionState.HELD}
        assert (await self.publishes(bob, group, "reject this")).state is SubmissionState.REJECTED

        async with on_duty(self.daemon.url, CODE, token) as (staff, _):
            facts = self.aviary.fresh("officer.decide.facts")
            for request in (
                OfficerQueue(id=0),
                OfficerShow(id=0, item=first.submission),
                OfficerDecide(id=0, item=first.submission, act=OfficerAct.RELEASE),
                OfficerDecide(id=0, item=second.submission, act=OfficerAct.REJECT, ground=GROUND, facts=facts),
                OfficerDecide(id=0, item=said.submission, act=OfficerAct.WITHDRAW, ground=GROUND, facts=facts),
                OfficerShow(id=0, topic=group, seq=said.seq),
                OfficerQueue(id=0),
            ):
                self.said.append(encode_reply(0, await staff.request(request)))
        receipt = await bob.asks(ShowReceipt(id=0, submission=first.submission))
        self.said.append(b"\n".join(verdict.leaf for verdict in receipt.verdicts))
        return group

    async def people_are_refused(self, alice: Resident, carol: Resident, chat: TopicId, group: TopicId) -> None:
        """Put canaries where they are refused: on the wrong side, in the wrong shape, by the wrong person."""
        words = self.aviary.fresh
        for request in (
            Send(id=0, cid=alice.cid(), topic=group, body=plain(words("refused send into a public place"))),
            Edit(id=0, cid=alice.cid(), topic=group, target=Seq(2), body=plain(words("refused edit there"))),
            React(id=0, cid=alice.cid(), topic=group, target=Seq(2), body=plain(words("refused reaction there"))),
            GroupName(id=0, cid=alice.cid(), topic=group, name=plain(words("refused name there"))),
            GroupNotice(id=0, cid=alice.cid(), topic=group, notice=plain(words("refused notice there"))),
            _publish(alice, chat, words("refused publication in a private place")),
        ):
            assert await alice.is_refused(request) == "wrong_side"
        assert await carol.is_refused(_publish(carol, group, words("refused publication of a stranger"))) == "not_found"
        odd = Content(text=words("refused text"), category=words("refused category"))
        assert await alice.is_refused(_publish(alice, group, odd)) == "bad_request"
        nowhere = Send(id=0, cid=alice.cid(), topic=TopicId("a" * 16), body=plain(words("refused send to nowhere")))
        assert await alice.is_refused(nowhere) == "not_found"
        lost = GroupAsk(id=0, link=words("refused link"), greeting=plain(words("refused greeting")))
        assert await carol.is_refused(lost) == "not_found"

    async def the_server_fails(self, alice: Resident, chat: TopicId, group: TopicId) -> None:
        """Have each room fail while it holds canaries, quoting them."""
        for fault, what in FAILURES.items():
            words = fault.decode() + self.aviary.fresh(f"{what}: {fault.decode()}")
            async with raw_client(self.daemon) as client:
                await client.signs_in(alice.session.account)
                send = Send(id=0, cid=alice.cid(), topic=chat, body=words.encode())
                await client.says(
                    send if fault in (loud.LINK, loud.HANDLER, loud.STORE) else _publish(alice, group, words)
                )
                if fault in (loud.STORE, louder.KEEPING, louder.CONCLUDING):
                    with trio.fail_after(PATIENCE_S):
                        while not client.replies:
                            await client.reads()
                    assert b"internal" in repr(client.replies).encode()
                else:
                    assert (await client.is_closed())[0] == 1011
                self.said.append(repr(client.replies).encode())


def _publish(who: Resident, topic: TopicId, said: str | Content) -> Publish:
    content = Content(text=said) if isinstance(said, str) else said
    return Publish(id=0, cid=who.cid(), surface=Surface.GROUP_MESSAGE, content=content, topic=topic)
