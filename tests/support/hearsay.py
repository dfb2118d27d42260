"""What a crowd knows of itself, as far as anybody outside is told: who is there, where they are, what was said where.

From it comes what could well stand in a field of a request, so that much of what is asked can be done.
"""

from collections.abc import Sequence
from typing import Any

from protocol.accounts import InboxAnswer
from protocol.decisions import Submission
from protocol.entries import Role, Side, side_of
from protocol.frames import Appended, LinkReply, Reply, Request, SignedIn, TokenReply
from protocol.ids import CommentId, MomentId, PersonId, SubmissionId, TopicId
from protocol.moments import CommentReply, MomentReply
from protocol.public import SubmissionReply
from protocol.publications import EDITABLE, OF_ACCOUNTS, PERSONAL, Content, Part, Surface
from tests.support.aviary import PRIVATE_CARRIERS, Aviary
from tests.support.inline import Caller, InlineServer
from tests.support.kiosk import RUNNING, Kiosk

HANDLES = ("alice_in_lane_1", "bob_in_lane_2", "carol_in_lane_3", "dora_in_lane_4", "emil_in_lane_5")
CODE, TOKEN = "K7", "a token of staff"
UNDER_SOMETHING = frozenset({"moment", "like", "thread", "thread.close"})  # Of a moment, or of something public.
CARRYING = frozenset(field[0] for field in PRIVATE_CARRIERS)
OWNERS = frozenset(
    f"group.{act}"
    for act in (
        "name",
        "notice",
        "link",
        "unlink",
        "approve",
        "refuse",
        "remove",
        "role",
        "hand_over",
        "mute",
        "settings",
    )
)


