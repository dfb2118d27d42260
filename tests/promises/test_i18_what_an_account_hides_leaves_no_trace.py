"""I18, of public accounts: what is hidden leaves no trace in what readers, followers and other accounts receive.

Twin worlds again. Hidden are what an account has at the gate or was kept from there; what its operators draft and
schedule; who they are and which of them did something; what somebody applies with; who follows, reads, searches and
asks. The operators of one account are told what each of them does, and how many follow, so they are not those who look.
"""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.accounts import (
    AccountApply,
    AccountSubmit,
    AccountTakeBack,
    InboxAnswer,
    SaveDraft,
    SetOperator,
    Unschedule,
)
from protocol.decisions import SubmissionState
from protocol.entries import Role, Side
from protocol.following import FollowAccount, ReadArticle, Search, Unfollow
from protocol.frames import Block, EntryPush, History, Recall, Send, Sync
from protocol.ids import TopicId
from protocol.public import Submissions
from protocol.publications import OF_ACCOUNTS as BY_ACCOUNTS
from protocol.publications import Surface
from protocol.staff import OfficerAct, OfficerDecide, OfficerReview, ReviewAct
from tests.support.accounts import active, application, applied, article, broadcast, operator, profile
from tests.support.asks import ASKS, HIDDEN, OF_GROUPS
from tests.support.hiding import HOWS, Script, World, views, waits
from tests.support.inline import Caller
from tests.support.public import GROUND, content_of, officer, public_group, publication_of
from tests.support.reprinting import origin
from tests.support.scheduling import schedule

ASKED = sorted(ASKS.keys() - OF_GROUPS)
SURFACES = tuple(surface for surface in Surface if surface in BY_ACCOUNTS)
AN_EDIT, A_FORWARD = "an edit", "a forward"
WHATS = (*SURFACES, AN_EDIT, A_FORWARD, Surface.COMMENT)
NOT_FOR_THE_ACCOUNT = {Surface.ACCOUNT_PROFILE, A_FORWARD, Surface.COMMENT}  # Or by no right that one may lose.
AGAINST: dict[str, Any] = {"ground": GROUND, "facts": "A fact."}


class Newsstand(World):
    """Accounts of bob's, with fay for an editor, and of sam's. Ann and eve follow bob's, each by a tag of its own, and
    eve is in a group of bob's. gil may do something, too.
    """

    surfaces = SURFACES

    def __init__(self, *, hides: bool) -> None:
        super().__init__(hides=hides)
        self.fay, self.gil = self.server.people("fay", "gil")
        self.account = active(self.server, self.bob, "The Lane", tags=("north", "south"))
        operator(self.bob, self.account, self.fay)
        self.other = active(self.server, self.sam, "Elsewhere", tags=("south",))
        self.lane = public_group(self.server, self.bob, self.eve)
        self.said = article(self.bob, self.account, content_of(Surface.ARTICLE, "said here"), reprintable=True)
        self.source = article(self.sam, self.other, content_of(Surface.ARTICLE, "said there"), reprintable=True)
        for reader, tag in ((self.ann, "south"), (self.eve, "north")):
            reader.do(FollowAccount, topic=self.account, tag=tag)
            reader.do(Sync, heads={}, side=Side.PUBLIC)
        self.forget()

    @property
    def places(self) -> tuple[TopicId, ...]:
        return self.account, self.other

    def fields(self, what: Surface | str, words: str) -> dict[str, Any]:
        match what:
            case Surface.REPRINT:
                fields = publication_of(Surface.REPRINT, words, self.account)
                return fields | {"content": self.source.content, "source": origin(self.source)}
            case "an edit":
                return publication_of(Surface.ARTICLE, words, self.account, target=self.said.seq, base=1)
            case "a forward":
                return publication_of(Surface.GROUP_MESSAGE, words, self.lane) | {"source": origin(self.source)}
            case Surface.COMMENT:
                return publication_of(Surface.COMMENT, words, self.other) | {"root": self.source.seq}
            case _:
                return publication_of(Surface(what), words, self.account)


ALL: Script = [
    (who, operation, number) for operation in ASKED for who in ("ann", "eve", "sam") for number in (0, 1)
]  # sam's own account is the second of the places.


