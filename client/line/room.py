"""One conversation, live: what is shown of it, and what is said in it."""

import io
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import trio
from rich.console import Console
from rich.text import Text

from client import events
from client.errors import RefusedError
from client.line import names
from client.line.audience import audience, consent
from client.line.contacts import contact_news
from client.line.desk import Desk
from client.line.keyboard import Keyboard
from client.line.messages import people_in
from client.line.screen import Screen, visible
from client.line.verdicts import explain
from client.line.voices import PrivateVoice, PublicVoice, UsageError, Voice, number, numbered
from client.session import Session
from client.view import fold
from protocol import limits
from protocol.entries import Entry, Role, Standing
from protocol.frames import Receipts, ShowTopic, Summary, Typing
from protocol.ids import Seq, TopicId

HISTORY_LINES = 20
TYPING_SECONDS = 4.0  # One's own typing is told at most so often; another's counts for so long.
LOOK_SECONDS = 0.5  # How often the line being typed is looked at.
_OPEN = "; anybody may read it"
_OF_PEOPLE = frozenset({"who", "receipts"})  # Who is behind an account, and what they have read, nobody is told.
LEAVING_SECONDS = 5.0  # At the end, what was said last gets so long to go out.


class _Leave(Exception):  # noqa: N818 - no error: the way out.
    """The person is done."""


class Room:
    """One conversation on the screen. `desk`: of a public account that one writes to."""

    def __init__(
        self, session: Session, screen: Screen, target: names.Target, topic: TopicId | None, keyboard: Keyboard
    ) -> None:
        self._session, self._screen, self._target, self._keyboard = session, screen, target, keyboard
        self._topic = topic
        self.desk: Desk | None = None
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
            if self.desk is not None:
                for shown in self.desk.greeting() if self._topic is None else ():
                    self._show(shown)
                if self.desk.menu():
                    self._note("/menu NUMBER shows what is behind a number of its menu.")
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
            case events.TopicChanged(summary=summary) if self._topic is None and self._is_it(summary):
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
            case events.ContactChanged():
                if (news := contact_news(event)) is not None:
                    self._note(news)
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
            is_own = entry.sender == self._session.account.person
            answer = self.desk.answer(line.text or "") if self.desk is not None and is_own else None
            if answer is not None:
                self._show(answer)
        change = self._screen.change(entry)
        if change is not None:
            self._show(change)

    def _is_it(self, summary: Summary) -> bool:
        """Say whether what was just begun is this conversation."""
        person, handle, peer = self._target.person, self._target.handle, summary.peer
        if summary.account is not None:
            return person is not None and summary.account == TopicId(person)
        return peer is not None and (peer.person == person or peer.handle == handle)

    def _is_mine(self, seq: Seq) -> bool:
        assert self._topic is not None
        newest = self._session.cache.entries(self._topic, before=Seq(seq + 1), limit=1)
        return bool(newest) and newest[0].sender == self._session.account.person

    async def _tell_typing(self) -> None:
        before = ""
        while self._keyboard.is_terminal and self.desk is None:  # Nor is anybody told that one is typing.
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
        if found is None or word in self._silent():
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
            if word in self._silent():
                continue
            self._note(f"/{f'{word} {each.arguments}':<22} {each.explained}")

    async def leave(self, _: str) -> None:
        raise _Leave

    async def menu(self, rest: str) -> None:
        assert self.desk is not None  # Elsewhere this command is silent.
        lines = self.desk.tap(rest) if rest else self.desk.menu()
        if lines is None:
            raise UsageError(f"There is no {visible(rest)} in its menu; /menu shows it.")
        for shown in lines or ["It has no menu."]:
            self._show(shown)

    async def reply(self, rest: str) -> None:
        seq, text = numbered(rest)
        await self._say(text, seq)

    async def edit(self, rest: str) -> None:
        seq, text = numbered(rest)
        await self._voice.edit(self._here(), seq, text)

    async def recall(self, rest: str) -> None:
        await self._voice.recall(self._here(), number(rest))

    async def react(self, rest: str) -> None:
        seq, sign = numbered(rest)
        assert isinstance(self._voice, PrivateVoice)  # Another voice has this command silent.
        await self._voice.react(self._here(), seq, sign)

    async def history(self, rest: str) -> None:
        topic = self._here()
        page = await self._session.history(topic, before=self._first, limit=number(rest) if rest else HISTORY_LINES)
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
        seen = await self._session.request(Receipts(id=0, topic=self._here(), seq=number(rest)))
        whom = f": {', '.join(map(self._screen.who, seen.readers))}" if seen.readers else ""
        self._note(f"Read by {seen.count}{whom}")

    def _silent(self) -> frozenset[str]:
        return self._voice.silent | (_OF_PEOPLE if self.desk is not None else {"menu"})

    def _here(self) -> TopicId:
        if self._topic is None:
            raise RefusedError("not_found", "nothing has been said here yet")
        return self._topic


@dataclass(frozen=True, slots=True)
class _Command:
    arguments: str
    explained: str
    act: Callable[[Room, str], Awaitable[None]]


COMMANDS = {
    "help": _Command("", "list the commands", Room.help),
    "quit": _Command("", "leave", Room.leave),
    "reply": _Command("SEQ TEXT", "answer the message with that number", Room.reply),
    "edit": _Command("SEQ TEXT", "change a message of one's own", Room.edit),
    "recall": _Command("SEQ", "take back a message, or a reaction", Room.recall),
    "react": _Command("SEQ SIGN", "react with a sign, as in /react 12 👍", Room.react),
    "menu": _Command("[NUMBER]", "show the account's menu, or what is behind a number", Room.menu),
    "history": _Command("[LINES]", "show what was said before", Room.history),
    "who": _Command("", "list who is here, and who is online", Room.who),
    "receipts": _Command("SEQ", "show who has read a message of one's own", Room.receipts),
}
