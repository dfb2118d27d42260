"""Three people who write for both sides at once: everything raced against commits, reads, roles, and what is due.

Cids and places are used at random, of either side whatever the verb, and what waits is committed and read whenever the
script says so.
"""

from itertools import count
from typing import Any

from hypothesis import strategies as st

from protocol.accounts import InboxAnswer, SaveDraft, Schedule, SetOperator
from protocol.codec import Refusal, decode_reply
from protocol.contacts import AskContact, RemarkContact
from protocol.entries import Role, side_of
from protocol.errors import ErrorCode
from protocol.following import FollowAccount
from protocol.frames import Edit, GroupFound, GroupName, GroupNotice, React, Request, Send
from protocol.ids import TopicId
from protocol.moments import PostMoment, SayComment
from protocol.public import GroupFoundPublic, GroupJoin, Publish
from protocol.publications import Content, Published, Surface, encode
from server.manifest import ways, whole_table
from tests.support.accounts import active, operator
from tests.support.friends import befriend
from tests.support.inline import Caller, InlineServer
from tests.support.panel import StaffedPanel, allows
from tests.support.public import content_of, public_group, publication_of

VERBS = (
    *("send", "send", "send to", "edit", "react", "name", "notice", "publish", "publish", "publish a name", "card"),
    *("ask", "answer", "draft", "schedule", "schedule soon", "publish an article", "appoint"),
    *("moment", "say", "greet", "remark", "post", "comment"),
    *("found", "found public", "join", "again"),
)
STEPS = (
    *VERBS,
    *("gather private", "gather public", "commit", "delay private", "delay public", "look", "hand out", "catch up"),
    *("an hour", "an hour"),
)
SCRIPTS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), min_size=4, max_size=40)
HOUR_MS, LATE_MS = 3_600_000, 300 * 86_400_000
SIDES = {way.operation: way.sides for way in ways(whole_table())}


def is_of_the_wrong_side(request: Request[Any]) -> bool:
    """Say whether `request` is for a place where its verb is not at home, by what the manifest says."""
    topic = getattr(request, "topic", None)
    operation = str(request.__struct_config__.tag)
    return topic is not None and side_of(topic) not in SIDES[operation]


