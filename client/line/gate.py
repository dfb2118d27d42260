"""Commands about the gate and what it decided: gate, submissions, take-back, receipt, audit."""

import click
import msgspec

from client.errors import RefusedError
from client.line import names
from client.line.program import command, online
from client.line.publishing import tell
from client.line.screen import Screen, moment, visible
from client.line.verdicts import explain, submission_json
from client.proofs import is_consistent, is_included
from client.session import Session
from client.view import plain
from protocol import limits
from protocol.decisions import SubmissionState
from protocol.errors import ErrorCode
from protocol.ids import ID_CHARS, SubmissionId, TopicId
from protocol.public import ShowAudit, ShowGate, ShowReceipt, Submissions, Submitted, TakeBack

_EXCERPT = 40
_ROOT = "audit"  # The note of the last audit log that was seen: its size and its root.


@command("gate")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@online
async def gate_command(session: Session, screen: Screen, *, as_json: bool) -> None:
    """Show what publishing meets here: the pack, what is asked on each surface, and the hooks that see it.

    Nothing private passes any of it.
    """
    gate = await session.request(ShowGate(id=0))
    if as_json:
        screen.json(msgspec.to_builtins(gate))
        return
    screen.say(f"Pack {visible(gate.pack)} {visible(gate.version)}")
    screen.say(f"Closed: {visible(gate.closed)}" if gate.closed else "Open")
    for surface, stages in gate.stages.items():
        seen = ", ".join(f"{hook.name} {hook.version} ({hook.kind})" for hook in gate.hooks if surface in hook.surfaces)
        asked = ", ".join(stages) or "nothing is asked"
        screen.say(f"  {surface.replace('_', ' '):<18} {visible(asked)}; hooks: {visible(seen) or 'none'}")
    for name, titles in (("Grounds", gate.grounds), ("Categories", gate.categories), ("Bodies", gate.bodies)):
        if titles:
            screen.say(f"{name}:")
        width = max(map(len, titles), default=0)
        for code, title in titles.items():
            screen.say(f"  {visible(code):<{width}}  {visible(title)}")


