"""Commands about one's contacts: who they are, asking and being asked, what one notes about them, whom one hides from.

Whoever is refused or removed is not told; it is said here what they go on seeing.
"""

from collections.abc import Callable
from typing import Any

import click
import msgspec

from client.contacts import is_waiting, named, noted, tagged, tags, untagged, with_tag
from client.errors import RefusedError
from client.events import ContactChanged
from client.line import names
from client.line.own import json_option
from client.line.program import EXITS, Program, online
from client.line.safe import moment, visible
from client.line.screen import Screen
from client.line.times import now_ms
from client.session import Session
from client.view import read_text
from protocol import content, limits
from protocol.contacts import (
    AcceptContact,
    AskContact,
    Contact,
    ContactReply,
    ContactState,
    HideContact,
    RefuseContact,
    RemarkContact,
    RemoveContact,
    WithdrawContact,
)
from protocol.content import Remark
from protocol.frames import Request
from protocol.ids import PersonId

_NONE_YET = "You have no contacts yet. Ask somebody: hutong contacts ask HANDLE 'It is me, from the tea house'"
_STATES = {ContactState.ASKING: "asks you", ContactState.ASKED: "asked", ContactState.CONTACT: ""}
_NOTED = (ContactState.CONTACT, ContactState.ASKING, ContactState.ASKED)
_whom = click.argument("name", metavar="WHO")


@click.group("contacts", invoke_without_command=True, epilog=EXITS)
@json_option
@click.pass_context
def contacts_command(context: click.Context, *, as_json: bool) -> None:
    """List one's contacts, ask somebody to be one, and keep notes about them. All of it is private.

    WHO is a contact's handle, or what one calls them. Two who have each other as contacts are friends, and see each
    other's moments.
    """
    if context.invoked_subcommand is None:
        program = context.find_object(Program)
        assert program is not None
        program.online(lambda session, screen: _list(session, screen, None, as_json=as_json))


@contacts_command.command("list")
@click.option("--tag", metavar="TAG", help="Only those who have this tag.")
@json_option
@online
async def list_command(session: Session, screen: Screen, tag: str | None, *, as_json: bool) -> None:
    """List one's contacts, with what one notes about them."""
    await _list(session, screen, tag, as_json=as_json)


@contacts_command.command("requests")
@json_option
@online
async def requests_command(session: Session, screen: Screen, *, as_json: bool) -> None:
    """List who asks to be one's contact, and whom one has asked, the newest first."""
    waiting = session.cache.contacts.requests(at=now_ms())
    if as_json:
        for contact in waiting:
            screen.json(contact_json(contact))
        return
    rows = [
        [
            visible(contact.handle),
            _STATES[contact.state],
            f"until {moment(contact.until)}" if contact.until is not None else "",
            visible(read_text(contact.greeting)[0] or "") if contact.greeting else "",
        ]
        for contact in waiting
    ]
    screen.table(["handle", "", "", "greeting"], rows)
    asking = [contact.handle for contact in waiting if contact.state is ContactState.ASKING]
    if asking:
        screen.note(f"hutong contacts accept {asking[0]}; or refuse, of which they are not told")
    elif not waiting:
        screen.note("Nobody asks you, and you wait for nobody.")


@contacts_command.command("tags")
@json_option
@online
async def tags_command(session: Session, screen: Screen, *, as_json: bool) -> None:
    """List the tags one has given, and who has them. Nobody else sees them."""
    having = tags(session.cache.contacts.all())
    if as_json:
        for tag, people in having.items():
            screen.json({"tag": tag, "people": [_person_json(contact) for contact in people]})
        return
    rows = [[visible(tag), ", ".join(visible(each.handle) for each in people)] for tag, people in having.items()]
    screen.table(["tag", "contacts"], rows)
    if not having:
        screen.note("You have given no tags yet: hutong contacts tag WHO TAG")


# Asking, and being asked.


@contacts_command.command("ask")
@click.argument("handle")
@click.argument("greeting", default="")
@json_option
@online
async def ask_command(session: Session, screen: Screen, handle: str, greeting: str, *, as_json: bool) -> None:
    """Ask HANDLE to be a contact, with a GREETING for them to read. They are told; the request ends after some days.

    If they ask already, this accepts it. Whoever does not want to is not made to say so: one learns of a yes only.
    """
    body = content.encode(content.Text(text=greeting)) if greeting else b""
    if len(body) > limits.GREETING_BYTES:
        raise click.UsageError(f"the greeting is too long by {len(body) - limits.GREETING_BYTES} bytes")
    person = await names.person(session, handle)
    if person == session.account.person:
        raise click.UsageError("that is you: ask somebody else")
    before = session.cache.contacts.of(person)
    contact = (await session.request(AskContact(id=0, person=person, greeting=body))).contact
    if as_json:
        screen.json(contact_json(contact))
        return
    called = visible(contact.handle)
    if contact.state is ContactState.CONTACT:
        is_old = before is not None and before.state is ContactState.CONTACT
        screen.say(f"{called} is your contact {'already' if is_old else 'now'}.")
        return
    until = f" until {moment(contact.until)}" if contact.until is not None else ""
    screen.say(f"{called} is asked{until}.")
    screen.note(f"You are told if they accept, and of nothing else. To take it back: hutong contacts withdraw {called}")


