"""`hutong tail`: what arrives, as it arrives."""

from typing import Any

import click
import msgspec

from client import events
from client.line import names, times
from client.line.board import Board
from client.line.contacts import contact_json, contact_news
from client.line.messages import HISTORY_PAGE, people_in, reach_if_possible
from client.line.operating import act_words
from client.line.own import own_json, own_lines
from client.line.program import command, with_session
from client.line.screen import Screen
from client.line.verdicts import explain, submission_json
from client.session import Session
from client.view import fold
from protocol.entries import Entry, Standing
from protocol.ids import PersonId, Seq, TopicId

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@command("tail")
@click.option("--topic", "name", metavar="NAME", help="Only this conversation.")
@click.option("--since", metavar="WHEN", help="Begin with what came since then: 10m, 2h, 3d, or 2025-06-30T08:00.")
@_JSON
@with_session
async def tail_command(session: Session, screen: Screen, name: str | None, since: str | None, *, as_json: bool) -> None:
    """Print what arrives, live, until interrupted: first what came since this device was last online.

    With --json, one object a line with an `event`: entry, topic, gone, read, typing, submission, followed, unfollowed,
    contact, account, act, inbox, moment, notices, online, offline.
    """
    start = None if since is None else times.since(since)
    only: TopicId | None = None
    with session.subscribe() as arriving:
        if name is not None:
            await reach_if_possible(session, screen)
            only = (await names.topic(session, screen, name)).topic
        if start is not None:
            await reach_if_possible(session, screen)
            await _tail_since(session, screen, only, start, as_json=as_json)
            while arriving.statistics().current_buffer_used:
                arriving.receive_nowait()  # Shown already.
        async for event in arriving:
            if only is None or _topic_of(event) in {None, only}:
                await _print(session, screen, event, as_json=as_json)
        await session.reach()  # Nothing arrives any more: this says why.


async def _tail_since(session: Session, screen: Screen, only: TopicId | None, start: int, *, as_json: bool) -> None:
    found: list[Entry] = []
    for summary in session.cache.topics():
        if summary.standing is not Standing.MEMBER or only not in {None, summary.topic}:
            continue
        end: Seq | None = None
        while True:
            page = await session.history(summary.topic, before=end, limit=HISTORY_PAGE)
            found += [entry for entry in page.entries if entry.at >= start]
            if page.complete or page.missing or not page.entries or page.entries[0].at < start:
                break
            end = page.entries[0].seq
    for entry in sorted(found, key=lambda entry: entry.at):
        await _print(session, screen, events.Arrived(entry), as_json=as_json)


def _topic_of(event: events.Event) -> TopicId | None:
    match event:
        case events.Arrived(entry=entry):
            return entry.topic
        case events.TopicChanged(summary=summary):
            return summary.topic
        case events.Held(submission=submission) | events.Judged(submission=submission):
            return submission.topic
        case events.Gone(topic=topic) | events.ReadUpTo(topic=topic) | events.IsTyping(topic=topic):
            return topic
        case events.Unfollowed(topic=topic) | events.OperatorActed(topic=topic) | events.InboxChanged(topic=topic):
            return topic
        case events.Followed(follow=follow):
            return follow.topic
        case events.AccountChanged(account=account):
            return account.topic
        case events.ContactChanged(contact=contact):
            return TopicId(contact.person)  # Of no conversation: with --topic it is left out.
        case events.MomentSaid(moment=moment):
            return TopicId(moment.author)  # Likewise.
        case events.NoticesChanged():
            return TopicId("")  # Likewise.
        case _:
            return None


