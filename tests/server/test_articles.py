"""Articles of public accounts: who publishes them, what readers get of them, their versions, and how they go."""

from typing import Any

import pytest
from blake3 import blake3

from compliance.verdicts import Label
from protocol.accounts import SetOperator
from protocol.entries import Kind, Role
from protocol.following import ReadArticle
from protocol.frames import Recall
from protocol.ids import new_public_topic_id
from protocol.public import Publish
from protocol.publications import (
    OF_ACCOUNTS,
    Content,
    Part,
    Surface,
    decode,
    digest_of,
    encode_content,
)
from protocol.staff import OfficerAct, OfficerDecide, OfficerShow, StaffRole
from tests.support.accounts import Press, approved, article, broadcast, opened, profile, whole, words
from tests.support.inline import InlineServer
from tests.support.public import GROUND, holds_words, leaves_of, public_dump, publication_of, rows

FULL = Content(
    title="The lamp",
    text="It works again.",
    parts=(Part(heading="When", text="Since Monday"), Part(link="https://lane.example/")),
    category="society",
    lang="en",
    summary="About the lamp in the lane.",
    author="Ann of the lane",
)


@pytest.fixture
def press(server: InlineServer) -> Press:
    return Press(server)


# What readers get.


def test_the_log_has_the_card_and_the_whole_is_fetched(press: Press) -> None:
    said = article(press.editor, press.topic, FULL)
    (entry,) = [entry for entry in press.history() if entry.seq == said.seq]
    assert (entry.kind, entry.nth, said.content) == (Kind.ARTICLE, 1, FULL)
    card = decode(entry.body or b"")
    assert (card.content.text, card.content.parts) == ("", ())
    assert (card.content.title, card.content.summary, card.content.author) == (FULL.title, FULL.summary, FULL.author)
    read = opened(press.reader, press.topic, said.seq)
    assert read.entry == entry
    assert decode(read.body).content == FULL
    assert card.digest == digest_of(FULL)
    assert encode_content(FULL) in read.body  # So that a reader can take the digest of what stands there.


def test_whoever_reads_learns_the_account_and_none_of_its_operators(press: Press) -> None:
    for author in (press.owner, press.editor):
        said = article(author, press.topic, "Its lamp works again.")
        article(author, press.topic, words("Its lamp is new."), target=said.seq, base=1)
    press.owner.do(Recall, topic=press.topic, target=said.seq)
    shown = repr([press.history(), press.history(press.server.register("eve"))])
    assert {entry.sender for entry in press.history()} == {press.sender}
    for caller in press.operators.values():
        assert caller.person not in shown


def test_operators_get_it_as_it_comes_and_readers_who_only_look_do_not(press: Press) -> None:
    said = article(press.editor, press.topic, "Its lamp works again.")
    for caller in press.operators.values():
        (entry,) = caller.entries()
        assert (entry.seq, entry.sender) == (said.seq, press.sender)
    assert press.reader.collect() == []


def test_labels_of_hooks_stand_on_the_card_and_on_the_whole(press: Press) -> None:
    press.server.panel.hooks = {"one": lambda _: Label(labels=("advert",))}
    said = article(press.editor, press.topic, FULL)
    (*_, entry) = press.history()
    assert decode(entry.body or b"").labels == whole(press.reader, press.topic, said.seq).labels == ("advert",)


def test_whether_it_may_be_reprinted_is_said_with_it(press: Press) -> None:
    for reprintable in (True, False):
        said = article(press.editor, press.topic, FULL, reprintable=reprintable)
        assert whole(press.reader, press.topic, said.seq).reprintable is reprintable
        (*_, entry) = press.history()
        assert decode(entry.body or b"").reprintable is reprintable


def test_a_broadcast_says_whom_it_is_for_and_anybody_may_read_it(press: Press) -> None:
    said = broadcast(press.editor, press.topic, FULL, tag="north")
    (*_, entry) = press.history()
    assert (entry.kind, entry.seq, entry.tag, entry.nth) == (Kind.BROADCAST, said.seq, "north", 1)
    assert whole(press.reader, press.topic, said.seq).content == FULL


