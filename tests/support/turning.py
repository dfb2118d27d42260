"""People who turn pages while all around them things change: what each page shows is what the model says of the list
as it is now, from where the last page ended.
"""

import random
from typing import Any, ClassVar

from hypothesis.stateful import invariant

from protocol.codec import Refusal
from protocol.errors import ErrorCode
from protocol.moments import Moment, Moments, Notices, ShowThread, Timeline
from tests.support.eyes import plain
from tests.support.inline import Caller
from tests.support.society import Society

Place = tuple[Any, ...]  # What a list is ordered by.
ITEMS = {"timeline": "moments", "moments": "moments", "thread": "comments", "notices": "notices"}
LISTS = tuple(ITEMS)


class PageTurners(Society):
    """`turned`: of which lists a page has been read that was not the first, in any of the runs."""

    turned: ClassVar[set[str]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.turned = set()

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[tuple[Caller, str, str], tuple[str, Place]] = {}

    @invariant()
    def somebody_looks_at_everything(self) -> None:
        """Instead of that, several people turn a page of something, most of them of what they have begun to read."""
        draw = random.Random(self.looks)
        self.looks += 1
        for _ in range(5):
            caller, what = draw.choice(self.devices), draw.choice(LISTS)
            target = self._target(caller, what, draw.randrange(64))
            if self.places and draw.randrange(4):
                caller, what, target = draw.choice(list(self.places))
            if target is not None:
                self._turn_a_page(caller, what, target, draw.choice([1, 1, 2, 3, 5]))

    def _turn_a_page(self, caller: Caller, what: str, target: str, limit: int) -> None:
        before, last = self.places.pop((caller, what, target), ("", None))
        answer: Any = caller.try_(self._request(caller, what, target, before=before, limit=limit))
        listed = self._listed(caller, what, target)
        if listed is None:
            assert isinstance(answer, Refusal), answer
            assert answer.code == ErrorCode.NOT_FOUND
            return
        ahead = [(place, shown) for place, shown in listed if last is None or place < last]
        page = [plain(each) if isinstance(each, Moment) else each for each in getattr(answer, ITEMS[what])]
        assert page == [shown for _, shown in ahead[:limit]]
        assert answer.complete == (len(ahead) <= limit)
        assert (answer.before == "") == answer.complete
        if not answer.complete:
            self.places[caller, what, target] = answer.before, ahead[limit - 1][0]
        if before:
            self.turned.add(what)

    def _target(self, caller: Caller, what: str, which: int) -> str | None:
        match what:
            case "moments":
                return self.people[which % len(self.people)]
            case "thread":
                return self.a_moment_for(caller.person, which)
            case _:
                return ""

    def _request(self, caller: Caller, what: str, target: Any, **page: Any) -> Any:
        match what:
            case "timeline":
                return caller.request(Timeline, **page)
            case "moments":
                return caller.request(Moments, person=target, **page)
            case "thread":
                return caller.request(ShowThread, moment=target, **page)
            case _:
                return caller.request(Notices, **page)

    def _listed(self, caller: Caller, what: str, target: Any) -> list[tuple[Place, Any]] | None:
        """Return the whole list as it is now, each with its place; None: there is none for this reader."""
        viewer, now, eyes = caller.person, self.now, self.eyes
        match what:
            case "timeline":
                said = self.model.timeline(viewer, now)
                return list(zip([each.key for each in said], eyes.as_shown(viewer, said, now), strict=True))
            case "moments":
                said = self.model.moments_of(viewer, target, now)
                return list(zip([each.key for each in said], eyes.as_shown(viewer, said, now), strict=True))
            case "thread" if self.model.sees(viewer, target, now):
                return [(each.key, eyes.comment_as_shown(each)) for each in self.model.thread(viewer, target, now)]
            case "thread":
                return None
            case _:
                return [(each.key, eyes.notice_as_shown(each)) for each in self.model.notices(viewer, now)]