class Race:
    """Alice and bob have a private group and its public successor, and a chat; alice has an account that bob may run,
    too, and carol follows it.

    Alice and bob are friends, and say things under what bob has said to friends and to everybody: `roots`, all of them
    asked for as if they were of either side.

    `private`, `public`: every word that was written as such, whatever became of it; `planned`: what was to be public in
    an hour. `said`: who says `private` words by which verb.
    """

    def __init__(self) -> None:
        self.server = InlineServer(kept=1, panel=StaffedPanel(hook=allows))
        self.alice, self.bob, self.carol = self.server.people("alice", "bob", "carol")
        self.private_places = [self.server.group(self.alice, self.bob), self.server.chat(self.alice, self.bob)]
        self.public_places = [public_group(self.server, self.alice, self.bob)]
        self.account = active(self.server, self.alice)
        operator(self.alice, self.account, self.bob)
        self.carol.do(FollowAccount, topic=self.account)
        befriend(self.alice, self.bob)
        self.roots = [self._moment_of(self.bob), self._square_of(self.bob), self.account]
        self.dialogue = self.carol.do(Send, to=self.account, body=b"a first question").topic
        for caller in self.server.callers:
            caller.collect()
        self.server.panel.seen.clear()
        self.cids = [self.alice.cid() for _ in range(4)]  # The same few, for both sides.
        self.private: list[bytes] = []
        self.public: list[str] = []
        self.planned: list[str] = []
        self.said: list[tuple[str, bytes]] = []
        self.wrong: list[tuple[Caller, Request[Any]]] = []
        self.refused = 0
        self._asked: list[tuple[Caller, Request[Any]]] = []
        self._numbers = count()

    def _moment_of(self, caller: Caller) -> TopicId:
        moment = caller.do(PostMoment, body=b"a first moment").moment.moment
        return TopicId(str(moment))

    def _square_of(self, caller: Caller) -> TopicId:
        square = caller.publish("a first post", surface=Surface.SQUARE).topic
        assert square is not None
        return square

    def play(self, script: list[tuple[str, int]]) -> None:
        """Do all steps, and let everything come to its end."""
        for step in script:
            self.step(*step)
        for _ in range(3):  # What is due is taken up, published, and let go of.
            for commits, reads in self.stores:
                reads.catch_up()
                commits.commit()
                reads.catch_up()
            self.server.settle()
            self.server.every_second()
        self.take_in()

    @property
    def stores(self) -> list[tuple[Any, Any]]:
        return [
            (self.server.commits, self.server.reads),
            (self.server.public_commits, self.server.public_reads),
        ]

    def step(self, what: str, number: int) -> None:
        """Do one thing, and take in what comes of it."""
        who = (self.alice, self.bob)[number % 2]
        places = [*self.private_places, *self.public_places]
        place = places[number % len(places)]  # Of either side, whatever the verb.
        commits, reads = self.stores[number % 2]
        match what:
            case "ask" | "answer" | "draft" | "schedule" | "schedule soon" | "publish an article" | "appoint":
                self._about_the_account(what, who, number, self.account if number < 6 else place)
            case "moment" | "say" | "greet" | "remark" | "post" | "comment":
                self._among_friends(what, who, number, place)
            case "send":
                self._say(who, Send, number, topic=place, body=self._words(what))
            case "send to":
                other = (self.bob if who is self.alice else self.alice).person
                self._say(who, Send, number, to=other, body=self._words(what))
            case "edit":
                self._say(who, Edit, number, topic=place, target=1 + number, body=self._words(what))
            case "react":
                self._say(who, React, number, topic=place, target=1 + number, body=self._words(what))
            case "name":
                self._say(who, GroupName, number, topic=place, name=self._words(what))
            case "notice":
                self._say(who, GroupNotice, number, topic=place, notice=self._words(what))
            case "publish":
                self._say(who, Publish, number, **publication_of(Surface.GROUP_MESSAGE, self._spoken(), place))
            case "publish a name":
                self._say(who, Publish, number, **publication_of(Surface.GROUP_NAME, self._spoken(), place))
            case "card":
                self._say(who, Publish, number, **publication_of(Surface.CARD, self._spoken(), None))
            case "found":
                self._say(who, GroupFound, number, name=self._words(what), invite=(self.bob.person,))
            case "found public":
                self._say(who, GroupFoundPublic, number)
            case "join":
                self._say(who, GroupJoin, number, topic=place)
            case "again" if self._asked:  # The same cid, with the topic of the other side.
                caller, before = self._asked[number % len(self._asked)]
                swapped = {"topic": place} if getattr(before, "topic", None) else {}
                fields = {name: getattr(before, name) for name in before.__struct_fields__ if name != "id"}
                self._ask(caller, caller.request(type(before), **fields | swapped))
            case "gather private" | "gather public":
                self.stores[what == "gather public"][0].gather()
            case "delay private" | "delay public":
                self.stores[what == "delay public"][1].delay()
            case "commit":
                commits.commit()
            case "look":
                reads.look(number)
            case "hand out":
                reads.hand_out(number)
            case "catch up":
                reads.catch_up()
            case "an hour":
                self.server.clock.pass_time(HOUR_MS / 1000)
                self.server.every_second()
        self.take_in()

    def _among_friends(self, what: str, who: Caller, number: int, place: TopicId) -> None:
        """Say something to friends, or to everybody on a square, or under what was said; that is of either side."""
        root = self.roots[number // 3 % len(self.roots)]
        match what:
            case "moment":
                self._say(who, PostMoment, number, body=self._words(what))
            case "say":
                self._say(who, SayComment, number, moment=root, body=self._words(what))
            case "greet":
                self._say(who, AskContact, number, person=self.carol.person, greeting=self._words(what))
            case "remark":
                other = (self.bob if who is self.alice else self.alice).person
                self._say(who, RemarkContact, number, person=other, remark=self._words(what))
            case "post":
                self._say(who, Publish, number, **publication_of(Surface.SQUARE, self._spoken(), None))
            case "comment":
                fields = publication_of(Surface.COMMENT, self._spoken(), root if number < 6 else place)
                self._say(who, Publish, number, **fields)

    def _about_the_account(self, what: str, who: Caller, number: int, place: TopicId) -> None:
        """Say something for the account, or to it, or about to be said; the place is mostly the account."""
        now = self.server.clock.ms
        match what:
            case "ask":
                to = {"to": place} if number % 2 else {"topic": self.dialogue}
                self._say(self.carol, Send, number, body=self._words(what), **to)
            case "answer":
                self._say(who, InboxAnswer, number, topic=place, dialogue=self.dialogue, body=self._words(what))
            case "draft":
                draft = self.cids[number % len(self.cids)]
                self._say(who, SaveDraft, number, topic=place, draft=draft, body=self._words(what))
            case "schedule":
                words = f"private{next(self._numbers):05}"
                self._remember(what, words.encode())
                later = {"due": now + LATE_MS, "content": content_of(Surface.ARTICLE, words), "broadcast": False}
                self._say(who, Schedule, number, topic=place, **later)
            case "schedule soon":
                self.planned.append(f"planned{next(self._numbers):05}")
                content = content_of(Surface.ARTICLE, self.planned[-1])
                self._say(who, Schedule, number, topic=place, due=now + HOUR_MS // 2, content=content, broadcast=False)
            case "publish an article":
                self._say(who, Publish, number, **publication_of(Surface.ARTICLE, self._spoken(), place))
            case "appoint":
                role = (Role.EDITOR, Role.ANALYST, None, Role.EDITOR)[number % 4]
                self._say(self.alice, SetOperator, number, topic=place, person=self.bob.person, role=role)

    def take_in(self) -> None:
        """Learn of new places from what was answered; what was of the wrong side must have been refused for that."""
        asked = {(id(caller), request.id): request for caller, request in self._asked}
        for caller in (self.alice, self.bob, self.carol):
            for message in caller.collect():
                request = asked.get((id(caller), message["re"])) if isinstance(message, dict) else None
                if request is None or not isinstance(message, dict):
                    continue
                answer = decode_reply(message, request)
                if is_of_the_wrong_side(request):
                    assert isinstance(answer, Refusal)
                    assert answer.code == ErrorCode.WRONG_SIDE
                    self.refused += 1
                elif isinstance(request, GroupFound) and not isinstance(answer, Refusal):
                    self.private_places.append(answer.topic)
                elif isinstance(request, GroupFoundPublic) and not isinstance(answer, Refusal):
                    self.public_places.append(answer.topic)

    def _say(self, who: Caller, shape: type[Request[Any]], number: int, **fields: Any) -> None:
        if "cid" in shape.__struct_fields__ and number % 3:
            fields["cid"] = self.cids[number % len(self.cids)]
        self._ask(who, who.request(shape, **fields))

    def _ask(self, who: Caller, request: Request[Any]) -> None:
        self._asked.append((who, request))
        if is_of_the_wrong_side(request):
            self.wrong.append((who, request))
        who.say(request)

    def _words(self, verb: str) -> bytes:
        words = encode(Published(content=Content(text=f"private{next(self._numbers):05}")))
        self._remember(verb, words)
        return words

    def _remember(self, verb: str, words: bytes) -> None:
        self.private.append(words)
        self.said.append((verb, words))

    def _spoken(self) -> str:
        words = f"public{next(self._numbers):05}"
        self.public.append(words)
        return words
