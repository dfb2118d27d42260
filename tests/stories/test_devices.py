"""One person at three devices, one of which sleeps: in the end all three show the same."""

from functools import partial

import pytest
import trio

from client.account import login
from client.cache import Cache
from client.errors import RefusedError, SignedOutError
from client.events import PreferencesChanged, ReadUpTo
from client.session import Session
from protocol.frames import (
    ChangePassword,
    Clear,
    Devices,
    Edit,
    Preferences,
    Recall,
    RevokeDevice,
    SetPreferences,
    SetTopic,
    Summary,
)
from protocol.ids import Seq, TopicId
from tests.support.daemon import PATIENCE_S
from tests.support.town import PASSWORD, Hasty, Resident, Town, plain


def standing(device: Resident, topic: TopicId) -> tuple[object, ...]:
    """Return what must be alike on all devices of a person."""
    summary: Summary = device.knows(topic)
    return (summary.head, summary.start, summary.read, summary.unread, summary.muted, summary.pinned)


def agree(one: Resident, other: Resident, topic: TopicId) -> bool:
    return standing(one, topic) == standing(other, topic)


async def test_three_devices_one_of_them_asleep_agree_in_the_end(town: Town) -> None:
    phone, bob = await town.settle("alice", "bob")
    laptop = await town.another_device(phone, "laptop")
    tablet = await town.another_device(phone, "tablet")
    chat = (await phone.says("from the phone", to=bob)).topic
    group = await laptop.founds("from the laptop", bob)
    for device in (laptop, tablet):
        await device.hears("from the phone")
    await tablet.goes_offline()

    # While the tablet sleeps: reading on one, settings on the other, and messages from both and to both.
    for number in range(5):
        await bob.says(f"for alice {number}", topic=chat)
    last = await laptop.hears("for alice 4")
    laptop.session.mark_read(chat, last.seq)
    await phone.until(lambda: phone.knows(chat).read == last.seq, "the mark of the laptop")
    slip = await bob.says("a slip of the tongue", topic=chat)
    await bob.asks(Recall(id=0, cid=bob.cid(), topic=chat, target=slip.seq))
    said = await phone.says("form the phone", topic=group)
    await laptop.asks(Edit(id=0, cid=laptop.cid(), topic=group, target=said.seq, body=plain("from the phone, again")))
    await phone.asks(SetTopic(id=0, topic=chat, pinned=True))
    await laptop.asks(SetTopic(id=0, topic=group, muted=True))
    await phone.asks(Clear(id=0, topic=group, seq=Seq(1)))
    tablet.writes("written on the train", topic=chat)

    await tablet.comes_online()
    await tablet.has_sent_all()
    for device in (phone, laptop):
        await device.hears("written on the train")
    for device in (phone, laptop, tablet):
        await device.session.marks_sent()
    for topic in (chat, group):
        for device in (phone, laptop):
            await device.until(partial(agree, device, tablet, topic), "the same standing")
            assert device.log(topic) == tablet.log(topic)
    assert tablet.knows(chat).pinned
    assert tablet.knows(group).muted
    assert tablet.knows(group).start == 2

    # And a fourth, from nothing.
    fresh = await town.another_device(phone, "fresh")
    for topic in (chat, group):
        assert standing(fresh, topic) == standing(phone, topic)
        assert fresh.log(topic) == phone.log(topic)


async def test_marks_and_preferences_reach_ones_other_devices_at_once(town: Town) -> None:
    phone, bob = await town.settle("alice", "bob")
    laptop = await town.another_device(phone)
    heard = await bob.says("read me", to=phone)
    await phone.hears("read me")
    await laptop.hears("read me")
    phone.session.mark_read(heard.topic, heard.seq)
    mark = ReadUpTo(heard.topic, phone.id, heard.seq)
    await laptop.until(lambda: mark in laptop.events, "the mark")
    await bob.until(lambda: mark in bob.events, "the receipt")
    await phone.asks(SetPreferences(id=0, receipts=False))
    changed = PreferencesChanged(Preferences(receipts=False, presence=True))
    await laptop.until(lambda: changed in laptop.events, "the preference")
    assert changed not in bob.events


async def test_a_revoked_device_and_those_before_a_new_password_are_signed_out(town: Town) -> None:
    [phone] = await town.settle("alice")
    lost = await login(town.daemon.url, "alice", PASSWORD, device="lost")
    old = await login(town.daemon.url, "alice", PASSWORD, device="old")

    async def until_signed_out(session: Session) -> None:
        with pytest.raises(SignedOutError):
            await session.run()

    async with trio.open_nursery() as nursery:
        sessions = [Session(account, Cache(), chance=Hasty()) for account in (lost, old)]
        for session in sessions:
            nursery.start_soon(until_signed_out, session)
        with trio.fail_after(PATIENCE_S):
            for session in sessions:
                await session.caught_up()
            devices = (await phone.asks(Devices(id=0))).devices
            assert [device.name for device in devices if not device.current] == ["lost", "old"]
            await phone.asks(RevokeDevice(id=0, device=lost.device))
            await phone.asks(ChangePassword(id=0, old=PASSWORD, new="a new password"))
    for session in sessions:
        session.cache.close()
    assert len((await phone.asks(Devices(id=0))).devices) == 1
    with pytest.raises(RefusedError, match="bad_credentials"):
        await login(town.daemon.url, "alice", PASSWORD)
    with trio.fail_after(PATIENCE_S), pytest.raises(SignedOutError):
        await Session(lost, Cache(), chance=Hasty()).run()
