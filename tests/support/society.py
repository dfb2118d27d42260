"""People who have contacts, say things to some of them and under what others say, and fall out: everything that they
may do to each other, reasonable or not.

A state machine for Hypothesis, on a whole server with a model beside it. After each step somebody looks at everything
there is, and is shown what the model says; and what was pushed is what concerns whoever got it, and nothing else.
"""

import random
from itertools import combinations, permutations
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from protocol.contacts import (
    AcceptContact,
    AskContact,
    Contacts,
    ContactState,
    HideContact,
    RefuseContact,
    RemarkContact,
    RemoveContact,
    WithdrawContact,
)
from protocol.content import Remark, decode_remark, encode_remark
from protocol.errors import ErrorCode
from protocol.frames import Block, Recall, Request, SetPreferences, Unblock
from protocol.ids import PersonId
from protocol.moments import (
    CloseThread,
    DeleteComment,
    DeleteMoment,
    Like,
    NarrowMoment,
    PostMoment,
    ReadNotices,
    SayComment,
    ShowThread,
)
from protocol.publications import Surface
from tests.support.circles import Clause, Comment, Moment, Post
from tests.support.eyes import ALL, plain
from tests.support.inline import Caller
from tests.support.neighbours import HANDLES, Neighbours, Told

WHO = st.integers(0, len(HANDLES) - 1)
WHICH = st.integers(0, 63)
SOME = st.sets(WHO, max_size=len(HANDLES))
PAIRS = list(combinations(range(len(HANDLES)), 2))
TWO = st.sampled_from(list(permutations(range(len(HANDLES)), 2)))  # Who does something, and to whom.
CHANCES = st.integers(0, 1 << 32)
TAGS = ("family", "work")
DAYS = (0, 3, 30, 180)
KINDS = ("friends", "friends", "friends", "oneself", "only", "only tagged", "without", "without tagged")
Audience = dict[str, tuple[PersonId, ...]]