def test_one_broadcast_to_everybody_names_no_tag(press: Press) -> None:
    broadcast(press.owner, press.topic, FULL)
    (*_, entry) = press.history()
    assert (entry.kind, entry.tag) == (Kind.BROADCAST, None)


@pytest.mark.parametrize("where", ["ahead of all", "a profile", "a group", "nowhere"])
def test_what_is_no_article_cannot_be_opened(press: Press, where: str) -> None:
    topic, seq = {
        "ahead of all": (press.topic, 99),
        "a profile": (press.topic, 1),
        "a group": (press.server.lane(press.reader), 1),
        "nowhere": (new_public_topic_id(), 1),
    }[where]
    assert press.reader.refused(ReadArticle, topic=topic, seq=seq) == "not_found"


# Who publishes.


@pytest.mark.parametrize("surface", sorted(OF_ACCOUNTS))
@pytest.mark.parametrize("role", [Role.OWNER, Role.EDITOR, Role.ANALYST])
def test_what_each_operator_may_say_for_the_account(press: Press, role: Role, surface: Surface) -> None:
    if surface is Surface.REPRINT:
        pytest.skip("what a reprint asks for besides is tried where reprints are")
    answer = press.operators[role].try_(press.owner.request(Publish, **publication_of(surface, "words", press.topic)))
    may = role is Role.OWNER or (role is Role.EDITOR and surface is not Surface.ACCOUNT_PROFILE)
    assert getattr(answer, "code", "published") == ("published" if may else "not_allowed")


@pytest.mark.parametrize("surface", sorted(OF_ACCOUNTS - {Surface.REPRINT}))
def test_to_everybody_else_it_looks_as_if_there_were_no_account(press: Press, surface: Surface) -> None:
    here, nowhere = (publication_of(surface, "words", topic) for topic in (press.topic, new_public_topic_id()))
    assert press.reader.refusal(Publish, **here) == press.reader.refusal(Publish, **nowhere)
    assert press.reader.refused(Publish, **here) == "not_found"


@pytest.mark.parametrize("surface", sorted(OF_ACCOUNTS - {Surface.REPRINT}))
def test_in_a_group_or_on_a_card_nothing_of_an_account_is_published(press: Press, surface: Surface) -> None:
    card = press.owner.publish(Content(title="Ann"), surface=Surface.CARD).topic
    for topic in (press.server.lane(press.owner), card):
        assert press.owner.refused(Publish, **publication_of(surface, "words", topic)) == "not_found"


@pytest.mark.parametrize("surface", [Surface.GROUP_MESSAGE, Surface.GROUP_NAME, Surface.GROUP_SCREEN_NAME])
def test_on_an_account_nothing_of_a_group_is_published(press: Press, surface: Surface) -> None:
    fields = {"topic": press.topic, "surface": surface, "content": Content(text="words")}
    assert press.owner.refused(Publish, **fields) == "not_found"


@pytest.mark.parametrize("surface", sorted(OF_ACCOUNTS - {Surface.REPRINT, Surface.ACCOUNT_PROFILE}))
def test_an_approved_account_says_nothing_before_its_profile(server: InlineServer, surface: Surface) -> None:
    (ann,) = server.people("ann")
    topic = approved(server, ann)
    refusal = ann.refusal(Publish, **publication_of(surface, "words", topic))
    assert (refusal.code, "profile" in refusal.message) == ("not_allowed", True)
    profile(ann, topic)
    assert ann.publish(publication_of(surface, "words", topic)["content"], topic, surface).seq == 2


# Versions.


