"""The agreement one signs before one publishes: shown, acknowledged line by line, signed."""

import os
import sys
from collections.abc import Mapping

import click
import msgspec
import trio

from client.account import acknowledge
from client.errors import RefusedError
from client.line.keyboard import confirmed
from client.line.program import EXITS, online
from client.line.screen import Screen, visible, visible_lines
from client.session import Session
from protocol.public import Agreement, ShowAgreement, SignAgreement, Signature

DEFAULT_LANGUAGE = "en"
NOT_SIGNED = "not_signed"
lang_option = click.option("--lang", metavar="TAG", help="The language to show it in; default: this computer's.")
accept_option = click.option(
    "--accept-agreement", "accepted", metavar="DIGEST", help="Sign the agreement with this digest, all of its lines."
)


def language() -> str:
    """Return the language of this computer's locale, as a tag."""
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    tag = spoken.partition(".")[0].replace("_", "-")
    return tag if tag and tag.upper() not in {"C", "POSIX"} else DEFAULT_LANGUAGE


def in_language(texts: Mapping[str, str], wanted: str | None) -> str:
    """Return the text that is nearest to `wanted`: in it, in the same language of elsewhere, in English, in any."""
    tag = wanted or language()
    primary = tag.partition("-")[0].lower()
    related = (text for code, text in texts.items() if code.partition("-")[0].lower() == primary)
    fallbacks = (texts.get(DEFAULT_LANGUAGE), next(iter(texts.values()), ""))
    return texts.get(tag) or next(related, None) or next(text for text in fallbacks if text is not None)


def lines_of(agreement: Agreement, lang: str | None) -> list[str]:
    """Return `agreement` as it is shown, ready for a terminal."""
    titles = [in_language(line.titles, lang) for line in agreement.lines]
    return [
        f"Agreement, version {visible(agreement.version)}",
        "",
        visible_lines(in_language(agreement.texts, lang).rstrip(), 0),
        "",
        *(f"  {number}. {visible(title)}" for number, title in enumerate(titles, 1)),
        "",
        f"Digest: {agreement.digest.hex()}",
    ]


def sign_for(agreement: Agreement, *, accepted: str | None, lang: str | None, again: str) -> Signature:
    """Return the signature of whoever sits here: `accepted` is its digest, or each line is asked for, at a terminal.

    Raises:
        RefusedError: `not_signed`: it is not signed; `again` says how it would be.
        click.UsageError: `accepted` is the digest of another.
    """
    digest = agreement.digest.hex()
    if accepted is not None:
        if accepted.strip().lower() != digest:
            raise click.UsageError(f"that is the digest of another agreement; the one in force has {digest}")
        return acknowledge(agreement)
    for shown in lines_of(agreement, lang):
        click.echo(shown, err=True)
    if not sys.stdin.isatty():
        raise RefusedError(NOT_SIGNED, f"the agreement above has to be signed; if you agree: {again} {digest}")
    click.echo("Each line is acknowledged apart.", err=True)
    for line in agreement.lines:
        if not confirmed(f"{visible(in_language(line.titles, lang))}: do you promise to keep it?"):
            raise RefusedError(NOT_SIGNED, "nothing is signed; private chats need no agreement")
    return acknowledge(agreement)


@click.group("agreement", epilog=EXITS)
def agreement_command() -> None:
    """Show or sign what one signs before one publishes. What is private needs no agreement."""


@agreement_command.command("show")
@lang_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@online
async def show_command(session: Session, screen: Screen, lang: str | None, *, as_json: bool) -> None:
    """Show the agreement in force, and whether one has signed it."""
    reply = await session.request(ShowAgreement(id=0))
    if as_json:
        agreement = None
        if reply.agreement is not None:
            fields = msgspec.to_builtins(reply.agreement, builtin_types=(bytes,))
            agreement = {**fields, "digest": reply.agreement.digest.hex()}
        screen.json({"agreement": agreement, "signed": reply.signed})
        return
    if reply.agreement is None:
        screen.note("This server asks for no agreement.")
        return
    for line in lines_of(reply.agreement, lang):
        screen.say(line)
    screen.say("You have signed it." if reply.signed else "You have not signed it: hutong agreement sign")


@agreement_command.command("sign")
@lang_option
@accept_option
@online
async def sign_command(session: Session, screen: Screen, lang: str | None, accepted: str | None) -> None:
    """Read and sign the agreement in force, each line apart."""
    reply = await session.request(ShowAgreement(id=0))
    agreement = reply.agreement
    if agreement is None or reply.signed:
        screen.note("This server asks for no agreement." if agreement is None else "You have signed it already.")
        return

    def ask() -> Signature:
        again = "hutong agreement sign --accept-agreement"
        return sign_for(agreement, accepted=accepted, lang=lang, again=again)

    # Asked beside the session, which has to answer the server meanwhile.
    signature = await trio.to_thread.run_sync(ask, abandon_on_cancel=True)
    await session.request(SignAgreement(id=0, signature=signature))
    screen.say(f"You have signed version {visible(agreement.version)}.")
