"""`hutong chat NAME`: one conversation, live, at a terminal or on a pipe."""

import io
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import click
import trio
from rich.console import Console
from rich.text import Text

from client import events
from client.errors import RefusedError
from client.line import names
from client.line.keyboard import Keyboard
from client.line.messages import people_in, reach_if_possible
from client.line.program import command, with_session
from client.line.publishing import audience, consent, yes_option
from client.line.screen import Screen, visible
from client.line.verdicts import explain
from client.line.voices import PrivateVoice, PublicVoice, UsageError, Voice
from client.session import Session
from client.view import fold
from protocol import limits
from protocol.entries import Entry, Role, Side, Standing, side_of
from protocol.frames import Receipts, ShowTopic, Summary, Typing
from protocol.ids import Seq, TopicId

HISTORY_LINES = 20
TYPING_SECONDS = 4.0  # One's own typing is told at most so often; another's counts for so long.
LOOK_SECONDS = 0.5  # How often the line being typed is looked at.
_OPEN = "; anybody may read it"
LEAVING_SECONDS = 5.0  # At the end, what was said last gets so long to go out.


@command("chat")
@click.argument("name")
@click.option("--limit", type=click.IntRange(0, 200), default=HISTORY_LINES, show_default=True, help="History first.")
@yes_option
@with_session
async def chat_command(session: Session, screen: Screen, name: str, limit: int, *, yes: bool) -> None:
    """Talk in NAME (a handle, a group, an id): what was said, what is being said, and what one says. /help helps.

    In a public group, what one types is published. Before the first time, it is said who sees it, and asked.
    """
    await reach_if_possible(session, screen)
    if names.visited(session, screen, name) is not None:
        raise click.UsageError(f"you are not in it: hutong group join {name}; to read it only: hutong history {name}")
    target = await names.target(session, screen, name)
    topic = target.topic
    if topic is None and target.person is not None:
        chat = session.cache.chat_with(target.person)
        topic = chat.topic if chat else None
    summary = session.cache.topic(topic) if topic else None
    if summary is not None and summary.standing is not Standing.MEMBER:
        raise click.UsageError(f"you are not in it yet: hutong group accept {summary.topic}")
    keyboard = Keyboard(f"{screen.place(summary) if summary else f'[{Side.PRIVATE}] {name}'}> ")
    room = _Room(session, screen, target, topic, keyboard)
    if summary is not None and side_of(summary.topic) is Side.PUBLIC:
        await room.make_public(summary, yes=yes)
    await room.open(limit)


class _Leave(Exception):  # noqa: N818 - no error: the way out.
    """The person is done."""