def test_an_edit_is_a_new_version_by_whichever_operator(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    edit = article(press.editor, press.topic, words("two", summary="Another"), target=first.seq, base=1)
    assert (edit.version, edit.target) == (2, first.seq)
    (*_, entry) = press.history()
    assert (entry.kind, entry.target, entry.nth) == (Kind.EDIT, first.seq, 1)
    card = decode(entry.body or b"")
    assert (card.version, card.content.summary, card.content.text) == (2, "Another", "")
    for seq in (first.seq, edit.seq):  # Whichever of its entries one names.
        read = opened(press.reader, press.topic, seq)
        assert (read.entry.seq, decode(read.body).content.text) == (first.seq, "two")
        assert card.digest == digest_of(decode(read.body).content)


def test_a_hook_sees_which_version_it_is_and_what_it_replaces(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    body = opened(press.reader, press.topic, first.seq).body
    article(press.owner, press.topic, "two", target=first.seq, base=1)
    *_, seen, edited = press.server.panel.seen
    assert (seen.version, seen.previous) == (1, "")
    assert (edited.version, edited.previous) == (2, blake3(body).hexdigest())
    assert edited.content == words("two")  # The whole, and not the card.


def test_an_edit_of_a_version_that_is_not_the_last_is_refused(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    article(press.owner, press.topic, "two", target=first.seq, base=1)
    edit = {"surface": Surface.ARTICLE, "topic": press.topic, "content": words("three"), "target": first.seq}
    assert press.editor.refused(Publish, **edit, base=1) == "superseded"
    assert press.editor.do(Publish, **edit, base=2).submission.version == 3


def test_an_edit_stays_on_its_surface_and_with_its_tag(press: Press) -> None:
    first = broadcast(press.owner, press.topic, "one", tag="north")
    edit = {"topic": press.topic, "content": words("two"), "target": first.seq, "base": 1}
    refusal = press.owner.refusal(Publish, **edit, surface=Surface.ARTICLE)
    assert (refusal.code, refusal.field) == ("bad_request", "surface")
    refusal = press.owner.refusal(Publish, **edit, surface=Surface.BROADCAST, tag="south")
    assert (refusal.code, refusal.field) == ("bad_request", "tag")
    press.owner.do(Publish, **edit, surface=Surface.BROADCAST)
    (*_, entry) = press.history()
    assert (entry.kind, entry.tag) == (Kind.EDIT, "north")


@pytest.mark.parametrize("target", ["a profile", "an edit", "ahead of all", "recalled", "withdrawn"])
def test_what_is_no_article_in_force_is_not_edited(press: Press, target: str) -> None:
    first = article(press.owner, press.topic, "one")
    edited = article(press.owner, press.topic, "two", target=first.seq, base=1)
    seq = {"a profile": 1, "an edit": edited.seq, "ahead of all": 99}.get(target, first.seq)
    if target == "recalled":
        press.owner.do(Recall, topic=press.topic, target=first.seq)
    if target == "withdrawn":
        withdraw(press, first.submission)
    edit = {"surface": Surface.ARTICLE, "topic": press.topic, "content": words("three"), "target": seq, "base": 2}
    assert press.owner.refused(Publish, **edit) == "not_found"


# Recalling.


def test_a_recall_by_any_who_may_erases_cards_and_articles_of_all_versions(press: Press) -> None:
    first = article(press.owner, press.topic, "lampblackone")
    edit = article(press.owner, press.topic, "lampblacktwo", target=first.seq, base=1)
    press.reader.collect()
    press.editor.do(Recall, topic=press.topic, target=first.seq)
    shown = {entry.seq: entry for entry in press.history()}
    for seq in (first.seq, edit.seq):
        assert seq is not None
        assert (shown[seq].erased, shown[seq].body) == (True, None)
    (*_, entry) = press.history()
    assert (entry.kind, entry.target, entry.sender) == (Kind.RECALL, first.seq, press.sender)
    assert not holds_words(public_dump(press.server), b"lampblack")
    assert {row["body"] for row in rows(press.server, "SELECT body FROM articles")} == {None}


def test_what_is_recalled_cannot_be_opened_any_more(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    press.owner.do(Recall, topic=press.topic, target=first.seq)
    assert press.reader.refused(ReadArticle, topic=press.topic, seq=first.seq) == "not_found"
    assert press.owner.refused(Recall, topic=press.topic, target=first.seq) == "not_found"


def test_a_recall_has_the_tag_of_what_it_recalls(press: Press) -> None:
    first = broadcast(press.owner, press.topic, "one", tag="north")
    press.owner.do(Recall, topic=press.topic, target=first.seq)
    (*_, entry) = press.history()
    assert (entry.kind, entry.tag) == (Kind.RECALL, "north")


def test_who_may_not_recalls_nothing(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    assert press.analyst.refused(Recall, topic=press.topic, target=first.seq) == "not_allowed"
    assert press.reader.refused(Recall, topic=press.topic, target=first.seq) == "not_found"
    assert press.reader.refused(Recall, topic=press.topic, target=99) == "not_found"
    assert whole(press.reader, press.topic, first.seq).content == words("one")


def test_a_profile_is_not_recalled_but_replaced(press: Press) -> None:
    assert press.owner.refused(Recall, topic=press.topic, target=1) == "not_allowed"


def test_a_recall_that_is_repeated_is_answered_as_the_first_time_whatever_has_become_of_its_sender(
    press: Press,
) -> None:
    first = article(press.owner, press.topic, "one")
    recall = press.editor.request(Recall, topic=press.topic, target=first.seq)
    answer = press.editor.ask(recall)
    before = public_dump(press.server)
    assert press.editor.ask(recall) == answer
    assert public_dump(press.server) == before
    press.owner.do(SetOperator, topic=press.topic, person=press.editor.person)
    assert press.editor.ask(recall) == answer
    assert press.reader.refused(Recall, topic=press.topic, target=first.seq, cid=recall.cid) == "not_found"


# Withdrawing and restoring.


def withdraw(press: Press, item: Any, act: OfficerAct = OfficerAct.WITHDRAW) -> None:
    chiefs = [caller for caller in press.server.callers if caller.session.officer]
    chief = next((one for one in chiefs if one.session.officer.role is StaffRole.CHIEF), None)  # type: ignore[union-attr]
    chief = chief or press.server.officer("C1", StaffRole.CHIEF)
    chief.do(OfficerDecide, item=item, act=act, ground=GROUND, facts="A fact.")


def test_what_staff_withdraws_is_gone_in_all_versions_and_comes_back_in_the_last(press: Press) -> None:
    first = broadcast(press.owner, press.topic, "one", tag="north")
    edit = broadcast(press.editor, press.topic, "two", target=first.seq, base=1)
    withdraw(press, first.submission)
    shown = {entry.seq: entry for entry in press.history()}
    for seq in (first.seq, edit.seq):
        assert seq is not None
        assert (shown[seq].withdrawn, shown[seq].body) == (True, None)
        assert press.reader.refused(ReadArticle, topic=press.topic, seq=seq) == "not_found"
    (*_, entry) = press.history()
    assert (entry.kind, entry.target, entry.sender, entry.tag) == (Kind.WITHDRAWN, first.seq, press.sender, "north")
    withdraw(press, first.submission, OfficerAct.RESTORE)
    (*_, entry) = press.history()
    assert (entry.kind, entry.target, entry.sender, entry.tag) == (Kind.RESTORED, first.seq, press.sender, "north")
    card = decode(entry.body or b"")
    assert (card.content.text, card.digest) == ("", digest_of(words("two")))
    assert whole(press.reader, press.topic, first.seq).content == words("two")


def test_staff_finds_it_by_any_of_its_entries_with_all_its_words_and_without_its_author(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    edit = article(press.editor, press.topic, "two", target=first.seq, base=1)
    chief = press.server.officer("C1", StaffRole.CHIEF)
    for seq in (first.seq, edit.seq):
        item = chief.do(OfficerShow, topic=press.topic, seq=seq)
        assert (item.submission.submission, item.submission.content) == (first.submission, words("two"))
        for caller in press.operators.values():
            assert caller.person not in repr(item)


def test_what_was_recalled_is_not_restored(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    withdraw(press, first.submission)
    press.owner.do(Recall, topic=press.topic, target=first.seq)
    chief = press.server.officer("C2", StaffRole.CHIEF)
    assert chief.refused(OfficerDecide, item=first.submission, act=OfficerAct.RESTORE, ground=GROUND) == "conflict"


# What is recorded.


def test_every_version_has_its_ruling_and_its_leaf(press: Press) -> None:
    first = article(press.owner, press.topic, "one")
    article(press.owner, press.topic, "two", target=first.seq, base=1)
    leaves = [leaf for leaf in leaves_of(press.server) if leaf["leaf"] == "published"]
    assert [(leaf["version"], leaf["topic"]) for leaf in leaves] == [
        (1, press.topic),  # The profile.
        (1, press.topic),
        (2, press.topic),
    ]
    assert press.owner.person not in repr(leaves)