# What the account has at the gate, or was kept from there.


@pytest.mark.parametrize("how", HOWS)
def test_each_operation_answers_as_if_nothing_had_been_handed_in(how: str) -> None:
    hidden, never = views(Newsstand, ALL, lambda world: world.hide(how, *WHATS))
    assert hidden == never


@pytest.mark.parametrize("how", sorted(HOWS.keys() - {"waits"}))
def test_what_the_account_says_afterwards_is_as_if_it_had_never_been(how: str) -> None:
    def hide(world: Newsstand) -> None:
        world.hide(how, *WHATS)
        for each in WHATS:
            world.bob_publishes(each, f"fair {each}")
            assert world.bob.do(Submissions).submissions[0].state is SubmissionState.PUBLISHED

    hidden, never = views(Newsstand, ALL, hide)
    assert hidden == never


def test_what_lapses_leaves_no_more_than_what_it_lapsed_for() -> None:
    def hide(world: Newsstand) -> None:
        """Have fay made an analyst while what she has handed in waits for the hooks."""
        world.bob, owner = world.fay, world.bob
        if world.hides:
            for what in sorted({*WHATS} - NOT_FOR_THE_ACCOUNT):
                waits(world, what)
        owner.do(SetOperator, topic=world.account, person=world.fay.person, role=Role.ANALYST)
        while world.panel.waiting:
            world.panel.answer()
        states = {submission.state for submission in world.fay.do(Submissions).submissions}
        assert states == ({SubmissionState.LAPSED} if world.hides else set())

    hidden, never = views(Newsstand, ALL, hide)
    assert hidden == never


@pytest.mark.parametrize("what", WHATS)
def test_the_worlds_are_told_apart_when_something_shows(what: str) -> None:
    """The comparison is not blind: what does appear is a difference, in what whoever may see it receives."""

    def appears(world: Newsstand) -> None:
        if world.hides:
            world.bob_publishes(what)

    looks = [step for step in ALL if step[1] in {"account.figures", "history", "sync"}]
    looks += [(who, "thread", seq) for who in ("ann", "eve", "sam") for seq in range(12)]
    hidden, never = views(Newsstand, looks, appears)
    see_it = ("eve", "sam") if what == A_FORWARD else ("ann", "eve", "sam")  # Of sam's figures, that it was shared.
    assert all(hidden[who] != never[who] for who in see_it)


# What was never handed in.

SECRETS: dict[str, Callable[[Newsstand], None]] = {}


def secret(hide: Callable[[Newsstand], None]) -> Callable[[Newsstand], None]:
    SECRETS[hide.__name__] = hide
    return hide


@secret
def somebody_drafts_an_application(world: Newsstand) -> None:
    world.gil.do(AccountApply, application=application(world.server, HIDDEN, scope=HIDDEN))


@secret
def somebody_applies(world: Newsstand) -> None:
    applied(world.server, world.gil, HIDDEN)


@secret
def somebody_applies_and_takes_it_back(world: Newsstand) -> None:
    world.gil.do(AccountTakeBack, topic=applied(world.server, world.gil, HIDDEN))


@secret
def somebody_is_refused_and_applies_again(world: Newsstand) -> None:
    topic = applied(world.server, world.gil, HIDDEN)
    officer(world.server).do(OfficerReview, topic=topic, act=ReviewAct.REFUSE, **AGAINST)
    world.gil.do(AccountSubmit, topic=topic)


@secret
def operators_draft(world: Newsstand) -> None:
    for caller in (world.bob, world.fay):
        caller.do(SaveDraft, topic=world.account, draft=caller.cid(), body=HIDDEN.encode())


@secret
def operators_schedule(world: Newsstand) -> None:
    """In a day; what eve and sam do takes less."""
    for to_all in (True, False):
        schedule(world.bob, world.account, content_of(Surface.ARTICLE, HIDDEN), in_ms=86_400_000, broadcast=to_all)


@secret
def operators_schedule_and_think_better_of_it(world: Newsstand) -> None:
    item = schedule(world.fay, world.account, content_of(Surface.ARTICLE, HIDDEN))
    world.bob.do(Unschedule, topic=world.account, item=item.item)


