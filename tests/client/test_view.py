"""Folding edits, recalls and reactions into what they are about."""

import msgspec

from client.view import fold, in_force
from protocol import publications
from protocol.content import Text, encode
from protocol.entries import Entry, Kind
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import Content, Part, Published

ANN, BOB = PersonId("a" * 16), PersonId("b" * 16)
LANE = TopicId("0" + "t" * 15)


def entry(seq: int, text: str | None = None, *, sender: PersonId = ANN, **fields: object) -> Entry:
    body = None if text is None else encode(Text(text=text))
    made = Entry(topic=TopicId("t" * 16), seq=Seq(seq), kind=Kind.MESSAGE, sender=sender, body=body)
    return msgspec.structs.replace(made, **fields)


def test_a_message_is_shown_with_its_text() -> None:
    [line] = fold([entry(1, "hello")])
    assert (line.text, line.edited, line.reactions) == ("hello", False, {})


def test_the_newest_edit_of_the_author_counts_wherever_it_is() -> None:
    edits = [entry(3, "third", kind=Kind.EDIT, target=Seq(1)), entry(2, "second", kind=Kind.EDIT, target=Seq(1))]
    [line] = fold([entry(1, "first")], edits)
    assert (line.text, line.edited) == ("third", True)


def test_an_edit_by_somebody_else_changes_nothing() -> None:
    [line] = fold([entry(1, "mine"), entry(2, "yours", sender=BOB, kind=Kind.EDIT, target=Seq(1))])
    assert (line.text, line.edited) == ("mine", False)


def test_a_recalled_message_has_neither_text_nor_reactions() -> None:
    reaction = entry(2, "👍", sender=BOB, kind=Kind.REACTION, target=Seq(1))
    [line] = fold([entry(1, "oops"), reaction, entry(3, kind=Kind.RECALL, target=Seq(1))])
    assert (line.text, line.unreadable, line.reactions) == (None, 0, {})
    [line] = fold([entry(1, erased=True)])
    assert line.text is None


def test_reactions_are_counted_once_a_person_and_leave_when_taken_back() -> None:
    reactions = [
        entry(2, "👍", sender=BOB, kind=Kind.REACTION, target=Seq(1)),
        entry(3, "👍", sender=BOB, kind=Kind.REACTION, target=Seq(1)),
        entry(4, "👍", kind=Kind.REACTION, target=Seq(1)),
        entry(5, sender=BOB, kind=Kind.REACTION, target=Seq(1), erased=True),
    ]
    [line] = fold([entry(1, "hello")], reactions)
    assert line.reactions == {"👍": (BOB, ANN)}


def test_what_cannot_be_read_is_shown_as_so_many_bytes() -> None:
    [line] = fold([entry(1, body=b"\xc1\xff\xff")])
    assert (line.text, line.unreadable) == (None, 3)


def test_elided_entries_are_not_shown_and_others_are() -> None:
    lines = fold([Entry(topic=TopicId("t" * 16), seq=Seq(1), elided=True), entry(2, kind=Kind.JOINED)])
    assert [line.entry.seq for line in lines] == [2]


def published(seq: int, text: str, *, version: int = 1, labels: tuple[str, ...] = (), **fields: object) -> Entry:
    body = publications.encode(Published(content=Content(text=text), version=version, labels=labels))
    return msgspec.structs.replace(entry(seq), **({"topic": LANE, "body": body} | fields))


def test_what_is_public_is_shown_with_title_parts_and_labels() -> None:
    content = Content(title="Tea", text="is good", parts=(Part(heading="Why", text="it is"),), category="food")
    body = publications.encode(Published(content=content, labels=("disputed",)))
    [line] = fold([published(1, "", body=body)])
    assert (line.text, line.labels, line.version) == ("Tea\nis good\nWhy\nit is", ("disputed",), 1)


def test_an_edited_publication_shows_its_latest_version_with_its_number_and_labels() -> None:
    edits = [
        published(2, "two", version=2, kind=Kind.EDIT, target=Seq(1)),
        published(3, "three", version=3, labels=("corrected",), kind=Kind.EDIT, target=Seq(1)),
    ]
    [line] = fold([published(1, "one")], edits)
    assert (line.text, line.version, line.labels, line.edited) == ("three", 3, ("corrected",), True)


def test_a_withdrawn_publication_is_shown_as_withdrawn_until_it_is_restored() -> None:
    gone = published(2, "", kind=Kind.WITHDRAWN, target=Seq(1), body=None)
    back = published(3, "one", kind=Kind.RESTORED, target=Seq(1))
    [line] = fold([published(1, "one"), gone])
    assert (line.text, line.withdrawn) == (None, True)
    [line] = fold([published(1, "", body=None, withdrawn=True)])
    assert (line.text, line.withdrawn) == (None, True)
    [line] = fold([published(1, "", body=None, withdrawn=True), gone, back])
    assert (line.text, line.withdrawn) == ("one", False)


def test_a_restored_publication_shows_the_version_that_was_in_force() -> None:
    edit = published(2, "", kind=Kind.EDIT, target=Seq(1), body=None)
    gone = published(3, "", kind=Kind.WITHDRAWN, target=Seq(1), body=None)
    back = published(4, "two", version=2, kind=Kind.RESTORED, target=Seq(1))
    [line] = fold([published(1, "one"), edit, gone, back])
    assert (line.text, line.version, line.edited, line.withdrawn) == ("two", 2, True, False)


def test_a_recalled_publication_stays_recalled_whatever_was_decided() -> None:
    others = [
        published(2, "", kind=Kind.RECALL, target=Seq(1), body=None),
        published(3, "one", kind=Kind.RESTORED, target=Seq(1)),
    ]
    [line] = fold([published(1, "one"), *others])
    assert (line.text, line.withdrawn) == (None, False)


def test_the_base_of_an_edit_is_the_version_in_force() -> None:
    first, edit = published(1, "one"), published(2, "two", version=2, kind=Kind.EDIT, target=Seq(1))
    gone = published(3, "", kind=Kind.WITHDRAWN, target=Seq(1), body=None)
    assert [in_force(first, about) and in_force(first, about).version for about in ([], [edit])] == [1, 2]  # type: ignore[union-attr]
    assert in_force(first, [edit, gone]) is None
    assert in_force(published(1, "", body=b"\xc1"), []) is None


def test_a_body_is_read_as_its_topic_is_and_no_other_way() -> None:
    private = encode(Text(text="private"))
    [line] = fold([published(1, "", body=private)])
    assert (line.text, line.unreadable) == (None, len(private))
    [line] = fold([published(1, "public", topic=TopicId("t" * 16))])
    assert line.text is None


def test_a_private_text_may_point_to_public_places() -> None:
    [line] = fold([entry(1, body=encode(Text(text="come", places=(LANE,))))])
    assert (line.text, line.places) == ("come", (LANE,))