class Society(Neighbours):
    """`reasons`: which clauses of the formula have, alone, hidden something from somebody, in any of the runs."""

    reasons: ClassVar[set[Clause]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.reasons = set()

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    @initialize(strangers=st.sets(st.sampled_from(PAIRS), max_size=4), chance=CHANCES)
    def most_become_friends_and_talk(self, strangers: set[tuple[int, int]], chance: int) -> None:
        for one, other in PAIRS:
            if (one, other) not in strangers:
                self.somebody_asks_another((one, other), b"hello")
                self.somebody_answers((other, one), AcceptContact)
        for who in range(len(HANDLES)):
            self.somebody_posts(who, which=0, kind="friends", some=set(), tag=TAGS[0])
        self.people_talk(chance)

    @rule(chance=CHANCES)
    def people_talk(self, chance: int) -> None:
        """Say and like several things, most of what there is being said under what others said."""
        draw = random.Random(chance)
        for _ in range(6):
            who, which, answers = draw.randrange(len(HANDLES)), draw.randrange(64), draw.randrange(64)
            match draw.randrange(8):
                case 0:
                    some = set(draw.sample(range(len(HANDLES)), 2))
                    self.somebody_posts(who, which, draw.choice(KINDS), some, draw.choice(TAGS))
                case 1 | 2:
                    self.somebody_comments(who, which, None)
                case 3 | 4:
                    self.somebody_comments(who, which, answers)
                case 5 | 6:
                    self.somebody_likes_a_moment(who, which, liked=True)
                case _:
                    self.somebody_opens_or_closes_a_thread(who, which, closes=False)

    @invariant()
    def somebody_looks_at_everything(self) -> None:
        caller = self.devices[self.looks % len(self.devices)]
        self.looks += 1
        self.eyes.look(caller, limit=(ALL, 1, 3)[self.looks % 3])
        self.reasons.update(self.model.lone_reasons(self.people, self.now))
        self.is_pushed("", {})

    # How they stand to each other.

    @rule(two=TWO, greeting=st.sampled_from([b"", b"it is me"]))
    def somebody_asks_another(self, two: tuple[int, int], greeting: bytes) -> None:
        caller, one, other = self._pair(two)
        told = self.of_contacts(caller, lambda: self.model.ask(one, other, greeting, self.now))
        self.do(caller, AskContact, told, person=other, greeting=greeting)

    @rule(two=TWO, shape=st.sampled_from([AcceptContact, RefuseContact, WithdrawContact, RemoveContact]))
    def somebody_answers(self, two: tuple[int, int], shape: type[Request[Any]]) -> None:
        caller, one, other = self._pair(two)
        change = {
            AcceptContact: self.model.accept,
            RefuseContact: self.model.refuse,
            WithdrawContact: self.model.withdraw,
            RemoveContact: self.model.remove,
        }[shape]
        state = self.model.row(one, other, self.now).state
        if shape is AcceptContact and state not in {ContactState.ASKING, ContactState.CONTACT}:
            self.is_refused(caller, shape, ErrorCode.NOT_FOUND, person=other)
            return
        told = self.of_contacts(caller, lambda: change(one, other, self.now))
        self.do(caller, shape, told, person=other)

    @rule(two=TWO, blocks=st.booleans())
    def somebody_blocks_or_no_longer(self, two: tuple[int, int], blocks: bool) -> None:
        caller, one, other = self._pair(two)
        change = self.model.block if blocks else self.model.unblock
        told = self.of_contacts(caller, lambda: change(one, other, self.now))
        self.do(caller, Block if blocks else Unblock, told, person=other)

    @rule(two=TWO, mine=st.none() | st.booleans(), theirs=st.none() | st.booleans())
    def somebody_hides_theirs_or_others(self, two: tuple[int, int], mine: bool | None, theirs: bool | None) -> None:
        flags = {"hides_mine": mine, "hides_theirs": theirs}
        what = {name: how for name, how in flags.items() if how is not None}
        self._amends(two, HideContact, what, mine=mine, theirs=theirs)

    @rule(two=TWO, tags=st.sets(st.sampled_from(TAGS)))
    def somebody_tags_another(self, two: tuple[int, int], tags: set[str]) -> None:
        remark = encode_remark(Remark(tags=tuple(sorted(tags))))
        self._amends(two, RemarkContact, {"remark": remark}, remark=remark)

    def _amends(self, two: tuple[int, int], shape: type[Request[Any]], what: dict[str, Any], **fields: Any) -> None:
        caller, one, other = self._pair(two)
        if self.model.row(one, other, self.now).state is ContactState.NONE:
            self.is_refused(caller, shape, ErrorCode.NOT_FOUND, person=other, **fields)
            return
        told = self.of_contacts(caller, lambda: self.model.amend(one, other, **what))
        self.do(caller, shape, told, person=other, **fields)

    @rule(who=WHO, days=st.sampled_from(DAYS))
    def somebody_shows_theirs_for_some_days(self, who: int, days: int) -> None:
        self.model.days[self.people[who]] = days
        self.first[who].do(SetPreferences, moments_days=days)
        for caller in self.devices:
            caller.collect()

    @rule(minutes=st.sampled_from([0, 1, 60]), days=st.sampled_from([0, 0, 1, 2, 7, 31]))
    def time_passes(self, minutes: int, days: int) -> None:
        self.server.clock.pass_time(60 * minutes + 24 * 3600 * days)
        for chore in self.server.chores:
            chore._seconds_left = 0  # It looks once a minute what has ended.
        self.server.every_second()
        self.is_pushed("", self.of_contacts(None, lambda: self.model.end_requests(self.now)))

    # What they say.

    @rule(who=WHO, which=WHICH, kind=st.sampled_from(KINDS), some=SOME, tag=st.sampled_from(TAGS))
    def somebody_posts(self, who: int, which: int, kind: str, some: set[int], tag: str) -> None:
        caller = self.device_of(self.people[who], which)
        audience = self._audience(caller, kind, some, tag)
        self.server.clock.pass_time(0.001 * (which % 2))
        body = self.words()
        shown = caller.do(PostMoment, body=body, **audience).moment
        assert shown.moment is not None
        assert shown.at >= self.now
        said = Moment(
            moment=shown.moment,
            author=caller.person,
            at=shown.at,
            body=body,
            only=frozenset(audience["only"]) if "only" in audience else None,
            without=frozenset(audience.get("without", ())),
        )
        self.model.moments[said.moment] = said
        assert plain(shown) == self.eyes.moment_as_shown(caller.person, said, self.now)
        told: Told = {
            each: {("moment", said.moment, each.person == caller.person)}
            for each in self.devices
            if each is not caller and said in self.model.timeline(each.person, self.now)
        }
        self.is_pushed("moment.post", told)

    def _audience(self, caller: Caller, kind: str, some: set[int], tag: str) -> Audience:
        match kind.split():
            case ["friends"]:
                return {}
            case ["oneself"]:
                return {"only": ()}
            case [field]:
                return {field: tuple(self.people[each] for each in sorted(some))}
            case [field, _]:
                return {field: tagged(caller, tag)}
            case _:
                raise AssertionError(kind)

    @rule(who=WHO, which=WHICH)
    def somebody_posts_to_everybody(self, who: int, which: int) -> None:
        caller = self.device_of(self.people[who], which)
        self.server.clock.pass_time(0.001)
        said = caller.publish("for everybody", surface=Surface.SQUARE)
        assert said.topic is not None
        assert said.seq is not None
        post = Post(topic=said.topic, seq=said.seq, author=caller.person, at=self.now)
        self.model.posts[said.topic, said.seq] = post
        self.server.clock.pass_time(0.001)
        told: Told = {
            each: {("moment", (post.topic, post.seq), False)}
            for each in self.devices
            if post in self.model.timeline(each.person, self.now)
        }  # The one that it came from, too: what one submits may appear much later.
        self.is_pushed("publish", told)

    @rule(which=WHICH)
    def somebody_recalls_a_post(self, which: int) -> None:
        if self.model.posts:
            post = list(self.model.posts.values())[which % len(self.model.posts)]
            del self.model.posts[post.topic, post.seq]
            self.do(self.device_of(post.author), Recall, {}, topic=post.topic, target=post.seq)

    @rule(which=WHICH, only=st.none() | SOME, without=SOME)
    def somebody_narrows_a_moment(self, which: int, only: set[int] | None, without: set[int]) -> None:
        said = self.a_moment(which // 4)
        if said is None:
            return
        caller = self.device_of(said.author) if which % 4 else self.first[which % len(HANDLES)]
        audience = {"without": tuple(self.people[each] for each in sorted(without))}
        if only is not None:
            audience["only"] = tuple(self.people[each] for each in sorted(only))
        if caller.person != said.author:
            self.is_refused(caller, NarrowMoment, ErrorCode.NOT_FOUND, moment=said.moment, **audience)
            return
        self.model.narrow(said.moment, audience.get("only"), audience["without"])
        shown = self.do(caller, NarrowMoment, {}, moment=said.moment, **audience).moment
        assert plain(shown) == self.eyes.moment_as_shown(caller.person, self.model.moments[said.moment], self.now)

    @rule(which=WHICH)
    def somebody_deletes_a_moment(self, which: int) -> None:
        said = self.a_moment(which // 4)
        if said is None:
            return
        caller = self.device_of(said.author) if which % 4 else self.first[which % len(HANDLES)]
        if caller.person != said.author:
            self.is_refused(caller, DeleteMoment, ErrorCode.NOT_FOUND, moment=said.moment)
            return
        told = self.of_threads(caller, lambda: self.model.delete(said.moment))
        self.do(caller, DeleteMoment, told, moment=said.moment)
        self.gone_moments.append(said.moment)

    @rule(who=WHO, which=WHICH, answers=st.none() | WHICH)
    def somebody_comments(self, who: int, which: int, answers: int | None) -> None:
        caller, body = self.device_of(self.people[who], which), self.words()
        moment = self.a_moment_for(caller.person, which)
        if moment is None:
            return
        self.server.clock.pass_time(0.001 * (which % 2))
        answered = None if answers is None else self.a_comment(caller.person, answers, moment)
        fields: dict[str, Any] = {"moment": moment, "body": body, "answers": answered}
        if not self.model.may_comment(caller.person, moment, answered, self.now):
            self.is_refused(caller, SayComment, ErrorCode.NOT_FOUND, **fields)
            return
        shown = caller.do(SayComment, **fields).comment
        said = Comment(
            comment=shown.comment, moment=moment, author=caller.person, at=shown.at, body=body, answers=answered
        )
        told = self.of_threads(caller, lambda: self.model.say(said))
        assert shown == self.eyes.comment_as_shown(said)
        self.is_pushed("comment", told)

    @rule(who=WHO, which=WHICH)
    def somebody_deletes_a_comment(self, who: int, which: int) -> None:
        caller = self.first[who]
        comment = self.a_comment(caller.person, which)
        if comment is None:
            return
        if not self.model.may_delete_comment(caller.person, comment):
            self.is_refused(caller, DeleteComment, ErrorCode.NOT_FOUND, comment=comment)
            return
        told = self.of_threads(caller, lambda: self.model.delete_comment(comment))
        self.do(caller, DeleteComment, told, comment=comment)
        self.gone_comments.append(comment)

    @rule(who=WHO, which=WHICH, liked=st.sampled_from([True, True, False]))
    def somebody_likes_a_moment(self, who: int, which: int, liked: bool) -> None:
        caller = self.device_of(self.people[who], which)
        moment = self.a_moment_for(caller.person, which)
        if moment is None:
            return
        if liked and not self.model.sees(caller.person, moment, self.now):
            self.is_refused(caller, Like, ErrorCode.NOT_FOUND, moment=moment, liked=liked)
            return
        told = self.of_threads(caller, lambda: self.model.like(moment, caller.person, self.now, liked=liked))
        reply = self.do(caller, Like, told, moment=moment, liked=liked)
        assert reply.likes == len(self.model.likers(caller.person, moment, self.now))

    @rule(who=WHO, which=WHICH, closes=st.sampled_from([False, False, False, True]))
    def somebody_opens_or_closes_a_thread(self, who: int, which: int, closes: bool) -> None:
        caller = self.device_of(self.people[who], which)
        moment = self.a_moment_for(caller.person, which)
        if moment is None:
            return
        if closes:
            self.do(caller, CloseThread, {}, moment=moment)
            self.opened.discard((caller, moment))
        elif self.model.sees(caller.person, moment, self.now):
            self.do(caller, ShowThread, {}, moment=moment, live=True)
            self.opened.add((caller, moment))
        else:
            self.is_refused(caller, ShowThread, ErrorCode.NOT_FOUND, moment=moment, live=True)

    @rule(who=WHO, which=WHICH)
    def somebody_has_read_their_notices(self, who: int, which: int) -> None:
        caller = self.device_of(self.people[who], which)
        notices, was = self.model.notices(caller.person, self.now), self.model.read.get(caller.person, 0)
        at = notices[which % len(notices)].at if notices else self.now
        self.model.read[caller.person] = max(at, was)
        others = [each for each in self.devices if each.person == caller.person and each is not caller and at > was]
        self.do(caller, ReadNotices, {each: {("notice",)} for each in others}, at=at)

    def _pair(self, two: tuple[int, int]) -> tuple[Caller, PersonId, PersonId]:
        who, whom = two
        return self.first[who], self.people[who], self.people[whom]


def tagged(caller: Caller, tag: str) -> tuple[PersonId, ...]:
    """Return who has this tag, as the device knows it from its contacts."""
    contacts = caller.do(Contacts).contacts
    return tuple(each.person for each in contacts if tag in decode_remark(each.remark).tags)