class _Room:
    """One conversation on the screen."""

    def __init__(
        self, session: Session, screen: Screen, target: names.Target, topic: TopicId | None, keyboard: Keyboard
    ) -> None:
        self._session, self._screen, self._target, self._keyboard = session, screen, target, keyboard
        self._topic = topic
        self._voice: Voice = PrivateVoice(session, target)
        self._typing_told = 0.0
        self._typing_shown: dict[str, float] = {}
        self._first: Seq | None = None
        self._is_over = False
        self._is_away = False

    async def make_public(self, summary: Summary, *, yes: bool) -> None:
        """What is said here is published. On a pipe there is nobody to ask: it must have been agreed to, or `yes`.

        Raises:
            click.UsageError: It was not.
        """
        self._voice = voice = PublicVoice(self._session, self._screen, summary, self._ask)
        if self._keyboard.is_terminal or not self._session.is_online:
            return
        here = await audience(self._session, self._screen, summary)
        await consent(self._session, self._screen, here, yes=yes)
        await voice.agreed()

    async def open(self, limit: int) -> None:
        """Be in the room until its person leaves it."""
        with self._session.subscribe() as arriving, self._keyboard.terminal():
            summary = self._session.cache.topic(self._topic) if self._topic is not None else None
            if summary is not None:
                members = f", {summary.members} member{'s' * (summary.members != 1)}" if summary.members else ""
                self._note(f"{self._screen.place(summary)}{members}{_OPEN * summary.history_open}")
            if self._topic is not None and limit:
                await self.history(str(limit))
            if self._keyboard.is_terminal:
                self._note("/help lists the commands, Ctrl-D leaves.")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._follow, arriving, nursery.cancel_scope)
                nursery.start_soon(self._tell_typing)
                with suppress(_Leave):
                    while (line := await self._keyboard.line()) is not None:
                        await self._take(line)
                await self._part(arriving)
                nursery.cancel_scope.cancel()
        if self._is_over:
            await self._session.reach()  # Says why.

    async def _part(self, arriving: trio.MemoryReceiveChannel[events.Event]) -> None:
        """Let what was said last go out and be shown."""
        with trio.move_on_after(LEAVING_SECONDS if self._session.is_online else 0) as patience:
            await self._session.outbox_empty()
            await self._session.until(lambda: not arriving.statistics().current_buffer_used)
        if patience.cancelled_caught:
            self._note("What was said last is kept: it will be sent by the next command that gets through.")

    # What is shown.

    def _show(self, text: Text | str) -> None:
        lines = io.StringIO()
        Console(
            file=lines, force_terminal=self._keyboard.is_terminal, markup=False, highlight=False, emoji=False,
            soft_wrap=True, no_color=self._screen.out.no_color,
        ).print(text, end="")  # fmt: skip
        self._keyboard.show(lines.getvalue())

    def _note(self, text: str) -> None:
        self._show(Text(f"- {text}", style="dim"))

    async def _follow(self, arriving: trio.MemoryReceiveChannel[events.Event], room: trio.CancelScope) -> None:
        async for event in arriving:
            await self._happened(event)
            if self._topic is not None and not arriving.statistics().current_buffer_used:
                summary = self._session.cache.topic(self._topic)
                if summary is not None and summary.unread:
                    self._session.mark_read(self._topic, summary.head)
        self._is_over = True
        room.cancel()

    async def _happened(self, event: events.Event) -> None:
        match event:
            case events.TopicChanged(summary=summary) if self._topic is None and summary.peer is not None:
                if summary.peer.person == self._target.person or summary.peer.handle == self._target.handle:
                    self._topic = summary.topic
            case events.Arrived(entry=entry) if entry.topic == self._topic:
                await self._arrived(entry)
            case events.ReadUpTo(topic=self._topic, person=person, seq=seq) if person != self._session.account.person:
                if self._is_mine(seq):
                    self._note(f"{self._screen.who(person)} has read up to [{seq}]")
            case events.IsTyping(topic=self._topic, person=person):
                who, now = self._screen.who(person), trio.current_time()
                if now - self._typing_shown.get(who, -TYPING_SECONDS) >= TYPING_SECONDS:
                    self._typing_shown[who] = now
                    self._note(f"{who} is typing...")
            case events.Gone(topic=self._topic):
                self._note("You are no longer in this conversation.")
            case events.Offline(error=error) if not self._is_away:
                self._is_away = True
                self._note(f"{error}; trying again. What you say is kept and sent then.")
            case events.Online() if self._is_away:
                self._is_away = False
                self._note("online again")
            case events.NotSent(cid=cid, code=code, message=message):
                self._session.cache.outbox.drop(cid)
                self._note(f"Refused: {message} ({code})")
            case events.Postponed(code=code, message=message, retry_in=seconds):
                self._note(f"Not yet: {message} ({code}); trying again in {seconds:.0f} s.")
            case events.Held(submission=submission) | events.Judged(submission=submission) if (
                submission.topic == self._topic
            ):
                self._screen.told.add(submission.submission)
                grounds = self._voice.grounds if isinstance(self._voice, PublicVoice) else {}
                for line in explain(self._screen, submission, grounds):
                    self._show(line)
            case _:
                pass

    async def _arrived(self, entry: Entry) -> None:
        if self._session.is_online:
            await self._session.names(people_in([entry]))
        for line in fold([entry]):
            self._show(self._screen.shown(line))
        change = self._screen.change(entry)
        if change is not None:
            self._show(change)

    def _is_mine(self, seq: Seq) -> bool:
        assert self._topic is not None
        newest = self._session.cache.entries(self._topic, before=Seq(seq + 1), limit=1)
        return bool(newest) and newest[0].sender == self._session.account.person

    async def _tell_typing(self) -> None:
        before = ""
        while self._keyboard.is_terminal:
            await trio.sleep(LOOK_SECONDS)
            typed, now = self._keyboard.typed(), trio.current_time()
            is_new = typed != before and typed and not typed.startswith("/")
            before = typed
            if is_new and self._topic and self._session.is_online and now - self._typing_told >= TYPING_SECONDS:
                self._typing_told = now
                with suppress(RefusedError):  # Nobody misses it.
                    await self._session.request(Typing(id=0, topic=self._topic))

    # What is said.

    async def _take(self, line: str) -> None:
        if not line.strip():
            return
        try:
            if not line.startswith("/") or line.startswith("//"):
                await self._say(line.removeprefix("/") if line.startswith("//") else line)
            else:
                await self._obey(line[1:])
        except RefusedError as error:
            self._note(f"Refused: {error}")

    async def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        found = COMMANDS.get(word)
        if found is None or word in self._voice.silent:
            self._note(f"There is no /{visible(word)}; /help lists what there is, //... says what begins with a slash.")
            return
        try:
            await found.act(self, rest.strip())
        except UsageError as error:
            self._note(str(error) or f"Usage: /{word} {found.arguments}".rstrip())

    async def _say(self, text: str, reply_to: Seq | None = None) -> None:
        try:
            await self._voice.say(text, reply_to=reply_to)
        except UsageError as error:
            self._note(str(error))
            return
        if not self._session.is_online:
            self._note("Kept until the server is back.")

    async def _ask(self, lines: Sequence[str]) -> bool:
        """Show `lines`, and take the next line that is typed as the answer; on a pipe the answer is no."""
        for line in lines:
            self._note(line)
        if not self._keyboard.is_terminal:
            return False
        return (await self._keyboard.line() or "").strip().casefold() in {"y", "yes"}

    async def help(self, _: str) -> None:
        for word, each in COMMANDS.items():
            if word in self._voice.silent:
                continue
            self._note(f"/{f'{word} {each.arguments}':<22} {each.explained}")

    async def leave(self, _: str) -> None:
        raise _Leave

    async def reply(self, rest: str) -> None:
        seq, text = _numbered(rest)
        await self._say(text, seq)

    async def edit(self, rest: str) -> None:
        seq, text = _numbered(rest)
        await self._voice.edit(self._here(), seq, text)

    async def recall(self, rest: str) -> None:
        await self._voice.recall(self._here(), _number(rest))

    async def react(self, rest: str) -> None:
        seq, sign = _numbered(rest)
        assert isinstance(self._voice, PrivateVoice)  # Another voice has this command silent.
        await self._voice.react(self._here(), seq, sign)

    async def history(self, rest: str) -> None:
        topic = self._here()
        page = await self._session.history(topic, before=self._first, limit=_number(rest) if rest else HISTORY_LINES)
        if page.entries:
            self._first = page.entries[0].seq
            if self._session.is_online:
                await self._session.names(people_in(list(page.entries)))
            about = self._session.cache.about(topic, self._first, page.entries[-1].seq)
            for line in fold(page.entries, about):
                self._show(self._screen.shown(line))
            self._session.mark_read(topic, page.entries[-1].seq)
        if page.missing:
            self._note("What is before is not on this device, and the server is away.")
        elif page.complete:
            self._note("That is the beginning.")

    async def who(self, _: str) -> None:
        reply = await self._session.request(ShowTopic(id=0, topic=self._here()))
        people = {
            member.person: visible(member.handle) + ("" if member.role is Role.MEMBER else f" ({member.role})")
            for member in reply.members
            if member.standing is Standing.MEMBER
        }
        if reply.summary.peer is not None:
            people = {reply.summary.peer.person: visible(reply.summary.peer.handle)}
        others = [person for person in people if person != self._session.account.person]
        online = await self._session.watch(others[: limits.WATCHED_PEOPLE])
        for person, named in people.items():
            self._note(f"{named}{' is online' if person in online else ''}")

    async def receipts(self, rest: str) -> None:
        seen = await self._session.request(Receipts(id=0, topic=self._here(), seq=_number(rest)))
        whom = f": {', '.join(map(self._screen.who, seen.readers))}" if seen.readers else ""
        self._note(f"Read by {seen.count}{whom}")

    def _here(self) -> TopicId:
        if self._topic is None:
            raise RefusedError("not_found", "nothing has been said here yet")
        return self._topic


def _number(text: str) -> Seq:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= limits.SEQ_MAX:
        raise UsageError
    return Seq(int(text))


def _numbered(rest: str) -> tuple[Seq, str]:
    number, _, text = rest.partition(" ")
    if not text.strip():
        raise UsageError
    return _number(number), text.strip()


@dataclass(frozen=True, slots=True)
class _Command:
    arguments: str
    explained: str
    act: Callable[[_Room, str], Awaitable[None]]


COMMANDS = {
    "help": _Command("", "list the commands", _Room.help),
    "quit": _Command("", "leave", _Room.leave),
    "reply": _Command("SEQ TEXT", "answer the message with that number", _Room.reply),
    "edit": _Command("SEQ TEXT", "change a message of one's own", _Room.edit),
    "recall": _Command("SEQ", "take back a message, or a reaction", _Room.recall),
    "react": _Command("SEQ SIGN", "react with a sign, as in /react 12 👍", _Room.react),
    "history": _Command("[LINES]", "show what was said before", _Room.history),
    "who": _Command("", "list who is here, and who is online", _Room.who),
    "receipts": _Command("SEQ", "show who has read a message of one's own", _Room.receipts),
}
