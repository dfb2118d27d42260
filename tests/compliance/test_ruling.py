"""From answers to what becomes of a publication: every combination gives one ruling, and the strictest wins."""

import itertools
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.pack import GATE_FAILURE, HOUR_MS, UNDECLARED_NEWS, Pack, load
from compliance.ruling import RETRY_MS, Holds, Publishes, Rejects, Ruling, Unavailable, rule
from compliance.verdicts import Allow, Answer, Failure, Hold, Label, OnError, Reject, Verdict
from protocol.decisions import Span
from protocol.publications import OF_ACCOUNTS, Surface

PACK = load("open")
CN = load("cn-2014")
NEWS = "current_affairs"
AT = 1_800_000_000_000
SPAN = Span(path="text", start=3, end=7)
ALLOW = Allow()
LABEL = Label(labels=("satire",))
HOLD = Hold(ground="spam", text="Look at this.", where=(SPAN,))
REJECT = Reject(ground="link", text="Not this link.", where=(SPAN,))


def answer(outcome: Verdict | Failure, on_error: OnError = OnError.HOLD, hook: str = "checker") -> Answer:
    return Answer(hook=hook, kind="check", version="2", digest="", took_us=1, outcome=outcome, on_error=on_error)


def ruled(*answers: Answer, pack: Pack = PACK, surface: Surface = Surface.GROUP_MESSAGE, category: str = "") -> Ruling:
    return rule(answers, pack, surface=surface, category=category)


def test_with_no_hook_installed_it_appears() -> None:
    assert ruled() == Publishes(labels=())


def test_allowed_by_all_it_appears_unlabelled() -> None:
    assert ruled(answer(ALLOW), answer(ALLOW, hook="other")) == Publishes(labels=())


def test_labelled_it_appears_with_labels_and_says_by_whom() -> None:
    other = Label(labels=("rumour", "satire"))
    where = Label(labels=("satire",), where=(SPAN,))
    assert ruled(answer(other, hook="b"), answer(where, hook="a"), answer(ALLOW, hook="c")) == Publishes(
        labels=("rumour", "satire"), labelled_by="a 2, b 2", where=(SPAN,)
    )


def test_held_it_waits_72_hours_with_its_labels_and_says_why_and_where() -> None:
    ruling = ruled(answer(LABEL, hook="a"), answer(HOLD))
    assert isinstance(ruling, Holds)
    assert (ruling.length_ms, ruling.labels) == (72 * HOUR_MS, ("satire",))
    assert (ruling.why.ground, ruling.why.facts) == ("spam", "Look at this.")
    assert (ruling.why.by, ruling.why.where) == ("hook checker 2", (SPAN,))


def test_rejected_it_says_why_where_and_by_which_hook() -> None:
    ruling = ruled(answer(HOLD, hook="a"), answer(REJECT))
    assert isinstance(ruling, Rejects)
    assert (ruling.why.ground, ruling.why.facts) == ("link", "Not this link.")
    assert (ruling.why.by, ruling.why.where) == ("hook checker 2", (SPAN,))


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_to_be_held_waits_24_hours_and_speaks_for_the_author(failure: Failure) -> None:
    ruling = ruled(answer(failure, OnError.HOLD), answer(LABEL, hook="a"))
    assert isinstance(ruling, Holds)
    assert (ruling.length_ms, ruling.labels) == (24 * HOUR_MS, ("satire",))
    assert (ruling.why.ground, ruling.why.by, ruling.why.where) == (GATE_FAILURE, "hook checker 2", ())
    assert f"({failure})" in ruling.why.facts
    assert "nothing was found" in ruling.why.facts


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_to_be_rejected_is_unavailable_for_now(failure: Failure) -> None:
    assert ruled(answer(failure, OnError.REJECT), answer(ALLOW, hook="a")) == Unavailable(RETRY_MS)


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_to_be_allowed_is_as_if_the_hook_were_not_there(failure: Failure) -> None:
    assert ruled(answer(failure, OnError.ALLOW)) == ruled()
    assert ruled(answer(failure, OnError.ALLOW), answer(HOLD, hook="a")) == ruled(answer(HOLD, hook="a"))


