"""Who is here: told only to those who may know, batched by the second, silent after a start."""

from contextlib import closing

from protocol.frames import Block, PresencePush, SetPreferences, Unblock, Watch
from protocol.ids import PersonId, new_id
from tests.support.inline import Caller, InlineServer


def friends(server: InlineServer) -> tuple[Caller, Caller]:
    alice, bob = server.people("alice", "bob")
    server.chat(alice, bob)
    return alice, bob


def told(caller: Caller) -> list[tuple[tuple[PersonId, ...], tuple[PersonId, ...]]]:
    """Let a second pass, and return who was said to have come and gone."""
    caller.server.every_second()
    return [(push.online, push.offline) for push in caller.pushes() if isinstance(push, PresencePush)]


def test_who_watches_is_told_at_once_who_is_here(server: InlineServer) -> None:
    alice, bob = friends(server)
    assert alice.do(Watch, persons=(bob.person, PersonId(new_id()))).online == (bob.person,)
    bob.hang_up()
    assert alice.do(Watch, persons=(bob.person,)).online == ()


def test_coming_and_going_are_told_by_the_second(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    bob.hang_up()
    assert alice.pushes() == []
    assert told(alice) == [((), (bob.person,))]
    server.login("bob")
    assert told(alice) == [((bob.person,), ())]
    assert told(alice) == []


def test_one_is_here_as_long_as_any_device_is(server: InlineServer) -> None:
    alice, bob = friends(server)
    tablet = server.login("bob")
    alice.do(Watch, persons=(bob.person,))
    bob.hang_up()
    assert told(alice) == []
    tablet.hang_up()
    assert told(alice) == [((), (bob.person,))]


def test_who_was_away_for_less_than_a_second_was_not_seen_to_go(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    bob.hang_up()
    server.login("bob")
    assert all(gone == () for _, gone in told(alice))


def test_many_who_come_in_a_second_come_in_one_push(server: InlineServer) -> None:
    alice, *others = server.people("alice", "bob", "cyd")
    for other in others:
        server.chat(alice, other)
    alice.do(Watch, persons=tuple(other.person for other in others))
    for other in others:
        other.hang_up()
    ((came, gone),) = told(alice)
    assert (came, set(gone)) == ((), {other.person for other in others})


def test_a_new_watch_replaces_the_old_one(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    alice.do(Watch, persons=())
    bob.hang_up()
    assert told(alice) == []


def test_strangers_and_those_who_never_answered_are_not_seen(server: InlineServer) -> None:
    alice, bob, eve = server.people("alice", "bob", "eve")
    eve.send(b"hello?", to=alice.person)
    assert eve.do(Watch, persons=(alice.person, bob.person, eve.person)).online == ()
    alice.hang_up()
    bob.hang_up()
    assert told(eve) == []


def test_who_hides_their_presence_is_not_seen_and_sees_nobody(server: InlineServer) -> None:
    alice, bob = friends(server)
    bob.do(SetPreferences, presence=False)
    assert alice.do(Watch, persons=(bob.person,)).online == ()
    assert bob.do(Watch, persons=(alice.person,)).online == ()


def test_who_hides_while_being_watched_is_seen_to_go_once_and_never_to_come(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    bob.do(SetPreferences, presence=False)
    for going in ([((), (bob.person,))], []):
        bob.hang_up()
        assert told(alice) == going
        bob = server.login("bob")
        assert told(alice) == []


def test_who_hides_while_watching_is_told_nothing_more(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    alice.do(SetPreferences, presence=False)
    bob.hang_up()
    assert told(alice) == []


def test_at_a_block_nothing_shows_and_afterwards_going_shows_once(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    bob.do(Watch, persons=(alice.person,))
    bob.do(Block, person=alice.person)
    assert told(alice) == []
    bob.hang_up()
    assert told(alice) == [((), (bob.person,))]
    server.login("bob").hang_up()
    assert told(alice) == []


def test_who_blocks_does_not_see_the_other_come_either(server: InlineServer) -> None:
    alice, bob = friends(server)
    bob.do(Watch, persons=(alice.person,))
    bob.do(Block, person=alice.person)
    assert bob.do(Watch, persons=(alice.person,)).online == ()


def test_after_the_block_who_watches_anew_sees_again(server: InlineServer) -> None:
    alice, bob = friends(server)
    bob.do(Block, person=alice.person)
    bob.do(Unblock, person=alice.person)
    assert alice.do(Watch, persons=(bob.person,)).online == (bob.person,)


def test_after_a_start_nobody_is_told_for_a_while() -> None:
    with closing(InlineServer(quiet_s=3)) as server:
        alice, bob = friends(server)
        alice.do(Watch, persons=(bob.person,))
        bob.hang_up()
        assert [told(alice) for _ in range(3)] == [[], [], [((), (bob.person,))]]


def test_a_connection_that_lags_behind_is_not_told(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    alice.peer.behind = True
    bob.hang_up()
    assert told(alice) == []


def test_who_went_while_nobody_watched_is_not_said_to_have_come(server: InlineServer) -> None:
    alice, bob = friends(server)
    bob.hang_up()
    alice.do(Watch, persons=(bob.person,))
    bob = server.login("bob")
    alice.do(Watch, persons=())
    bob.hang_up()
    assert alice.do(Watch, persons=(bob.person,)).online == ()
    assert told(alice) == []


def test_of_two_who_watch_one_may_stop(server: InlineServer) -> None:
    alice, bob = friends(server)
    tablet = server.login("alice")
    for device in (alice, tablet):
        device.do(Watch, persons=(bob.person,))
    alice.do(Watch, persons=())
    bob.hang_up()
    assert (told(alice), len(tablet.pushes())) == ([], 1)


def test_who_is_gone_watches_nobody(server: InlineServer) -> None:
    alice, bob = friends(server)
    alice.do(Watch, persons=(bob.person,))
    alice.hang_up()
    assert not server.presence._watchers
    assert not server.presence._watched


def test_a_watch_answered_after_its_connection_is_gone_watches_nobody(server: InlineServer) -> None:
    alice, bob = friends(server)
    server.reads.delay()
    alice.say(alice.request(Watch, persons=(bob.person,)))
    alice.hang_up()
    server.reads.catch_up()
    assert not server.presence._watchers


def test_a_block_holds_against_a_watch_that_was_being_read(server: InlineServer) -> None:
    alice, bob = friends(server)
    server.reads.delay()
    watch = alice.request(Watch, persons=(bob.person,))
    alice.say(watch)
    server.reads.look()
    bob.say(bob.request(Block, person=alice.person))
    server.reads.hand_out(1)
    server.reads.hand_out(0)
    server.reads.catch_up()
    bob.hang_up()
    server.login("bob")
    assert told(alice) == []
