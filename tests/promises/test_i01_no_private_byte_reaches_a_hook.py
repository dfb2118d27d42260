"""I1: no byte of private text reaches a hook, whoever asks the server for whatever, in whatever order."""

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from blake3 import blake3
from hypothesis.stateful import invariant, run_state_machine_as_test

from compliance.publication import Account, Hop, Provenance, Publication, provenance
from compliance.sides import CARRIERS, SIDES, Apart, Private, TextKind
from compliance.verdicts import Hold
from protocol import publications
from protocol.decisions import SubmissionState
from protocol.frames import REQUESTS, Send
from protocol.ids import Seq, TopicId
from protocol.public import GroupFoundPublic, Publish, TakeBack
from protocol.publications import (
    EDITABLE,
    OF_ACCOUNTS,
    AutoReply,
    Content,
    MenuEntry,
    MenuItem,
    Part,
    Published,
    Source,
    Surface,
)
from tests.support.aviary import MARK, PRIVATE_CARRIERS, PUBLIC_CARRIERS, Aviary, as_hooks_get_it, word
from tests.support.crowd import LABELS, LONG, Crowd
from tests.support.inline import InlineServer
from tests.support.panel import StaffedPanel

# What is published when it is due is public from then on; and an account has the name that it was applied for with.
PUBLISHED = ("publish.content", "schedule.content", "account.apply.application.name")
# Private rows of this version that come in by no field with words: what became of a publication, or what one does.
WORDLESS = {
    TextKind.REJECTED_ITEM,
    TextKind.TAKEN_BACK_ITEM,
    TextKind.READ_MARK,
    TextKind.FOLLOW,
    TextKind.PRESENCE,
    TextKind.SHARED_REFERENCE,  # Inside the body of a message.
    TextKind.TAG,  # Inside a remark.
}

HELD_MEANWHILE = 12  # Newer versions at most that appear while one is held, of what a crowd says.


class Overheard(Crowd):
    """What hooks see, looked at after each step. `learned`: which fields of a publication they have seen filled;
    `sources`: how often what comes from somewhere.
    """

    learned: ClassVar[set[str]] = set()
    sources: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.looked = self.taught = 0

    @invariant()
    def hooks_see_what_was_published_and_nothing_else(self) -> None:
        seen = self.panel.seen
        while self.looked < len(seen):
            earlier, publication = seen[: self.looked], seen[self.looked]
            self.looked += 1
            asked = [*self.submitted, *self.kiosk.due()]
            said = [each for each in asked if publication == self.as_seen(each, publication)]
            assert said, f"nobody published {publication}"
            self.submitted = [each for each in self.submitted if each is not said[0]]
            self.it_has_its_own_words_alone(publication)
            assert publication.minute == self.server.clock.ms // 60_000
            known = {"", *digests(earlier)}
            assert publication.previous in known or publication.previous in digests(earlier, overtaken=HELD_MEANWHILE)
            assert publication.version > 1 or publication.previous == ""
            assert publication.id not in self.ids() | {each.id for each in earlier}
            self.learned.update(fields_said(publication.content))
            Overheard.sources += publication.source is not None
        while self.taught < len(self.panel.learned):
            publication = self.panel.learned[self.taught]
            self.taught += 1
            assert (publication.surface, publication.content) in [(each.surface, each.content) for each in seen]
            self.it_has_its_own_words_alone(publication)

    def as_seen(self, request: Publish, publication: Publication) -> Publication:
        """Return `publication` as it is to be if it came of `request`; what nobody outside can know, as it is."""
        source = self.kiosk.source_of(request.source)
        return replace(
            publication,
            surface=request.surface,
            content=request.content,
            version=version_of(request, publication),
            account=self.account_of(request),
            source=None if source is None else provenance(source),
        )

    def account_of(self, request: Publish) -> Account | None:
        """Return what hooks are to be told of the account that it is said for, if it is one."""
        if request.surface not in OF_ACCOUNTS or request.topic not in self.kiosk.applications:
            return None
        application = self.kiosk.applications[request.topic]
        return Account(category=application.category, news=self.server.bench.pack.bodies[application.body].news)

    def it_has_its_own_words_alone(self, publication: Publication) -> None:
        """Search `publication` in every shape in which hooks get it: what is found is what it says, and all of that."""
        found = self.aviary.seen_in(as_hooks_get_it(publication))
        assert {self.aviary.kept[what] for what in found} == set(words_in(publication)), found
        assert all(what.startswith(PUBLISHED) for what in found)

    def ids(self) -> set[str]:
        """Return all ids of anything that anybody outside has been told."""
        told = [*self.persons, *self.topics, *self.devices, *self.submissions, *(cid.hex() for cid in self.cids)]
        return {str(each) for each in told}


