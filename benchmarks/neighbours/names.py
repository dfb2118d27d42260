"""What the server calls what the act calls by words of its own, and back."""

from client.moments import Root
from protocol.ids import CommentId, PersonId


class Names:
    """The ids of people, of what they said and of comments, by the names they have in the act."""

    def __init__(self) -> None:
        self.people: dict[str, PersonId] = {}
        self.roots: dict[str, Root] = {}
        self.comments: dict[str, CommentId] = {}

    def handles(self, people: tuple[PersonId, ...]) -> frozenset[str]:
        """Return who these are."""
        known = {person: handle for handle, person in self.people.items()}
        return frozenset(known.get(person, person) for person in people)

    def persons(self, handles: frozenset[str]) -> tuple[PersonId, ...]:
        """Return the ids of people."""
        return tuple(self.people[handle] for handle in sorted(handles))

    def key(self, root: Root) -> str:
        """Return what the act calls a root; of one that it has never heard of, what the server does."""
        known = {each: key for key, each in self.roots.items()}
        return known.get(root, f"unheard of: {root.where}")

    def comment(self, comment: CommentId) -> str:
        """Return likewise what the act calls a comment."""
        known = {each: key for key, each in self.comments.items()}
        return known.get(comment, f"unheard of: {comment}")