def _answering(
    word: str, explained: str, state: ContactState, done: str, make: Callable[[PersonId], Request[ContactReply]]
) -> None:
    """Add a command about one who stands to one in `state`."""

    @contacts_command.command(word, help=explained)
    @_whom
    @json_option
    @online
    async def answer_command(session: Session, screen: Screen, name: str, *, as_json: bool) -> None:
        about = _known(session, name, state)
        contact = (await session.request(make(about.person))).contact
        _tell(screen, contact, done.format(who=visible(contact.handle)), as_json=as_json)


_answering(
    "accept", "Be contacts with WHO, who asks. They are told.", ContactState.ASKING,
    "{who} is your contact now: you see each other's moments. To leave theirs out: hutong contacts hide {who} --theirs",
    lambda person: AcceptContact(id=0, person=person),
)  # fmt: skip
_answering(
    "refuse", "Do not be contacts with WHO, who asks. They are not told.", ContactState.ASKING,
    "Refused. {who} is not told: to them, their request ends by itself. To hear no more of them: hutong block {who}",
    lambda person: RefuseContact(id=0, person=person),
)  # fmt: skip
_answering(
    "withdraw", "Do not ask WHO any more; it is taken out of their requests.", ContactState.ASKED,
    "{who} is not asked any more.",
    lambda person: WithdrawContact(id=0, person=person),
)  # fmt: skip
_answering(
    "remove", "Have WHO as a contact no longer; what one noted about them is erased. They are not told.",
    ContactState.CONTACT,
    "{who} is none of your contacts any more. They are not told, and keep you among theirs; neither of you sees the "
    "other's moments.",
    lambda person: RemoveContact(id=0, person=person),
)  # fmt: skip


# What one notes, and hides.


@contacts_command.command("remark")
@_whom
@click.argument("text")
@json_option
@online
async def remark_command(session: Session, screen: Screen, name: str, text: str, *, as_json: bool) -> None:
    """Call WHO by TEXT, for oneself alone; an empty TEXT takes it away. Their tags stay."""
    await _note(session, screen, name, lambda remark: msgspec.structs.replace(remark, text=text), as_json=as_json)


@contacts_command.command("tag")
@_whom
@click.argument("given", metavar="TAG...", nargs=-1, required=True)
@json_option
@online
async def tag_command(session: Session, screen: Screen, name: str, given: tuple[str, ...], *, as_json: bool) -> None:
    """Give WHO these tags. Moments can be for those who have one, as they are when it is posted."""
    if not all(tag.strip() for tag in given):
        raise click.UsageError("a tag has some letters in it")
    everybody = session.cache.contacts.all()

    def with_tags(remark: Remark) -> Remark:
        for tag in given:
            remark = tagged(remark, tag, everybody)
        return remark

    await _note(session, screen, name, with_tags, as_json=as_json)


@contacts_command.command("untag")
@_whom
@click.argument("taken", metavar="TAG...", nargs=-1, required=True)
@json_option
@online
async def untag_command(session: Session, screen: Screen, name: str, taken: tuple[str, ...], *, as_json: bool) -> None:
    """Take these tags from WHO. What was posted to those who had one they go on seeing."""

    def without_tags(remark: Remark) -> Remark:
        for tag in taken:
            if untagged(remark, tag) == remark:
                raise click.UsageError(f"{name} does not have the tag {tag!r}")
            remark = untagged(remark, tag)
        return remark

    await _note(session, screen, name, without_tags, as_json=as_json)


def _hiding(word: str, explained: str, *, hides: bool) -> None:
    not_any_more = "" if hides else " again"

    @contacts_command.command(word, help=explained)
    @_whom
    @click.option("--mine", is_flag=True, help=f"One's own moments, to them{not_any_more}.")
    @click.option("--theirs", is_flag=True, help=f"Theirs, in one's timeline{not_any_more}.")
    @json_option
    @online
    async def hide_command(
        session: Session, screen: Screen, name: str, *, mine: bool, theirs: bool, as_json: bool
    ) -> None:
        if not mine and not theirs:
            raise click.UsageError("say --mine or --theirs, or both")
        about = _known(session, name, *_NOTED)
        asked = HideContact(
            id=0, person=about.person, mine=hides if mine else None, theirs=hides if theirs else None
        )  # fmt: skip
        contact = (await session.request(asked)).contact
        _tell(screen, contact, f"{visible(contact.handle)}: {hiding_words(contact)}.", as_json=as_json)


_hiding("hide", "Do not show WHO one's moments, or not oneself theirs. They are not told.", hides=True)
_hiding("show", "Show WHO one's moments again, or oneself theirs.", hides=False)


