"""The main story, told twice: in words, and with random bytes wherever a private text may stand.

The server cannot tell the two apart: it never looks inside.
"""

import random
from pathlib import Path

import pytest

from protocol.entries import Kind, Role
from protocol.frames import (
    Edit,
    GroupApprove,
    GroupAsk,
    GroupLink,
    GroupName,
    GroupNotice,
    History,
    React,
    Recall,
    ShowTopic,
    Sync,
)
from protocol.ids import Seq
from tests.support.town import Words, open_town, plain


def noise(text: str) -> bytes:
    """Return random bytes, always the same ones for the same text."""
    chance = random.Random(text)
    return chance.randbytes(chance.randint(1, 200))


@pytest.mark.parametrize("words", [plain, noise])
async def test_people_chat_found_groups_and_catch_up_whatever_the_bytes_are(tmp_path: Path, words: Words) -> None:
    async with open_town(tmp_path, words=words) as town:
        alice, bob, carol = await town.settle("alice", "bob", "carol")

        # A chat, with an answer, a correction, a reaction, and a word that is taken back.
        hello = await alice.says("hello bob", to=bob)
        chat = hello.topic
        assert (await bob.hears("hello bob")).sender == alice.id
        answer = await bob.says("hello yourself", topic=chat, reply_to=hello.seq)
        assert (await alice.hears("hello yourself")).reply_to == hello.seq
        await bob.asks(Edit(id=0, cid=bob.cid(), topic=chat, target=answer.seq, body=words("hello, dear")))
        assert (await alice.hears("hello, dear")).target == answer.seq
        await alice.asks(React(id=0, cid=alice.cid(), topic=chat, target=answer.seq, body=words("♥")))
        assert (await bob.sees(Kind.REACTION)).body == words("♥")
        slip = await alice.says("the cake is for bob", topic=chat)
        await bob.hears("the cake is for bob")
        await alice.asks(Recall(id=0, cid=alice.cid(), topic=chat, target=slip.seq))
        await bob.sees(Kind.RECALL, target=slip.seq)
        page = await bob.asks(History(id=0, topic=chat, around=slip.seq, limit=10))
        recalled = next(entry for entry in page.entries if entry.seq == slip.seq)
        assert recalled.erased
        assert recalled.body is None

        # A group; one more asks to come in by its link.
        group = await alice.founds("readers", bob)
        await alice.asks(GroupName(id=0, cid=alice.cid(), topic=group, name=words("slow readers")))
        await alice.asks(GroupNotice(id=0, cid=alice.cid(), topic=group, notice=words("bring a book")))
        await bob.hears("bring a book")
        link = (await alice.asks(GroupLink(id=0, topic=group))).link
        await carol.asks(GroupAsk(id=0, link=link, greeting=words("may I?")))
        members = (await alice.asks(ShowTopic(id=0, topic=group))).members
        assert [member.greeting for member in members if member.person == carol.id] == [words("may I?")]
        await alice.asks(GroupApprove(id=0, cid=alice.cid(), topic=group, person=carol.id))
        await carol.until(lambda: group in {summary.topic for summary in carol.cache.topics()}, "the group")
        await carol.until(lambda: carol.knows(group).members == 3, "her own coming in")
        summary = carol.knows(group)
        assert (summary.name, summary.notice, summary.role) == (
            words("slow readers"),
            words("bring a book"),
            Role.MEMBER,
        )

        # Bob misses something and catches up; what he wrote meanwhile goes out.
        await bob.goes_offline()
        await alice.says("where is bob?", topic=group)
        await carol.says("reading, I suppose", topic=group)
        bob.writes("on the train", topic=group)
        await bob.comes_online()
        await bob.hears("reading, I suppose")
        await carol.hears("on the train")
        await bob.has_sent_all()

        # The server is stopped and started; a restart is no event for anybody.
        assert await town.daemon.stop() == 0
        await town.daemon.start()
        last = await alice.says("still here?", topic=group)
        await alice.has(group, last.seq)
        await bob.hears("still here?")
        await carol.hears("still here?")

        # A new device gets it all from nothing, and every device has the same.
        tablet = await town.another_device(alice)
        assert tablet.log(chat) == alice.log(chat) == bob.log(chat)
        assert tablet.log(group) == alice.log(group)
        assert alice.log(group)[bob.knows(group).start - 1 :] == bob.log(group)
        assert alice.log(group)[carol.knows(group).start - 1 :] == carol.log(group)

        # One who claims to know more than there is forgets it all and asks again.
        beyond = Seq(alice.knows(chat).head + 1)
        assert await alice.is_refused(Sync(id=0, heads={chat: beyond})) == "resync"
