"""I2: no byte of private text reaches a log at its loudest, an audit leaf, an exception, or any file of the public side.

First a crowd that asks for everything, in memory, with every record searched; then a real server that is made to fail
while it holds canaries, with hooks of every kind installed, and everything searched that it wrote, printed or sent.
"""

from typing import ClassVar

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support import records
from tests.support.aviary import PRIVATE_CARRIERS, as_hooks_get_it
from tests.support.crowd import HANDLES, Crowd

SAID = ("publish.content", "officer.decide.facts")  # What may stand in public.db, and be shown to staff.


class Recorded(Crowd):
    """A crowd whose records are searched when it has gone. `controls`: where the search has found what is there."""

    controls: ClassVar[set[str]] = set()

    def teardown(self) -> None:
        try:
            self.no_record_has_a_private_word()
        finally:
            super().teardown()

    def no_record_has_a_private_word(self) -> None:
        if not self.persons:
            return
        public = self.aviary.only(*SAID)
        hooks = b"\n".join(as_hooks_get_it(publication) for publication in self.panel.seen)
        staff = b"\n".join(self.staff_heard)
        stored = records.raw(records.public(self.server))
        leaves = b"\n".join(records.leaves_of(self.server))
        log = self.records.log.encode()
        assert self.aviary.seen_in(stored, but=public) == []
        assert self.aviary.seen_in(staff, but=public) == []
        assert self.aviary.seen_in(hooks, but=public) == []
        assert self.aviary.seen_in(leaves) == []
        assert self.aviary.seen_in(log) == []
        assert not [handle for handle in HANDLES if handle.encode() in log + leaves + staff + hooks]
        private = records.raw(records.private(self.server))
        for place, data in {"hooks": hooks, "staff": staff, "public.db": stored, "private.db": private}.items():
            if self.aviary.seen_in(data):
                self.controls.add(place)


def test_no_record_has_a_private_word_whatever_people_do() -> None:
    run_state_machine_as_test(Recorded, settings=settings(stateful_step_count=50))
    assert Recorded.carried == PRIVATE_CARRIERS, "some private text was never said, so nothing was shown about it"
    assert Recorded.controls == {"hooks", "staff", "public.db", "private.db"}, "the search finds what is there"
