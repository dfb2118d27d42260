"""Who is here, which topics are live for them, and what a commit means for them. In memory; the poller's thread only.

A topic is live on a connection once its sync has reached the head. Between the moment a sync's snapshot is read and
the moment its reply goes out, commits go on; the journal holds them, so that nothing falls between the two.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from protocol.accounts import ActPush
from protocol.codec import encode_push
from protocol.entries import Entry, Standing, TopicKind
from protocol.frames import EntryPush, GonePush, Preferences, Push, SyncReply, TopicPush
from protocol.ids import DeviceId, PersonId, Seq, TopicId
from protocol.moments import Moment, MomentPush
from server.audience import Audience
from server.audiences import Audiences
from server.fanout import FanOut, Parcel
from server.followers import Followers
from server.journal import Journal, Stood
from server.net.framing import binary_frame
from server.outcomes import Result, Subscriber, Tell
from server.rooms import Rooms
from server.store.account_writes import Reviewed
from server.store.follow_writes import FollowDropped, FollowPut
from server.store.moment_writes import MomentPut
from server.store.public_writes import Concluded, Joined
from server.store.square_writes import Chosen, PublicCommentDropped, Selected
from server.store.writes import Acted, BlockPut, Posted
from server.topics import TopicState

K = TypeVar("K")
V = TypeVar("V")
LATELY = 10_000  # Sign-outs, and choices of preferences, that a slow sign-in is held against.


class Hub:
    """The connections of signed-in people and the topics live on them."""

    def __init__(self, rooms: Rooms, fanout: FanOut, *, came_or_went: Callable[[PersonId, bool], None]) -> None:
        self._rooms = rooms
        self._fanout = fanout
        self._came_or_went = came_or_went
        self._here: dict[PersonId, list[Subscriber]] = {}
        self._audiences = Audiences(fanout)
        self._journal = Journal()
        self._followers = Followers(rooms, self._audiences, self._journal, connections=self.connections)
        self._signed_out: dict[DeviceId, None] = {}
        self._preferred: dict[PersonId, Preferences] = {}

    def connections(self, person: PersonId) -> list[Subscriber]:
        """Return the signed-in connections of `person`."""
        return self._here.get(person, [])

    def arrive(self, subscriber: Subscriber, person: PersonId) -> None:
        """`subscriber` has signed in."""
        here = self._here.setdefault(person, [])
        here.append(subscriber)
        if len(here) == 1:
            self._came_or_went(person, True)  # noqa: FBT003 - said in the parameter's name.

    def depart(self, subscriber: Subscriber) -> None:
        """`subscriber` is gone."""
        for topic in subscriber.live:
            self._audiences.remove(topic, subscriber)
        subscriber.live.clear()
        if subscriber.caller is None:
            return
        person = subscriber.caller.person
        here = self._here.get(person, [])
        if subscriber in here:
            here.remove(subscriber)
            if not here:
                del self._here[person]
                self._came_or_went(person, False)  # noqa: FBT003

    def expect(self, topic: TopicId) -> None:
        """A write to `topic` is under way."""
        self._fanout.expect(topic)

    def expect_less(self, topic: TopicId) -> None:
        """It is over, and what it gave has been taken in."""
        self._fanout.expect_less(topic)

    def committed(self, result: Result) -> None:
        """Take in what a commit did, whoever asked for it."""
        match result:
            case Posted():
                self._posted(result)
            case Concluded():
                for posted in result.posted:
                    self._posted(posted)
                self._acted(result.acted)
            case Reviewed():
                for posted in result.posted:
                    self._posted(posted)
            case Chosen() | Selected() | PublicCommentDropped():
                self._acted(result.acted)
            case Joined(posted=Posted() as posted):
                self._posted(posted)
            case BlockPut(topic=str() as topic):
                self._rooms.apply(topic, result.changes, generation=result.generation, seq=Seq(0), nth=0)
            case MomentPut(new=True):
                self.show(msgspec.structs.replace(result.moment, audience=None), result.told)
            case FollowPut():
                self._followers.put(result)
            case FollowDropped(changed=True):
                self._followers.dropped(result)
            case _:
                pass

    def tell(self, tell: Tell, *, asked: Subscriber | None = None) -> None:
        """Push to people."""
        frame = binary_frame(encode_push(tell.push))
        for person in tell.persons:
            if isinstance(tell.push, TopicPush):
                self._journal.add(Stood(tell.push.summary.topic, person, seated=True))
            for subscriber in self.connections(person):
                if tell.not_here and subscriber is asked:
                    continue
                if tell.receipts and subscriber.caller and not subscriber.caller.preferences.receipts:
                    continue
                if tell.ephemeral:
                    subscriber.push_ephemeral(frame)
                else:
                    subscriber.push(frame)

    def show(self, moment: Moment, persons: Iterable[PersonId]) -> None:
        """Show a moment, or a post, to those whose timelines it is in. Its author is told by others."""
        here = {subscriber: None for person in persons for subscriber in self.connections(person)}
        key = moment.moment or moment.topic  # A square is live for nobody, so nothing else is sent under it.
        if here and key is not None:
            parcel = Parcel(Seq(1), binary_frame(encode_push(MomentPush(moment=moment))))
            self._fanout.add(TopicId(key), Audience(here), parcel)

    def sign_out(self, devices: Sequence[DeviceId], *, asked: Subscriber) -> None:
        """The tokens of `devices` are worthless: close their connections, but for the one that asked."""
        for device in devices:
            _remember(self._signed_out, device, None)
        gone = set(devices)
        person = asked.caller.person if asked.caller else None
        for subscriber in list(self._here.get(person, ())) if person else ():
            if subscriber is not asked and subscriber.caller and subscriber.caller.device in gone:
                subscriber.sign_out()

    def was_signed_out(self, device: DeviceId) -> bool:
        """Say whether `device` was signed out lately, so that a slow `resume` does not bring it back."""
        return device in self._signed_out

    def prefer(self, person: PersonId, preferences: Preferences) -> None:
        """`person`'s preferences are these now."""
        _remember(self._preferred, person, preferences)
        for subscriber in self.connections(person):
            subscriber.prefer(preferences)

    def preferred(self, person: PersonId) -> Preferences | None:
        """Return what `person` has chosen lately, so that a slow sign-in does not bring back what they chose before."""
        return self._preferred.get(person)

    def begin_sync(self) -> int:
        """A sync's snapshot is about to be read: keep what is committed from now on. Return what names this sync."""
        return self._journal.begin()

    def end_sync(self, ticket: int) -> None:
        """A sync that was begun is over, whatever came of it."""
        self._journal.end(ticket)

    def amended(self, ticket: int, person: PersonId, reply: SyncReply) -> SyncReply:
        """Return `reply` without what `person` has been told otherwise since it was read."""
        return self._journal.amended(ticket, person, reply)

    def release(self, ticket: int, subscriber: Subscriber, reply: SyncReply, follows: Mapping[TopicId, str]) -> None:
        """The reply is on its way: make live what it brought to the head, and send what was committed since.

        `follows`: the accounts that the reply was read for, each with the tag one has there.
        """
        heads = {piece.topic: piece.head for piece in reply.slices if piece.live}
        for topic, head in heads.items():
            self._audiences.add(topic, subscriber, has=head)
        self._followers.released(ticket, subscriber, follows)
        for topic, parcel in self._journal.parcels(ticket):
            if topic in heads and parcel.seq > heads[topic]:
                heads[topic] = parcel.seq
                subscriber.push(parcel.copy(subscriber))
                self._audiences.note_late(topic, subscriber, parcel.seq)

    def _posted(self, posted: Posted) -> None:
        self._enter(posted)
        for other in posted.besides:
            self._posted(other)
        self._acted(posted.acted)

    def _acted(self, acted: Acted | None) -> None:
        if acted is not None:
            self.tell(Tell(persons=acted.others, push=ActPush(topic=acted.topic, act=acted.act)))

    def _enter(self, posted: Posted) -> None:
        post, entry = posted.post, posted.entry
        if post.founding is not None:
            if post.founding.peers is None and post.founding.kind is not TopicKind.THREAD:
                self._rooms.add(_founded(posted))
            # The state of a chat is loaded when it is asked for: who blocks whom is nothing its founding says. That of
            # a thread never is.
        else:
            seq, nth = (entry.seq, entry.nth) if entry else (Seq(0), 0)
            self._rooms.apply(post.topic, post.changes, generation=posted.generation, seq=seq, nth=nth)
        for person, summary in posted.standings.items():
            seated = summary is not None and summary.standing is Standing.MEMBER
            push: Push = TopicPush(summary=summary) if summary else GonePush(topic=post.topic)
            self._stand(post.topic, person, seated=seated, start=summary.start if summary else Seq(0), push=push)
        audience = self._audiences.of(post.topic)
        if entry is not None and (audience is not None or self._journal.begun):
            parcel = self._parcel(posted, entry)
            self._journal.add((post.topic, parcel))
            if audience is not None:
                self._fanout.add(post.topic, audience, parcel)

    def _stand(self, topic: TopicId, person: PersonId, *, seated: bool, start: Seq, push: Push) -> None:
        frame = binary_frame(encode_push(push))
        for subscriber in self.connections(person):
            subscriber.push(frame)
            if seated and not self._audiences.has(topic, subscriber):
                self._audiences.add(topic, subscriber, has=Seq(start - 1))
            elif not seated and topic in subscriber.live:
                subscriber.live.remove(topic)
                self._audiences.remove(topic, subscriber)
        self._journal.add(Stood(topic, person, seated))

    def _parcel(self, posted: Posted, entry: Entry) -> Parcel:
        frame = binary_frame(encode_push(EntryPush(entry=entry)))
        draft = posted.post.draft
        if entry.target is None and entry.tag is None and (draft is None or draft.hidden_from is None):
            return Parcel(entry.seq, frame)
        unseeing, misses = frozenset(self._unseeing(posted, entry)), self._followers.misses(posted)
        if not unseeing and misses is None:
            return Parcel(entry.seq, frame)

        def is_elided(subscriber: Subscriber) -> bool:
            hidden = subscriber.caller is not None and subscriber.caller.person in unseeing
            return hidden or (misses is not None and misses(subscriber))

        elided = binary_frame(encode_push(EntryPush(entry=Entry(topic=entry.topic, seq=entry.seq, elided=True))))
        return Parcel(entry.seq, frame, elided, is_elided)

    def _unseeing(self, posted: Posted, entry: Entry) -> Iterable[PersonId]:
        """Those who get the number only: it is hidden from them, or speaks of something before their start."""
        draft = posted.post.draft
        if draft is not None and draft.hidden_from is not None:
            yield draft.hidden_from
        state = self._rooms.get(posted.post.topic)
        if entry.target is not None and state is not None:
            for person, member in state.members.items():
                if member.start > entry.target:
                    yield person


def _remember(lately: dict[K, V], key: K, value: V) -> None:
    """Note `value` for `key`, as the newest of at most `LATELY`."""
    lately.pop(key, None)
    lately[key] = value
    if len(lately) > LATELY:
        del lately[next(iter(lately))]


def _founded(posted: Posted) -> TopicState:
    post = posted.post
    assert post.founding is not None
    state = TopicState(
        topic=post.topic,
        kind=post.founding.kind,
        side=post.founding.side,
        generation=posted.generation,
        head=posted.entry.seq if posted.entry else Seq(0),
        nth=posted.entry.nth if posted.entry else 0,
        members={},
    )
    state.apply(post.changes, seq=state.head)
    return state
