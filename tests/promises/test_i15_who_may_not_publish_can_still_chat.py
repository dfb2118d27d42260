"""I15: an account that may not publish cannot by any route, and whose it is can still chat.

Every way to have something said for an account is tried by whoever may not say it: by the owners of those that are
not active, by an analyst, by somebody who is no operator any more, by a stranger. An active one's operators go the same
ways and are heard, so that each of them is known to lead somewhere.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest

from compliance.pack import AtEnd
from compliance.sides import SIDES, Published, TextKind
from protocol.account_states import AccountState
from protocol.accounts import Scheduled, SetOperator
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Role
from protocol.following import FollowAccount, ReadArticle, Search
from protocol.frames import REQUESTS
from protocol.ids import new_cid
from protocol.public import Publish, Submissions
from protocol.publications import OF_ACCOUNTS, Surface
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.manifest import ways, whole_table
from tests.support.accounts import profile, state_of
from tests.support.asking import request_of
from tests.support.courtyard import everything_private, everything_private_among, everything_private_with
from tests.support.panel import allows
from tests.support.public import HOLD, HOUR_S, connection_of, content_of, officer, public_group, publication_of, publish
from tests.support.routes import MAY, MAY_NOT, OPEN, ROUTES, UNDECIDED, Route, Scene, fields_of
from tests.support.scheduling import schedule

WORDS = "heard by nobody"


def routes_for(standing: str) -> list[Route]:
    """Return the ways that must lead nowhere: an approved account's first profile is what opens it."""
    return [route for route in ROUTES if standing != UNDECIDED[-1] or route != ("publish", Surface.ACCOUNT_PROFILE)]


@pytest.mark.parametrize("standing", MAY_NOT)
def test_no_route_leads_to_the_public(standing: str) -> None:
    scene = Scene(standing)
    with closing(scene.server):
        log, seen = scene.log, scene.seen(WORDS)
        for route in routes_for(standing) * 2:
            ROUTES[route](scene, WORDS)
            scene.passes()
            assert scene.log == log, route
            assert scene.seen(WORDS) == seen, route
        assert scene.panel.seen == [], "no hook is asked about what cannot appear"
        assert not scene.has_appeared(WORDS)


@pytest.mark.parametrize("standing", MAY)
def test_the_same_routes_lead_there_for_those_who_may(standing: str) -> None:
    scene = Scene(standing)
    with closing(scene.server):
        owners = ("publish", Surface.ACCOUNT_PROFILE)
        for number, (route, go) in enumerate(ROUTES.items()):
            before, words = len(scene.log), f"heard as the {number}th"
            go(scene, words)
            leads = route in OPEN and (standing == "its owner" or route != owners)
            assert len(scene.log) == before + leads, route
            came = scene.seen(words)["came"]
            assert [entry.topic for entry in came] == [scene.topic] * leads, route
            if leads and route[1] != Surface.REPRINT:
                assert scene.has_appeared(words), route


def test_the_routes_are_all_by_which_words_come_in_about_an_account() -> None:
    said = {kind for kind, row in SIDES.items() if isinstance(row, Published) and row.surface in OF_ACCOUNTS}
    about = {TextKind.DRAFT, TextKind.SCHEDULED_ITEM, TextKind.DIALOGUE_MESSAGE, TextKind.ACCOUNT_APPLICATION}
    kinds = said | about
    bring = {way.operation for way in ways(whole_table()) if any(set(words) & kinds for words in way.words.values())}
    assert bring == {operation for operation, _ in ROUTES}
    assert {surface.value for surface in OF_ACCOUNTS} <= {what for _, what in ROUTES}


