"""They fall out in the fourth act, and some make up: after each step everybody looks at everything again."""

from benchmarks.neighbours import words
from benchmarks.neighbours.yard import STRANGER, Yard
from protocol.contacts import AskContact, ContactState, HideContact
from protocol.entries import Side
from protocol.frames import Block


async def hiding(yard: Yard) -> None:
    """One hides theirs from a friend, one does not want to be shown a friend's; neither is told."""
    one, friend = yard.door(7), yard.door(8)
    await one.session.request(HideContact(id=0, person=friend.person, mine=True))
    yard.graph.hides_mine.add((one.handle, friend.handle))
    other, talker = yard.door(5), yard.door(6)
    await other.session.request(HideContact(id=0, person=talker.person, theirs=True))
    yard.graph.hides_theirs.add((other.handle, talker.handle))
    await yard.look("after some was hidden")


async def unfriending(yard: Yard) -> None:
    """One removes a friend, who is not told, and goes on having them as a contact."""
    one, friend = yard.door(10), yard.door(11)
    met = friend.ear.met
    await yard.unfriend(one, friend)
    await friend.ear.caught_up()
    await yard.look("after an unfriending")
    kept = friend.session.cache.contacts.of(one.person)
    yard.report.add(
        "who was removed is told nothing, and still has the other as a contact",
        friend.ear.met == met and kept is not None and kept.state is ContactState.CONTACT,
        f"{one.handle} removed {friend.handle}",
    )


async def blocking(yard: Yard) -> None:
    """One blocks a friend, who is not told, either; they are gone for each other, and for each other alone."""
    one, friend = yard.door(11), yard.door(0)
    await one.session.request(Block(id=0, person=friend.person))
    yard.graph.blocks.add((one.handle, friend.handle))
    await yard.look("after a block")


async def narrowing(yard: Yard) -> None:
    """A moment is taken from some of those it was for; whatever is asked, it is never for more."""
    host, key = yard.door(9), "feast"
    guests = yard.graph.audience(key)
    await yard.narrow(host, key, without=yard.doors(10))
    await yard.narrow(host, key, only=guests - yard.doors(11))
    await yard.narrow(host, key, only=frozenset(yard.handles))
    await yard.narrow(yard.door(1), "soup", only=frozenset(yard.handles))
    await yard.look("after it was narrowed, and asked to be for all")
    left = yard.graph.audience(key)
    yard.report.add(
        "a moment can be for fewer, and never for more", left < guests, f"{len(left)} of {len(guests)} are left"
    )


async def deleting(yard: Yard) -> None:
    """A like is taken back; a comment is deleted with its answers by the author of what it is under, a moment with all
    that is said there; a stranger deletes theirs under a post, and takes a post back.
    """
    liked, by = min(like for like in yard.graph.likes if yard.graph.sees_like(like[1], *like))
    await yard.like(yard.people[by], liked, liked=False)
    answered = next(
        comment
        for comment in yard.graph.comments.values()
        if yard.graph.roots[comment.root].side is Side.PRIVATE
        and yard.graph.sees_comment(yard.graph.roots[comment.root].author, comment.key)
        and any(other.answers == comment.key for other in yard.graph.comments.values())
    )
    await yard.delete_comment(yard.people[yard.graph.roots[answered.root].author], answered.key)
    await yard.delete("old photo")
    await yard.delete_comment(yard.people[STRANGER], "a stranger's")
    await yard.recall("umbrella")
    await yard.look("after some was deleted")
    yard.report.add(
        "what is deleted goes with all that was said under it, on either side",
        {"old photo", "umbrella", "the owner's answer"} < yard.graph.gone,
        f"{len(yard.graph.gone)} things are gone",
    )


async def afterwards(yard: Yard) -> None:
    """They go on saying things, to those who are friends now."""
    for number, key, text in ((7, "wind", words.NIGHT), (11, "aside", words.QUIET), (10, "alone", words.APART)):
        await yard.post(yard.door(number), key, text, "friends")
    await yard.look("after more was said")


async def making_up(yard: Yard) -> None:
    """Who removed a friend asks them again, and they are friends at once: the other one never knew."""
    one, friend = yard.door(10), yard.door(11)
    asked = await one.session.request(AskContact(id=0, person=friend.person))
    yard.graph.befriend(one.handle, friend.handle)
    await yard.look("after they made up")
    yard.report.add(
        "they make up, and see what they saw before: older moments for friends are for new friends, too",
        asked.contact.state is ContactState.CONTACT,
    )
