"""What each person sees of moments and of what is said under them is what a model says that was written apart, at every
moment, on every device, by every operation, in pages, and live.
"""

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.circles import Clause
from tests.support.society import Society
from tests.support.turning import LISTS, PageTurners

# Not made smaller when it fails: what a step does hangs on all before it.
LONG = settings(max_examples=settings().max_examples // 2, stateful_step_count=50, phases=[Phase.generate])


class Neighbourhood(Society):
    """Those of the first test."""


class Readers(PageTurners):
    """Those of the second."""


def test_everybody_sees_what_the_model_says_whatever_people_do() -> None:
    run_state_machine_as_test(Neighbourhood, settings=LONG)
    assert Neighbourhood.reasons == set(Clause), "each clause of the formula has hidden something that nothing else hid"
    assert Neighbourhood.done >= OPERATIONS
    assert {operation for operation, _ in Neighbourhood.refused} >= {"moment.narrow", "comment", "like", "thread"}
    assert Neighbourhood.told == {"moment", "thread", "notice", "contact"}


def test_every_page_is_what_the_model_says_as_of_when_it_is_turned() -> None:
    run_state_machine_as_test(Readers, settings=LONG)
    assert Readers.turned == set(LISTS)


OPERATIONS = {
    *("contact.ask", "contact.accept", "contact.refuse", "contact.withdraw", "contact.remove"),
    *("contact.remark", "contact.hide", "block", "unblock"),
    *("moment.post", "moment.narrow", "moment.delete", "comment", "comment.delete", "like"),
    *("thread", "thread.close", "notices.read"),
}
