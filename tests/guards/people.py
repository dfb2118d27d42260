"""People, chats and groups as rows, written straight to a store: a group of five hundred costs nobody's time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from protocol.entries import Kind, Role, Side, Standing, TopicKind
from protocol.ids import DeviceId, PersonId, TopicId, new_cid, new_id
from server.passwords import token_digest
from server.store.base import Writer
from server.store.writes import AddPerson, Done, Draft, Founding, NewDevice, Post, Posted
from server.topics import Stand

AT = 1_700_000_000_000
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in by `token`."""

    person: PersonId
    token: str


def draft(sender: PersonId, body: bytes = b"", kind: Kind = Kind.MESSAGE) -> Draft:
    """Return a message of somebody, with a cid of its own."""
    return Draft(kind=kind, sender=sender, cid=new_cid(AT), digest=bytes(16), at=AT, body=body)


class Registry:
    """Writes to `writer` what a test begins with."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def people(self, how_many: int) -> list[Account]:
        """Add so many."""
        accounts = [Account(PersonId(new_id()), f"token of {next(_numbers)}") for _ in range(how_many)]
        outcomes = self._writer.commit([_added(account) for account in accounts])
        assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
        return accounts

    def chat(self, one: Account, other: Account) -> TopicId:
        """Begin one in which each of the two has said something, seqs 1 and 2: nothing more is noted as new in it."""
        first, second = sorted((one.person, other.person))
        topic = TopicId(new_id())
        founding = Founding(kind=TopicKind.CHAT, side=Side.PRIVATE, peers=(first, second))
        changes = tuple(Stand(person=person, standing=Standing.MEMBER) for person in (first, second))
        self._posted(
            Post(topic=topic, generation=0, draft=draft(one.person, b"1"), changes=changes, founding=founding),
            Post(topic=topic, generation=1, draft=draft(other.person, b"2")),
        )
        return topic

    def group(self, members: Sequence[Account]) -> TopicId:
        """Found one of these; the first is its owner. Its log has one entry."""
        topic = TopicId(new_id())
        founding = Founding(kind=TopicKind.GROUP, side=Side.PRIVATE)
        owner, *others = (member.person for member in members)
        changes = (
            Stand(person=owner, standing=Standing.MEMBER, role=Role.OWNER),
            *(Stand(person=other, standing=Standing.MEMBER) for other in others),
        )
        founded = draft(owner, b"us", Kind.FOUNDED)
        self._posted(Post(topic=topic, generation=0, draft=founded, changes=changes, founding=founding))
        return topic

    def join(self, topic: TopicId, *newcomers: Account) -> list[Posted]:
        """Seat these in a group that `group` founded, and return what came of it. They see nothing said before."""
        stands = tuple(Stand(person=newcomer.person, standing=Standing.MEMBER) for newcomer in newcomers)
        joined = draft(newcomers[0].person, kind=Kind.JOINED)
        return self._posted(Post(topic=topic, generation=1, draft=joined, changes=stands))

    def _posted(self, *posts: Post) -> list[Posted]:
        outcomes = self._writer.commit(posts)
        posted = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
        assert len(posted) == len(posts), outcomes
        return posted


def _added(account: Account) -> AddPerson:
    device = NewDevice(device=DeviceId(new_id()), name="", digest=token_digest(account.token), at=AT)
    name = account.person
    return AddPerson(person=name, handle=name, skeleton=name, password="", device=device)