# How it is said.


def contact_json(contact: Contact) -> dict[str, Any]:
    """Return a contact as JSON: that of the wire, with texts instead of bytes, and `remark` and `tags` apart."""
    greeting, remark = read_text(contact.greeting)[0] if contact.greeting else None, noted(contact)
    return {
        **_person_json(contact),
        "state": str(contact.state),
        "at": contact.at,
        **({"until": contact.until} if contact.until is not None else {}),
        **({"greeting": greeting} if greeting is not None else {}),
        **({"remark_hex": contact.remark.hex()} if remark is None else {"remark": remark.text}),
        "tags": list(remark.tags) if remark is not None else [],
        "hides_mine": contact.hides_mine,
        "hides_theirs": contact.hides_theirs,
    }


def contact_news(change: ContactChanged) -> str | None:
    """Return what somebody else did, in words; None: what changed one has done oneself, on this device or another."""
    contact, before = change.contact, change.before.state if change.before is not None else ContactState.NONE
    called = visible(contact.handle)
    match before, contact.state:
        case ContactState.NONE, ContactState.ASKING if is_waiting(contact, at=now_ms()):
            greeting = read_text(contact.greeting)[0] if contact.greeting else None
            said = f": {visible(greeting)}" if greeting else ""
            return f"{called} asks to be your contact{said} (hutong contacts accept {called})"
        case ContactState.ASKED, ContactState.CONTACT:
            return f"{called} is your contact now."
        case _:
            return None


def hiding_words(contact: Contact) -> str:
    """Return what is hidden between oneself and a contact."""
    match contact.hides_mine, contact.hides_theirs:
        case True, True:
            return "your moments are hidden from them, and theirs from you"
        case True, False:
            return "your moments are hidden from them"
        case False, True:
            return "their moments are hidden from you"
        case _:
            return "nothing is hidden"


async def _list(session: Session, screen: Screen, tag: str | None, *, as_json: bool) -> None:
    contacts = session.cache.contacts.all()
    if tag is not None:
        contacts = with_tag(contacts, tag)
    if as_json:
        for contact in contacts:
            screen.json(contact_json(contact))
        return
    screen.table(["handle", "remark", "tags", "", "since"], [_row(contact) for contact in contacts])
    waiting = _asking(session)
    if waiting:
        screen.note(f"{waiting} {'asks' if waiting == 1 else 'ask'} to be your contact: hutong contacts requests")
    elif not contacts:
        screen.note(_NONE_YET)


def _asking(session: Session) -> int:
    return sum(each.state is ContactState.ASKING for each in session.cache.contacts.requests(at=now_ms()))


def _row(contact: Contact) -> list[str]:
    remark = noted(contact)
    text = f"({len(contact.remark)} unreadable bytes)" if remark is None else visible(remark.text)
    given = ", ".join(map(visible, remark.tags)) if remark is not None else ""
    hidden = hiding_words(contact) if contact.hides_mine or contact.hides_theirs else ""
    return [visible(contact.handle), text, given, hidden, moment(contact.at)]


def _person_json(contact: Contact) -> dict[str, Any]:
    return {"person": contact.person, "handle": contact.handle}


def _tell(screen: Screen, contact: Contact, words: str, *, as_json: bool) -> None:
    if as_json:
        screen.json(contact_json(contact))
    else:
        screen.say(words)


async def _note(
    session: Session, screen: Screen, name: str, change: Callable[[Remark], Remark], *, as_json: bool
) -> None:
    about = _known(session, name, *_NOTED)
    remark = noted(about)
    if remark is None:
        raise RefusedError("unreadable", f"what is noted about {visible(about.handle)} cannot be read here")
    changed = change(remark)
    try:
        body = content.encode_remark(changed)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    contact = (await session.request(RemarkContact(id=0, person=about.person, remark=body))).contact
    text = f"you call them {visible(changed.text)}" if changed.text else "no remark"
    given = f"tagged {', '.join(map(visible, changed.tags))}" if changed.tags else "no tags"
    _tell(screen, contact, f"{visible(contact.handle)}: {text}; {given}. Only you see it.", as_json=as_json)


_NOBODY = {
    ContactState.ASKING: "nobody called {name!r} asks to be your contact; `hutong contacts requests` lists who does",
    ContactState.ASKED: "you wait for nobody called {name!r}; `hutong contacts requests` lists whom you have asked",
    ContactState.CONTACT: "nobody among your contacts is called {name!r}; `hutong contacts` lists them",
}


def _known(session: Session, name: str, *states: ContactState) -> Contact:
    """Return who is called `name`, of those that stand to one in one of `states`.

    Raises:
        ContactError: Nobody, or several.
    """
    everybody = [*session.cache.contacts.all(), *session.cache.contacts.requests(at=now_ms())]
    nobody = _NOBODY[states[0]].format(name=name)
    return named([contact for contact in everybody if contact.state in states], name, nobody=nobody)
