"""Publishing: what may be submitted where, by whom, and what readers get of it."""

from typing import Any

import pytest

from compliance.verdicts import Label
from protocol.codec import Refusal
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Role, Side
from protocol.frames import (
    EntryPush,
    GroupHandOver,
    GroupLeave,
    GroupMute,
    GroupRemove,
    GroupRole,
    History,
    Recall,
    Send,
    ShowTopic,
)
from protocol.ids import TopicId, new_id, new_public_topic_id
from protocol.limits import TEXT_CHARS
from protocol.public import GroupJoin, GroupSettings, Publish, SubmissionPush
from protocol.publications import Content, Part, Surface, decode, decode_content
from tests.support.inline import Caller, InlineServer
from tests.support.public import rows

FOREVER = 2**53 - 1
TEXTS = [Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_LISTING, Surface.GROUP_SCREEN_NAME]


class Lane:
    """A public group with an owner, an admin and two members, and somebody who is not in it."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.owner, self.admin, self.member, self.other, self.stranger = server.people(
            "ann", "ben", "cyd", "dee", "eve"
        )
        self.topic = server.lane(self.owner, self.member, self.other, admins=(self.admin,))

    def refusal(self, caller: Caller, content: str | Content = "hello", **more: Any) -> Refusal:
        fields = {"topic": self.topic, "surface": Surface.GROUP_MESSAGE} | more
        return caller.refusal(Publish, content=Content(text=content) if isinstance(content, str) else content, **fields)


@pytest.fixture
def lane(server: InlineServer) -> Lane:
    return Lane(server)


# What becomes of it.


def test_what_nothing_speaks_against_is_published_at_once(lane: Lane) -> None:
    said = lane.member.publish("hello", lane.topic)
    assert (said.state, said.topic, said.version, said.labels) == (SubmissionState.PUBLISHED, lane.topic, 1, ())
    assert (said.decision, said.withdrawn, said.until) == (None, False, None)
    assert said.content == Content(text="hello")


def test_every_member_gets_what_was_published_the_author_too(lane: Lane) -> None:
    said = lane.member.publish("hello", lane.topic)
    for reader in (lane.owner, lane.admin, lane.member, lane.other):
        (entry,) = reader.entries()
        assert (entry.seq, entry.kind, entry.sender) == (said.seq, Kind.MESSAGE, lane.member.person)
        assert entry.body is not None
        assert decode(entry.body).content == Content(text="hello")
    assert lane.stranger.collect() == []


def test_the_authors_other_devices_are_told_what_became_of_it(lane: Lane) -> None:
    elsewhere = lane.server.login("cyd")
    said = lane.member.publish("hello", lane.topic)
    assert SubmissionPush(submission=said) in elsewhere.pushes()
    assert not [push for push in lane.member.pushes() if isinstance(push, SubmissionPush)]


def test_all_of_a_longer_publication_comes_back(lane: Lane) -> None:
    content = Content(
        title="The lane",
        text="Its lamp works again.",
        parts=(Part(heading="When", text="Since Monday"), Part(link="https://lane.example/")),
        category="society",
        lang="en",
    )
    said = lane.member.publish(content, lane.topic)
    (entry,) = lane.other.entries()
    assert said.content == content
    assert entry.body is not None
    assert decode(entry.body).content == content


def test_labels_of_hooks_travel_with_the_entry_to_every_reader(lane: Lane) -> None:
    lane.server.panel.hooks = {"one": lambda _: Label(labels=("satire",)), "two": lambda _: Label(labels=("advert",))}
    said = lane.member.publish("hello", lane.topic)
    assert said.labels == ("advert", "satire")
    assert said.decision is not None
    assert (said.decision.kind, said.decision.by) == ("label", "hook one 1, two 1")
    (entry,) = lane.other.entries()
    page = lane.other.do(History, topic=lane.topic).entries
    for body in (entry.body, page[-1].body):
        assert body is not None
        assert decode(body).labels == ("advert", "satire")


def test_a_hook_is_given_the_publication_and_nothing_of_its_author(lane: Lane) -> None:
    lane.member.publish("hello", lane.topic)
    (seen,) = lane.server.panel.seen
    assert (seen.surface, seen.version, seen.content) == (Surface.GROUP_MESSAGE, 1, Content(text="hello"))
    assert lane.member.person not in repr(seen)
    assert seen.minute == lane.server.clock.ms // 60_000


def test_the_checks_that_learn_from_what_is_public_are_told_of_it(lane: Lane) -> None:
    lane.member.publish("hello", lane.topic)
    assert lane.server.panel.learned == lane.server.panel.seen


# Where, and by whom.


def test_outside_of_a_group_nobody_publishes_in_it(lane: Lane) -> None:
    assert lane.refusal(lane.stranger).code == "not_found"
    assert lane.refusal(lane.member, topic=new_public_topic_id()).code == "not_found"


def test_who_waits_to_be_let_in_does_not_publish_yet(lane: Lane) -> None:
    lane.owner.do(GroupSettings, topic=lane.topic, admission="approval")
    lane.stranger.do(GroupJoin, topic=lane.topic)
    assert lane.refusal(lane.stranger).code == "not_found"


def test_who_has_left_does_not_publish_any_more(lane: Lane) -> None:
    lane.member.do(GroupLeave, topic=lane.topic)
    assert lane.refusal(lane.member).code == "not_found"


def test_in_somebody_elses_card_nothing_can_be_published(lane: Lane) -> None:
    card = lane.owner.publish(Content(title="Ann"), surface=Surface.CARD).topic
    assert lane.refusal(lane.member, topic=card).code == "not_found"
    assert lane.refusal(lane.owner, topic=card).code == "not_found"


@pytest.mark.parametrize("person", [True, False], ids=["one", "all"])
def test_who_is_muted_does_not_publish_until_it_ends(lane: Lane, person: bool) -> None:
    until = lane.server.clock.ms + 60_000
    whom = {"person": lane.member.person} if person else {}
    lane.admin.do(GroupMute, topic=lane.topic, until=until, **whom)
    assert lane.refusal(lane.member).code == "muted"
    assert lane.refusal(lane.member, surface=Surface.GROUP_SCREEN_NAME).code == "muted"
    lane.server.clock.pass_time(60)
    assert lane.member.publish("hello", lane.topic).state is SubmissionState.PUBLISHED


def test_those_who_lead_a_group_publish_while_all_others_are_muted(lane: Lane) -> None:
    lane.owner.do(GroupMute, topic=lane.topic, until=FOREVER)
    for caller in (lane.owner, lane.admin):
        assert caller.publish("hello", lane.topic).state is SubmissionState.PUBLISHED


@pytest.mark.parametrize("surface", [Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_LISTING])
def test_the_groups_own_texts_are_published_by_those_who_lead_it(lane: Lane, surface: Surface) -> None:
    for caller in (lane.owner, lane.admin):
        assert caller.publish("Lane", lane.topic, surface).state is SubmissionState.PUBLISHED
    assert lane.refusal(lane.member, surface=surface).code == "not_allowed"


def test_who_was_removed_and_has_come_back_reads_but_does_not_publish(lane: Lane) -> None:
    lane.admin.do(GroupRemove, topic=lane.topic, person=lane.member.person)
    lane.member.do(GroupJoin, topic=lane.topic)
    assert lane.refusal(lane.member).code == "muted"
    lane.admin.do(GroupMute, topic=lane.topic, person=lane.member.person, until=0)
    assert lane.member.publish("hello", lane.topic).state is SubmissionState.PUBLISHED


def test_who_left_while_muted_is_muted_when_they_come_back(lane: Lane) -> None:
    lane.admin.do(GroupMute, topic=lane.topic, person=lane.member.person, until=FOREVER)
    lane.member.do(GroupLeave, topic=lane.topic)
    lane.member.do(GroupJoin, topic=lane.topic)
    assert lane.refusal(lane.member).code == "muted"


def test_what_a_group_is_called_shows_in_the_summary_and_the_entry(lane: Lane) -> None:
    for surface, text in zip(TEXTS, ("Lane", "Read this", "About the lane", "Annie"), strict=True):
        lane.owner.publish(text, lane.topic, surface)
    kinds = [entry.kind for entry in lane.member.entries()]
    assert kinds == [Kind.NAMED, Kind.NOTICE, Kind.LISTING, Kind.SCREEN_NAME]
    shown = lane.member.do(ShowTopic, topic=lane.topic)
    summary = shown.summary
    (ann,) = [member for member in shown.members if member.person == lane.owner.person]
    for body, text in zip(
        (summary.name, summary.notice, summary.listing, ann.screen_name),
        ("Lane", "Read this", "About the lane", "Annie"),
        strict=True,
    ):
        assert body is not None
        assert decode(body).content.text == text


def test_a_new_name_is_the_next_version_and_tells_hooks_which_one_it_replaces(lane: Lane) -> None:
    first = lane.owner.publish("Lane", lane.topic, Surface.GROUP_NAME)
    second = lane.admin.publish("Long lane", lane.topic, Surface.GROUP_NAME)
    assert (first.version, second.version) == (1, 2)
    one, two = lane.server.panel.seen
    assert (one.version, one.previous) == (1, "")
    assert two.version == 2
    assert len(two.previous) == 64


def test_screen_names_are_counted_apart(lane: Lane) -> None:
    assert lane.member.publish("Cyd", lane.topic, Surface.GROUP_SCREEN_NAME).version == 1
    assert lane.other.publish("Dee", lane.topic, Surface.GROUP_SCREEN_NAME).version == 1
    assert lane.member.publish("Cydie", lane.topic, Surface.GROUP_SCREEN_NAME).version == 2


def test_an_empty_name_takes_the_name_away(lane: Lane) -> None:
    lane.owner.publish("Lane", lane.topic, Surface.GROUP_NAME)
    assert lane.owner.publish("", lane.topic, Surface.GROUP_NAME).state is SubmissionState.PUBLISHED
    name = lane.member.do(ShowTopic, topic=lane.topic).summary.name
    assert name is not None
    assert decode(name).content == Content()


# The wrong side.


def test_what_is_public_is_not_sent_and_what_is_private_is_not_published(lane: Lane) -> None:
    private = lane.server.group(lane.owner, lane.member)
    for topic, shape, fields in (
        (lane.topic, Send, {"body": b"x"}),
        (private, Publish, {"content": Content(text="x"), "surface": Surface.GROUP_MESSAGE}),
        (TopicId(new_id()), Publish, {"content": Content(text="x"), "surface": Surface.GROUP_MESSAGE}),
    ):
        before = lane.server.dump()
        assert lane.owner.refused(shape, topic=topic, **fields) == "wrong_side"
        assert lane.server.dump() == before
    assert lane.server.panel.seen == []


# What is malformed. Nobody is asked about it and nothing is kept.

LONG = Content(text="字" * TEXT_CHARS, parts=(Part(text="字" * TEXT_CHARS),))
MALFORMED: list[tuple[str, str, dict[str, Any]]] = [
    ("nothing in it", "content", {"content": Content()}),
    ("nothing but space in it", "content", {"content": Content(text=" \n", parts=(Part(heading="\t"),))}),
    ("nothing but a category", "content", {"content": Content(category="society")}),
    ("too long", "content", {"content": LONG}),
    ("a category the pack does not have", "content.category", {"content": Content(text="x", category="gossip")}),
    ("no topic", "topic", {"topic": None}),
    ("a base without a target", "base", {"base": 1}),
    ("a target without a base", "base", {"target": 1}),
    *(
        case
        for surface in TEXTS
        for case in (
            (f"{surface} with a title", "content", {"surface": surface, "content": Content(text="x", title="y")}),
            (f"{surface} with parts", "content", {"surface": surface, "content": Content(text="x", parts=(Part(),))}),
            (
                f"{surface} with a category",
                "content",
                {"surface": surface, "content": Content(text="x", category="society")},
            ),
            (f"{surface} that answers", "reply_to", {"surface": surface, "reply_to": 1}),
            (f"{surface} that edits", "target", {"surface": surface, "target": 1, "base": 1}),
        )
    ),
    ("a card with a topic", "topic", {"surface": Surface.CARD, "content": Content(title="x")}),
    ("a card without a title", "content.title", {"surface": Surface.CARD, "topic": None}),
    (
        "a card with a category",
        "content",
        {"surface": Surface.CARD, "topic": None, "content": Content(title="x", category="society")},
    ),
    (
        "a card that edits",
        "target",
        {"surface": Surface.CARD, "topic": None, "content": Content(title="x"), "target": 1, "base": 1},
    ),
]


@pytest.mark.parametrize(("field", "fields"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
def test_what_is_malformed_is_refused_by_its_field_and_leaves_nothing(
    lane: Lane, field: str, fields: dict[str, Any]
) -> None:
    before = lane.server.dump()
    refusal = lane.refusal(lane.owner, **fields)
    assert (refusal.code, refusal.field) == ("bad_request", field)
    assert refusal.retry_after_ms is None
    assert lane.server.dump() == before
    assert lane.server.panel.seen == []


def test_what_just_fits_is_published(lane: Lane) -> None:
    assert lane.member.publish("字" * TEXT_CHARS, lane.topic).state is SubmissionState.PUBLISHED


# Answers.


def test_a_message_names_what_it_answers(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    lane.other.publish("two", lane.topic, reply_to=first.seq)
    assert [entry.reply_to for entry in lane.owner.entries()] == [None, first.seq]


@pytest.mark.parametrize("where", ["before one came", "ahead of all"])
def test_what_one_cannot_see_is_not_answered(lane: Lane, where: str) -> None:
    first = lane.member.publish("one", lane.topic)
    lane.stranger.do(GroupJoin, topic=lane.topic)
    assert first.seq is not None
    seq = first.seq if where == "before one came" else first.seq + 99
    assert lane.refusal(lane.stranger, reply_to=seq).code == "not_found"


def test_where_the_history_is_open_newcomers_answer_what_was_said_before(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    lane.owner.do(GroupSettings, topic=lane.topic, history_open=True)
    lane.stranger.do(GroupJoin, topic=lane.topic)
    assert lane.stranger.publish("two", lane.topic, reply_to=first.seq).state is SubmissionState.PUBLISHED


# Edits.


def test_an_edit_is_a_new_version_of_its_target(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    second = lane.member.publish("two", lane.topic, target=first.seq, base=1)
    third = lane.member.publish("three", lane.topic, target=first.seq, base=2)
    assert [said.version for said in (first, second, third)] == [1, 2, 3]
    assert (second.target, third.target) == (first.seq, first.seq)
    entries = lane.other.entries()
    assert [(entry.kind, entry.target) for entry in entries] == [
        (Kind.MESSAGE, None),
        (Kind.EDIT, first.seq),
        (Kind.EDIT, first.seq),
    ]
    assert [decode(entry.body or b"").version for entry in entries] == [1, 2, 3]


def test_an_edit_is_judged_with_the_digest_of_the_version_it_replaces(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    lane.member.publish("two", lane.topic, target=first.seq, base=1)
    lane.member.publish("three", lane.topic, target=first.seq, base=2)
    previous = [seen.previous for seen in lane.server.panel.seen]
    assert previous[0] == ""
    assert len({*previous}) == 3


def test_an_edit_counts_for_nothing_that_is_unread(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    lane.member.publish("two", lane.topic, target=first.seq, base=1)
    assert lane.other.do(ShowTopic, topic=lane.topic).summary.unread == 1


def test_an_edit_of_another_version_than_the_newest_is_superseded(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    lane.member.publish("two", lane.topic, target=first.seq, base=1)
    for base in (0, 1, 3):
        refusal = lane.refusal(lane.member, target=first.seq, base=base)
        assert (refusal.code, refusal.field) == ("superseded", "base")


@pytest.mark.parametrize("who", ["owner", "admin", "other"])
def test_nobody_edits_what_somebody_else_has_published(lane: Lane, who: str) -> None:
    first = lane.member.publish("one", lane.topic)
    assert lane.refusal(getattr(lane, who), target=first.seq, base=1).code == "not_allowed"


def test_what_is_not_there_cannot_be_edited(lane: Lane) -> None:
    named = lane.owner.publish("Lane", lane.topic, Surface.GROUP_NAME)
    first = lane.owner.publish("one", lane.topic)
    second = lane.owner.publish("two", lane.topic, target=first.seq, base=1)
    lane.owner.do(Recall, topic=lane.topic, target=first.seq)
    assert second.seq is not None
    for target in (1, named.seq, first.seq, second.seq, second.seq + 99):
        assert lane.refusal(lane.owner, target=target, base=1).code == "not_found"


# Recalls.


def test_whoever_recalls_what_they_published_takes_it_back_everywhere(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    edited = lane.member.publish("two", lane.topic, target=first.seq, base=1)
    lane.server.clock.pass_time(10 * 86_400)
    lane.member.do(Recall, topic=lane.topic, target=first.seq)
    assert [entry.body for entry in lane.server.log(lane.topic)] == [None] * len(lane.server.log(lane.topic))
    kept = {row["submission"]: (row["content"], row["salt"]) for row in rows(lane.server, "SELECT * FROM submissions")}
    assert kept == {first.submission: (None, None), edited.submission: (None, None)}


def test_those_who_lead_a_group_recall_what_a_member_published(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    assert lane.other.refused(Recall, topic=lane.topic, target=first.seq) == "not_allowed"
    lane.admin.do(Recall, topic=lane.topic, target=first.seq)
    assert lane.server.log(lane.topic)[-1].kind is Kind.RECALL


def test_names_and_notices_are_replaced_and_not_recalled(lane: Lane) -> None:
    for surface in TEXTS:
        said = lane.owner.publish("x", lane.topic, surface)
        assert lane.owner.refused(Recall, topic=lane.topic, target=said.seq) == "not_allowed"


# Who is known, and what is kept.


def test_nobody_is_known_to_the_public_side_before_they_do_something_public(server: InlineServer) -> None:
    server.people("ann", "ben")
    assert rows(server, "SELECT handle FROM people") == []


def test_who_publishes_a_card_is_known_by_handle_and_nothing_else(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    ann.publish(Content(title="Ann"), surface=Surface.CARD)
    (row,) = rows(server, "SELECT * FROM people")
    assert (row["person"], row["handle"], row["password"]) == (ann.person, "ann", "")
    assert rows(server, "SELECT * FROM devices") == []


def test_a_submission_is_kept_as_the_author_wrote_it(lane: Lane) -> None:
    lane.member.publish("hello", lane.topic)
    (row,) = rows(lane.server, "SELECT * FROM submissions")
    assert decode_content(row["content"]) == Content(text="hello")
    assert (row["author"], row["state"], len(row["salt"])) == (lane.member.person, "published", 32)


def test_a_new_owner_publishes_the_groups_texts_and_the_old_one_may_as_an_admin(lane: Lane) -> None:
    lane.owner.do(GroupHandOver, topic=lane.topic, person=lane.member.person)
    for caller in (lane.owner, lane.member):
        assert caller.publish("Lane", lane.topic, Surface.GROUP_NAME).state is SubmissionState.PUBLISHED
    lane.member.do(GroupRole, topic=lane.topic, person=lane.owner.person, role=Role.MEMBER)
    assert lane.refusal(lane.owner, surface=Surface.GROUP_NAME).code == "not_allowed"


def test_entries_of_the_public_side_reach_who_syncs_it(lane: Lane) -> None:
    lane.member.publish("hello", lane.topic)
    phone = lane.server.login("dee")
    reply = phone.sync(side=Side.PUBLIC)
    (piece,) = reply.slices
    assert (piece.topic, piece.live, piece.entries[-1].kind) == (lane.topic, True, Kind.MESSAGE)
    phone.collect()
    lane.member.publish("again", lane.topic)
    assert [push.entry.seq for push in phone.pushes() if isinstance(push, EntryPush)] == [piece.head + 1]
