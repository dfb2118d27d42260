"""I7: nothing public is visible before a verdict or a recorded fallback, whatever a hook does.

Slow, dead, lying, huge, computing for ever: what waits for such a hook waits alone. Others publish and chat meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

import msgspec
import pytest
import trio
from hypothesis import given

from compliance.checks.base import Options, Read
from compliance.publication import Publication
from compliance.verdicts import Allow, Hold, Label, OnError, Reject, Verdict
from protocol.decisions import Span, SubmissionState
from protocol.entries import Entry
from protocol.frames import GroupFound
from protocol.ids import TopicId
from protocol.public import GroupFind, GroupFoundPublic, GroupJoin, GroupListing, SubmissionPush, Submissions, TakeBack
from protocol.publications import Published, Surface, decode, encode
from server.hooks.check import CheckHook, CheckKind
from server.hooks.panel import HookPanel
from server.hooks.settings import CheckSource, HookSettings
from tests.server.hooks.support import StillClock, watching
from tests.support.inline import Caller, InlineServer, bench_under_test
from tests.support.newsroom import SCRIPTS, Newsroom, Script, words_in
from tests.support.panel import StaffedPanel, allows
from tests.support.public import (
    GROUND,
    HOLD,
    connection_of,
    leaves_of,
    public_group,
    publication_of,
    publish,
    rows,
    shown_to,
)
from tests.support.town import Resident, Town, open_town, plain

WORDS = "wordsnobodysaidyet"


@pytest.fixture
def server() -> Iterator[InlineServer]:
    server = InlineServer(panel=StaffedPanel(hook=allows))
    yield server
    server.close()


def told(server: InlineServer) -> str:
    """Return all that is pushed to anybody and waits to be read."""
    return repr([caller.collect() for caller in server.callers])


# While a hook has not answered.


@pytest.mark.parametrize("surface", Surface)
def test_what_waits_for_a_slow_hook_is_nowhere_and_then_it_is_there(server: InlineServer, surface: Surface) -> None:
    ann, bob, sam = server.people("ann", "bob", "sam")
    topic = public_group(server, ann, bob, listed=True, history_open=True)
    tablet = server.login("ann")
    before = [shown_to(reader, topic, [ann.person], word=WORDS) for reader in (bob, sam, tablet)]
    told(server)
    server.panel.is_slow = True
    ann.say(ann.request(publication_request(), **publication_of(surface, WORDS, topic)))
    assert told(server) == repr([[] for _ in server.callers])
    for _ in range(100):
        server.every_second()
    assert [shown_to(reader, topic, [ann.person], word=WORDS) for reader in (bob, sam, tablet)] == before
    assert WORDS not in told(server)
    server.panel.answer()
    assert WORDS in repr(shown_to(sam, topic, [ann.person], word=WORDS))


def publication_request() -> Any:
    from protocol.public import Publish

    return Publish
