"""I2: no byte of private text reaches a log at its loudest, a leaf, an exception, or any file of the public side.

First a crowd that asks for everything, in memory, with every record searched; then a real server that is made to fail
while it holds canaries, with hooks of every kind installed, and everything searched that it wrote, printed or sent.
"""

from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis.stateful import run_state_machine_as_test

from protocol.publications import fields_of
from tests.support import loud, records
from tests.support.amity import people_befriend
from tests.support.aviary import PRIVATE_CARRIERS, Aviary, as_hooks_get_it
from tests.support.confidences import CODE, PROGRAM, Story, hooks_file, hutongd
from tests.support.confiding import Press
from tests.support.crowd import LONG, Crowd
from tests.support.daemon import operator
from tests.support.hearsay import HANDLES
from tests.support.receiver import receiving
from tests.support.town import open_town

PUBLISHED = ("publish.content", "account.apply.application.name")  # What hooks may be shown.
# What may stand in public.db, and be shown to staff.
FACTS = ("officer.decide.facts", "officer.review.facts")
SAID = (*PUBLISHED, "account.apply.application", *FACTS)


CONTROLS = {"hooks", "staff", "public.db", "private.db", "log", "what was due"}


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
        self.officer_looks_at_everything()
        due = [what for what, said in self.aviary.kept.items() if said in self.words_due()]
        public, published = [self.aviary.only(*words) + due for words in (SAID, PUBLISHED)]
        hooks = b"\n".join(as_hooks_get_it(publication) for publication in self.panel.seen)
        staff = b"\n".join(self.staff_heard)
        handles = self.aviary.only("register.handle")  # Known to the public side from one's first public act on.
        stored = records.raw(records.public(self.server))
        leaves = b"\n".join(records.leaves_of(self.server))
        log = self.records.log.encode()
        assert self.aviary.seen_in(stored, but=public + handles) == []
        assert self.aviary.seen_in(staff, but=public) == []
        assert self.aviary.seen_in(hooks, but=published) == []
        assert self.aviary.seen_in(leaves) == []
        assert self.aviary.seen_in(log) == []
        assert not [handle for handle in HANDLES if handle.encode() in log + leaves + staff + hooks]
        if b'"request.failed"' in log:
            self.controls.add("log")
        private = records.raw(records.private(self.server))
        for place, data in {"hooks": hooks, "staff": staff, "public.db": stored, "private.db": private}.items():
            if self.aviary.seen_in(data):
                self.controls.add(place)
        if set(due) & set(self.aviary.seen_in(hooks)):
            self.controls.add("what was due")

    def words_due(self) -> set[str]:
        return {text for request in self.kiosk.due() for text in fields_of(request.content).values()}


def test_no_record_has_a_private_word_whatever_people_do() -> None:
    run_state_machine_as_test(Recorded, settings=LONG)
    assert Recorded.carried == PRIVATE_CARRIERS, "some private text was never said, so nothing was shown about it"
    assert Recorded.controls == CONTROLS, "the search finds what is there"


# A real server, as loud as it can be made, with a hook of every kind.


def files(directory: Path, name: str) -> bytes:
    """Return all that is on the disk of one store: the file, its free pages, its log of writes."""
    return b"\n".join(path.read_bytes() for path in sorted(directory.glob(f"{name}*")))


async def test_no_private_word_is_in_anything_that_a_real_server_writes_prints_or_sends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aviary = Aviary("story")
    invitation = aviary.fresh("secret invitation")
    with receiving() as receiver:
        settings = {"registration.invitation": invitation, "compliance.hooks": hooks_file(tmp_path, receiver)}
        async with open_town(tmp_path, settings, program=PROGRAM) as town:
            daemon = town.daemon
            story = Story(town, aviary)
            token = (await hutongd(daemon, "staff", "add", CODE, "--role", "chief")).split()[0]
            aviary.also("secret token of staff", token, kept_as_digest=True)
            alice, bob, carol = [await story.moves_in(handle, invitation) for handle in HANDLES[:3]]
            chat = await story.people_talk(alice, bob, carol)
            await people_befriend(story, alice, bob, carol)
            group = await story.people_publish(alice, bob, token)
            press = Press(story, alice, bob, carol, token)
            await press.opens()
            await press.speaks(group)
            await press.confides()
            await press.publishes_what_is_due()
            await story.people_are_refused(alice, carol, chat, group)
            await press.is_refused()
            await story.the_server_fails(alice, chat, group)
            await press.fails()
            told = await story.publishes(alice, group, "what have you seen")
            assert story.carried == PRIVATE_CARRIERS, "some private text was never said"

            public = aviary.only("publish.content", "account.apply", *FACTS, "kept, though")
            live = files(daemon.data, "public.db")
            assert aviary.seen_in(live, but=public) == []
            printed = await hutongd(daemon, "config")
            capsys.readouterr()
            for command in COMMANDS:
                assert operator(*command.split(), "--data", daemon.data) == 0
            printed += "".join(capsys.readouterr())
            assert printed.count("commitment") > len(receiver.got), "the leaves of the audit log are among it"
            await town.go_home()
            assert await daemon.stop() == 0

            # What hooks have got, and what a hook says it has got.
            posted = b"\n".join(receiver.got)
            assert aviary.seen_in(posted, but=aviary.only("publish.content")) == []
            assert told.decision is not None
            published = [aviary.kept[what] for what in aviary.only("publish.content")]
            assert told.decision.facts.split() == [word[-8:] for word in published[:-1]]
            assert len(published) + press.reprints == len(receiver.got)
            assert all(person.id.encode() not in posted for person in (alice, bob, carol))

            # What was logged, printed, and answered to staff and authors; what is in the audit log.
            log = daemon.log.encode()
            for event in (loud.CONTROL, "request.failed", "write.failed", "link.failed", "hook.failed", "gate.failed"):
                assert event.encode() in log, f"the search would find nothing if nothing were said: {event}"
            assert aviary.seen_in(log + repr(daemon.said).encode()) == []
            assert aviary.seen_in(printed.encode()) == []
            assert aviary.seen_in(b"\n".join(story.said), but=public) == []
            assert not [handle for handle in HANDLES if handle.encode() in log + posted + b"".join(story.said)]

            # What is on the disk, where it should be and where it should not.
            stored, kept = files(daemon.data, "public.db"), files(daemon.data, "private.db")
            gone = aviary.only("publish.content gone", "account.apply gone")
            assert aviary.seen_in(stored, but=[what for what in public if what not in gone]) == []
            assert aviary.seen_in(kept, but=_private(aviary)) == []
            assert aviary.seen_in(kept) == [what for what in _private(aviary) if not what.endswith(".query")]
            assert aviary.seen_in(stored) == [what for what in public if what not in gone]
            daemon.log_file.write_bytes(b"")  # The failures were meant.


COMMANDS = (
    "stats",
    "doctor",
    "staff list",
    "approvals list",
    "audit root",
    "audit verify",
    "audit prove 3",
    "audit prove --since 2",
    "audit show --limit 10000 --json",
)


def _private(aviary: Aviary) -> list[str]:
    """Return what was said privately and stayed."""
    fields = [f"{operation}.{field}" for operation, field in PRIVATE_CARRIERS]
    return [what for what in aviary.kept if what.startswith(tuple(fields)) and not what.endswith("recalled")]
