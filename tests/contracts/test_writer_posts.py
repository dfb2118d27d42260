"""The writer's port: what comes of posts, one by one and in batches."""

from dataclasses import dataclass

import pytest

from protocol.entries import Kind, Role, Side, Standing, TopicKind
from protocol.ids import PersonId, Seq, TopicId, new_cid
from server.store.base import Failed
from server.store.writes import Conflict, Erase, Exists, Founding, Post, Posted, Repeated, Stale, TargetGone
from server.topics import Mute, SetBlock, SetLink, SetName, SetNotice, Stand
from tests.contracts.desk import NOON, Desk, bodies, draft, seat

LINK = b"d" * 32


@dataclass
class Pair:
    """Two people in a chat that `ann` has begun."""

    desk: Desk
    ann: PersonId
    bo: PersonId
    topic: TopicId


@pytest.fixture
def pair(desk: Desk) -> Pair:
    ann, bo = desk.person("ann"), desk.person("bo")
    return Pair(desk, ann, bo, desk.chat(ann, bo, "first"))


def test_messages_are_numbered_from_one_without_a_hole(pair: Pair) -> None:
    for text in ("second", "third"):
        pair.desk.say(pair.topic, pair.bo, text)
    log = pair.desk.log(pair.topic, pair.ann)
    assert [(entry.seq, entry.nth) for entry in log] == [(1, 1), (2, 2), (3, 3)]
    assert bodies(log) == ["first", "second", "third"]


def test_a_batch_sees_what_came_before_in_it(pair: Pair) -> None:
    posts = [Post(topic=pair.topic, generation=1, draft=draft(pair.bo, text)) for text in "abc"]
    outcomes = pair.desk.commit(*posts)
    assert [outcome.entry.seq for outcome in outcomes if isinstance(outcome, Posted) and outcome.entry] == [2, 3, 4]
    assert bodies(pair.desk.log(pair.topic, pair.ann)) == ["first", "a", "b", "c"]


def test_what_posted_returns_is_what_is_read(pair: Pair) -> None:
    entry = pair.desk.say(pair.topic, pair.bo, "hello", reply_to=Seq(1))
    assert pair.desk.log(pair.topic, pair.ann)[-1] == entry


def test_every_field_of_an_entry_comes_back(pair: Pair) -> None:
    everything = draft(
        pair.bo, "x", Kind.MUTED, reply_to=Seq(1), target=Seq(1), person=pair.ann, role=Role.ADMIN, until=2**53 - 1
    )
    entry = pair.desk.post(pair.topic, everything).entry
    assert entry is not None
    assert pair.desk.log(pair.topic, pair.ann)[-1] == entry
    assert (entry.reply_to, entry.target, entry.person, entry.role, entry.until) == (1, 1, pair.ann, "admin", 2**53 - 1)


def test_only_messages_count(pair: Pair) -> None:
    reaction = pair.desk.post(pair.topic, draft(pair.bo, "!", Kind.REACTION, target=Seq(1))).entry
    said = pair.desk.say(pair.topic, pair.bo)
    assert reaction is not None
    assert (reaction.nth, said.nth) == (1, 2)


def test_a_repeat_gets_the_entry_it_became(pair: Pair) -> None:
    post = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "once"))
    first = pair.desk.do(post)
    assert isinstance(first, Posted)
    assert pair.desk.do(post) == Repeated(first.entry)  # type: ignore[arg-type]
    assert pair.desk.head(pair.topic) == 2


def test_a_repeat_in_the_same_batch_gets_it_too(pair: Pair) -> None:
    post = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "once"))
    between = Post(topic=pair.topic, generation=1, draft=draft(pair.ann, "between"))
    first, other, again = pair.desk.commit(post, between, post)
    assert isinstance(first, Posted)
    assert isinstance(other, Posted)
    assert isinstance(again, Repeated)
    assert again.entry == first.entry
    assert bodies(pair.desk.log(pair.topic, pair.ann)) == ["first", "once", "between"]


def test_a_repeat_is_known_though_the_topic_has_changed_since(pair: Pair) -> None:
    post = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "once"))
    pair.desk.do(post)
    pair.desk.block(pair.ann, pair.bo)
    assert isinstance(pair.desk.do(post), Repeated)


def test_a_repeat_of_what_was_recalled_gets_it_erased(pair: Pair) -> None:
    post = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "once"))
    pair.desk.do(post)
    pair.desk.post(pair.topic, draft(pair.bo, b"", Kind.RECALL, target=Seq(2)))
    again = pair.desk.do(post)
    assert isinstance(again, Repeated)
    assert again.entry.erased
    assert again.entry.body is None


