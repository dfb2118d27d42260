"""Commands about what an account says: account publish, reprint, recall. Articles come from files and from drafts."""

import sys
from pathlib import Path

import click
import msgspec

from client.articles import Card
from client.errors import RefusedError
from client.line import names
from client.line.own import account_option, json_option
from client.line.program import online
from client.line.publishing import publish_as, yes_option
from client.line.screen import Screen
from client.manuscripts import ManuscriptError, parse
from client.session import Session
from protocol.accounts import DraftItem, Drafts, OwnAccount
from protocol.decisions import SubmissionState
from protocol.entries import Kind
from protocol.errors import ErrorCode
from protocol.frames import Recall
from protocol.ids import Cid, PersonId, Seq
from protocol.publications import Content, PublishedError, Surface, decode_content

DRAFT = "draft:"
FORMAT = """\b
An article is written like this:
  # The title
  \b
  summary: What its card says
  author: By whom
  category: society
  lang: en
  \b
  The text, in as many paragraphs as it takes.
  \b
  ## A section
  \b
  Its text. A link has a line of its own, and ends its section:
  [The minutes](https://example.org/minutes)
"""

tag_option = click.option("--tag", default="", help="Broadcast it to those followers only who chose this tag.")
quiet_option = click.option("--quiet", is_flag=True, help="Put it on the account's page only; no follower gets it.")
reprintable_option = click.option(
    "--reprintable/--not-reprintable", default=None, help="Whether other accounts may reprint it; default: not."
)


async def article_of(session: Session, own: OwnAccount, source: str) -> Content:
    """Return the article that `source` names: a file, `-` for standard input, or `draft:` and a draft's id.

    Raises:
        click.UsageError: There is none, or it is none.
    """
    if source.startswith(DRAFT):
        return read_draft(await find_draft(session, own, source.removeprefix(DRAFT)))
    return _manuscript(source)


async def drafts_of(session: Session, own: OwnAccount) -> list[DraftItem]:
    """Return the drafts of an account, the one begun last first."""
    found: list[DraftItem] = []
    before: Cid | None = None
    while True:
        page = await session.request(Drafts(id=0, topic=own.topic, before=before))
        found += page.drafts
        if page.complete or not page.drafts:
            return found
        before = Cid(page.drafts[-1].draft)


async def find_draft(session: Session, own: OwnAccount, name: str) -> DraftItem:
    """Return the draft whose id is `name`, or begins so.

    Raises:
        click.UsageError: There is none, or more than one.
    """
    found = [each for each in await drafts_of(session, own) if each.draft.hex().startswith(name.lower())]
    if len(found) != 1 or not name:
        number = "more than one" if found else "no"
        raise click.UsageError(f"{number} draft {name!r}; `hutong account draft list` lists them")
    return found[0]


def read_draft(item: DraftItem) -> Content:
    """Return what a draft says.

    Raises:
        RefusedError: `unreadable`: another client has made it.
    """
    try:
        return decode_content(item.body)
    except PublishedError as error:
        raise RefusedError("unreadable", f"this draft cannot be read here: {error}") from error


@click.command("publish", epilog=FORMAT)
@click.argument("source", metavar="FILE|-|draft:ID")
@quiet_option
@tag_option
@reprintable_option
@click.option("--edit", type=click.IntRange(1), metavar="SEQ", help="The number of the article it is to replace.")
@account_option
@yes_option
@json_option
@online
async def publish_command(
    session: Session,
    screen: Screen,
    source: str,
    tag: str,
    edit: int | None,
    which: str | None,
    *,
    quiet: bool,
    reprintable: bool | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Publish an article, and broadcast it to the account's followers; how often that may be depends on the account.

    It passes the gate first: it may appear at once, be held until somebody decides, or be rejected; one is told why,
    and where exactly.
    """
    if tag and quiet:
        raise click.UsageError("--tag is for what is broadcast, --quiet for what is not")
    if edit is not None and (tag or quiet):
        raise click.UsageError("an edit stays where its article is: --tag and --quiet are for new ones")
    own = await names.own_account(session, which)
    content = await article_of(session, own, source)
    surface = Surface.ARTICLE if quiet else Surface.BROADCAST
    how: dict[str, object] = {"tag": tag, "reprintable": bool(reprintable)}
    if edit is not None:
        card = await _edited(session, own, Seq(edit))
        surface = Surface.BROADCAST if card.entry.kind is Kind.BROADCAST else Surface.ARTICLE
        may = card.published.reprintable if reprintable is None else reprintable
        how |= {"target": Seq(edit), "base": card.published.version, "reprintable": may}
    submission = await publish_as(session, screen, own, surface, content, yes=yes, as_json=as_json, **how)
    if submission.state is SubmissionState.PUBLISHED and not as_json:
        done = "changed" if edit is not None else "on the account's page" if quiet else "broadcast"
        number = submission.target or submission.seq
        screen.say(f"[{number}] is {done}: hutong read {own.topic} {number}")


@click.command("reprint")
@click.argument("name", metavar="ACCOUNT")
@click.argument("seq", type=click.IntRange(1), required=False)
@click.option("--as", "which", metavar="NAME|ID", help="Which of one's accounts reprints it; default: the only one.")
@tag_option
@click.option("--reprintable", is_flag=True, help="Other accounts may reprint it from there.")
@yes_option
@json_option
@online
async def reprint_command(
    session: Session,
    screen: Screen,
    name: str,
    seq: int | None,
    which: str | None,
    tag: str,
    *,
    reprintable: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Reprint article SEQ of ACCOUNT, whole and unchanged, to the followers of one's own; readers see its source."""
    account, number = await names.article(session, name, seq)
    if number is None:
        raise click.UsageError("say which article: its number, after the account")
    own = await names.own_account(session, which)
    found = await session.article(account, number)
    if not found.published.reprintable:
        await session.names([PersonId(account)])
        allows = f"{screen.somewhere(account)} does not allow its article [{number}] to be reprinted"
        raise RefusedError(ErrorCode.NOT_ALLOWED, allows)
    how: dict[str, object] = {"source": found.origin, "tag": tag, "reprintable": reprintable}
    submission = await publish_as(session, screen, own, Surface.REPRINT, found.content, yes=yes, as_json=as_json, **how)
    if submission.state is SubmissionState.PUBLISHED and not as_json:
        screen.say(f"[{submission.seq}] is a reprint of it: hutong read {own.topic} {submission.seq}")


@click.command("recall")
@click.argument("seq", type=click.IntRange(1))
@account_option
@json_option
@online
async def recall_command(session: Session, screen: Screen, seq: int, which: str | None, *, as_json: bool) -> None:
    """Take article SEQ back: its words are erased, for everybody and for good. It counts as broadcast all the same."""
    own = await names.own_account(session, which)
    done = await session.request(Recall(id=0, cid=session.new_cid(), topic=own.topic, target=Seq(seq)))
    if as_json:
        screen.json(msgspec.to_builtins(done))
    else:
        screen.say(f"[{seq}] of {screen.somewhere(own.topic)} is recalled.")


async def _edited(session: Session, own: OwnAccount, seq: Seq) -> Card:
    """Return the card of the article that is to be changed."""
    card = await session.card(own.topic, seq)
    if card.published.source is not None:
        raise click.UsageError("a reprint says what its source says: recall it, and reprint the new version")
    return card


def _manuscript(source: str) -> Content:
    try:
        return parse(sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise click.UsageError(f"{source} cannot be read: {why}") from error
    except ManuscriptError as error:
        raise click.UsageError(f"{source}: {error}") from error
