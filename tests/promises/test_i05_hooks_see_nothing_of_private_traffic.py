"""I5: what hooks see is the same, byte for byte, whatever is said privately, how often, how long, and to whom.

Twins: the same public acts at the same times, and other private ones between them. The same holds for what the audit
log says, for the file of the public side, and for what staff and authors are answered.
"""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.accounts import AccountReply, OperatorsReply
from protocol.codec import Refusal
from protocol.decisions import DecisionKind, Submission, SubmissionState
from protocol.frames import REQUESTS, Appended
from protocol.publications import Surface
from tests.support.kiosk import RUNNING
from tests.support.twins import (
    BOB,
    CAROL,
    DORA,
    PRIVATE_OPERATIONS,
    PUBLIC_OPERATIONS,
    Act,
    Gap,
    Left,
    Life,
    difference,
    lived,
)

VERBS = (
    *("publishes", "publishes", "edits", "speaks", "speaks", "speaks", "mends", "forwards", "applies", "appoints"),
    *("posts", "comments_on", "comments_on", "chooses"),
    *("takes_back", "decides", "decides", "withdraws", "waits", "changes_the_hooks"),
)
ACTS = st.lists(
    st.builds(Act, verb=st.sampled_from(VERBS), who=st.integers(0, 3), which=st.integers(0, 11)),
    min_size=1,
    max_size=12,
)
SILENCE = (Gap(seed=0, requests=0),)
SEEDS = st.integers(0, 1 << 32)
GAPS = st.lists(st.builds(Gap, seed=SEEDS, requests=st.integers(1, 12)), min_size=1, max_size=13)
CHANCE = random.Random("a busier life")
BUSY = [
    Act(verb=CHANCE.choice(VERBS), who=CHANCE.choice((BOB, BOB, BOB, CAROL, DORA, 0)), which=CHANCE.randrange(84))
    for _ in range(240)
] + [Act(verb="mends", who=BOB, which=which) for which in (2, 5, 8)]  # Which are recalls.
OF_CIRCLES = frozenset(
    {
        *("contacts", "contact.ask", "contact.accept", "contact.withdraw", "contact.refuse", "contact.remove"),
        *("contact.remark", "contact.hide", "private_card", "private_cards"),
        *("moment.post", "moment.narrow", "moment.delete", "moment", "moments", "timeline"),
        *("like", "comment", "comment.delete", "thread", "thread.close", "notices", "notices.read"),
    }
)
TIMES = settings().max_examples * 2 // 3  # Of each two lives.


def assert_alike(one: Left, other: Left) -> None:
    """Nothing on the public side tells the two lives apart."""
    for name in Left.__dataclass_fields__:
        if name != "private_store":
            assert difference(getattr(one, name), getattr(other, name)) == "", name


@settings(max_examples=TIMES)
@given(ACTS, GAPS)
def test_hooks_cannot_tell_much_private_traffic_from_none(acts: list[Act], gaps: list[Gap]) -> None:
    assert_alike(lived(acts, SILENCE), lived(acts, gaps))


@settings(max_examples=TIMES)
@given(ACTS, GAPS, GAPS)
def test_hooks_cannot_tell_one_private_traffic_from_another(
    acts: list[Act], gaps: list[Gap], others: list[Gap]
) -> None:
    assert_alike(lived(acts, gaps), lived(acts, others))


def test_the_twins_do_differ_in_what_is_private() -> None:
    quiet, loud = lived(BUSY, SILENCE), lived(BUSY, [Gap(seed=seed, requests=20) for seed in range(20)])
    assert len(loud.private_store) > 2 * len(quiet.private_store)
    assert_alike(quiet, loud)


def test_the_twins_do_publish_and_what_they_publish_would_tell_them_apart() -> None:
    one, other = lived(BUSY, SILENCE), lived(BUSY[:-20], SILENCE)
    assert len(one.publications) > len(other.publications) > 4
    assert one.leaves[: len(other.leaves)] == other.leaves
    assert one.public_store != other.public_store
    assert b"held" in b"".join(one.staff)
    assert "request.failed" in repr(one.log)


def test_the_twins_do_everything_that_is_public() -> None:
    life = lived(BUSY, SILENCE)
    answers = [answer for answer in life.answers if not isinstance(answer, Refusal)]
    became = {(each.surface, each.state) for each in answers if isinstance(each, Submission)}
    assert {surface for surface, _ in became} == set(Surface)
    assert {state for _, state in became} == set(SubmissionState) - {SubmissionState.WAITING, SubmissionState.LAPSED}
    published = {surface for surface, state in became if state is SubmissionState.PUBLISHED}
    assert published >= {Surface.GROUP_MESSAGE, Surface.ARTICLE, Surface.REPRINT, Surface.ACCOUNT_MENU}
    assert {AccountReply, OperatorsReply, Appended} <= {type(answer) for answer in answers}
    leaves = b"".join(life.leaves)
    assert {kind for kind in DecisionKind if b'"kind":"%s"' % kind.encode() in leaves} >= set(DecisionKind) - {
        DecisionKind.LAPSE
    }
    assert any(each.source is not None for each in life.publications)


def test_every_private_operation_is_among_what_is_done_between_public_ones() -> None:
    Life.asked.clear()
    Life.answered.clear()
    lived(BUSY, [Gap(seed=seed, requests=10) for seed in range(len(BUSY))])
    assert Life.asked >= set(PRIVATE_OPERATIONS)
    assert set(PRIVATE_OPERATIONS) | PUBLIC_OPERATIONS == set(REQUESTS)
    of_accounts = RUNNING | {"account", "accounts", "article", "follow", "unfollow", "follows", "search"}
    assert Life.answered >= of_accounts - PUBLIC_OPERATIONS, "they are done, and not only refused"
    assert Life.answered >= OF_CIRCLES, "they are, too"