class Insistent:
    """Somebody who has the account in every place of every request, and the same words in every text."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def known(self, operation: str, path: str, said: dict[str, Any]) -> Sequence[Any]:
        scene, now = self._scene, self._scene.server.clock.ms
        match path:
            case "topic":
                return [scene.topic]
            case "to" | "account" | "source.account":
                return [scene.topic]
            case "cid" | "draft" | "item":
                return [new_cid(now)]
            case "surface" if scene.topic:
                return sorted(OF_ACCOUNTS - ({Surface.ACCOUNT_PROFILE} if self._may_open() else set()))
            case "content":
                return [content_of(said.get("surface", Surface.ARTICLE), WORDS)]
            case "target" | "base" | "reply_to" | "source" | "seq":
                return [None, 1]
            case "tag" | "ground":
                return [""]
            case "reprintable":
                return [False]
            case "person":
                return [scene.who.person, scene.eve.person]
            case "due":
                return [now + 1]
            case _:
                return []

    def _may_open(self) -> bool:
        return state_of(self._scene.server, self._scene.topic) is AccountState.APPROVED

    def fresh(self, operation: str, path: str) -> str:
        return WORDS


ENDS = {"hello", "logout", "change_password", "revoke_device"}  # After these one may ask nothing more.


def asks_for_everything(scene: Scene, standing: str) -> None:
    """Have `who` ask for whatever there is, six times each."""
    chance, insistent = random.Random(standing), Insistent(scene)
    for number in range(6):
        for operation in sorted(REQUESTS.keys() - ENDS):
            scene.who.say(request_of(operation, chance, insistent, number=1000 + number))
            scene.who.collect()
        scene.passes(60)
    assert scene.who.peer.closed is None


@pytest.mark.parametrize("standing", MAY_NOT)
def test_whatever_else_they_ask_for_nothing_appears(standing: str) -> None:
    scene = Scene(standing)
    with closing(scene.server):
        log = scene.log
        asks_for_everything(scene, standing)
        assert scene.log == log
        assert not scene.has_appeared(WORDS)
        assert scene.panel.seen == []


@pytest.mark.parametrize("standing", MAY)
def test_who_may_is_heard_when_they_ask_for_the_same(standing: str) -> None:
    scene = Scene(standing)
    with closing(scene.server):
        before = len(scene.log)
        asks_for_everything(scene, standing)
        assert len(scene.log) > before
        assert scene.has_appeared(WORDS)


def test_an_approved_account_can_publish_its_profile_and_is_active_by_it() -> None:
    scene = Scene(UNDECIDED[-1])
    with closing(scene.server):
        assert state_of(scene.server, scene.topic) is AccountState.APPROVED
        assert profile(scene.ann, scene.topic).state is SubmissionState.PUBLISHED
        assert state_of(scene.server, scene.topic) is AccountState.ACTIVE
        scene.eve.do(FollowAccount, topic=scene.topic)
        for route in sorted(OPEN - {("publish", "an edit")}):
            before = len(scene.log)
            ROUTES[route](scene, "heard at last")
            assert len(scene.log) == before + 1, route


# What was handed in while it was allowed, and is not any more when it would appear.


def is_removed(scene: Scene) -> None:
    scene.ann.do(SetOperator, topic=scene.topic, person=scene.who.person)


def is_made_an_analyst(scene: Scene) -> None:
    scene.ann.do(SetOperator, topic=scene.topic, person=scene.who.person, role=Role.ANALYST)


def leaves(scene: Scene) -> None:
    scene.who.do(SetOperator, topic=scene.topic, person=scene.who.person)


def stays(scene: Scene) -> None:
    """And is heard in the end."""


Loss = Callable[[Scene], None]
While = Callable[[Scene, Loss], None]


class Becomes:
    """The account gets into this state behind the back of the server: measures that would do it are not here yet."""

    def __init__(self, state: AccountState) -> None:
        self.state = state
        self.__name__ = f"the account becomes {state}"

    def __call__(self, scene: Scene) -> None:
        connection = connection_of(scene.server)
        for trigger in ("accounts_move_step_by_step", "accounts_are_decided"):
            connection.execute(f"DROP TRIGGER {trigger}")
        due = scene.server.clock.ms if self.state is AccountState.SUBMITTED else None
        connection.execute("UPDATE accounts SET state = ?, due = ? WHERE topic = ?", (self.state, due, scene.topic))


LOSSES = (is_removed, is_made_an_analyst, leaves, *(Becomes(state) for state in AccountState if state != "active"))


def wait_for_the_hooks(scene: Scene, lose: Loss) -> None:
    scene.panel.is_slow = True
    hand_in(scene, lose)
    lose(scene)
    while scene.panel.waiting:
        scene.panel.answer()


def are_held_and_released(scene: Scene, lose: Loss) -> None:
    scene.panel.hooks["hook"] = lambda _: HOLD
    hand_in(scene, lose)
    lose(scene)
    chief = officer(scene.server, StaffRole.CHIEF)
    for held in scene.who.do(Submissions).submissions:
        if held.state is SubmissionState.HELD:
            chief.do(OfficerDecide, item=held.submission, act=OfficerAct.RELEASE)


def are_held_until_that_ends(scene: Scene, lose: Loss) -> None:
    holds = scene.server.bench.pack.holds
    scene.panel.hooks["hook"] = lambda _: HOLD
    hand_in(scene, lose)
    lose(scene)
    scene.passes(HOUR_S * (holds.review_h + 1))


def wait_in_a_server_that_is_killed(scene: Scene, lose: Loss) -> None:
    scene.panel.is_slow = True
    hand_in(scene, lose)
    lose(scene)
    scene.restart()


def are_scheduled(scene: Scene, lose: Loss) -> None:
    for broadcast in (True, False):
        schedule(scene.who, scene.topic, content_of(Surface.ARTICLE, WORDS), broadcast=broadcast)
    lose(scene)
    scene.passes(2 * HOUR_S)


WHILES = (wait_for_the_hooks, are_held_and_released, are_held_until_that_ends, wait_in_a_server_that_is_killed)


def hand_in(scene: Scene, lose: Loss) -> None:
    """Submit something on every surface that one may use, and an edit."""
    for fields in handed_in(scene, lose):
        scene.who.say(scene.who.request(Publish, **fields))


def handed_in(scene: Scene, lose: Loss) -> list[dict[str, Any]]:
    """Return what is handed in. The profile is the owner's, and may appear when the account is only approved."""
    own = scene.who is scene.ann and lose.__name__ != Becomes(AccountState.APPROVED).__name__
    surfaces = [surface for surface in sorted(OF_ACCOUNTS) if own or surface is not Surface.ACCOUNT_PROFILE]
    article = next(entry for entry in scene.log if entry.kind is Kind.ARTICLE)
    edit = publication_of(Surface.ARTICLE, WORDS, scene.topic, target=article.seq, base=1)
    return [*(fields_of(scene, surface, WORDS) for surface in surfaces), edit]