def test_the_same_cid_with_another_content_is_a_conflict(pair: Pair) -> None:
    cid = new_cid(NOON)
    pair.desk.say(pair.topic, pair.bo, "this", cid=cid)
    other = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "that", cid=cid))
    assert pair.desk.do(other) == Conflict()
    assert bodies(pair.desk.log(pair.topic, pair.ann)) == ["first", "this"]


def test_two_people_may_use_the_same_cid(pair: Pair) -> None:
    cid = new_cid(NOON)
    assert pair.desk.say(pair.topic, pair.ann, cid=cid).seq == 2
    assert pair.desk.say(pair.topic, pair.bo, cid=cid).seq == 3


def test_a_post_for_an_older_generation_is_stale_and_may_be_decided_anew(pair: Pair) -> None:
    pair.desk.block(pair.ann, pair.bo)
    late = draft(pair.bo, "late")
    assert pair.desk.do(Post(topic=pair.topic, generation=1, draft=late)) == Stale()
    assert isinstance(pair.desk.do(Post(topic=pair.topic, generation=2, draft=late)), Posted)


def test_a_post_decided_before_a_change_in_the_same_batch_is_stale(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(ann, bo)
    now = desk.generation(group)
    leave = Post(
        topic=group,
        generation=now,
        draft=draft(bo, b"", Kind.LEFT),
        changes=(Stand(person=bo, standing=None),),
    )
    gone, late = desk.commit(leave, Post(topic=group, generation=now, draft=draft(bo, "late")))
    assert isinstance(gone, Posted)
    assert late == Stale()


def test_a_post_to_a_topic_that_is_not_there_is_stale(desk: Desk) -> None:
    ann = desk.person("ann")
    assert desk.do(Post(topic=desk.new_topic(), generation=1, draft=draft(ann))) == Stale()


def test_an_entry_about_what_is_not_there_finds_its_target_gone(pair: Pair) -> None:
    for target in (0, 2, 99):
        react = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "!", Kind.REACTION, target=Seq(target)))
        assert pair.desk.do(react) == TargetGone()
    assert pair.desk.head(pair.topic) == 1


def test_a_target_that_has_just_been_recalled_is_gone(pair: Pair) -> None:
    recall = Post(topic=pair.topic, generation=1, draft=draft(pair.ann, b"", Kind.RECALL, target=Seq(1)))
    edit = Post(topic=pair.topic, generation=1, draft=draft(pair.ann, "better", Kind.EDIT, target=Seq(1)))
    first, second = pair.desk.commit(recall, edit)
    assert isinstance(first, Posted)
    assert second == TargetGone()


def test_a_refused_cid_is_free_again(pair: Pair) -> None:
    cid = new_cid(NOON)
    react = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "!", Kind.REACTION, cid=cid, target=Seq(9)))
    assert pair.desk.do(react) == TargetGone()
    assert pair.desk.say(pair.topic, pair.bo, "instead", cid=cid).seq == 2


def test_a_recall_erases_its_target_and_what_is_said_about_it(pair: Pair) -> None:
    say = pair.desk
    say.post(pair.topic, draft(pair.ann, "better", Kind.EDIT, target=Seq(1)))
    say.post(pair.topic, draft(pair.bo, "!", Kind.REACTION, target=Seq(1)))
    say.say(pair.topic, pair.bo, "an answer", reply_to=Seq(1))
    say.post(pair.topic, draft(pair.ann, b"", Kind.RECALL, target=Seq(1)))
    log = say.log(pair.topic, pair.bo)
    assert bodies(log) == [None, None, None, "an answer", None]
    assert [entry.erased for entry in log] == [True, True, True, False, False]


def test_erase_blanks_bodies_and_leaves_the_numbers(pair: Pair) -> None:
    pair.desk.say(pair.topic, pair.bo, "second")
    said = Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "third"))
    pair.desk.commit(said, Erase(topic=pair.topic, seqs=(Seq(1), Seq(3))))
    log = pair.desk.log(pair.topic, pair.ann)
    assert bodies(log) == [None, "second", None]
    assert [(entry.seq, entry.nth, entry.erased) for entry in log] == [(1, 1, True), (2, 2, False), (3, 3, True)]


def test_a_chat_of_two_people_begins_once(pair: Pair) -> None:
    peers = (min(pair.ann, pair.bo), max(pair.ann, pair.bo))
    founding = Founding(kind=TopicKind.CHAT, side=pair.desk.side, peers=peers)
    again = Post(topic=pair.desk.new_topic(), generation=0, draft=draft(pair.bo), founding=founding)
    assert pair.desk.do(again) == Exists(pair.topic)


