"""What a crowd knows of public accounts, as far as anybody is told: whose they are, what they say, who writes to them.

From it comes what could well stand in a request about one, for tests/support/hearsay.py.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from protocol.accounts import AccountReply, Application, OperatorsReply, SaveDraft, Schedule, SetOperator
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Role
from protocol.frames import Appended, Reply, Request, Send
from protocol.ids import Cid, PersonId, Seq, TopicId, new_cid
from protocol.public import Origin, Publish, SubmissionReply
from protocol.publications import (
    ARTICLES,
    BROADCASTS,
    OF_ACCOUNTS,
    AutoReply,
    Content,
    Hop,
    MenuEntry,
    MenuItem,
    Part,
    Source,
    Surface,
    digest_of,
)
from server.scheduling import publication_of
from tests.support.aviary import Aviary
from tests.support.inline import Caller, InlineServer

TAG, CATEGORY, LABEL = "north", "society", "Menu"  # What is too short for a canary, or a code of every pack.
RUNNING = frozenset(
    {
        *("account.submit", "account.take_back", "account.operators", "account.operator", "account.acts"),
        *("account.figures", "drafts", "draft.save", "draft.drop", "schedule", "scheduled", "unschedule"),
        *("inbox", "inbox.show", "inbox.answer"),
    }
)  # Asked about an account by its operators.
LOOKING = frozenset({"follow", "unfollow", "article", "officer.application", "officer.review"})  # By anybody.
SOON_MS, LATE_MS = 90_000, 300 * 86_400_000  # When what is scheduled is due: while the crowd is there, or long after.


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """An article that somebody published: what it is named by, and where it came from."""

    origin: Origin
    content: Content
    source: Source | None
    reprintable: bool


class Kiosk:
    """`planned`: what is scheduled, as it will be published, and when."""

    def __init__(self, server: InlineServer, aviary: Aviary) -> None:
        self._server = server
        self._aviary = aviary
        self.applications: dict[TopicId, Application] = {}
        self.operators: dict[TopicId, list[PersonId]] = {}  # The owner first.
        self.articles: list[Article] = []
        self.drafts: list[Cid] = []
        self.items: list[Cid] = []
        self.dialogues: dict[TopicId, list[TopicId]] = defaultdict(list)
        self.planned: list[tuple[int, Publish]] = []

    @property
    def accounts(self) -> list[TopicId]:
        """All accounts, and what is to be one."""
        return list(self.applications)

    def due(self) -> list[Publish]:
        """Return what was scheduled and was due by now: whatever became of it, it is no secret any more."""
        now = self._server.clock.wall_ms()
        return [request for at, request in self.planned if at <= now]

    def run_by(self, person: PersonId) -> list[TopicId]:
        """Return the accounts that `person` is, or was, an operator of."""
        return [topic for topic, operators in self.operators.items() if person in operators]

    def learn(self, caller: Caller, request: Request[Reply], answer: Reply) -> None:
        """Take in what somebody was answered."""
        match request, answer:
            case _, AccountReply(account=account) if account.application is not None:
                self.applications[account.topic] = account.application
                self.operators.setdefault(account.topic, [caller.person])
            case SetOperator(), OperatorsReply(operators=operators):
                known = self.operators[request.topic]
                known += [each.person for each in operators if each.person not in known]
            case SaveDraft(), _:
                self.drafts.append(request.draft)
            case Schedule(), _:
                self.items.append(request.cid)
                self.planned.append((request.due, publication_of(request)))
            case Send(to=str() as whom), Appended() if TopicId(whom) in self.applications:
                self.dialogues[TopicId(whom)].append(answer.topic)
            case Publish(), SubmissionReply(submission=submission) if submission.surface in ARTICLES:
                self._read(request, submission)

    def _read(self, request: Publish, submission: Submission) -> None:
        if submission.state is not SubmissionState.PUBLISHED or request.target is not None:
            return
        topic, seq = submission.topic, submission.seq
        assert topic is not None
        assert seq is not None
        origin = Origin(account=topic, seq=seq, digest=digest_of(request.content))
        source = self.source_of(request.source)
        self.articles.append(
            Article(origin=origin, content=request.content, source=source, reprintable=request.reprintable)
        )

    def source_of(self, origin: Origin | None) -> Source | None:
        """Return where something comes from that names `origin`; None: from nowhere, or from what nobody knows."""
        found = [article for article in self.articles if article.origin == origin]
        if origin is None or not found:
            return None
        article = found[0]
        first = article.source or Source(
            hops=(_hop(origin),), author=article.content.author, title=article.content.title
        )
        hops = (*article.source.hops, _hop(origin)) if article.source else first.hops
        return Source(hops=hops, author=first.author, title=first.title)

    # What could well stand in a request.

    def known(self, operation: str, path: str, said: dict[str, Any], person: PersonId) -> Sequence[Any] | None:
        """Return what could well stand there; None: it is no matter of accounts."""
        now = self._server.clock.wall_ms()
        match (operation, path):
            case ("account.apply" | "submissions", "topic"):
                return [None] * 4 + self.run_by(person)
            case ("account.apply", "application.body"):
                return list(self._server.bench.pack.bodies)
            case ("account.apply", "application.category"):
                return list(self._server.bench.pack.categories)
            case ("account", "topics"):
                return [tuple(self.accounts)]
            case ("account.operator", "role"):
                return [Role.EDITOR, Role.EDITOR, Role.ANALYST, None]
            case ("follow" | "unfollow" | "article" | "officer.application" | "officer.review", "topic"):
                return self.accounts
            case (_, "topic") if operation in RUNNING:
                return self.run_by(person) * 8 + self.accounts
            case ("draft.save" | "draft.drop", "draft"):
                return [new_cid(now), *self.drafts[-3:]]
            case ("drafts", "before") | ("scheduled", "after"):
                return [None]
            case ("unschedule", "item"):
                return self.items
            case ("schedule", "due"):
                return [now + SOON_MS, now + LATE_MS]
            case ("schedule", "content"):
                return [self.content(Surface.ARTICLE, "schedule", person)]
            case ("schedule" | "follow", "tag"):
                return ["", "", TAG]
            case ("inbox.show" | "inbox.answer", "dialogue"):
                return self.dialogues.get(said["topic"], [])
            case ("inbox", "offset") | ("search", "offset"):
                return [0]
            case ("search", "query"):
                return [self.fresh("search", "query"), CATEGORY]
            case ("publish", _):
                return self._of_a_publication(path, said, person)
            case _:
                return None

    def _of_a_publication(self, path: str, said: dict[str, Any], person: PersonId) -> Sequence[Any] | None:
        surface = said.get("surface")
        match path:
            case "content" if surface is Surface.REPRINT and self._reprintable():
                return [article.content for article in self._reprintable()]
            case "content" if surface in OF_ACCOUNTS:
                return [self.content(surface, "publish", person)]
            case "topic" if surface in OF_ACCOUNTS:
                named = [topic for topic, each in self.applications.items() if each.name == said["content"].title]
                return (named if surface is Surface.ACCOUNT_PROFILE else self.run_by(person)) * 8 + self.accounts
            case "source" if surface is Surface.REPRINT:
                return [each.origin for each in self._reprintable() if each.content == said["content"]]
            case "source" if surface is Surface.GROUP_MESSAGE:
                return [None] * 4 + [each.origin for each in self.articles[-2:]]
            case "source":
                return [None]
            case "tag":
                return ["", "", TAG] if surface in BROADCASTS and not said.get("target") else [""]
            case "reprintable":
                return [True, False] if surface in ARTICLES else [False]
            case _:
                return None

    def _reprintable(self) -> list[Article]:
        return [article for article in self.articles if article.reprintable]

    def fresh(self, operation: str, path: str) -> str:
        """Return a new canary for this field."""
        return self._aviary.fresh(f"{operation}.{path}")

    def application(self) -> Application:
        """Return what somebody could apply with."""
        pack = self._server.bench.pack
        words = ("subject", "name", "scope", "operator")
        said: dict[str, Any] = {name: self.fresh("account.apply", f"application.{name}") for name in words}
        return Application(body=next(iter(pack.bodies)), category=CATEGORY, **said)

    def content(self, surface: Surface, operation: str, person: PersonId) -> Content:
        """Return what `person` could well publish on `surface`, with a canary wherever there is room for one."""

        def fresh(path: str) -> str:
            return self.fresh(operation, f"content.{path}")

        match surface:
            case Surface.ACCOUNT_PROFILE:
                own = [self.applications[topic].name for topic in self.run_by(person)]
                return Content(title=own[-1] if own else fresh("title"), text=fresh("text"), tags=(TAG,))
            case Surface.ACCOUNT_MENU:
                items = (MenuItem(label=LABEL, text=fresh("menu.items.text")),)
                links = MenuEntry(label=LABEL, link=fresh("menu.link"))
                return Content(menu=(MenuEntry(label=LABEL, items=items), links))
            case Surface.ACCOUNT_WELCOME:
                return Content(text=fresh("text"))
            case Surface.ACCOUNT_REPLIES:
                return Content(replies=(AutoReply(keywords=(fresh("replies.keywords"),), text=fresh("replies.text")),))
            case _:
                words: dict[str, Any] = {name: fresh(name) for name in ("title", "text", "summary", "author")}
                part = Part(**{name: fresh(f"parts.{name}") for name in Part.__struct_fields__})
                return Content(parts=(part,), category=CATEGORY, lang="zh", **words)


def _hop(origin: Origin) -> Hop:
    return Hop(account=origin.account, seq=Seq(origin.seq), digest=origin.digest)
