"""An audience is a set in the order of coming, whether it is small and kept as a tuple or large and kept as a dict."""

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from protocol.ids import Seq
from server.audience import FEW, Audience
from tests.server.test_fanout import Ear

Step = tuple[Literal["add", "remove"], int]
MANY = 3 * FEW


@given(st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, MANY - 1))))
def test_it_is_who_came_and_has_not_gone_in_the_order_of_coming(steps: list[Step]) -> None:
    ears = [Ear() for _ in range(MANY)]
    audience, model = Audience(), dict[Ear, None]()
    for what, number in steps:
        ear = ears[number]
        if what == "add":
            audience.add(ear)
            model[ear] = None
        else:
            audience.remove(ear)
            model.pop(ear, None)
        assert list(audience.subscribers) == list(model)
        assert len(audience) == len(model)
        assert [one in audience for one in ears] == [one in model for one in ears]


def test_few_cost_no_dict_and_many_are_looked_up_in_one() -> None:
    assert isinstance(Audience(Ear() for _ in range(FEW)).subscribers, tuple)
    assert isinstance(Audience(Ear() for _ in range(FEW + 1)).subscribers, dict)


def test_who_goes_takes_along_what_was_noted_of_them() -> None:
    ann, ben = Ear(), Ear()
    audience = Audience((ann, ben))
    for ear in (ann, ben):
        audience.set_tag(ear, "north")
        audience.note_late(ear, Seq(3))
    audience.remove(ann)
    assert (dict(audience.tags), dict(audience.late)) == ({ben: "north"}, {ben: 3})


def test_what_somebody_has_never_goes_back_and_is_forgotten_with_what_waits() -> None:
    ann, ben = Ear(), Ear()
    audience = Audience((ann, ben))
    audience.note_late(ann, Seq(5))
    audience.note_late(ann, Seq(4))
    audience.note_late(ben, Seq(9))
    assert dict(audience.late) == {ann: 5, ben: 9}
    audience.forget_late(6)
    assert dict(audience.late) == {ben: 9}
    audience.forget_late()
    assert not audience.late


def test_a_tag_is_set_changed_and_taken_off() -> None:
    ann = Ear()
    audience = Audience((ann,))
    audience.set_tag(ann, "")
    assert not audience.tags
    for tag in ("north", "south"):
        audience.set_tag(ann, tag)
        assert audience.tags[ann] == tag
    audience.set_tag(ann, "")
    assert not audience.tags