def test_of_two_failures_to_be_held_the_first_by_name_is_named() -> None:
    ruling = ruled(answer(Failure.LATE, hook="b"), answer(Failure.CRASHED, hook="a"))
    assert isinstance(ruling, Holds)
    assert ruling.why.by == "hook a 2"


def test_the_strictest_wins_in_this_order() -> None:
    by_strictness: list[tuple[Answer, type]] = [
        (answer(REJECT, hook="a"), Rejects),
        (answer(Failure.LATE, OnError.REJECT, hook="b"), Unavailable),
        (answer(HOLD, hook="c"), Holds),
        (answer(Failure.LATE, OnError.HOLD, hook="d"), Holds),
        (answer(LABEL, hook="e"), Publishes),
        (answer(Failure.LATE, OnError.ALLOW, hook="f"), Publishes),
    ]
    for first in range(len(by_strictness)):
        answers, (ruling, *_) = zip(*by_strictness[first:], strict=True)
        assert isinstance(ruled(*answers), ruling)


def test_a_verdict_to_hold_goes_before_a_failure_to_hold() -> None:
    ruling = ruled(answer(Failure.LATE, hook="a"), answer(HOLD, hook="b"))
    assert isinstance(ruling, Holds)
    assert ruling.why.ground == "spam"


def test_the_pack_says_how_long_a_hold_is() -> None:
    assert ruled(answer(HOLD), pack=load("cn-2014")) == ruled(answer(HOLD))
    ruling = ruled(answer(HOLD), pack=_shorter())
    assert isinstance(ruling, Holds)
    assert ruling.length_ms == HOUR_MS // 2


# Current-affairs news that a hook asserts (Art. 7).

ASSERTS = Label(labels=(NEWS, "satire"), where=(SPAN,))
ELSEWHERE = tuple(surface for surface in Surface if surface not in OF_ACCOUNTS)


@pytest.mark.parametrize("surface", OF_ACCOUNTS)
@pytest.mark.parametrize("category", ["", "society"])
def test_asserted_and_not_declared_it_is_held_with_its_labels_for_a_reviewer(surface: Surface, category: str) -> None:
    answers = (answer(ASSERTS, hook="a"), answer(ALLOW, hook="b"), answer(LABEL, hook="c"))
    ruling = ruled(*answers, pack=CN, surface=surface, category=category)
    assert isinstance(ruling, Holds)
    assert (ruling.why.ground, ruling.why.by, ruling.why.where) == (UNDECLARED_NEWS, "hook a 2", (SPAN,))
    assert (ruling.length_ms, ruling.labels) == (72 * HOUR_MS, (NEWS, "satire"))


@pytest.mark.parametrize("surface", OF_ACCOUNTS)
def test_asserted_and_declared_it_appears_with_the_label(surface: Surface) -> None:
    assert ruled(answer(ASSERTS), pack=CN, surface=surface, category=NEWS) == ruled(answer(ASSERTS))


@pytest.mark.parametrize("surface", OF_ACCOUNTS)
def test_declared_and_asserted_by_nobody_it_appears(surface: Surface) -> None:
    assert ruled(answer(ALLOW), pack=CN, surface=surface, category=NEWS) == Publishes(labels=())


@pytest.mark.parametrize("surface", ELSEWHERE)
@pytest.mark.parametrize("category", ["", "society", NEWS])
def test_outside_public_accounts_it_makes_no_difference(surface: Surface, category: str) -> None:
    ruling = ruled(answer(ASSERTS), pack=CN, surface=surface, category=category)
    assert ruling == Publishes(labels=(NEWS, "satire"), labelled_by="checker 2", where=(SPAN,))


