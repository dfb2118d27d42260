"""What is shown, and how: people's words made safe for a terminal, topics and entries as lines, tables or JSON.

Every place is shown with its side. Nothing here asks the server. A handle not known yet is shown as the beginning of
the id.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from client.articles import ARTICLES
from client.cache import Cache
from client.follows import is_followed
from client.line.cards import article_json, headline, named_in
from client.line.safe import JSON_ESCAPES, when
from client.line.safe import moment as moment
from client.line.safe import visible as visible
from client.line.safe import visible_lines as visible_lines
from client.view import Shown, in_force, read_text, said
from protocol.entries import Admission, Entry, Kind, Role, Side, Standing, TopicKind, side_of
from protocol.frames import Summary
from protocol.ids import PersonId, Seq, SubmissionId, TopicId

_PAGE_WORDS = {
    Kind.PROFILE: "says anew what it is about",
    Kind.MENU: "has a new menu",
    Kind.WELCOME: "welcomes new followers with other words",
    Kind.REPLIES: "has new automatic replies",
}


def openness_words(admission: Admission | None, *, listed: bool, history_open: bool) -> str:
    """Return how open a public group is."""
    coming = "admins approve who comes in" if admission is Admission.APPROVAL else "anybody may come in"
    reading = "anybody may read it" if history_open else "only members read it"
    return f"{coming}; {'listed' if listed else 'not listed'}; {reading}"


class Screen:
    """Standard output and standard error, knowing the names in `cache`."""

    def __init__(self, cache: Cache | None = None) -> None:
        self._cache = cache
        self.told: set[SubmissionId] = set()  # Submissions whose author has been told already what became of them.
        self.out = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
        self.err = Console(markup=False, highlight=False, emoji=False, soft_wrap=True, stderr=True)

    def say(self, text: str | Text) -> None:
        """Print a line."""
        self.out.print(text)

    def note(self, text: str | Text) -> None:
        """Print a line beside the output proper."""
        self.err.print(Text(text, style="dim") if isinstance(text, str) else text)

    def json(self, value: Any) -> None:
        """Print `value` as JSON on one line, flushed: somebody may be waiting for it."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False).translate(JSON_ESCAPES) + "\n")
        sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
        """Print a table; plain columns with tabs in between when not at a terminal."""
        if not self.out.is_terminal:
            for row in rows:
                sys.stdout.write("\t".join(str(cell) for cell in row) + "\n")
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in columns:
            table.add_column(column, overflow="fold")  # Nothing is left out: an id may be copied.
        for row in rows:
            table.add_row(*row)
        self.out.print(table)

    # Names.

    def who(self, person: PersonId | None) -> str:
        """Return the handle of `person`; of an account, what it is called."""
        if person and side_of(TopicId(person)) is Side.PUBLIC:
            return self.account(TopicId(person))
        known = self._cache.handle(person) if person and self._cache else None
        return visible(known) if known else (person or "?")[:6]

    def name(self, person: PersonId | None) -> Text:
        """Return the same in the colour that is theirs."""
        return Text(self.who(person), style=_colour(person))

    def account(self, topic: TopicId) -> str:
        """Return what a public account is called."""
        known = self._cache.follows.name(topic) if self._cache else None
        return visible(known) if known else f"account {visible(topic[:6])}"

    def title(self, summary: Summary) -> str:
        """Return what a topic is called."""
        if summary.kind is TopicKind.CHAT:
            return visible(summary.peer.handle) if summary.peer else summary.topic
        if summary.kind is TopicKind.CARD:
            return "your card"
        if summary.kind is TopicKind.ACCOUNT:
            return self.account(summary.topic)
        if summary.account is not None:
            return self.account(summary.account)
        name, _ = read_text(summary.name, side_of(summary.topic))
        return visible(name) if name else f"group {summary.topic[:6]}"

    def place(self, summary: Summary) -> str:
        """Return the side of a topic and what it is called: `[public] Tea House`."""
        return f"[{side_of(summary.topic)}] {self.title(summary)}"

    def somewhere(self, topic: TopicId | None) -> str:
        """Return the same for a topic that one may not have; None: one's card."""
        if topic is None:
            return f"[{Side.PUBLIC}] your card"
        summary = self._cache.topic(topic) if self._cache else None
        if summary is not None:
            return self.place(summary)
        known = self._cache.follows.name(topic) if self._cache else None
        return f"[{side_of(topic)}] {visible(known or topic)}"

    # Topics.

    def in_topic(self, summary: Summary, line: Text) -> Text:
        """Return `line` with the place it is of."""
        return Text.assemble((f"{self.place(summary)} ", "bold"), line)

    def topics(self, summaries: Sequence[Summary]) -> None:
        """Print one line a topic."""
        self.table(
            ["topic", "unread", "", "", "id"],
            [
                [
                    Text(self.title(summary), style="bold" if summary.unread else ""),
                    str(summary.unread or ""),
                    Text(f"{summary.side} {summary.kind}", style="bold" if summary.side is Side.PUBLIC else ""),
                    ", ".join(_marks(summary)),
                    Text(summary.topic, style="dim"),
                ]
                for summary in summaries
            ],
        )

    def topic_json(self, summary: Summary) -> dict[str, Any]:
        """Return a topic as JSON: the summary of the wire, with texts instead of bytes and a `title`."""
        bodies = {"name": summary.name, "notice": summary.notice, "listing": summary.listing}
        fields = {name: value for name, value in _plain(summary).items() if name not in bodies}
        texts = {name: read_text(body, side_of(summary.topic))[0] for name, body in bodies.items()}
        fields |= {name: text for name, text in texts.items() if text is not None}
        return {"title": self.title(summary), **fields}

    # Entries.

    def shown(self, line: Shown) -> Text:
        """Return one line of a topic."""
        entry = line.entry
        text = Text.assemble((f"[{entry.seq}] {when(entry.at)} ", "dim"))
        if entry.kind in ARTICLES:
            return text + self._article(line)
        if entry.kind is not Kind.MESSAGE:
            return text + Text(self._happened(line), style="dim")
        text.append(self.name(entry.sender)).append(": ")
        if entry.reply_to is not None:
            text.append(f"(to [{entry.reply_to}]) ", style="dim")
        if line.text is not None:
            text.append(visible_lines(line.text, 4))
        else:
            text.append(_without_text(line), style="dim")
        if line.edited:
            text.append(f" (edited, version {line.version})" if line.version else " (edited)", style="dim")
        if line.labels:
            text.append(f" [{', '.join(map(visible, line.labels))}]", style="bold yellow")
        if line.published is not None and line.published.source is not None:
            hop = line.published.source.hops[-1]
            text.append(f"\n    from {self.somewhere(hop.account)}, hutong read {hop.account} {hop.seq}", style="dim")
        for account, seq in named_in(line.text or ""):
            text.append("\n    ").append(self._card(account, seq))
        for topic in line.places:
            text.append(f" -> {self.somewhere(topic)}, hutong group show {visible(topic)}", style="dim")
        for sign, people in line.reactions.items():
            text.append(f"  {visible(sign)} {', '.join(map(self.who, people))}", style="dim")
        return text

    def change(self, entry: Entry) -> Text | None:
        """Return a live edit, recall, reaction, withdrawal or restoring as a line."""
        read = said(entry.body, side_of(entry.topic))
        is_card = read.published is not None and read.published.digest is not None
        text = visible(read.published.content.title if read.published and is_card else read.text or "")
        version = f" (version {read.version})" if read.version else ""
        words = {
            Kind.EDIT: f"{self.who(entry.sender)} edited [{entry.target}]{': ' * bool(text)}{text}{version}",
            Kind.RECALL: f"{self.who(entry.sender)} recalled [{entry.target}]",
            Kind.REACTION: f"{self.who(entry.sender)} reacted {text} to [{entry.target}]",
            Kind.WITHDRAWN: f"[{entry.target}] was withdrawn from the public by a decision",
            Kind.RESTORED: f"[{entry.target}] is public again: {text}",
            Kind.SOURCE_WITHDRAWN: f"what [{entry.target}] reprints is not public any more",
            Kind.SOURCE_RESTORED: f"what [{entry.target}] reprints is public again",
        }
        if entry.elided or entry.kind not in words:
            return None
        return Text(f"[{entry.seq}] {words[entry.kind]}", style="dim")

    def entry_json(self, entry: Entry) -> dict[str, Any]:
        """Return an entry as JSON: the entry of the wire, with `handle` and `text` instead of the body's bytes.

        Of what is public also its `version` and `labels`, and of an article what its card says; of what is private the
        `places` and `articles` it points to.
        """
        fields = _plain(entry)
        read = said(entry.body, side_of(entry.topic))
        fields.pop("body", None)
        fields["side"] = str(side_of(entry.topic))
        if entry.sender is not None:
            fields["handle"] = self.who(entry.sender)
        if read.text is not None:
            fields["text"] = read.text
        elif read.unreadable and entry.body is not None:
            fields["body_hex"] = entry.body.hex()
        if read.version is not None:
            fields |= {"version": read.version, "labels": list(read.labels)}
        if read.published is not None and (entry.kind in ARTICLES or read.published.source is not None):
            fields |= article_json(read.published)
        if read.places:
            fields["places"] = list(read.places)
        if read.published is None and (named := named_in(read.text or "")):
            fields["articles"] = [{"account": account, "seq": seq} for account, seq in named]
        return fields

    def line_json(self, line: Shown) -> dict[str, Any]:
        """Return an article as it stands now as JSON: its entry, with what the version in force says."""
        fields = self.entry_json(msgspec.structs.replace(line.entry, body=None))
        if line.published is None:
            return fields
        fields |= {"text": line.text, "version": line.version, "labels": list(line.labels)}
        return {**fields, **article_json(line.published), "source_withdrawn": line.source_withdrawn}

    def _article(self, line: Shown) -> Text:
        """Return an article as its card names it, whose account has said it."""
        text = Text.assemble(self.name(line.entry.sender), ": ")
        if line.published is None:
            return text + Text(_without_text(line), style="dim")
        text += headline(line.published)
        if line.edited:
            text.append(f" (edited, version {line.version})", style="dim")
        if line.entry.tag:
            text.append(f" (for {visible(line.entry.tag)})", style="dim")
        if line.source_withdrawn:
            text.append(" (what it reprints is not public any more)", style="dim")
        if line.labels:
            text.append(f" [{', '.join(map(visible, line.labels))}]", style="bold yellow")
        if line.published.content.summary:
            text.append(f"\n    {visible_lines(line.published.content.summary, 4)}")
        return text

    def _card(self, account: TopicId, seq: Seq) -> Text:
        """Return the article that a private message names, as far as this device knows it without asking anybody."""
        entries = self._cache.entries(account, after=seq - 1, before=Seq(seq + 1)) if self._cache else []
        card = in_force(entries[0], self._cache.about(account, seq, seq)) if self._cache and entries else None
        text = Text(f"{self.somewhere(account)}: ", style="dim")
        if card is not None:
            text += headline(card) + Text("; ", style="dim")
        return text + Text(f"hutong read {account} {seq}", style="dim")

    def _happened(self, line: Shown) -> str:
        entry = line.entry
        sender, person = self.who(entry.sender), self.who(entry.person)
        text = visible(line.text or "")
        if line.withdrawn:
            text = "(withdrawn)"
        match entry.kind:
            case Kind.FOUNDED:
                return f"{sender} founded the {'public ' * (side_of(entry.topic) is Side.PUBLIC)}group {text}".rstrip()
            case Kind.JOINED if entry.count is not None:
                return "somebody joined" if entry.count == 1 else f"{entry.count} people joined"
            case Kind.JOINED:
                return f"{sender} let {person} in" if entry.person not in {None, entry.sender} else f"{sender} joined"
            case Kind.LEFT:
                return f"{sender} left"
            case Kind.REMOVED:
                return f"{sender} removed {person}"
            case Kind.ROLE:
                return f"{sender} made {person} {'an admin' if entry.role is Role.ADMIN else 'a member'}"
            case Kind.HANDED_OVER:
                return f"{sender} handed the group over to {person}"
            case Kind.MUTED:
                whom = person if entry.person else "everybody"
                return f"{sender} {'muted' if entry.until else 'unmuted'} {whom}"
            case Kind.NAMED:
                return f"{sender} named the group {text}" if text else f"{sender} took the group's name away"
            case Kind.NOTICE:
                return f"{sender} put up a notice: {text}" if text else f"{sender} took the notice down"
            case Kind.LISTING:
                return f"{sender} wrote the listing: {text}" if text else f"{sender} took the listing away"
            case Kind.SCREEN_NAME:
                return f"{sender} is called {text} here" if text else f"{sender} has no screen name here any more"
            case Kind.SETTINGS:
                now = entry.openness
                words = openness_words(now.admission, listed=now.listed, history_open=now.history_open) if now else ""
                return f"{sender} changed who may come in, find it or read it{': ' * bool(words)}{words}"
            case Kind.CARD:
                return f"{sender} published a card: {text}"
            case Kind.PROFILE | Kind.MENU | Kind.WELCOME | Kind.REPLIES:
                return f"{sender} {_PAGE_WORDS[entry.kind]}"
            case _:
                return f"{sender} did something this client cannot show"


def _without_text(line: Shown) -> str:
    if line.withdrawn:
        return "(withdrawn from the public by a decision)"
    return f"({line.unreadable} unreadable bytes)" if line.unreadable else "(recalled)"


def _marks(summary: Summary) -> list[str]:
    marks = [] if summary.standing is Standing.MEMBER else [str(summary.standing)]
    if is_followed(summary):
        marks.append("following")
    if summary.role is not Role.MEMBER:
        marks.append(str(summary.role))
    return marks + ["pinned"] * summary.pinned + ["muted"] * summary.muted


def _plain(value: Summary | Entry) -> dict[str, Any]:
    fields: Mapping[str, Any] = msgspec.to_builtins(value, builtin_types=(bytes,))
    return {name: field.hex() if name == "cid" else field for name, field in fields.items()}


def _colour(person: PersonId | None) -> str:
    colours = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
    return colours[sum(map(ord, person or "")) % len(colours)]
