"""What became of a submission, in words for its author: what stands against it, where exactly, who says so, what now.

Values in, lines out; nothing here asks the server.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.text import Text

from client.line.screen import Screen, moment, visible
from client.view import plain
from protocol import limits
from protocol.decisions import Decision, DecisionKind, Span, Submission, SubmissionState
from protocol.entries import Side
from protocol.publications import Content, Surface, fields_of

AROUND = 40  # So many characters of context on either side of what a decision points at.
EXCERPT = 60
_NO_GROUNDS: Mapping[str, str] = {}


def explain(screen: Screen, submission: Submission, grounds: Mapping[str, str] = _NO_GROUNDS) -> list[Text]:
    """Return everything the author of `submission` is to know, as lines. `grounds`: the pack's titles by code."""
    lines = [headline(screen, submission)]
    if submission.content is not None:
        where = submission.decision.where if submission.decision else ()
        lines += [_row("what", text) for text in marked(submission.content, where)]
    if submission.decision is not None:
        lines += _reasons(submission.decision, grounds)
    lines += [_row("now", advice) for advice in _advice(submission)]
    return lines


def headline(screen: Screen, submission: Submission) -> Text:
    """Return in one line what it is, where, and how it stands."""
    return Text.assemble(
        (f"{_state(submission)}: ", "bold"),
        _what(screen, submission),
        (f"  (submission {submission.submission})", "dim"),
    )


def _what(screen: Screen, submission: Submission) -> str:
    match submission.surface:
        case Surface.SQUARE:
            return f"post on [{Side.PUBLIC}] your square"
        case Surface.COMMENT:
            return f"comment under {screen.somewhere(submission.topic)}/{submission.root}"
        case surface:
            return f"{surface.replace('_', ' ')} in {screen.somewhere(submission.topic)}"


def marked(content: Content, where: Sequence[Span], *, whole: bool = False) -> list[Text]:
    """Return the texts of `content` that `where` points into, a line each, what it points at in ⟦brackets⟧, underlined;
    without `where` the beginning of it all. `whole`: every text, nothing left out.

    A stretch that is not there (another client may have written the text) is left out.
    """
    texts = fields_of(content)
    around = limits.TEXT_CHARS if whole else AROUND
    found = sorted({(span.path, span.start, span.end) for span in where if span.end <= len(texts.get(span.path, ""))})
    if not found and not whole:
        text = plain(content)
        return [Text(visible(text[:EXCERPT] + "…" * (len(text) > EXCERPT)))]
    lines = []
    for path in texts if whole else dict.fromkeys(path for path, _, _ in found):
        text, at, line = texts[path], 0, Text()
        for start, end in [(start, end) for other, start, end in found if other == path and start < end]:
            if start < at:
                continue  # Inside of, or across, what is marked already.
            line.append(_between(text[at:start], around, first=at == 0))
            line.append("⟦")
            line.append(visible(text[start:end]), style="underline bold")
            line.append("⟧")
            at = end
        rest = text[at:]
        line.append(visible(rest[:around] + "…" * (len(rest) > around)))
        lines.append(line + Text(f"  ({path})", style="dim"))
    return lines


def reasons(decision: Decision, grounds: Mapping[str, str] = _NO_GROUNDS) -> list[Text]:
    """Return one decision whole, as lines: what was decided, and all that `explain` says of it."""
    by = f" by {visible(decision.by)}" + (", automatically" if decision.automated else "")
    head = Text(f"{moment(decision.at)} {decision.kind}{by} (decision {decision.decision}, leaf {decision.leaf})")
    return [head, *_reasons(decision, grounds)]


def submission_json(submission: Submission) -> dict[str, Any]:
    """Return `submission` as JSON: that of the wire, the cid in hexadecimal."""
    fields: dict[str, Any] = msgspec.to_builtins(submission, builtin_types=(bytes,))
    return {**fields, "cid": submission.cid.hex()}


def _reasons(decision: Decision, grounds: Mapping[str, str]) -> list[Text]:
    title = grounds.get(decision.ground)
    rows = [
        ("ground", f"{title} ({decision.ground})" if title else decision.ground),
        ("clause", decision.clause),
        ("line", decision.bottom_line + (f" (agreement {decision.agreement})" if decision.agreement else "")),
        ("why", decision.facts),
        ("by", decision.by + (", automatically" if decision.automated else "")),
        ("until", moment(decision.until) if decision.until is not None else ""),
        ("appeal", decision.appeal),
    ]
    if not decision.bottom_line:
        rows = [row for row in rows if row[0] != "line"]
    return [_row(name, Text(visible(text))) for name, text in rows if text]


def _row(name: str, text: Text | str) -> Text:
    return Text.assemble((f"  {name + ':':<8} ", "dim"), text)


def _state(submission: Submission) -> str:
    if submission.withdrawn:
        return "Withdrawn from the public"
    decision = submission.decision
    match submission.state:
        case SubmissionState.HELD if submission.until is not None:
            return f"Held until {moment(submission.until)}"
        case SubmissionState.LAPSED:
            return "Lapsed, not published"
        case SubmissionState.REJECTED:
            return "Rejected, not published"
        case SubmissionState.PUBLISHED if decision is not None and decision.kind is DecisionKind.RESTORE:
            return "Restored, public again"
        case SubmissionState.PUBLISHED if submission.labels:
            return f"Published with a label for its readers ({', '.join(map(visible, submission.labels))})"
        case state:
            return state.replace("_", " ").capitalize()


def _advice(submission: Submission) -> list[str]:
    match submission.state:
        case SubmissionState.HELD:
            return [
                "nobody else sees it until it is decided, or until then; nothing else you say waits for it",
                f"to take it back: hutong take-back {submission.submission}",
            ]
        case SubmissionState.REJECTED | SubmissionState.LAPSED:
            return ["it was seen by nobody; change what is named above and publish again"]
        case SubmissionState.PUBLISHED if submission.seq is not None and not submission.withdrawn:
            return [f"everybody there sees it as [{submission.target or submission.seq}]"]
        case _:
            return []


def _between(text: str, around: int, *, first: bool) -> str:
    """Return what is between two marks, its middle left out if it is long; of what is before the `first`, its end."""
    if first:
        return visible("…" * (len(text) > around) + text[-around:]) if text else ""
    return visible(text if len(text) <= 2 * around else f"{text[:around]} … {text[-around:]}")