def version_of(request: Publish, publication: Publication) -> int:
    """Return which version it is by what was asked for. Of what replaces another nobody says it, so take its word."""
    if request.surface not in EDITABLE:
        return publication.version
    return 1 if request.base is None else request.base + 1


def words_in(publication: Publication) -> Iterator[str]:
    """The canaries in what it says, wherever they stand, and in what is said of where it comes from."""
    source = publication.source
    for text in (*texts_of(publication.content).values(), *((source.author, source.title) if source else ())):
        if text.startswith(MARK):
            yield text


def texts_of(content: Content) -> dict[str, str]:
    """Return every text of `content`, by field; that of `lang`, too, which `fields_of` has no use for."""
    return publications.fields_of(content) | ({"lang": content.lang} if content.lang else {})


def fields_said(content: Content) -> set[str]:
    return {name for path in texts_of(content) for name in re.findall(r"[a-z]+", path)}


def digests(seen: list[Publication], *, overtaken: int = 0) -> set[str]:
    """Return what versions that hooks have seen are called as the ones before: they know them already.

    `overtaken`: by how many newer ones a text may have been, while it was held, before it was released and counted.
    """
    bodies = [
        publications.encode(
            Published(
                content=each.content,
                labels=labels,
                version=each.version + later,
                source=None if each.source is None else source_of(each.source),
                reprintable=reprintable,
            )
        )
        for each in seen
        for later in range(overtaken + 1)
        for labels in ((), LABELS)
        for reprintable in (False, True)
    ]
    return {blake3(body).hexdigest() for body in bodies}


def source_of(seen: Provenance) -> Source:
    """Return where something comes from as readers are told it, by what hooks are told."""
    hops = [
        publications.Hop(account=TopicId(hop.account), seq=Seq(hop.seq), digest=bytes.fromhex(hop.digest))
        for hop in seen.hops
    ]
    return Source(hops=tuple(hops), author=seen.author, title=seen.title)


def test_hooks_see_what_somebody_published_and_no_private_byte_whatever_people_do() -> None:
    run_state_machine_as_test(Overheard, settings=LONG)
    assert Overheard.carried == PRIVATE_CARRIERS, "some private text was never said, so nothing was shown about it"
    assert Overheard.asked == set(REQUESTS)
    shapes = (Content, Part, MenuEntry, MenuItem, AutoReply)
    filled = {name for shape in shapes for name in shape.__struct_fields__}
    assert Overheard.learned == filled, "the search was to find all that is published, and has not"
    assert Overheard.sources > 0


def test_every_private_row_is_said_by_some_field_or_has_no_words() -> None:
    said = {kind for field in PRIVATE_CARRIERS for kind in CARRIERS[field]}
    here = {kind for kind, row in SIDES.items() if isinstance(row, Private) and row.here}
    assert here - said == WORDLESS
    apart = {field for field, kinds in CARRIERS.items() if all(isinstance(SIDES[kind], Apart) for kind in kinds)}
    assert PRIVATE_CARRIERS | PUBLIC_CARRIERS | apart == set(CARRIERS)


