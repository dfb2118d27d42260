"""What the fourth act proves: everybody saw what they were to see, and could not tell that there is anything else."""

from collections import Counter
from collections.abc import Iterator

import trio

from benchmarks.neighbours.graph import Told
from benchmarks.neighbours.neighbour import Neighbour
from benchmarks.neighbours.prying import Prying
from benchmarks.neighbours.verdict import Fault, mispushed, misseen, rows
from benchmarks.neighbours.yard import Yard
from client.moments import Root
from protocol.entries import Side
from protocol.ids import MomentId
from protocol.limits import MOMENTS_SHOWN
from protocol.moments import Notice, Notices

REASONS = 8  # That there are for a moment not to be shown.


async def prying(yard: Yard) -> None:
    """Everybody asks for all that is hidden from them, by its id, and for ids that never were."""
    telling: list[str] = []
    asked = 0

    async def pry(person: Neighbour) -> None:
        nonlocal asked
        one = Prying(person)
        for key, moment in _hidden_moments(yard, person.handle):
            telling.extend(f"{key}, {person.handle}: {way}" for way in await one.moment(moment))
        for name, under in _hidden_comments(yard, person.handle):
            ways = await one.comment(yard.names.comments[name], under)
            telling.extend(f"{name}, {person.handle}: {way}" for way in ways)
        asked += one.asked

    async with trio.open_nursery() as all_of_them:
        for person in yard.people.values():
            all_of_them.start_soon(pry, person)
    yard.report.add(
        "asked for by its id, in every way, what is hidden is answered as an id that never was",
        asked > 0 and not telling,
        "; ".join(telling[:3]) or f"{asked} times",
    )


def _hidden_moments(yard: Yard, handle: str) -> Iterator[tuple[str, MomentId]]:
    """Return the moments of others that somebody does not see."""
    for key, root in yard.names.roots.items():
        is_own = yard.graph.roots[key].author == handle
        if root.moment is not None and not is_own and not yard.graph.sees(handle, key):
            yield key, root.moment


def _hidden_comments(yard: Yard, handle: str) -> Iterator[tuple[str, Root]]:
    """Return the comments that somebody does not see and may not delete again, each with what they could answer it
    under: what it is said under, or, if they do not see that, any moment that they see.
    """
    graph, names = yard.graph, yard.names
    seen = [key for key, said in graph.roots.items() if said.side is Side.PRIVATE and graph.sees(handle, key)]
    for comment in graph.comments.values():
        concerned = {comment.author, graph.roots[comment.root].author}
        if handle not in concerned and not graph.sees_comment(handle, comment.key):
            under = [comment.root] if graph.sees(handle, comment.root) else seen
            if under:
                yield comment.key, names.roots[under[0]]


async def devices(yard: Yard) -> None:
    """The other device of each shows the same."""
    same = []
    for person in yard.people.values():
        one, other = await person.moments.timeline(MOMENTS_SHOWN), await person.ear.timeline(MOMENTS_SHOWN)
        same.append(one == other and one.complete)
    yard.report.add("a timeline is the same on every device", all(same), f"{len(same)} people, two devices each")


async def notices(yard: Yard) -> None:
    """Everybody is told what others said and liked of their own, as far as they see it."""
    wrong: list[str] = []
    shown = 0
    for handle, person in yard.people.items():
        reply = await person.session.request(Notices(id=0, limit=MOMENTS_SHOWN))
        seen, due = Counter(_told(yard, each) for each in reply.notices), Counter(yard.graph.notices(handle))
        shown += len(reply.notices)
        if seen != due or not reply.complete or reply.unread != len(reply.notices):
            wrong.append(f"{handle} has {sorted((seen - due).elements())}, not {sorted((due - seen).elements())}")
    yard.report.add(
        "notices are of what one sees, and of nothing else", not wrong, "; ".join(wrong[:3]) or f"{shown} of them"
    )


def _told(yard: Yard, notice: Notice) -> Told:
    comment = yard.names.comment(notice.comment.comment) if notice.comment else ""
    return notice.kind, notice.handle, yard.names.key(Root.of(notice)), comment


async def sights(yard: Yard) -> None:
    """Hold all that was shown and pushed against the graph."""
    graph, report = yard.graph, yard.report
    got = await yard.pushed()
    seen, pushed = misseen(yard.looks), mispushed(yard.due, got)
    report.sights = rows(list(graph.roots.values()), yard.whom, yard.looks[-1], yard.due, got, seen + pushed)
    report.add(
        f"{len(yard.people)} people looked {len(yard.looks)} times at {len(graph.roots)} things, {len(graph.comments)}"
        f" comments and {len(graph.likes)} likes: each saw what the graph says, and nothing else",
        not seen,
        _first(seen) or f"{sum(len(look.due) for look in yard.looks)} views",
    )
    report.add(
        "no page has a hole, and none but the last is short", yard.holes == 0 and yard.pages > 0, f"{yard.pages} pages"
    )
    counts = got.told.total(), got.stirred.total(), got.noticed.total()
    report.add(
        "what was pushed came once, to those who see it, and to nobody else",
        not pushed,
        _first(pushed) or "{} moments and posts, {} changes of threads, {} notices".format(*counts),
    )
    report.add(
        "each reason there is for not being shown a moment has been the only one",
        len(yard.lone_reasons) == REASONS,
        ", ".join(sorted(yard.lone_reasons)),
    )


def _first(faults: list[Fault]) -> str:
    return "; ".join(fault.what for fault in faults[:3])
