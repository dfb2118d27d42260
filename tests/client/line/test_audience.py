"""Who sees what is published in a place, in words."""

import pytest

from client.line.audience import OF_ACCOUNT, OF_GROUPS, Audience
from protocol.ids import TopicId
from protocol.public import GateReply, InstalledHook
from protocol.publications import Surface

TERMS = InstalledHook(name="terms", kind="check", version="1", surfaces=(Surface.BROADCAST, Surface.GROUP_NAME))


def audience(surfaces: tuple[Surface, ...], members: int | None, *hooks: InstalledHook) -> Audience:
    gate = GateReply(pack="open", version="1", stages={}, hooks=hooks)
    return Audience(
        topic=TopicId("0" + "a" * 15), title="[public] Tea", members=members, open_history=True, gate=gate,
        surfaces=surfaces,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("followers", "words"),
    [
        (None, "comes to its followers."),
        (0, "comes to its followers, of whom there are none yet."),
        (1, "comes to its one follower."),
        (12, "comes to its 12 followers."),
    ],
)
def test_of_an_account_it_is_anybody_and_its_followers(followers: int | None, words: str) -> None:
    first, second, third = audience(OF_ACCOUNT, followers, TERMS).lines()
    assert first == "[public] Tea is public."
    assert second == f"Anybody may read what is published there; what is broadcast {words}"
    assert "terms 1 (check)" in third


def test_how_many_they_are_changes_nothing_about_what_was_agreed_to() -> None:
    assert audience(OF_ACCOUNT, 1, TERMS).terms == audience(OF_ACCOUNT, 1000, TERMS).terms
    assert audience(OF_ACCOUNT, 1, TERMS).terms != audience(OF_ACCOUNT, 1).terms


def test_groups_and_accounts_and_what_everybody_has_are_apart() -> None:
    everybodys = {Surface.CARD, Surface.SQUARE, Surface.COMMENT}
    assert set(OF_GROUPS) | set(OF_ACCOUNT) | everybodys == set(Surface)
    assert not set(OF_GROUPS) & set(OF_ACCOUNT) | everybodys & {*OF_GROUPS, *OF_ACCOUNT}