@pytest.mark.parametrize("disguise", ["plain", "hexadecimal", "base64", "utf-16", "digest"])
def test_a_canary_in_a_publication_would_be_found(disguise: str) -> None:
    aviary = Aviary("control")
    canary = aviary.fresh("a private message")
    shown = {
        "plain": f"he said: {canary}!",
        "hexadecimal": f"he said: {canary.encode().hex()}",
        "base64": base64.b64encode(f"x{canary}".encode()).decode(),
        "utf-16": f"he said: {canary.encode('utf-16-le').decode('latin-1')}",
        "digest": blake3(canary.encode()).hexdigest(),
    }
    content = Content(parts=(Part(heading="news", text=shown[disguise]),))
    publication = Publication(id="a", version=1, surface=Surface.CARD, content=content, previous="", minute=0)
    assert aviary.seen_in(as_hooks_get_it(publication)) == ["a private message"]
    assert Aviary("another").seen_in(as_hooks_get_it(publication)) == []


class Clerk:
    """A server with one hook that holds everything, and an author who has published something."""

    def __init__(self) -> None:
        self.panel = StaffedPanel()
        self.server = InlineServer(panel=self.panel)
        ground = next(iter(self.server.bench.pack.grounds))
        self.panel.hooks = {"reader": lambda _: Hold(ground=ground, text="Somebody should read this first.")}
        self.author = self.server.register("alice")
        self.group = self.author.do(GroupFoundPublic).topic

    def publish(self, text: str, **fields: Any) -> Any:
        request = self.author.request(
            Publish, surface=Surface.GROUP_MESSAGE, content=Content(text=text), **{"topic": self.group, **fields}
        )
        return self.author.try_(request)


def test_what_was_taken_back_is_shown_to_no_hook_again() -> None:
    clerk = Clerk()
    submission = clerk.publish(word("second thoughts")).submission
    assert submission.state is SubmissionState.HELD
    clerk.author.do(TakeBack, submission=submission.submission)
    cases, _ = clerk.server.public_reads.reader.waiting()
    clerk.server.gatekeeper.recover(cases)
    clerk.server.clock.pass_time(100 * 3600)
    clerk.server.every_second()
    assert len(clerk.panel.seen) == 1
    assert clerk.panel.learned == []


@pytest.mark.parametrize("place", ["a chat", "no topic that is there"])
def test_what_is_published_into_a_private_place_is_shown_to_no_hook(place: str) -> None:
    clerk = Clerk()
    bob = clerk.server.register("bob")
    chat = clerk.author.do(Send, to=bob.person, body=b"hello").topic
    refused = clerk.publish(word("the wrong window"), topic=chat if place == "a chat" else TopicId("a" * 16))
    assert refused.code == "wrong_side"
    assert clerk.panel.seen == []


def test_what_is_sent_into_a_public_place_is_shown_to_no_hook() -> None:
    clerk = Clerk()
    body = word("the other wrong window").encode()
    assert clerk.author.refused(Send, topic=clerk.group, body=body) == "wrong_side"
    assert clerk.panel.seen == []


def test_a_publication_has_no_field_that_nobody_has_looked_at() -> None:
    assert {shape.__name__: fields_in(shape) for shape in SHAPES} == {
        "Publication": "id version surface content previous minute account source",
        "Account": "category news",
        "Provenance": "hops author title",
        "Hop": "account seq digest",
        "Content": "text title parts category lang summary author tags menu replies",
        "Part": "heading text link",
        "MenuEntry": "label text link items",
        "MenuItem": "label text link",
        "AutoReply": "keywords text",
    }


SHAPES = (Publication, Account, Provenance, Hop, Content, Part, MenuEntry, MenuItem, AutoReply)


def fields_in(shape: Any) -> str:
    return " ".join(getattr(shape, "__struct_fields__", None) or shape.__dataclass_fields__)