class Hearsay:
    """`asking`: who is about to ask; set it before asking what is known."""

    def __init__(self, server: InlineServer, aviary: Aviary) -> None:
        self.server = server
        self.aviary = aviary
        self.kiosk = Kiosk(server, aviary)
        self.ground = next(iter(self.server.bench.pack.grounds))
        self.callers: list[Caller] = []
        self.handles: dict[Caller, str] = {}
        self.passwords: dict[str, str] = {}
        self.persons: list[PersonId] = []
        self.devices: list[str] = []
        self.tokens: list[str] = []
        self.links: list[str] = []
        self.topics: list[TopicId] = []
        self.seats: dict[TopicId, list[PersonId]] = {}  # Who has been in, the founder first.
        self.submissions: list[SubmissionId] = []
        self.moments: list[MomentId] = []
        self.comments: list[CommentId] = []
        self.on_squares: list[tuple[TopicId, int]] = []  # On squares.
        self.messages: dict[TopicId, list[tuple[PersonId, int]]] = {}
        self.cids: list[bytes] = []
        self.asking: Caller | None = None

    def learn(self, caller: Caller, request: Request[Reply], answer: Reply) -> None:
        """Take in what somebody was answered."""
        said: Any = request
        self.kiosk.learn(caller, request, answer)
        match answer:
            case SignedIn(person=str() as person):
                caller.signed_in(answer)
                self.callers.append(caller)
                self.handles[caller] = str(answer.handle)
                self.persons += [person] * (person not in self.persons)
                self.devices.append(str(answer.device))
                self.tokens += [answer.token] if answer.token is not None else []
                if hasattr(said, "password"):
                    self.passwords[self.handles[caller]] = said.password
            case TokenReply():
                self.tokens.append(answer.token)
                self.devices.append(answer.device)
                self.passwords[self.handles[caller]] = said.new
            case LinkReply():
                self.links.append(answer.link)
            case Appended():
                self.topics += [answer.topic] * (answer.topic not in self.topics)
                self.messages.setdefault(answer.topic, []).append((caller.person, answer.seq))
                self.cids.append(said.cid)
            case MomentReply(moment=moment) if moment.moment is not None:
                self.moments += [moment.moment] * (moment.moment not in self.moments)
            case CommentReply(comment=comment):
                self.comments += [comment.comment] * (comment.comment not in self.comments)
            case SubmissionReply(submission=submission):
                self._remember(caller, submission)
                self.cids.append(submission.cid)
        topic = getattr(answer, "topic", None)
        if topic is not None and not isinstance(request, InboxAnswer):  # Operators have no seat in a dialogue.
            seated = self.seats.setdefault(topic, [])
            seated += [caller.person] * (caller.person not in seated)

    def _remember(self, caller: Caller, submission: Submission) -> None:
        self.submissions += [submission.submission] * (submission.submission not in self.submissions)
        if submission.comment is not None:
            self.comments += [submission.comment] * (submission.comment not in self.comments)
        if submission.topic is not None and submission.seq is not None:
            self.messages.setdefault(submission.topic, []).append((caller.person, submission.seq))
            if submission.surface is Surface.SQUARE:
                self.on_squares.append((submission.topic, submission.seq))

    @property
    def roots(self) -> list[tuple[TopicId, int]]:
        """What is public and something may be said under it."""
        return [*self.on_squares, *((each.origin.account, each.origin.seq) for each in self.kiosk.articles)]

    def is_able(self, caller: Caller, operation: str) -> bool:
        """Say whether `caller` has what it takes to run an account, or to publish, if that is what is to be done."""
        runs = bool(self.kiosk.run_by(caller.person))
        if operation in RUNNING:
            return runs
        seated = any(caller.person in who for topic, who in self.seats.items() if side_of(topic) is Side.PUBLIC)
        return operation == "publish" and (runs or seated)

    # What whoever asks may know.

    def fresh(self, operation: str, path: str) -> str:
        """Return a new canary for this field."""
        return self.aviary.fresh(f"{operation}.{path}")

    def known(self, operation: str, path: str, said: dict[str, Any]) -> Sequence[Any]:
        """Return what could well stand there."""
        asking = self.asking
        of_accounts = self.kiosk.known(operation, path, said, asking.person if asking in self.handles else PersonId(""))
        if of_accounts is not None:
            return of_accounts
        of_circles = self._of_circles(operation, path, said)
        if of_circles is not None:
            return of_circles
        handle = self.handles.get(asking, "") if asking is not None else ""
        match (operation, path):
            case ("register", "handle"):
                return [*HANDLES, "fritz_in_lane_6", "gina_in_lane_7"]
            case (_, "handle" | "handles"):
                return list(HANDLES) if path == "handle" else [tuple(HANDLES[:2]), tuple(HANDLES)]
            case ("login", "password"):
                return [self.passwords.get(said["handle"], "?" * 9)]
            case ("change_password", "old"):
                return [self.passwords.get(handle, "?" * 9)]
            case (_, "signature"):
                return [self.server.signature()] if self.server.signature() else []
            case ("hello", "versions"):
                return [(1,)]
            case ("resume", "token"):
                return self.tokens
            case ("staff.login", "token"):
                return [TOKEN]
            case ("staff.login", "code"):
                return [CODE]
            case (_, "epoch"):
                return [self.server.store.epoch]
            case (_, "heads"):
                return [{}]
            case (_, "link"):
                return self.links
            case ("officer.decide" | "officer.review", "ground"):
                return [self.ground]
            case ("officer.decide", "where"):
                return [()]
            case ("publish", _):
                return self._of_a_publication(path, said)
            case (_, "cid"):
                assert asking is not None
                return [asking.cid()] * 12 + self.cids[-1:]
            case (_, "topic"):
                topics = list(self._topics(operation))
                return topics + [None] * len(topics) if operation in {"send", "officer.show"} else topics
            case ("officer.show", "seq"):
                return [1, 2, 3] if said.get("topic") else [None]
            case (_, "limit"):
                return [1, 20]
            case ("history", "before" | "after" | "around"):
                return [None, None, None, 2]
            case ("send", "to"):
                whom = [*self.persons * 2, *self.kiosk.accounts]
                return whom if said.get("topic") is None else [None]
            case (_, "target" | "seq" | "reply_to"):
                at = self.messages.get(said.get("topic") or TopicId(""), [])
                own = [seq for person, seq in at if asking is None or person == asking.person]
                return own * 3 + [seq for _, seq in at]
            case (_, "person" | "persons"):
                return self.persons if path == "person" else [tuple(self.persons)]
            case (_, "device"):
                return self.devices if operation == "revoke_device" else []
            case (_, "submission" | "item" | "before"):
                return (
                    self.submissions if operation in {"take_back", "receipt", "submissions"} or path == "item" else []
                )
            case (_, "until"):
                return [0, self.server.clock.wall_ms() + 60_000]
            case ("group.role", "role"):
                return [Role.ADMIN, Role.MEMBER]
            case _:
                return []

    def _of_circles(self, operation: str, path: str, said: dict[str, Any]) -> Sequence[Any] | None:
        """Return what could well stand there, if it is about moments, or what is said under something; else None."""
        match (operation, path):
            case (_, "moment"):
                return self.moments + [None] * len(self.roots) * (operation in UNDER_SOMETHING)
            case (_, "topic" | "seq") if operation in UNDER_SOMETHING and said.get("moment"):
                return [None]
            case (_, "topic") if operation in {*UNDER_SOMETHING, "thread.choose"}:
                return [topic for topic, _ in self.roots]
            case (_, "seq") if operation in {*UNDER_SOMETHING, "thread.choose"}:
                return [seq for topic, seq in self.roots if topic == said.get("topic")]
            case ("comment.delete" | "comment.select" | "comment", "comment" | "answers"):
                private = [comment for comment in self.comments if side_of(TopicId(comment)) is Side.PRIVATE]
                return [None, *private] if path == "answers" else self.comments
            case (_, "only" | "without"):
                return [(), tuple(self.persons[-2:])] + [None] * 2 * (path == "only")
            case ("timeline" | "moments" | "thread" | "notices", "before"):
                return [""]
            case ("contacts", "mark"):
                return [0]
            case ("set_preferences", "moments_days"):
                return [0, 3, None]
            case ("notices.read", "at"):
                return [self.server.clock.wall_ms()]
            case ("publish", "root" | "answers") if said["surface"] is not Surface.COMMENT:
                return [None]
            case ("publish", "topic") if said["surface"] is Surface.COMMENT:
                return [topic for topic, _ in self.roots]
            case ("publish", "root"):
                return [seq for topic, seq in self.roots if topic == said.get("topic")]
            case ("publish", "answers"):
                return [None] * 4 + [each for each in self.comments if side_of(TopicId(each)) is Side.PUBLIC][-1:]
            case _:
                return None

    def _topics(self, operation: str) -> Sequence[Any]:
        """Return the topics there are, those where it could be done by who asks many times."""
        assert self.asking is not None
        mine = [topic for topic, seated in self.seats.items() if self.asking.person in seated]
        if operation in OWNERS:
            mine = [topic for topic in mine if self.seats[topic][0] == self.asking.person]
        if operation in {"group.join", "group.listing", "group.accept", "group.decline"}:
            mine = [topic for topic in self.topics if topic not in mine]
        side = (
            Side.PUBLIC if operation in {"publish", "group.join", "group.listing", "group.settings"} else Side.PRIVATE
        )
        if operation in {"publish", "group.join", "group.listing", "group.settings", *CARRYING}:
            mine = [topic for topic in mine if side_of(topic) is side]
        if operation in {"history", "recall"}:
            mine += self.kiosk.accounts
        return mine * (1 + 2 * len(self.topics)) + self.topics

    def _of_a_publication(self, path: str, said: dict[str, Any]) -> Sequence[Any]:
        assert self.asking is not None
        match path:
            case "cid":
                return [self.asking.cid()] * 20 + self.cids[-1:]
            case "surface":
                operates = self.kiosk.run_by(self.asking.person)
                likely = sorted(OF_ACCOUNTS if operates else set(Surface) - OF_ACCOUNTS)
                return [Surface.GROUP_MESSAGE] * 9 + likely * 2 + list(Surface)
            case "topic":
                return self._topics("publish") if said["surface"] not in PERSONAL else [None]
            case "content":
                return [self._content(said["surface"])]
            case "target" if said["surface"] not in EDITABLE:
                return [None]
            case "target":
                at = self.messages.get(said.get("topic") or TopicId(""), [])
                return [None] * 8 + [seq for person, seq in at if person == self.asking.person][:2]
            case "base":
                return [1] if said.get("target") else [None]
            case "reply_to":
                return [None] * 8 + [1] if said["surface"] is Surface.GROUP_MESSAGE else [None]
            case _:
                return []

    def _content(self, surface: Surface) -> Content:
        """Return what could well be published on `surface`."""
        text = self.fresh("publish", "content.text")
        match surface:
            case Surface.CARD:
                return Content(title=self.fresh("publish", "content.title"), text=text)
            case Surface.GROUP_MESSAGE:
                parts = [
                    Part(**{name: self.fresh("publish", f"content.parts.{name}")}) for name in Part.__struct_fields__
                ]
                category = next(iter(self.server.bench.pack.categories), "")
                title = self.fresh("publish", "content.title")
                return Content(text=text, title=title, parts=tuple(parts), category=category, lang="zh")
            case _:
                return Content(text=text)
