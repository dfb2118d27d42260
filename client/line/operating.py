"""Commands of those who run an account together: account operators, operator, acts, figures."""

from collections.abc import Mapping

import click
import msgspec

from client.line import names
from client.line.own import account_option, json_option
from client.line.program import online
from client.line.safe import moment, visible
from client.line.screen import Screen
from client.session import Session
from protocol import limits
from protocol.account_states import ActKind
from protocol.accounts import Act, Acts, Figures, Operator, Operators, SetOperator
from protocol.entries import Role
from protocol.ids import Seq

_ROLES = {"editor": Role.EDITOR, "analyst": Role.ANALYST, "none": None}
_ACTS: Mapping[str, str] = {
    ActKind.SUBMITTED: "submitted something that has not appeared",
    ActKind.TAKEN_BACK: "took a submission back",
    ActKind.PUBLISHED: "published {seq}",
    ActKind.EDITED: "changed {seq}",
    ActKind.RECALLED: "recalled {seq}",
    ActKind.PROFILE: "published the profile {seq}",
    ActKind.MENU: "published the menu {seq}",
    ActKind.WELCOME: "published the welcome {seq}",
    ActKind.REPLIES: "published the automatic replies {seq}",
    ActKind.MADE_EDITOR: "made {person} an editor",
    ActKind.MADE_ANALYST: "made {person} an analyst",
    ActKind.REMOVED: "took {person}'s role away",
    ActKind.LEFT: "left",
    ActKind.COMMENTS_CHOSEN: "chose which comments there are under {seq}",
    ActKind.COMMENT_SELECTED: "selected a comment under {seq}",
    ActKind.COMMENT_UNSELECTED: "selected a comment under {seq} no longer",
    ActKind.COMMENT_DELETED: "deleted a comment under {seq}",
}


@click.command("operators")
@account_option
@json_option
@online
async def operators_command(session: Session, screen: Screen, which: str | None, *, as_json: bool) -> None:
    """List who runs the account. Its readers never learn it."""
    own = await names.own_account(session, which)
    _tell(screen, (await session.request(Operators(id=0, topic=own.topic))).operators, as_json=as_json)


@click.command("operator")
@click.argument("handle")
@click.option("--role", type=click.Choice(list(_ROLES)), required=True, help="none: HANDLE runs it no more.")
@account_option
@json_option
@online
async def operator_command(
    session: Session, screen: Screen, handle: str, role: str, which: str | None, *, as_json: bool
) -> None:
    """Make HANDLE an editor or an analyst of the account, or neither any more.

    An editor writes, schedules, publishes and recalls, and answers the inbox; an analyst sees figures and acts.
    """
    own = await names.own_account(session, which)
    person = await names.person(session, handle)
    reply = await session.request(SetOperator(id=0, topic=own.topic, person=person, role=_ROLES[role]))
    _tell(screen, reply.operators, as_json=as_json)


@click.command("acts")
@click.option("--limit", type=click.IntRange(1, limits.ACTS), default=20, show_default=True)
@click.option("--before", type=click.IntRange(1), metavar="NUMBER", help="Only what is before this one.")
@account_option
@json_option
@online
async def acts_command(
    session: Session, screen: Screen, limit: int, before: int | None, which: str | None, *, as_json: bool
) -> None:
    """List what its operators did with the account, and who of them, newest first."""
    own = await names.own_account(session, which)
    acts = (await session.request(Acts(id=0, topic=own.topic, before=before, limit=limit))).acts
    await session.names([person for act in acts for person in (act.by, act.person) if person is not None])
    if as_json:
        for act in acts:
            screen.json({**msgspec.to_builtins(act), "handle": screen.who(act.by)})
        return
    screen.table(
        ["number", "when", "who", "what"],
        [[str(act.number), moment(act.at), screen.who(act.by), act_words(screen, act)] for act in acts],
    )
    if not acts:
        screen.note("Nobody has done anything yet.")


@click.command("figures")
@click.option("--article", "seq", type=click.IntRange(1), metavar="SEQ", help="Of this article only.")
@click.option("--days", type=click.IntRange(1, limits.FIGURE_DAYS), default=30, show_default=True)
@account_option
@json_option
@online
async def figures_command(
    session: Session, screen: Screen, seq: int | None, days: int, which: str | None, *, as_json: bool
) -> None:
    """Show how many follow the account, and how often its articles were read and shared publicly, day by day.

    Each person counts once a day. There are numbers only: nobody can ask who.
    """
    own = await names.own_account(session, which)
    reply = await session.request(Figures(id=0, topic=own.topic, seq=None if seq is None else Seq(seq), days=days))
    if as_json:
        screen.json(msgspec.to_builtins(reply))
        return
    tags = "".join(f"; {visible(tag)}: {people}" for tag, people in reply.tags.items())
    screen.say(f"Followers: {reply.followers}{tags}")
    screen.table(
        ["day", "article", "read", "shared"],
        [[visible(each.day), f"[{each.seq}]", str(each.reads), str(each.shares)] for each in reply.days],
    )
    if not reply.days:
        screen.note("Nobody has read or shared anything in these days.")
    elif not reply.complete:
        screen.note("There is more than fits: ask for fewer days, or for one article.")


def act_words(screen: Screen, act: Act) -> str:
    """Return what an operator did, in words."""
    seq = "" if act.seq is None else f"[{act.seq}]"
    return _ACTS.get(act.act, visible(act.act)).format(seq=seq, person=screen.who(act.person)).rstrip()


def _tell(screen: Screen, operators: tuple[Operator, ...], *, as_json: bool) -> None:
    if as_json:
        for operator in operators:
            screen.json(msgspec.to_builtins(operator))
        return
    screen.table(["handle", "role"], [[visible(operator.handle), str(operator.role)] for operator in operators])