@secret
def operators_come_and_go(world: Newsstand) -> None:
    for role in (Role.EDITOR, Role.ANALYST, None):
        world.bob.do(SetOperator, topic=world.account, person=world.gil.person, role=role)
    world.fay.do(SetOperator, topic=world.account, person=world.fay.person)


@secret
def somebody_follows(world: Newsstand) -> None:
    world.gil.do(FollowAccount, topic=world.account, tag="south")
    world.gil.do(FollowAccount, topic=world.account, muted=True)


@secret
def somebody_follows_no_more(world: Newsstand) -> None:
    somebody_follows(world)
    world.gil.do(Unfollow, topic=world.account)


@secret
def somebody_reads(world: Newsstand) -> None:
    for _ in range(2):
        world.gil.do(ReadArticle, topic=world.account, seq=world.said.seq)
    world.gil.do(History, topic=world.account)


@secret
def somebody_searches(world: Newsstand) -> None:
    world.gil.do(Search, query=HIDDEN)
    world.gil.do(Search, query="said")


@secret
def somebody_asks_and_is_answered(world: Newsstand) -> None:
    world.gil.do(FollowAccount, topic=world.account)
    dialogue = world.gil.do(Send, to=world.account, body=HIDDEN.encode()).topic
    for caller in (world.bob, world.fay):
        caller.do(InboxAnswer, topic=world.account, dialogue=dialogue, body=HIDDEN.encode())


@secret
def an_operator_blocks_a_follower(world: Newsstand) -> None:
    """Who writes to the account writes to it, whoever reads it."""
    for caller in (world.bob, world.fay):
        caller.do(Block, person=world.eve.person)


@pytest.mark.parametrize("name", SECRETS)
def test_what_is_private_leaves_no_trace(name: str) -> None:
    def hide(world: Newsstand) -> None:
        if world.hides:
            SECRETS[name](world)
        assert [getattr(world, who).collect() for who in ("ann", "eve", "sam")] == [[], [], []]

    hidden, never = views(Newsstand, ALL, hide)
    assert hidden == never


HIDE: dict[str, Callable[[Newsstand], None]] = {
    f"{what} {how}": partial(lambda how, what, world: world.hide(how, what), how, what)
    for what in WHATS
    for how in HOWS
} | SECRETS


