"""I5: what hooks see is the same, byte for byte, whatever is said privately, how often, how long, and to whom.

Twins: the same public acts at the same times, and other private ones between them. The same holds for what the audit
log says, for the file of the public side, and for what staff and authors are answered.
"""

from hypothesis import given
from hypothesis import strategies as st

from protocol.frames import REQUESTS
from tests.support.twins import PRIVATE_OPERATIONS, PUBLIC_OPERATIONS, Act, Gap, Left, Life, difference, lived

VERBS = ("publishes", "publishes", "publishes", "edits", "takes_back", "decides", "waits", "changes_the_hooks")
ACTS = st.lists(
    st.builds(Act, verb=st.sampled_from(VERBS), who=st.integers(0, 3), which=st.integers(0, 11)),
    min_size=1,
    max_size=12,
)
SILENCE = (Gap(seed=0, requests=0),)
SEEDS = st.integers(0, 1 << 32)
GAPS = st.lists(st.builds(Gap, seed=SEEDS, requests=st.integers(1, 12)), min_size=1, max_size=13)
BUSY = [Act(verb=verb, who=number % 3, which=number) for number, verb in enumerate(VERBS * 3)]


def assert_alike(one: Left, other: Left) -> None:
    """Nothing on the public side tells the two lives apart."""
    for name in Left.__dataclass_fields__:
        if name != "private_store":
            assert difference(getattr(one, name), getattr(other, name)) == "", name


@given(ACTS, GAPS)
def test_hooks_cannot_tell_much_private_traffic_from_none(acts: list[Act], gaps: list[Gap]) -> None:
    assert_alike(lived(acts, SILENCE), lived(acts, gaps))


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
    one, other = lived(BUSY, SILENCE), lived(BUSY[:-8], SILENCE)
    assert len(one.publications) > len(other.publications) > 4
    assert one.leaves[: len(other.leaves)] == other.leaves
    assert one.public_store != other.public_store
    assert b"held" in b"".join(one.staff)
    assert "request.failed" in repr(one.log)


def test_every_private_operation_is_among_what_is_done_between_public_ones() -> None:
    Life.asked.clear()
    lived(BUSY, [Gap(seed=seed, requests=40) for seed in range(len(BUSY))])
    assert Life.asked >= set(PRIVATE_OPERATIONS)
    assert set(PRIVATE_OPERATIONS) | PUBLIC_OPERATIONS == set(REQUESTS)
