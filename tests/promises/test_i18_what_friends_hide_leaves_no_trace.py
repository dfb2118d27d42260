"""I18: what friends and strangers hide from a person leaves no trace in what that person receives.

Twin worlds (tests/support/prying.py). In one of them there is something that eve does not see: a moment, a comment, a
like, that somebody has her as a contact no longer, has refused her, blocks her, or is there at all. In the other it
never was. She asks for everything, by whatever it is called, and gets the same bytes.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.contacts import AskContact, RemoveContact, WithdrawContact
from protocol.frames import REQUESTS
from protocol.moments import ShowMoment
from tests.support.prying import APART, HIDDEN, SHOWN_BEFORE, WAYS, Circle, Script, received
from tests.support.seeded import seeded

ASKED = sorted(REQUESTS.keys() - APART)
OF_CIRCLES = sorted(
    operation
    for operation in ASKED
    if operation.startswith(("contact", "moment", "comment", "thread", "notices", "like", "timeline", "private_card"))
    or operation in {"block", "unblock", "people", "send"}
)
# What she asks first, while she sees most; what makes her see less comes last.
LOOKS = ("timeline", "moments", "moment", "thread", "notices", "people", "private_cards", "contacts", "like", "comment")
HARMS = {"block", "contact.remove", "contact.hide", "moment.delete", "moment.narrow", "comment.delete", "group.leave"}
ALL = [(operation, number) for number in range(8) for operation in LOOKS]
ALL += [(operation, number) for number in range(2) for operation in ASKED if operation not in HARMS]
ALL += [(operation, number) for number in range(8) for operation in OF_CIRCLES]
SCRIPTS = st.lists(st.tuples(st.sampled_from(OF_CIRCLES), st.integers(0, 40)), max_size=40)


def tried(way: str, script: Script) -> Script:
    """Return `script` without the one thing that tells: who has removed somebody and asks again has them at once, if
    they have her still (docs/PROTOCOL.md).
    """
    return [step for step in script if way != "by_unfriending" or step[0] != "contact.remove"]


@pytest.mark.parametrize("way", WAYS)
def test_each_operation_answers_as_if_it_had_never_been(way: str) -> None:
    hidden, never = received(WAYS[way], tried(way, ALL), told_before=way in SHOWN_BEFORE)
    assert hidden == never


@given(script=SCRIPTS, way=st.sampled_from(sorted(WAYS)))
def test_nothing_that_she_tries_finds_out(script: list[tuple[str, int]], way: str) -> None:
    hidden, never = received(WAYS[way], tried(way, script), told_before=way in SHOWN_BEFORE)
    assert hidden == never


@pytest.mark.parametrize("way", ["by_blocking", "that_who_is_asked_blocks_one", "a_card_by_blocking"])
@pytest.mark.parametrize("who", ["bob", "sam"])
def test_who_asks_again_whoever_blocks_her_learns_nothing(way: str, who: str) -> None:
    def tries(world: Circle) -> None:
        """Ask to be a contact of theirs, in whatever way she stood to them."""
        whom = getattr(world, who).person
        for shape in (RemoveContact, WithdrawContact, AskContact, AskContact, WithdrawContact, AskContact):
            world.eve.say(world.eve.request(shape, person=whom))

    hidden, never = received(WAYS[way], then=tries, told_before=way in SHOWN_BEFORE)
    assert hidden == never


def test_the_worlds_are_told_apart_when_something_shows() -> None:
    """The comparison is not blind: what she may see is a difference in every operation that reads moments."""

    def shows(world: Circle) -> None:
        with world.secretly() as hides:
            if hides:
                world.bob_posts()
                world.bob_takes_part()

    for operation in ("timeline", "moments", "moment", "thread", "notices", "like", "comment"):
        hidden, never = received(shows, [(operation, number) for number in range(12)], told_before=True)
        assert hidden != never, operation


@pytest.mark.parametrize("way", sorted(WAYS.keys() & SHOWN_BEFORE))
def test_what_was_shown_to_her_before_is_there_no_longer(way: str) -> None:
    with seeded("a circle"):
        world = Circle(hides=True)
        try:
            WAYS[way](world)
            asks = [world.eve.request(ShowMoment, moment=moment) for moment in world.moments]
            assert all(HIDDEN not in repr(world.eve.try_(request)).encode() for request in asks)
            assert world.moments or world.comments
        finally:
            world.server.close()
