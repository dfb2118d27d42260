"""Commands about what followers write to an account, and its answers: account inbox, inbox show, inbox answer.

It is private: between a follower and the account, whose operators answer in its name.
"""

import sys
from typing import Any

import click
import msgspec
from rich.text import Text

from client.line import names, times
from client.line.own import account_option, json_option
from client.line.program import Program, online
from client.line.safe import moment, visible
from client.line.screen import Screen
from client.session import Session
from client.view import fold, read_text
from protocol import content, limits
from protocol.accounts import Dialogue, Inbox, InboxAnswer, InboxShow, OwnAccount
from protocol.ids import Seq

_EXCERPT = 40


@click.group("inbox", invoke_without_command=True)
@account_option
@json_option
@click.pass_context
def inbox_command(context: click.Context, which: str | None, *, as_json: bool) -> None:
    """List what followers write to the account: who waits longest first; below, read one dialogue, and answer."""
    if context.invoked_subcommand is not None:
        return

    async def work(session: Session, screen: Screen) -> None:
        own = await names.own_account(session, which)
        dialogues = await _dialogues(session, own)
        if as_json:
            for each in dialogues:
                screen.json(_json(screen, each))
            return
        screen.table(["from", "", "until", "last", "dialogue"], [_row(each) for each in dialogues])
        if not dialogues:
            screen.note("Nobody has written to it yet.")

    program = context.find_object(Program)
    assert program is not None
    program.online(work)


@inbox_command.command("show")
@click.argument("name", metavar="HANDLE|DIALOGUE")
@click.option("--before", type=click.IntRange(1), metavar="SEQ", help="Only what is before this number.")
@click.option("--limit", type=click.IntRange(1, limits.HISTORY_ENTRIES), default=50, show_default=True)
@account_option
@json_option
@online
async def show_command(
    session: Session, screen: Screen, name: str, before: int | None, limit: int, which: str | None, *, as_json: bool
) -> None:
    """Show one dialogue, oldest first; of the account's answers, which operator wrote them."""
    own = await names.own_account(session, which)
    found = await _find(session, own, name)
    end = None if before is None else Seq(before)
    page = await session.request(InboxShow(id=0, topic=own.topic, dialogue=found.dialogue, before=end, limit=limit))
    writers = {answer.seq: answer.by for answer in page.answered}
    people = [entry.sender for entry in page.entries if entry.sender is not None]
    await session.names([*people, *writers.values()])
    if as_json:
        for entry in page.entries:
            by = writers.get(entry.seq)
            screen.json({**screen.entry_json(entry), **({"by": by, "by_handle": screen.who(by)} if by else {})})
        return
    screen.say(Text(f"[private] {screen.account(own.topic)} with {visible(found.handle)}", style="bold"))
    for line in fold(page.entries):
        shown = screen.shown(line)
        by = writers.get(line.entry.seq)
        screen.say(shown + Text(f"  (written by {screen.who(by)})", style="dim") if by else shown)
    if not page.complete:
        screen.note(f"More: --before {page.entries[0].seq}" if page.entries else "There is more.")
    until = moment(found.answer_until)
    if _is_over(found):
        screen.note(f"It could be answered until {until}; from when {visible(found.handle)} writes again, it can.")
    else:
        screen.note(f"It may be answered until {until}: hutong account inbox answer {visible(found.handle)} TEXT")


@inbox_command.command("answer")
@click.argument("name", metavar="HANDLE|DIALOGUE")
@click.argument("text", nargs=-1, required=True)
@account_option
@json_option
@online
async def answer_command(
    session: Session, screen: Screen, name: str, text: tuple[str, ...], which: str | None, *, as_json: bool
) -> None:
    """Answer in the account's name (`-`: from standard input), within 48 hours of the follower's last message."""
    said = sys.stdin.read().rstrip("\n") if text == ("-",) else " ".join(text)
    if not said:
        raise click.UsageError("there is nothing to answer")
    try:
        body = content.encode(content.Text(text=said))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    own = await names.own_account(session, which)
    found = await _find(session, own, name)
    done = await session.request(
        InboxAnswer(id=0, cid=session.new_cid(), topic=own.topic, dialogue=found.dialogue, body=body)
    )
    if as_json:
        screen.json(msgspec.to_builtins(done))


async def _dialogues(session: Session, own: OwnAccount) -> list[Dialogue]:
    found: list[Dialogue] = []
    while True:
        page = await session.request(Inbox(id=0, topic=own.topic, offset=len(found)))
        found += page.dialogues
        if page.complete or not page.dialogues:
            return found


async def _find(session: Session, own: OwnAccount, name: str) -> Dialogue:
    """Return the dialogue with that id, or with whoever has that handle."""
    wanted = name.casefold().removeprefix("@")
    found = [each for each in await _dialogues(session, own) if wanted in {each.dialogue, each.handle.casefold()}]
    if not found:
        raise click.UsageError(f"no dialogue with {name!r}; `hutong account inbox` lists them")
    return found[0]


def _row(each: Dialogue) -> list[str]:
    text = visible(read_text(each.last.body)[0] or "")
    waits = "answered" if not each.waiting else "too late" if _is_over(each) else "waits"
    excerpt = text[:_EXCERPT] + "…" * (len(text) > _EXCERPT)
    return [visible(each.handle), waits, moment(each.answer_until), excerpt, each.dialogue]


def _is_over(each: Dialogue) -> bool:
    """Say whether it can be answered no more, by the clock of this computer."""
    return each.answer_until <= times.now_ms()


def _json(screen: Screen, each: Dialogue) -> dict[str, Any]:
    return {
        "dialogue": each.dialogue,
        "person": each.person,
        "handle": each.handle,
        "waiting": each.waiting,
        "answer_until": each.answer_until,
        "last": screen.entry_json(each.last),
    }
