"""What can be liked and commented, private or public, under one name: its root.

Likes are stored under it, and threads are open under it.
"""

from typing import NewType

from protocol.ids import MomentId, Seq, TopicId

Root = NewType("Root", str)


def root_of(moment: MomentId) -> Root:
    """Return the root that a moment is."""
    return Root(moment)


def public_root_of(topic: TopicId, seq: Seq) -> Root:
    """Return the root that a public entry is. It is longer than any id, so it is no moment's."""
    return Root(f"{topic}:{seq}")
