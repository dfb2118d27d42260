"""Who sees what of moments, as SQL: the formula that docs/PROTOCOL.md states, in the pieces that queries are made of.

Each piece is an expression, true or false. A moment is the row `m` of moments, a comment the row `c` of comments, a
like the row `l` of likes, always with its moment as `m` beside it. It is asked for `viewer`, an SQL expression for a
person, as of `:now` (Unix ms); people are named by expressions that say of which table they are.

Lists of people in a row are JSON arrays of ids: see `people_of` and `people_text`.
"""

from collections.abc import Iterable
from json import dumps, loads

from protocol.ids import PersonId

DAY_MS = 86_400_000


def people_text(people: Iterable[PersonId]) -> str:
    """Return what is stored of a list of people; the same people, the same text."""
    return dumps(sorted(set(people)))


def people_of(text: str) -> tuple[PersonId, ...]:
    """Return the people of a list that is stored."""
    return tuple(loads(text))


def named(people: str, person: str) -> str:
    """Say whether a list that is stored names `person`."""
    return f"""(instr({people}, '"' || {person} || '"') > 0)"""


def friends(one: str, other: str) -> str:
    """Say whether two people are friends: each has the other as a contact, and neither blocks the other."""
    return f"""(
        {_has("contacts", one, "contact", other)} AND {_has("contacts", other, "contact", one)}
        AND NOT {_has("blocks", one, "blocked", other)} AND NOT {_has("blocks", other, "blocked", one)}
    )"""


def near(viewer: str, person: str) -> str:
    """Say whether `person` is `viewer`, or a friend: what others say under a moment is seen of those alone."""
    return f"({person} = {viewer} OR {friends(person, viewer)})"


def circle(person: str) -> str:
    """Return, as FROM and WHERE, the friends of `person`, in one go: `k` is the row of `person` about each of them, and
    `b` theirs about `person`.
    """
    return f"""
    FROM contacts AS k JOIN contacts AS b ON b.person = k.contact AND b.contact = k.person
    WHERE k.person = {person} AND k.state = 'contact' AND b.state = 'contact'
        AND k.contact NOT IN (SELECT blocked FROM blocks WHERE person = {person})
        AND NOT {_has("blocks", "k.contact", "blocked", person)}
    """


def shows(author: str, viewer: str) -> str:
    """Say whether `author` shows a friend their moments at all."""
    return f"""NOT EXISTS (
        SELECT 1 FROM contacts WHERE person = {author} AND contact = {viewer} AND hides_mine
    )"""


def moment_is_for(viewer: str) -> str:
    """Say whether the audience of `m` has a friend in it."""
    return f"((m.listed IS NULL OR {named('m.listed', viewer)}) AND NOT {named('m.without', viewer)})"


def moment_is_recent() -> str:
    """Say whether `m` is as new as its author shows moments to friends."""
    return f"""(m.at >= :now - (
        SELECT CASE moments_days WHEN 0 THEN :now ELSE moments_days * {DAY_MS} END FROM people WHERE person = m.author
    ))"""


def moment_visible(viewer: str = ":viewer") -> str:
    """Say whether a viewer sees the moment `m`."""
    return f"""(m.body IS NOT NULL AND (m.author = {viewer} OR (
        {moment_is_for(viewer)} AND {moment_is_recent()}
        AND {friends("m.author", viewer)} AND {shows("m.author", viewer)}
    )))"""


def comment_linked(viewer: str = ":viewer") -> str:
    """Say whether all who had a part in the comment `c`, deleted or not, are a viewer or friends of theirs."""
    return f"""NOT EXISTS (
        SELECT 1 FROM json_each(c.chain) AS link WHERE NOT {near(viewer, "link.value")}
    )"""


def comment_shown(viewer: str = ":viewer") -> str:
    """Say whether whoever sees its moment sees the comment `c`."""
    return f"(c.body IS NOT NULL AND {comment_linked(viewer)})"


def comment_visible(viewer: str = ":viewer") -> str:
    """Say whether a viewer sees the comment `c` on `m`."""
    return f"({comment_shown(viewer)} AND {moment_visible(viewer)})"


def like_shown(viewer: str = ":viewer") -> str:
    """Say whether whoever sees its moment sees the like `l`."""
    return near(viewer, "l.person")


def _has(table: str, person: str, column: str, other: str) -> str:
    state = " AND state = 'contact'" if table == "contacts" else ""
    return f"EXISTS (SELECT 1 FROM {table} WHERE person = {person} AND {column} = {other}{state})"
