"""Public accounts to play with: applied for, reviewed, opened, with operators and something to read.

For a test on `InlineServer`; three lines make one that publishes:

    (ann,) = server.people("ann")
    topic = active(server, ann, "The Lane", tags=("north",))
    said = article(ann, topic, "Its lamp works again.")
"""

from typing import Any

from compliance.pack import Pack
from protocol.account_states import AccountState, AccountType, NewsRight
from protocol.accounts import AccountApply, AccountSubmit, Acts, Application, SetOperator
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Entry, Role
from protocol.following import AccountPage, ArticleReply, Pages, ReadArticle
from protocol.frames import History
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import Content, Published, Surface, decode
from protocol.staff import OfficerReview, ReviewAct
from tests.support.inline import Caller, InlineServer
from tests.support.public import NAME


def body_with(pack: Pack, news: NewsRight = NewsRight.NONE, *, encouraged: bool = False) -> str:
    """Return the code of a kind of subject that has this right to current-affairs news; under `open` only NONE has."""
    return next(code for code, body in pack.bodies.items() if body.news is news and body.encouraged is encouraged)


def application(server: InlineServer, name: str = NAME, **more: Any) -> Application:
    """Return what somebody might apply with, under the pack that the suite runs with."""
    pack = server.bench.pack
    fields = {
        "body": body_with(pack),
        "subject": "The people of the lane",
        "category": "society",
        "scope": "What happens in the lane.",
        "operator": "Ann of the lane",
    }
    return Application(name=name, **fields | more)


def applied(server: InlineServer, owner: Caller, name: str = NAME, **more: Any) -> TopicId:
    """Return an account that `owner` has applied for, and a reviewer is to look at."""
    topic = owner.do(AccountApply, application=application(server, name, **more)).account.topic
    owner.do(AccountSubmit, topic=topic)
    return topic


def approved(server: InlineServer, owner: Caller, name: str = NAME, **more: Any) -> TopicId:
    """Return an account that has been approved, and says nothing about itself yet."""
    topic = applied(server, owner, name, **more)
    reviewer = server.officer(f"R{sum(caller.session.officer is not None for caller in server.callers)}")
    reviewer.do(OfficerReview, topic=topic, act=ReviewAct.APPROVE)
    return topic


def active(
    server: InlineServer, owner: Caller, name: str = NAME, *, tags: tuple[str, ...] = (), about: str = "", **more: Any
) -> TopicId:
    """Return an account that is active, because its profile is public; nothing of its beginnings is to be collected."""
    topic = approved(server, owner, name, **more)
    said = profile(owner, topic, name, tags=tags, about=about)
    assert said.state is SubmissionState.PUBLISHED, said
    for caller in server.callers:
        caller.collect()
    return topic


def service(server: InlineServer, owner: Caller, name: str = NAME, **more: Any) -> TopicId:
    """Return an active service account."""
    return active(server, owner, name, type=AccountType.SERVICE, **more)


def operator(owner: Caller, topic: TopicId, person: Caller, role: Role = Role.EDITOR) -> Caller:
    """Make `person` an operator of an account, and return them; nothing of it is to be collected."""
    owner.do(SetOperator, topic=topic, person=person.person, role=role)
    for caller in (owner, person):
        caller.collect()
    return person


# What it says.


def profile(
    owner: Caller, topic: TopicId, name: str = NAME, *, tags: tuple[str, ...] = (), about: str = ""
) -> Submission:
    """Publish what an account says about itself, and return what became of it."""
    return owner.publish(Content(title=name, text=about, tags=tags), topic, Surface.ACCOUNT_PROFILE)


def words(text: str, title: str = "From the lane", **more: Any) -> Content:
    """Return the content of an article."""
    return Content(title=title, text=text, **more)


def article(author: Caller, topic: TopicId, text: str | Content, **more: Any) -> Submission:
    """Publish an article on an account's page, and return what became of it."""
    return author.publish(words(text) if isinstance(text, str) else text, topic, Surface.ARTICLE, **more)


def broadcast(author: Caller, topic: TopicId, text: str | Content, **more: Any) -> Submission:
    """Broadcast an article to an account's followers, and return what became of it."""
    return author.publish(words(text) if isinstance(text, str) else text, topic, Surface.BROADCAST, **more)


# What anybody reads.


def page(reader: Caller, topic: TopicId) -> AccountPage | None:
    """Return an account's page; None: there is none to be seen."""
    found = reader.do(Pages, topics=(topic,)).pages
    return found[0] if found else None


def opened(reader: Caller, topic: TopicId, seq: Seq | None) -> ArticleReply:
    """Return what one gets who opens an article."""
    assert seq is not None
    return reader.do(ReadArticle, topic=topic, seq=seq)


def whole(reader: Caller, topic: TopicId, seq: Seq | None) -> Published:
    """Return an article as one reads it, whole."""
    return decode(opened(reader, topic, seq).body)


class Press:
    """An active account with an owner, an editor and an analyst, and somebody who reads it."""

    def __init__(self, server: InlineServer, **more: Any) -> None:
        self.server = server
        self.owner, self.editor, self.analyst, self.reader = server.people("ann", "ben", "cyd", "dee")
        self.topic = active(server, self.owner, **{"tags": ("north", "south")} | more)
        operator(self.owner, self.topic, self.editor)
        operator(self.owner, self.topic, self.analyst, Role.ANALYST)
        for caller in server.callers:
            caller.collect()

    @property
    def sender(self) -> PersonId:
        """Who the sender of all its entries is: the account."""
        return PersonId(self.topic)

    @property
    def operators(self) -> dict[Role, Caller]:
        """Those who run it, by what they are."""
        return {Role.OWNER: self.owner, Role.EDITOR: self.editor, Role.ANALYST: self.analyst}

    def history(self, reader: Caller | None = None) -> tuple[Entry, ...]:
        """Return its page, as anybody reads it."""
        return (reader or self.reader).do(History, topic=self.topic, limit=200).entries

    def acts(self, since: int = 0) -> list[tuple[PersonId, str, Seq | None]]:
        """Return who did what to which entry, oldest first, after the act `since`."""
        found = self.owner.do(Acts, topic=self.topic, limit=100).acts
        return [(act.by, act.act, act.seq) for act in reversed(found) if act.number > since]


def state_of(server: InlineServer, topic: TopicId) -> AccountState:
    """Return where an account stands."""
    connection = server.public_store._writer._connection
    return AccountState(connection.execute("SELECT state FROM accounts WHERE topic = ?", (topic,)).fetchone()[0])