@pytest.mark.parametrize("surface", Surface)
def test_under_a_pack_that_knows_no_such_news_it_is_a_label_like_others(surface: Surface) -> None:
    ruling = ruled(answer(ASSERTS), surface=surface)
    assert ruling == Publishes(labels=(NEWS, "satire"), labelled_by="checker 2", where=(SPAN,))


def test_the_label_that_asserts_it_is_the_one_that_the_pack_names() -> None:
    assert CN.news
    other = msgspec.structs.replace(CN, news=msgspec.structs.replace(CN.news, label="satire"))
    ruling = ruled(answer(LABEL), pack=other, surface=Surface.ARTICLE)
    assert isinstance(ruling, Holds)
    assert ruling.why.ground == UNDECLARED_NEWS
    assert ruled(answer(LABEL), pack=CN, surface=Surface.ARTICLE) == ruled(answer(LABEL))


def test_two_hooks_that_assert_it_are_both_named_in_order() -> None:
    ruling = ruled(answer(ASSERTS, hook="b"), answer(ASSERTS, hook="a"), pack=CN, surface=Surface.BROADCAST)
    assert isinstance(ruling, Holds)
    assert (ruling.why.by, ruling.why.where) == ("hook a 2, b 2", (SPAN,))


def test_a_label_too_many_cannot_hide_it() -> None:
    many = Label(labels=tuple(f"a{number:02}" for number in range(16)))
    ruling = ruled(answer(ASSERTS), answer(many, hook="many"), pack=CN, surface=Surface.ARTICLE)
    assert isinstance(ruling, Holds)


def test_what_a_hook_holds_or_rejects_is_held_or_rejected_for_that() -> None:
    for stricter, kind in ((HOLD, Holds), (REJECT, Rejects)):
        ruling = ruled(answer(ASSERTS, hook="a"), answer(stricter, hook="b"), pack=CN, surface=Surface.ARTICLE)
        assert isinstance(ruling, kind)
        assert isinstance(ruling, Holds | Rejects)
        assert ruling.why.by == "hook b 2"


def test_it_goes_before_a_failure_to_be_held() -> None:
    ruling = ruled(answer(ASSERTS), answer(Failure.LATE, hook="a"), pack=CN, surface=Surface.ARTICLE)
    assert isinstance(ruling, Holds)
    assert ruling.why.ground == UNDECLARED_NEWS


OUTCOMES = st.sampled_from((ALLOW, LABEL, Label(labels=("a", "b")), ASSERTS, HOLD, REJECT, *Failure))


@given(st.lists(st.tuples(OUTCOMES, st.sampled_from(OnError)), max_size=4))
def test_the_order_of_the_answers_changes_nothing(given: Sequence[tuple[Verdict | Failure, OnError]]) -> None:
    answers = [answer(outcome, policy, hook=f"hook{number}") for number, (outcome, policy) in enumerate(given)]
    assert len({ruled(*order) for order in itertools.permutations(answers)}) == 1
    assert len({ruled(*order, pack=CN, surface=Surface.ARTICLE) for order in itertools.permutations(answers)}) == 1


@given(st.lists(st.tuples(OUTCOMES, st.sampled_from(OnError)), max_size=4), OUTCOMES, st.sampled_from(OnError))
def test_one_hook_more_never_makes_it_milder(
    given: Sequence[tuple[Verdict | Failure, OnError]], more: Verdict | Failure, policy: OnError
) -> None:
    answers = [answer(outcome, policy, hook=f"hook{number}") for number, (outcome, policy) in enumerate(given)]
    assert _rank(ruled(*answers, answer(more, policy, hook="more"))) >= _rank(ruled(*answers))


def _rank(ruling: Ruling) -> int:
    return (Publishes, Holds, Unavailable, Rejects).index(type(ruling))


def _shorter() -> Pack:
    return msgspec.structs.replace(PACK, holds=msgspec.structs.replace(PACK.holds, review_h=0.5))