def stage(lose: Loss) -> Scene:
    """Return somebody who may publish for an account, and is about to lose that."""
    scene = Scene("its owner" if isinstance(lose, Becomes) or lose is stays else "an editor")
    scene.panel.hooks["hook"] = allows
    return scene


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
@pytest.mark.parametrize("they", WHILES, ids=lambda they: they.__name__)
def test_what_was_handed_in_before_does_not_appear_after(they: While, lose: Loss) -> None:
    scene = stage(lose)
    with closing(scene.server):
        log, many = scene.log, len(handed_in(scene, lose))
        they(scene, lose)
        assert scene.log == log
        assert not scene.has_appeared(WORDS)
        states = [submission.state for submission in scene.who.do(Submissions, limit=100).submissions]
        assert states.count(SubmissionState.LAPSED) == many


@pytest.mark.parametrize("they", WHILES, ids=lambda they: they.__name__)
def test_what_was_handed_in_appears_when_nothing_is_lost(they: While) -> None:
    scene = stage(stays)
    with closing(scene.server):
        before, many = len(scene.log), len(handed_in(scene, stays))
        they(scene, stays)
        rejects = they is are_held_until_that_ends and scene.server.bench.pack.holds.at_end is AtEnd.REJECT
        assert len(scene.log) == before + many * (not rejects)


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_what_was_scheduled_before_does_not_appear_after(lose: Loss) -> None:
    scene = stage(lose)
    with closing(scene.server):
        log = scene.log
        are_scheduled(scene, lose)
        assert scene.log == log
        assert [item.failed for item in scene.ann.do(Scheduled, topic=scene.topic).items] == ["not_allowed"] * 2


def test_what_was_scheduled_appears_when_nothing_is_lost() -> None:
    scene = stage(stays)
    with closing(scene.server):
        before = len(scene.log)
        are_scheduled(scene, stays)
        assert len(scene.log) == before + 2
        assert scene.ann.do(Scheduled, topic=scene.topic).items == ()


# And whoever it is chats on.


@pytest.mark.parametrize("standing", MAY_NOT)
def test_who_may_not_publish_for_an_account_does_all_else_as_before(standing: str) -> None:
    scene = Scene(standing)
    with closing(scene.server):
        who, elsewhere = scene.who, scene.source.topic
        assert elsewhere is not None
        everything_private(who, scene.eve, scene.zoe, b"still here")
        everything_private_among(who, scene.eve, scene.zoe, b"still here")
        who.do(FollowAccount, topic=elsewhere)
        everything_private_with(elsewhere, scene.zoe, who, b"a question")
        assert who.do(ReadArticle, topic=elsewhere, seq=scene.source.seq).body
        assert [found.topic for found in who.do(Search, query="said elsewhere").found] == [elsewhere]
        group = public_group(scene.server, who, scene.eve)  # Art. 7 is about accounts, and about nothing else.
        square = publish(scene.zoe, None, "a first post", Surface.SQUARE).topic
        for surface in sorted(set(Surface) - OF_ACCOUNTS):
            place = square if surface is Surface.COMMENT else group
            assert publish(who, place, f"said on {surface}", surface).state is SubmissionState.PUBLISHED
        assert [entry.topic for entry in scene.eve.entries()] == [group] * 5


@pytest.mark.parametrize("state", [state for state in AccountState if state is not AccountState.ACTIVE])
def test_the_people_of_an_account_that_is_not_active_any_more_chat_on(state: AccountState) -> None:
    scene = Scene("an editor")
    with closing(scene.server):
        Becomes(state)(scene)
        everything_private(scene.ann, scene.ben, scene.eve, b"still here")
        everything_private(scene.ben, scene.eve, scene.ann, b"here, too")
