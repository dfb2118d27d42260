"""Who is here, told to those who watch. Ephemeral: nothing is stored, changes are batched by the second.

For a while after a start nothing is told: everybody is coming back at once.
"""

from collections.abc import Callable, Sequence

from protocol.codec import encode_push
from protocol.frames import PresencePush
from protocol.ids import PersonId
from server.net.framing import binary_frame
from server.outcomes import Subscriber


class Presence:
    """Who watches whom. `is_here` says whether a person is signed in anywhere; `quiet_until` is monotonic seconds."""

    def __init__(self, *, is_here: Callable[[PersonId], bool], quiet_until: float) -> None:
        self.is_here = is_here
        self._quiet_until = quiet_until
        self.hidings = 0  # How often somebody was hidden: what was read before the last time may be out of date.
        # Who watches each; False: they may learn that the person went, not that they came.
        self._watchers: dict[PersonId, dict[Subscriber, bool]] = {}
        self._watched: dict[Subscriber, tuple[PersonId, ...]] = {}
        self._changed: dict[PersonId, bool] = {}

    def came_or_went(self, person: PersonId, here: bool) -> None:  # noqa: FBT001 - a fact, not an option.
        """`person` has signed in somewhere, or nowhere any more."""
        if person in self._watchers:
            self._changed[person] = here

    def watch(self, subscriber: Subscriber, persons: Sequence[PersonId]) -> None:
        """`subscriber` watches `persons`, who allow it, and nobody else any more."""
        self.unwatch(subscriber)
        if persons:
            self._watched[subscriber] = tuple(persons)
        for person in persons:
            self._watchers.setdefault(person, {})[subscriber] = True

    def unwatch(self, subscriber: Subscriber) -> None:
        """`subscriber` watches nobody any more."""
        for person in self._watched.pop(subscriber, ()):
            self._drop(person, subscriber)

    def hide(self, person: PersonId, *, only_from: PersonId | None = None) -> None:
        """From now on nobody (or `only_from`) sees `person` come. That they go is still told, once.

        So that the moment of a block looks like nothing at all, and the time after it like an ordinary absence.
        """
        self.hidings += 1
        watchers = self._watchers.get(person, {})
        for subscriber in watchers:
            if only_from is None or (subscriber.caller and subscriber.caller.person == only_from):
                watchers[subscriber] = False

    def every_second(self, now: float) -> None:
        """Tell what changed since the last call. `now`: monotonic seconds."""
        if now < self._quiet_until or not self._changed:
            return
        changed, self._changed = self._changed, {}
        online: dict[Subscriber, list[PersonId]] = {}
        offline: dict[Subscriber, list[PersonId]] = {}
        for person, here in changed.items():
            if here is not self.is_here(person):
                continue
            for subscriber, may_see in list(self._watchers.get(person, {}).items()):
                if here and may_see:
                    online.setdefault(subscriber, []).append(person)
                elif not here:
                    offline.setdefault(subscriber, []).append(person)
                    if not may_see:
                        self._drop(person, subscriber)  # Who is never seen to come must not be seen to go again.
        for subscriber in online.keys() | offline.keys():
            push = PresencePush(online=tuple(online.get(subscriber, ())), offline=tuple(offline.get(subscriber, ())))
            subscriber.push_ephemeral(binary_frame(encode_push(push)))

    def _drop(self, person: PersonId, subscriber: Subscriber) -> None:
        watchers = self._watchers.get(person, {})
        watchers.pop(subscriber, None)
        if not watchers:
            self._watchers.pop(person, None)