async def _print(session: Session, screen: Screen, event: events.Event, *, as_json: bool) -> None:
    if session.is_online:
        await session.names(_people_of(event))
    if as_json:
        if (value := _event_json(session, screen, event)) is not None:
            screen.json(value)
        return
    match event:
        case events.Arrived(entry=entry):
            summary = session.cache.topic(entry.topic)
            lines = [screen.shown(line) for line in fold([entry])]
            change = screen.change(entry)
            for line in lines + ([change] if change else []):
                screen.say(line if summary is None else screen.in_topic(summary, line))
        case events.TopicChanged(summary=summary) if summary.standing is Standing.INVITED:
            screen.say(f"You are invited to {screen.title(summary)}: hutong group accept {summary.topic}")
        case events.Gone(topic=topic):
            screen.say(f"{screen.somewhere(topic)} is none of your conversations any more.")
        case events.Offline(error=error, retry_in=seconds):
            screen.note(f"{error}; trying again in {seconds:.0f} s")
        case events.NotSent(code=code, message=message):
            screen.note(f"A message was refused: {message} ({code})")
        case events.Held(submission=submission) | events.Judged(submission=submission):
            screen.told.add(submission.submission)
            for line in explain(screen, submission):
                screen.say(line)
        case events.ContactChanged():
            if (news := contact_news(event)) is not None:
                screen.say(news)
        case events.AccountChanged(account=account):
            for line in own_lines(account, {}):
                screen.say(line)
        case events.OperatorActed(topic=topic, act=act):
            screen.say(f"{screen.somewhere(topic)}: {screen.who(act.by)} {act_words(screen, act)}")
        case events.MomentSaid(moment=moment):
            Board(session, screen).moment(moment)
        case events.NoticesChanged():
            screen.say("Your notices are not what they were: hutong moments notices")
        case events.InboxChanged(topic=topic):
            screen.say(f"{screen.somewhere(topic)}: there is news in its inbox: hutong account inbox --account {topic}")
        case _:
            pass


def _people_of(event: events.Event) -> list[PersonId]:
    """Return whose names are needed to show `event`."""
    match event:
        case events.Arrived(entry=entry):
            return people_in([entry])
        case events.OperatorActed(act=act):
            return [person for person in (act.by, act.person) if person is not None]
        case _:
            return []


def _event_json(session: Session, screen: Screen, event: events.Event) -> dict[str, Any] | None:
    match event:
        case events.Arrived(entry=entry):
            return {"event": "entry", **screen.entry_json(entry)}
        case events.TopicChanged(summary=summary):
            return {"event": "topic", **screen.topic_json(summary)}
        case events.Gone(topic=topic):
            return {"event": "gone", "topic": topic}
        case events.ReadUpTo(topic=topic, person=person, seq=seq):
            return {"event": "read", "topic": topic, "person": person, "handle": screen.who(person), "seq": seq}
        case events.IsTyping(topic=topic, person=person):
            return {"event": "typing", "topic": topic, "person": person, "handle": screen.who(person)}
        case events.Held(submission=submission) | events.Judged(submission=submission):
            screen.told.add(submission.submission)
            return {"event": "submission", **submission_json(submission)}
        case events.Followed(follow=follow):
            return {"event": "followed", **msgspec.to_builtins(follow)}
        case events.Unfollowed(topic=topic):
            return {"event": "unfollowed", "topic": topic}
        case events.ContactChanged(contact=contact):
            return {"event": "contact", **contact_json(contact)}
        case events.AccountChanged(account=account):
            return {"event": "account", **own_json(account)}
        case events.OperatorActed(topic=topic, act=act):
            return {"event": "act", "topic": topic, **msgspec.to_builtins(act), "handle": screen.who(act.by)}
        case events.InboxChanged(topic=topic, dialogue=dialogue):
            return {"event": "inbox", "topic": topic, "dialogue": dialogue}
        case events.MomentSaid(moment=moment):
            return {"event": "moment", **Board(session, screen).moment_json(moment)}
        case events.NoticesChanged():
            return {"event": "notices"}
        case events.Online():
            return {"event": "online"}
        case events.Offline(error=error, retry_in=seconds):
            return {"event": "offline", "reason": str(error), "retry_in": round(seconds, 3)}
        case _:
            return None
