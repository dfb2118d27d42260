"""What is said under it in the fourth act: across circles, and under what is public. Everybody has threads open."""

from benchmarks.neighbours import words
from benchmarks.neighbours.yard import GARDENER, STRANGER, Yard
from benchmarks.press.desk import refusal
from benchmarks.town.dialogue import conversations
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.moments import Choice
from protocol.publications import Surface

COMMENTS, ANSWERS, LIKES = 2, 3, 3  # Under each moment, as far as there is anybody.


async def listening(yard: Yard) -> None:
    """Everybody's second device has open whatever threads it may."""
    for handle, person in yard.people.items():
        for key in yard.graph.roots:
            if yard.graph.sees(handle, key):
                await yard.listens(person, key)


async def across_circles(yard: Yard) -> None:
    """Whoever sees a moment may comment it, and answer what they see there; who is no friend of theirs sees neither."""
    sentences = [line for talk in conversations("chinese") for line in talk]
    chance, graph = yard.chance, yard.graph

    async def say(author: str, key: str, answers: str | None = None) -> None:
        name = f"comment {len(graph.comments)}"
        text = f"{sentences[len(graph.comments)]}（{name}）"
        await yard.comment(yard.people[author], key, name, text, answers=answers)

    moments = [key for key, said in graph.roots.items() if said.side is Side.PRIVATE]
    for key in moments:
        readers = [handle for handle in yard.handles if graph.sees(handle, key)]
        for _ in range(COMMENTS):
            await say(chance.choice(readers), key)
        for _ in range(ANSWERS):
            author = chance.choice(readers)
            seen = sorted(graph.thread(author, key))
            if seen:
                await say(author, key, chance.choice(seen))
        for reader in chance.sample(readers, min(LIKES, len(readers))):
            await yard.like(yard.people[reader], key)
    hidden = sum(
        graph.sees(handle, comment.root) and not graph.sees_comment(handle, comment.key)
        for comment in graph.comments.values()
        for handle in yard.handles
    )
    answers = sum(comment.answers is not None for comment in graph.comments.values())
    await yard.look("after the comments")
    yard.report.add(
        "they comment and like across circles; some readers of a moment see what others do not",
        hidden > 0,
        f"{len(graph.comments)} comments, {answers} of them answers; {len(graph.likes)} likes; hidden {hidden} times",
    )


async def in_public(yard: Yard) -> None:
    """Under a post and an article anybody may say something, and it goes through the gate."""
    record, people = yard.stage.record, yard.people
    before = len(record.publications)
    await yard.comment(yard.door(2), "roof", "the same, privately", words.SENTENCE)
    unseen = len(record.publications) == before
    await yard.comment(yard.door(2), "blossom", "the same, publicly", words.SENTENCE)
    yard.report.add(
        "the same sentence under a moment and under a post: judged by nobody, and by each hook once",
        unseen and record.times_seen(words.SENTENCE) == 1,
        f"«{words.SENTENCE}»",
    )
    await yard.comment(people[STRANGER], "blossom", "a stranger's", words.FROM_AFAR)
    await yard.comment(yard.door(1), "blossom", "the owner's answer", words.WELCOME, answers="a stranger's")
    await yard.comment(yard.door(7), "recipe", "a question", words.QUESTION)
    await yard.comment(people[GARDENER], "recipe", "an answer", words.ANSWER, answers="a question")
    await yard.comment(yard.door(8), "water", "thanks", words.THANKS)
    for number, key in ((3, "blossom"), (9, "blossom"), (9, "recipe"), (0, "umbrella")):
        await yard.like(yard.door(number), key)


async def choosing(yard: Yard) -> None:
    """Who published it says which comments others are shown: those selected, or none."""
    await yard.choose("blossom", Choice.SELECTED)
    await yard.select("a stranger's")
    await yard.choose("water", Choice.OFF)
    await yard.look("with one selected")
    topic, seq = yard.place("water")
    refused = await refusal(yard.door(9).session.publish(words.LATE, topic=topic, surface=Surface.COMMENT, root=seq))
    yard.report.add(
        "an author shows selected comments only, or wants no more of them",
        refused is not None and refused.code == ErrorCode.NOT_ALLOWED,
        refused.message if refused else "",
    )
