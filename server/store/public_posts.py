"""Posts to the public side, which say nothing that is to be judged: who comes and goes, and what is recalled."""

import sqlite3

import msgspec

from protocol.account_states import ActKind
from server.store import acts, reprints, submissions
from server.store.log import Log
from server.store.writes import Conflict, Post, Posted, PostOutcome


def post(connection: sqlite3.Connection, log: Log, post: Post) -> PostOutcome:
    """Append, change, or find out why not; what is done in an account's name, its operators are told."""
    if submissions.has_claimed(connection, post.draft):
        return Conflict()
    outcome = log.post(post)
    if post.by is None or post.draft is None or not isinstance(outcome, Posted):
        return outcome
    draft = post.draft
    assert draft.target is not None  # A recall: whatever else an account says is published.
    besides = reprints.mark(connection, log, post.topic, draft.target, at=draft.at)
    acted = acts.acted(connection, post.topic, post.by, ActKind.RECALLED, draft.at, seq=draft.target)
    return msgspec.structs.replace(outcome, acted=acted, besides=besides)