def test_two_that_begin_the_same_chat_in_one_batch_find_each_other(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    founding = Founding(kind=TopicKind.CHAT, side=desk.side, peers=(min(ann, bo), max(ann, bo)))
    seats = (seat(ann), seat(bo))
    one, other = (
        Post(topic=desk.new_topic(), generation=0, draft=draft(person), changes=seats, founding=founding)
        for person in (ann, bo)
    )
    first, second = desk.commit(one, other)
    assert isinstance(first, Posted)
    assert second == Exists(one.topic)


def test_one_may_chat_with_oneself(desk: Desk) -> None:
    ann = desk.person("ann")
    note = desk.chat(ann, ann, "a note")
    state = desk.read.topic(note)
    assert state is not None
    assert state.peers == (ann, ann)
    assert list(state.members) == [ann]


def test_a_topic_of_the_other_side_fails(desk: Desk) -> None:
    ann = desk.person("ann")
    (other,) = set(Side) - {desk.side}
    founding = Founding(kind=TopicKind.GROUP, side=other)
    topic = desk.new_topic()
    post = Post(topic=topic, generation=0, draft=draft(ann, kind=Kind.FOUNDED), founding=founding)
    assert isinstance(desk.do(post), Failed)
    assert desk.read.topic(topic) is None


def test_one_that_raises_fails_alone(pair: Pair) -> None:
    """A number that does not fit into the database, a person that is not there, text that is no UTF-8."""
    guilty = [
        Post(topic=pair.topic, generation=1, draft=draft(pair.bo, "big", Kind.MUTED, until=2**70)),
        Post(topic=pair.topic, generation=1, draft=draft(pair.bo), changes=(seat("nobody"),)),  # type: ignore[arg-type]
        Post(topic=pair.topic, generation=1, draft=draft("\ud800")),  # type: ignore[arg-type]
        Post(topic=pair.topic, generation=1, draft=None, changes=(SetBlock(person=pair.ann, blocked=True),)),
    ]
    for post in guilty:
        before, after = (
            Post(topic=pair.topic, generation=1, draft=draft(pair.bo, text)) for text in ("before", "after")
        )
        head = pair.desk.head(pair.topic)
        first, failed, last = pair.desk.commit(before, post, after)
        assert isinstance(first, Posted)
        assert isinstance(failed, Failed)
        assert isinstance(last, Posted)
        assert bodies(pair.desk.log(pair.topic, pair.ann))[head:] == ["before", "after"]
        assert pair.desk.generation(pair.topic) == 1


def test_what_failed_is_reported_without_what_it_said(pair: Pair) -> None:
    failed = pair.desk.do(Post(topic=pair.topic, generation=1, draft=draft("canary\ud800")))  # type: ignore[arg-type]
    assert isinstance(failed, Failed)
    assert "canary" not in failed.error


def test_changes_raise_the_generation_by_one(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(ann, bo)
    before = desk.generation(group)
    changes = (Mute(person=None, until=5), SetName(name=b"name"), SetNotice(notice=b"notice"), SetLink(digest=LINK))
    posted = desk.post(group, None, *changes)
    assert posted.entry is None
    assert posted.generation == desk.generation(group) == before + 1
    view = desk.read.view(group, bo, everyone=False)
    assert view is not None
    assert (view.summary.name, view.summary.notice, view.summary.silenced_until) == (b"name", b"notice", 5)
    assert desk.read.linked(LINK) == group
    desk.post(group, None, SetLink(digest=None))
    assert desk.read.linked(LINK) is None


def test_posted_has_the_summaries_of_those_whose_standing_changed(desk: Desk) -> None:
    ann, bo, cy = desk.person("ann"), desk.person("bo"), desk.person("cy")
    group = desk.group(ann, bo)
    posted = desk.post(
        group, draft(bo, b"", Kind.LEFT), Stand(person=bo, standing=None), Stand(person=cy, standing=Standing.INVITED)
    )
    assert posted.standings[bo] is None
    invited = posted.standings[cy]
    assert invited is not None
    assert (invited.standing, invited.members, invited.unread) == (Standing.INVITED, 1, 0)
    assert set(posted.standings) == {bo, cy}


def test_an_invitation_by_somebody_one_blocks_is_not_shown(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(ann)
    desk.block(bo, ann)
    posted = desk.post(group, None, Stand(person=bo, standing=Standing.INVITED, by=ann))
    assert posted.standings == {}
    assert desk.sync(bo).topics == ()
    state = desk.read.topic(group)
    assert state is not None
    assert state.members[bo].standing is Standing.INVITED
