"""Folding edits, recalls and reactions into what they are about."""

import msgspec

from client.view import fold
from protocol.content import Text, encode
from protocol.entries import Entry, Kind
from protocol.ids import PersonId, Seq, TopicId

ANN, BOB = PersonId("a" * 16), PersonId("b" * 16)


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
