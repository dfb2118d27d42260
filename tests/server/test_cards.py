"""Public cards: made by their owner's own act, shown to everybody, changed by new versions, taken back at any time."""

from compliance.verdicts import Hold
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Side
from protocol.frames import REQUESTS, History, Recall
from protocol.ids import PersonId, TopicId, new_id
from protocol.public import Card, Cards, Publish
from protocol.publications import Content, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from tests.server.test_foreign_topics import filled
from tests.support.inline import Caller, InlineServer
from tests.support.public import rows
from tests.support.rules import RULES

HOLD = Hold(ground="truthfulness", text="Somebody should look at it.")


def makes_card(caller: Caller, title: str, text: str = "") -> Submission:
    return caller.publish(Content(title=title, text=text), surface=Surface.CARD)


def cards(asker: Caller, *persons: PersonId) -> list[Card]:
    return list(asker.do(Cards, persons=persons).cards)


def shown(asker: Caller, person: PersonId) -> Content | None:
    """Return what `asker` sees of the card of `person`."""
    found = cards(asker, person)
    return decode(found[0].body).content if found else None


def topic_of(said: Submission) -> TopicId:
    assert said.topic is not None
    return said.topic


def test_a_card_is_an_entry_of_a_topic_of_its_own(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    said = makes_card(ann, "Ann", "Repairs lamps.")
    assert (said.state, said.seq, said.version) == (SubmissionState.PUBLISHED, 1, 1)
    (card,) = cards(eve, ann.person)
    assert (card.person, card.handle, card.topic, card.seq) == (ann.person, "ann", said.topic, 1)
    assert decode(card.body).content == Content(title="Ann", text="Repairs lamps.")
    assert card.topic.startswith("0")


def test_a_new_version_replaces_the_one_before(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    first, second = makes_card(ann, "Ann"), makes_card(ann, "Annie")
    assert (second.topic, second.seq, second.version) == (first.topic, 2, 2)
    assert shown(eve, ann.person) == Content(title="Annie")


def test_of_several_people_those_who_have_one_are_shown_once(server: InlineServer) -> None:
    ann, ben, eve = server.people("ann", "ben", "eve")
    for caller in (ann, ben):
        makes_card(caller, "x")
    asked = (ann.person, ben.person, ann.person, eve.person, PersonId(new_id()))
    assert sorted(card.handle for card in cards(eve, *asked)) == ["ann", "ben"]


def test_nobody_hears_of_a_card_who_does_not_ask(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    server.chat(ann, eve)
    makes_card(ann, "Ann")
    assert eve.collect() == []


def test_a_card_is_no_topic_to_read_follow_or_sync(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = topic_of(makes_card(ann, "Ann"))
    assert [caller.refused(History, topic=topic) for caller in (ann, eve)] == ["not_found"] * 2
    assert ann.sync(side=Side.PUBLIC).topics == ()


def test_whatever_its_owner_asks_of_it_but_to_recall_it_changes_nothing(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = topic_of(makes_card(ann, "Ann"))
    before = server.dump()
    asked = [op for op, shape in REQUESTS.items() if "topic" in shape.__struct_fields__ and op != "recall"]
    for op in asked:
        ann.try_(filled(REQUESTS[op], ann, topic, ann.person))
    assert server.dump() == before
    assert any(Side.PUBLIC in RULES[REQUESTS[op]].sides for op in asked)


def test_what_is_held_does_not_show_and_the_version_before_it_does(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    makes_card(ann, "Ann")
    server.panel.hooks = {"terms": lambda _: HOLD}
    assert makes_card(ann, "Annie").state is SubmissionState.HELD
    assert shown(eve, ann.person) == Content(title="Ann")


def test_a_first_card_that_is_held_is_none_yet(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    server.panel.hooks = {"terms": lambda _: HOLD}
    said = makes_card(ann, "Ann")
    assert said.topic is None
    assert cards(eve, ann.person) == []
    server.officer("K7").do(OfficerDecide, item=said.submission, act=OfficerAct.RELEASE)
    assert shown(eve, ann.person) == Content(title="Ann")


def test_of_two_first_cards_that_are_held_the_one_released_later_is_the_next_version(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    server.panel.hooks = {"terms": lambda _: HOLD}
    one, two = makes_card(ann, "one"), makes_card(ann, "two")
    officer = server.officer("K7")
    replies = [officer.do(OfficerDecide, item=item.submission, act=OfficerAct.RELEASE) for item in (two, one)]
    assert [reply.submission.version for reply in replies] == [1, 2]
    assert len({reply.submission.topic for reply in replies}) == 1
    assert shown(eve, ann.person) == Content(title="one")


# Taken back.


def test_its_owner_recalls_a_card_and_then_there_is_none(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    said = makes_card(ann, "Ann")
    server.clock.pass_time(10 * 86_400)
    ann.do(Recall, topic=topic_of(said), target=said.seq)
    assert cards(eve, ann.person) == []
    assert [entry.body for entry in server.log(topic_of(said))] == [None, None]
    assert rows(server, "SELECT content, salt FROM submissions") == [{"content": None, "salt": None}]


def test_nobody_else_recalls_it(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    said = makes_card(ann, "Ann")
    assert eve.refused(Recall, topic=topic_of(said), target=said.seq) == "not_found"
    assert shown(eve, ann.person) == Content(title="Ann")


def test_after_a_recall_the_version_before_it_does_not_come_back(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    makes_card(ann, "Ann")
    second = makes_card(ann, "Annie")
    ann.do(Recall, topic=topic_of(second), target=second.seq)
    assert cards(eve, ann.person) == []


def test_a_new_card_after_a_recall_shows(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    first = makes_card(ann, "Ann")
    ann.do(Recall, topic=topic_of(first), target=first.seq)
    again = makes_card(ann, "Annie")
    assert (again.topic, again.version) == (first.topic, 2)
    assert shown(eve, ann.person) == Content(title="Annie")


def test_a_recall_repeated_is_answered_as_the_first_time(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    said = makes_card(ann, "Ann")
    cid = ann.cid()
    first = ann.do(Recall, topic=topic_of(said), target=said.seq, cid=cid)
    assert ann.do(Recall, topic=topic_of(said), target=said.seq, cid=cid) == first


# Withdrawn.


def test_a_withdrawn_card_does_not_show_until_it_is_restored(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    said, chief = makes_card(ann, "Ann"), server.officer("C1", StaffRole.CHIEF)
    chief.do(OfficerDecide, item=said.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="It sells lamps.")
    assert cards(eve, ann.person) == []
    chief.do(OfficerDecide, item=said.submission, act=OfficerAct.RESTORE)
    assert shown(eve, ann.person) == Content(title="Ann")


def test_after_a_withdrawal_its_owner_may_publish_a_new_version(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    said, chief = makes_card(ann, "Ann"), server.officer("C1", StaffRole.CHIEF)
    chief.do(OfficerDecide, item=said.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="It sells lamps.")
    assert makes_card(ann, "Annie").version == 2
    assert shown(eve, ann.person) == Content(title="Annie")
    chief.do(OfficerDecide, item=said.submission, act=OfficerAct.RESTORE)
    assert shown(eve, ann.person) == Content(title="Annie")


def test_a_withdrawn_card_is_recalled_for_good(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    said, chief = makes_card(ann, "Ann"), server.officer("C1", StaffRole.CHIEF)
    chief.do(OfficerDecide, item=said.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="It sells lamps.")
    ann.do(Recall, topic=topic_of(said), target=said.seq)
    assert chief.refused(OfficerDecide, item=said.submission, act=OfficerAct.RESTORE) == "conflict"
    assert cards(eve, ann.person) == []


def test_a_card_is_refused_by_no_group(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    fields = {"content": Content(title="Ann"), "surface": Surface.CARD, "topic": server.lane(ann)}
    assert ann.refusal(Publish, **fields).field == "topic"