@settings(max_examples=settings().max_examples // 2)
@given(
    script=st.lists(
        st.tuples(st.sampled_from(["eve", "sam", "ann"]), st.sampled_from(ASKED), st.integers(0, 11)), max_size=30
    ),
    name=st.one_of(st.sampled_from(sorted(SECRETS)), st.sampled_from(sorted(HIDE))),
)
def test_what_is_hidden_leaves_no_trace_whatever_is_asked(script: Script, name: str) -> None:
    hidden, never = views(Newsstand, script, lambda world: HIDE[name](world) if world.hides else None)
    assert hidden == never


# Which operator it was.


def says_all(world: Newsstand) -> None:
    """Have everything said that both operators may say, in the one world by bob, in the other by fay."""
    who = world.bob if world.hides else world.fay
    owner, world.bob = world.bob, who
    for what in sorted({*WHATS} - NOT_FOR_THE_ACCOUNT):
        world.bob_publishes(what, f"fair {what}")
        assert who.do(Submissions).submissions[0].state is SubmissionState.PUBLISHED
    who.do(Recall, topic=world.account, target=world.said.seq)
    dialogue = world.ann.do(Send, to=world.account, body=b"who are you?").topic
    who.do(InboxAnswer, topic=world.account, dialogue=dialogue, body=b"the account")
    schedule(who, world.account, content_of(Surface.ARTICLE, "said in the end"), in_ms=2000)
    world.server.clock.pass_time(2)
    world.server.every_second()
    world.bob = owner


def test_readers_cannot_tell_which_operator_it_was() -> None:
    hidden, never = views(Newsstand, ALL, says_all)
    assert hidden == never


@pytest.mark.parametrize("bob_does_it", [True, False])
def test_readers_are_not_given_the_id_of_an_operator(bob_does_it: bool) -> None:
    world = Newsstand(hides=bob_does_it)
    with closing(world.server):
        says_all(world)
        for who in (world.ann, world.eve, world.sam):
            for operation in ("account", "article", "history", "search", "sync", "submissions", "send", "topic"):
                for number in range(0, 12, 2):  # Of the two places, bob's.
                    world.step(who, operation, number)
            said = repr(who.collect())
            assert world.account in said
            assert not [each.person for each in (world.bob, world.fay) if each.person in said]


# What is for those who chose another tag.


def test_who_chose_another_tag_gets_the_same_whatever_is_said_to_the_others() -> None:
    """It stands on the account's page, where anybody may read it; in one's feed there is a number."""

    def says(world: Newsstand) -> None:
        words = HIDDEN * 3 if world.hides else "another"
        for number in range(3):
            said = content_of(Surface.BROADCAST, f"{words} {number}")
            broadcast(world.bob, world.account, said, tag="north", reprintable=world.hides)

    script: Script = [("ann", operation, number) for operation in ("sync", "follows", "topic") for number in range(3)]
    hidden, never = views(Newsstand, script, says, watchers=("ann",))
    assert hidden == never
    assert "elided" in repr(hidden["ann"])
    told, otherwise = views(Newsstand, [("eve", "sync", 0)], says, watchers=("eve",))
    assert told != otherwise


def test_the_one_elided_entry_is_pushed_as_a_number() -> None:
    world = Newsstand(hides=True)
    with closing(world.server):
        said = broadcast(world.bob, world.account, HIDDEN, tag="north")
        (push,) = [message for message in world.ann.collect() if isinstance(message, EntryPush)]
        assert (push.entry.elided, push.entry.seq, push.entry.body, push.entry.tag) == (True, said.seq, None, None)
        (push,) = [message for message in world.eve.collect() if isinstance(message, EntryPush)]
        assert push.entry.body is not None


# What was public, and is not any more.


@pytest.mark.parametrize("gone", ["withdrawn", "recalled"])
@pytest.mark.parametrize("what", [*SURFACES, AN_EDIT])
def test_what_is_gone_is_nowhere(what: str, gone: str) -> None:
    world = Newsstand(hides=True)
    with closing(world.server):
        before = everything(world)
        assert HIDDEN not in before
        world.bob_publishes(what)
        assert (HIDDEN in everything(world)) is (what != Surface.REPRINT)  # Which says what its source says.
        if gone == "withdrawn":
            officer(world.server).do(OfficerDecide, item=world.submission, act=OfficerAct.WITHDRAW, **AGAINST)
        elif what in {Surface.ARTICLE, Surface.BROADCAST, Surface.REPRINT, AN_EDIT}:
            seq = world.said.seq if what == AN_EDIT else world.bob.do(Submissions).submissions[0].seq
            world.bob.do(Recall, topic=world.account, target=seq)
        else:
            world.bob_publishes(what, "something else")
            history = world.bob.do(History, topic=world.account, limit=200).entries  # Where the one before stays.
            assert HIDDEN.encode() in b"".join(entry.body or b"" for entry in history)
            return
        assert HIDDEN not in everything(world)


def everything(world: Newsstand) -> str:
    """Return all that eve and sam get when they ask for everything, on devices that know nothing yet."""
    answers = []
    for handle in ("eve", "sam"):
        fresh: Caller = world.server.login(handle)
        for operation in sorted({*ASKED} - {"clear", "account.apply", "publish", "schedule"}):
            for number in (0, 1):
                for request in ASKS[operation](world, fresh, number):
                    fresh.say(request)
        for request in (
            fresh.request(History, topic=world.account, limit=200),
            fresh.request(Sync, heads={world.account: 0}, side=Side.PUBLIC),
        ):
            fresh.say(request)
        answers.append(repr(fresh.collect()))
        assert fresh.peer.closed is None
        fresh.hang_up()
    return "".join(answers)


def test_the_profile_of_an_account_says_nothing_that_was_only_applied_with() -> None:
    world = Newsstand(hides=True)
    with closing(world.server):
        said: dict[str, Any] = dict.fromkeys(("scope", "subject", "operator"), HIDDEN)
        topic = active(world.server, world.gil, "Another Lane", **said)
        profile(world.gil, topic, "Another Lane", about="what it says itself")
        world.account = topic
        seen = everything(world)
        assert "what it says itself" in seen
        assert HIDDEN not in seen
