"""What became of a submission, in words."""

import msgspec
import pytest

from client.line.screen import Screen
from client.line.verdicts import explain, marked, reasons
from protocol.decisions import Decision, DecisionKind, Span, Submission, SubmissionState
from protocol.ids import Cid, DecisionId, Seq, SubmissionId, TopicId
from protocol.publications import Content, Part, Surface

SUBMISSION = Submission(
    submission=SubmissionId("s" * 16), cid=Cid(b"c" * 16), surface=Surface.GROUP_MESSAGE, state=SubmissionState.HELD,
    at=0, topic=TopicId("0" + "a" * 15), content=Content(text="hello"),
)  # fmt: skip
DECISION = Decision(
    decision=DecisionId("d" * 16), kind=DecisionKind.HOLD, ground="rumour", clause="Art. 6", facts="Nobody knows.",
    by="stage hooks", automated=True, at=0, appeal="Write to us.", leaf=7,
)  # fmt: skip


def told(submission: Submission) -> str:
    return "\n".join(line.plain for line in explain(Screen(), submission, {"rumour": "Spreading rumours"}))


def lines(content: Content, *where: tuple[str, int, int], whole: bool = False) -> list[str]:
    spans = [Span(path=path, start=start, end=end) for path, start, end in where]
    return [line.plain for line in marked(content, spans, whole=whole)]


def test_what_is_pointed_at_is_marked_in_every_text_it_is_in() -> None:
    content = Content(title="Bad title", text="one bad, two bad", parts=(Part(heading="fine"), Part(text="bad")))
    where = [("text", 13, 16), ("title", 0, 3), ("text", 4, 7), ("parts[1].text", 0, 3)]
    assert lines(content, *where) == [
        "⟦bad⟧  (parts[1].text)",
        "one ⟦bad⟧, two ⟦bad⟧  (text)",
        "⟦Bad⟧ title  (title)",
    ]


def test_characters_are_code_points() -> None:
    assert lines(Content(text="👩‍👩‍👧 家 bad"), ("text", 8, 11)) == ["👩‍👩‍👧 家 ⟦bad⟧  (text)"]


def test_long_texts_are_shown_around_the_marks_or_whole() -> None:
    text = "a" * 100 + "BAD" + "b" * 100 + "BAD" + "c" * 100
    where = [("text", 100, 103), ("text", 203, 206)]
    [line] = lines(Content(text=text), *where)
    assert line == f"…{'a' * 40}⟦BAD⟧{'b' * 40} … {'b' * 40}⟦BAD⟧{'c' * 40}…  (text)"
    assert lines(Content(title="t", text=text), *where, whole=True) == [
        "t  (title)",
        f"{'a' * 100}⟦BAD⟧{'b' * 100}⟦BAD⟧{'c' * 100}  (text)",
    ]


def test_without_a_place_the_beginning_is_shown() -> None:
    assert lines(Content(text="x" * 100)) == ["x" * 60 + "…"]
    assert lines(Content(text="short"), ("text", 3, 99), ("title", 0, 1)) == ["short"]


def test_marks_that_overlap_are_made_once() -> None:
    assert lines(Content(text="abcdef"), ("text", 0, 4), ("text", 2, 6), ("text", 1, 1)) == ["⟦abcd⟧ef  (text)"]


def test_hostile_words_are_shown_not_obeyed() -> None:
    assert lines(Content(text="a\x1bb"), ("text", 1, 2)) == ["a⟦␛⟧b  (text)"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"until": 0}, "Held until 19"),
        ({}, "Held: group message in [public] 0aaa"),
        ({"state": SubmissionState.REJECTED}, "Rejected, not published"),
        ({"state": SubmissionState.LAPSED}, "Lapsed, not published"),
        ({"state": SubmissionState.TAKEN_BACK}, "Taken back"),
        ({"state": SubmissionState.PUBLISHED, "seq": Seq(5)}, "everybody there sees it as [5]"),
        ({"state": SubmissionState.PUBLISHED, "withdrawn": True}, "Withdrawn from the public"),
        ({"topic": None, "surface": Surface.CARD}, "card in [public] your card"),
        ({"content": None}, "Held"),
    ],
)
def test_every_state_has_its_words(changes: dict[str, object], words: str) -> None:
    assert words in told(msgspec.structs.replace(SUBMISSION, **changes))


def test_what_is_restored_is_called_so() -> None:
    restored = msgspec.structs.replace(DECISION, kind=DecisionKind.RESTORE)
    submission = msgspec.structs.replace(SUBMISSION, state=SubmissionState.PUBLISHED, decision=restored)
    assert "Restored, public again" in told(submission)


def test_a_decision_is_told_with_all_its_parts_and_none_that_it_lacks() -> None:
    words = told(msgspec.structs.replace(SUBMISSION, decision=DECISION))
    for part in ("Spreading rumours (rumour)", "Art. 6", "Nobody knows.", "stage hooks, automatically", "Write to us."):
        assert part in words
    assert "line:" not in words
    whole = msgspec.structs.replace(
        DECISION, bottom_line="truth", agreement="3", automated=False, by="officer r1", until=1000
    )
    words = "\n".join(line.plain for line in reasons(whole))
    for part in ("hold by officer r1", "leaf 7", "rumour", "truth (agreement 3)", "until:"):
        assert part in words
    assert "automatically" not in words
