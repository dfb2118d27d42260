"""Who sees which public comment, as SQL: the formula that docs/PROTOCOL.md states, in the pieces queries are made of.

It is in one place, ALONE: by which column of `comments` one sees to whom alone a comment is shown, for each choice
that an author has. What the formula asks of all that a comment answers is in these columns already, so nothing has to
go up a chain to read a page (server.store.square_schema).

Each piece is an expression. A comment is the row `c` of comments, its thread the row `t` of threads; it is asked for
the person `:viewer`.
"""

from protocol.entries import Role
from protocol.moments import Choice
from server.operators import OperatorAct, may

NOBODY, SEVERAL = "", "*"  # Where one person may be named.

# To whom alone a comment that is in force is shown, those who have the say there aside. None, or NOBODY: to everybody.
ALONE: dict[Choice, str | None] = {
    Choice.EVERYONE: None,
    Choice.SELECTED: "unselected",
    Choice.OFF: "author_of_all",
}
IN_FORCE = "(NOT e.erased AND NOT e.withdrawn)"  # Of a comment by itself, by its entry `e`.
UNSELECTED = f"CASE WHEN c.selected THEN '{NOBODY}' ELSE c.author END"  # Likewise: whose selection it lacks.
ROLES = ", ".join(f"'{role.value}'" for role in Role if may(role, OperatorAct.COMMENTS))


def alone(choice: Choice) -> str:
    """Return to whom alone `c` is shown where this is chosen."""
    column = ALONE[choice]
    return f"'{NOBODY}'" if column is None else f"c.{column}"


def sees(choice: Choice) -> str:
    """Say whether a viewer who has no say there sees `c`, which is in force, where this is chosen."""
    return f"{alone(choice)} IN ('{NOBODY}', :viewer)"


def shown() -> str:
    """Say whether a viewer sees `c`, if what it is under is in force."""
    cases = " ".join(f"WHEN '{choice.value}' THEN {sees(choice)}" for choice in Choice)
    return f"(c.in_force AND (CASE t.choice {cases} END OR {has_say('c.root_topic')}))"


def counted(say: str) -> str:
    """Return how many comments of `t` a viewer sees; `say`: whether they have the say there."""
    count = "SELECT count(*) FROM comments AS c WHERE c.topic = t.topic AND c.in_force = 1"
    cases = " ".join(f"WHEN '{choice.value}' THEN ({count} AND {sees(choice)})" for choice in Choice)
    return f"CASE WHEN {say} THEN ({count}) ELSE CASE t.choice {cases} END END"


def has_say(topic: str) -> str:
    """Say whether a viewer has the say about comments in a square, or an account."""
    return f"""(EXISTS (SELECT 1 FROM topics WHERE topic = {topic} AND kind = 'square' AND one_peer = :viewer)
        OR EXISTS (SELECT 1 FROM members
            WHERE topic = {topic} AND person = :viewer AND standing = 'member' AND role IN ({ROLES})))"""


def stands() -> str:
    """Say whether what `c` is under is in force."""
    return """EXISTS (SELECT 1 FROM entries AS root WHERE root.topic = c.root_topic AND root.seq = c.root_seq
        AND NOT root.erased AND NOT root.withdrawn)"""


def joint(one: str, other: str) -> str:
    """Return who alone is meant, when two expressions say it each of a part: nobody, one person, or several."""
    return f"""CASE WHEN {one} IN ('{NOBODY}', {other}) THEN {other} WHEN {other} = '{NOBODY}' THEN {one}
        ELSE '{SEVERAL}' END"""