@command("submissions")
@click.argument("submission", required=False)
@click.option("--limit", type=click.IntRange(1, limits.SUBMISSIONS), default=20, show_default=True)
@click.option("--account", metavar="NAME|ID", help="Those of this account of one's own, by all its operators.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@online
async def submissions_command(
    session: Session, screen: Screen, submission: str | None, limit: int, account: str | None, *, as_json: bool
) -> None:
    """List what one has submitted for publication, newest first; or explain one SUBMISSION (an id or its beginning)."""
    place = (await names.own_account(session, account)).topic if account is not None else None
    if submission is not None:
        found = [await _find(session, submission, place)]
    else:
        found = list((await session.request(Submissions(id=0, topic=place, limit=limit))).submissions)
    await session.names([each.by for each in found if each.by is not None])
    if as_json:
        for each in found:
            screen.json(submission_json(each))
    elif submission is not None:
        grounds = (await session.request(ShowGate(id=0))).grounds
        screen.told.add(found[0].submission)
        for line in explain(screen, found[0], grounds):
            screen.say(line)
    elif found:
        columns = ["submission", "state", "until", "place", "seq", "what", *["by"] * (place is not None)]
        screen.table(columns, [_row(screen, each) for each in found])
    else:
        screen.note("You have published nothing yet. In a public group: hutong publish NAME 'hello'")


@command("take-back")
@click.argument("submission")
@click.option("--json", "as_json", is_flag=True, help="What became of it, as one JSON object.")
@online
async def take_back_command(session: Session, screen: Screen, submission: str, *, as_json: bool) -> None:
    """Take back SUBMISSION (an id or its beginning), which is held or waits: it will never be published."""
    found = await _find(session, submission)
    reply = await session.request(TakeBack(id=0, submission=found.submission))
    session.cache.submissions.put(reply.submission)
    if reply.submission.state is not SubmissionState.TAKEN_BACK:
        tell(screen, reply.submission, {}, as_json=as_json, quietly=False)
        raise RefusedError("too_late", "it is not taken back: it was decided before")
    screen.told.add(found.submission)
    if as_json:
        screen.json(submission_json(reply.submission))
    else:
        screen.say("It is taken back; nobody has seen it.")


@command("receipt")
@click.argument("submission")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for a verifier: bytes are in hexadecimal.")
@online
async def receipt_command(session: Session, screen: Screen, submission: str, *, as_json: bool) -> None:
    """Fetch every verdict about SUBMISSION (an id or its beginning) with the proof that it is in the audit log."""
    found = await _find(session, submission)
    receipt = await session.request(ShowReceipt(id=0, submission=found.submission))
    if as_json:
        screen.json(
            {
                "submission": found.submission,
                "size": receipt.size,
                "root": receipt.root.hex(),
                "salt": None if receipt.salt is None else receipt.salt.hex(),
                "content": None if receipt.content is None else receipt.content.hex(),
                "verdicts": [
                    {
                        "number": verdict.number,
                        "leaf": verdict.leaf.decode(errors="replace"),
                        "path": [node.hex() for node in verdict.path],
                    }
                    for verdict in receipt.verdicts
                ],
            }
        )
        return
    screen.say(f"Audit log of {receipt.size} leaves, root {receipt.root.hex()}")
    proven = True
    for verdict in receipt.verdicts:
        holds = is_included(verdict.leaf, verdict.number, receipt.size, verdict.path, receipt.root)
        proven = proven and holds
        screen.say(f"  leaf {verdict.number} ({'proven' if holds else 'NOT PROVEN'}): {visible(_words(verdict.leaf))}")
    if not proven:
        raise click.ClickException("a leaf is not in the log whose root the server names: do not trust this receipt")


@command("audit")
@click.option("--since", type=click.IntRange(0), metavar="N", help="Prove that the first N leaves are still the same.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; bytes are in hexadecimal.")
@online
async def audit_command(session: Session, screen: Screen, since: int | None, *, as_json: bool) -> None:
    """Show the root of the audit log, and check that it only grew since this device looked last."""
    seen, _, root = (session.cache.note(_ROOT) or "0 ").partition(" ")
    known, now = int(seen), await session.request(ShowAudit(id=0))
    if known > now.size:
        raise _changed(known, root)
    reply = await session.request(ShowAudit(id=0, since=known if since is None else since))
    if as_json:
        proof = [node.hex() for node in reply.consistency]
        screen.json({"size": reply.size, "root": reply.root.hex(), "consistency": proof})
    else:
        screen.say(f"{reply.size} leaves, root {reply.root.hex()}")
    if known and since in {None, known}:
        if not is_consistent(known, bytes.fromhex(root), reply.size, reply.root, reply.consistency):
            raise _changed(known, root)
        screen.note(f"The first {known} leaves are what they were when this device looked last.")
    session.cache.write_note(_ROOT, f"{reply.size} {reply.root.hex()}")


def _changed(known: int, root: str) -> click.ClickException:
    return click.ClickException(
        f"the first {known} leaves are not what they were when this device looked last (root {root}): "
        "the log was changed, cut or replaced"
    )


async def _find(session: Session, submission: str, place: TopicId | None = None) -> Submitted:
    """Return the submission with that id, or the one of the latest whose id begins so; of one's own, or of `place`."""
    before: SubmissionId | None = None
    found: list[Submitted] = []
    while True:
        page = await session.request(Submissions(id=0, topic=place, before=before, limit=limits.SUBMISSIONS))
        found += [each for each in page.submissions if each.submission.startswith(submission)]
        if page.complete or not page.submissions or (found and len(submission) == ID_CHARS):
            break
        before = page.submissions[-1].submission
    if len(found) != 1:
        number = "more than one" if found else "no"
        raise click.UsageError(f"{number} submission {submission!r}; see `hutong submissions` ({ErrorCode.NOT_FOUND})")
    return found[0]


def _row(screen: Screen, each: Submitted) -> list[str]:
    text = visible(plain(each.content)) if each.content is not None else ""
    return [
        each.submission,
        "withdrawn" if each.withdrawn else each.state.replace("_", " "),
        moment(each.until) if each.until is not None and each.state is SubmissionState.HELD else "",
        screen.somewhere(each.topic),
        str(each.seq or ""),
        text[:_EXCERPT] + "…" * (len(text) > _EXCERPT),
        *([screen.who(each.by)] if each.by is not None else []),
    ]


def _words(leaf: bytes) -> str:
    return leaf.decode(errors="replace")
