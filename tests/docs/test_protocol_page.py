"""docs/PROTOCOL.md and the code say the same, field by field, bound by bound."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from compliance import catalog, leaves
from compliance.accounts import NEXT as MOVES
from compliance.leaves import read
from compliance.rights import Approval
from compliance.submissions import NEXT
from compliance.verdicts import Answer, Failure, Hold, Label, OnError
from protocol.account_states import AccountState, ActKind
from protocol.decisions import Decision, DecisionKind, Span, SubmissionState
from protocol.entries import Kind
from protocol.errors import CloseCode, ErrorCode, may_reconnect
from protocol.frames import REQUESTS
from protocol.ids import DecisionId, Seq, SubmissionId, TopicId
from protocol.publications import EDITABLE, TEXT_CHARS, Surface, is_name
from protocol.staff import StaffRole
from server.config import RateSettings
from server.dispatch import Staffed
from server.limits import BY_ADDRESS, BY_PERSON
from server.manifest import whole_table
from server.operators import MAY as OPERATORS_MAY
from server.store.submissions import DECISIONS_SHOWN, KINDS
from server.topics import MAY, Act
from tests.docs import wire
from tests.docs.page import PROTOCOL, Page, Rows, codes, plain
from tests.docs.wire import Fields


def differences(page: Page) -> list[str]:
    """Return, in words, where the page and the code differ."""
    return [
        *_fields_differ("request", page.requests(), wire.requests()),
        *_replies_differ(page),
        *_fields_differ("push", page.pushes(), wire.pushes()),
        *_fields_differ("structure", _shaped(page), _expected_structures(page)),
        *_sets_differ("choice", page.choices(), wire.choices()),
        *_sets_differ("table", _tables(page), _expected_tables()),
        *(f"error code {code}: unknown, but some operation gives it" for code in page.errors_named() - set(ErrorCode)),
        *(f"link to #{target}: no such heading" for target in page.links() - set(page.anchors())),
        *(f"heading #{anchor}: twice" for anchor, times in Counter(page.anchors()).items() if times > 1),
    ]


def _fields_differ(what: str, said: dict[str, Fields], real: dict[str, Fields]) -> Iterator[str]:
    yield from (f"{what} {name}: missing in the page" for name in real.keys() - said.keys())
    yield from (f"{what} {name}: not in the code" for name in said.keys() - real.keys())
    for name in said.keys() & real.keys():
        if said[name] != real[name]:
            for key in said[name].keys() | real[name].keys():
                ours, theirs = said[name].get(key), real[name].get(key)
                if ours != theirs:
                    yield f"{what} {name}.{key}: the page says {ours}, the code {theirs}"


def _replies_differ(page: Page) -> Iterator[str]:
    said, real = page.replies(), wire.replies()
    for op in said.keys() & real.keys():
        name, fields = real[op]
        reply = said[op]
        if isinstance(reply, str):
            if reply != name:
                yield f"reply of {op}: the page says {reply}, the code {name}"
        else:
            yield from _fields_differ("reply of", {op: reply}, {op: fields})


def _shaped(page: Page) -> dict[str, Fields]:
    choices = wire.choices()
    return {name: fields for name, fields in page.structures().items() if name not in choices}


def _expected_structures(page: Page) -> dict[str, Fields]:
    named = {reply for reply in page.replies().values() if isinstance(reply, str)}
    return wire.structures() | {name: fields for name, fields in wire.replies().values() if name in named}


def _sets_differ(what: str, said: dict[str, set[str]], real: dict[str, set[str]]) -> Iterator[str]:
    for name, expected in real.items():
        found = said.get(name, set())
        yield from (f"{what} {name}: {each} is missing in the page" for each in sorted(expected - found))
        yield from (f"{what} {name}: {each} is not in the code" for each in sorted(found - expected))


def _tables(page: Page) -> dict[str, set[str]]:
    """Return what the other tables of the page say, each row as one text."""
    return {
        "kinds": {plain(row[0]) for row in page.table("Topics and entries", "kind")},
        "errors": {plain(row[0]) for row in page.table("Errors", "error")},
        "close codes": {" ".join(plain(cell) for cell in row[:3]) for row in page.table("Close codes", "code")},
        "bounds": {" ".join(plain(cell) for cell in row[:2]) for row in page.table("Bounds", "name")},
        "rates": {" ".join(plain(cell) for cell in row[:2]) for row in page.table("Rates", "name")},
        "counted": {f"{plain(row[0])} {op}" for row in page.table("Rates", "name") for op in _counted(row[2])},
        "sides": {f"{row[0]} {op}" for row in page.table("Private and public", "for topics") for op in codes(row[1])},
        "surfaces": {f"{plain(row[0])} {row[4]}: {plain(row[5])}" for row in page.table("Publishing", "surface")},
        "states": {plain(row[0]) for row in page.table("Publishing", "state")},
        "moves": set(_drawn(page.text_of("What becomes of it"))),
        "decisions": {plain(row[0]) for row in page.table("What is decided", "kind")},
        "parts of a decision": {code for row in page.table("What is decided", "field") for code in codes(row[0])},
        "leaves": {
            f"{plain(row[0])} {key}" for row in page.table("Receipts and proofs", "leaf") for key in codes(row[1])
        },
        "may": _allowed(page.table("Private groups", "act"), ("owner", "admin", "member")),
        "accounts": {plain(row[0]) for row in page.table("Public accounts", "state")},
        "operators may": _allowed(page.table("Public accounts", "act of an operator"), ("owner", "editor", "analyst")),
        "acts": {act for row in page.table("Public accounts", "act") for act in codes(row[0])},
    }


def _allowed(rows: Rows, roles: tuple[str, ...]) -> set[str]:
    return {
        f"{role} {plain(row[0])}" for row in rows for role, cell in zip(roles, row[1:], strict=False) if cell == "yes"
    }


def _expected_tables() -> dict[str, set[str]]:
    standard = {*range(1000, 1004), *range(1006, 1016)}
    named = {code.value: code.name.lower() for code in CloseCode}
    rates = {name: getattr(RateSettings(), name) for name in RateSettings.__struct_fields__}
    by_class = [*BY_PERSON.items(), *BY_ADDRESS.items()]
    return {
        "kinds": {kind.value for kind in Kind if kind is not Kind.UNKNOWN},
        "errors": {code.value for code in ErrorCode},
        "close codes": {
            f"{code} {named.get(code, '')} {'yes' if may_reconnect(code) else 'no'}" for code in standard | named.keys()
        },
        "bounds": {f"{name} {value}" for name, value in wire.bounds().items()},
        "rates": {f"{name} {rate}" for name, rate in rates.items()},
        "counted": {f"{name} {op}" for name, operations in by_class for op in operations},
        "sides": set(_operations_by_side()),
        "surfaces": {f"{surface.value} {TEXT_CHARS[surface]}: {', '.join(_kinds_of(surface))}" for surface in Surface},
        "states": {state.value for state in SubmissionState},
        "moves": {f"{before} {after}" for (before, _), after in NEXT.items()},
        "decisions": {kind.value for kind in DecisionKind},
        "parts of a decision": set(Decision.__struct_fields__) - {"kind"},
        "leaves": {f"{leaf.kind} {key}" for leaf in LEAVES for key in read(leaf.says) if key not in {"leaf", "at"}},
        "may": {
            f"{role.value} {act.name.lower().replace('_', ' ')}" for role in MAY for act in Act if act in MAY[role]
        },
        "accounts": {state.value for state in AccountState},
        "operators may": {f"{role.value} {act.name.lower()}" for role, acts in OPERATORS_MAY.items() for act in acts},
        "acts": {act.value for act in ActKind},
    }


def _operations_by_side() -> Iterator[str]:
    rules = whole_table()
    for op, shape in REQUESTS.items():
        rule = rules[shape]
        if "topic" in shape.__struct_fields__ and not isinstance(rule, Staffed):
            yield f"{'of both' if len(rule.sides) > 1 else next(iter(rule.sides)).value} {op}"


def _kinds_of(surface: Surface) -> list[str]:
    kinds = [KINDS[surface].value]
    return [*kinds, Kind.EDIT.value] if surface in EDITABLE - {Surface.REPRINT} else kinds


def _drawn(picture: str) -> Iterator[str]:
    """Yield what leads to what in the diagram of states: from the left, or from the middle."""
    left = middle = ""
    for line in picture.splitlines():
        found = re.findall(r"[a-z_]{4,}", re.split(r" {3,}(?=[a-z]+ [a-z])", line)[0])
        if "►" not in line:
            continue
        left = found.pop(0) if not line.startswith(" ") else left
        if line.count("►") == 2:
            middle = found[0]
            yield f"{left} {middle}"
            yield f"{middle} {found[1]}"
        else:
            yield f"{middle if line.startswith(' ' * 10 + '│') else left} {found[0]}"


def _counted(cell: str) -> Iterator[str]:
    for code in codes(cell):
        if code.endswith("*"):
            yield from (op for op in wire.requests() if op.startswith(code[:-1]))
        else:
            yield code


_AT, _ID, _SURFACE = 1, SubmissionId("s" * 16), Surface.GROUP_MESSAGE
_ANSWER = Answer(
    hook="h", kind="check", version="1", digest="d", took_us=1, outcome=Label(labels=("l",)), on_error=OnError.HOLD
)
_ABOUT = {"at": _AT, "submission": _ID, "version": 1, "surface": _SURFACE, "commitment": "c"}
_DECIDED = Decision(
    decision=DecisionId("d" * 16), kind=DecisionKind.HOLD, ground="g", clause="c", bottom_line="b", agreement="1",
    where=(Span(path="text", start=0, end=1),), facts="f", by="server", automated=True, at=_AT, until=2, appeal="a",
    leaf=0,
)  # fmt: skip
LEAVES = [
    *(
        leaves.answered(replace(_ANSWER, outcome=outcome), **_ABOUT)  # type: ignore[arg-type]
        for outcome in (Label(labels=("l",)), Hold(ground="g", text="t"), Failure.LATE)
    ),
    leaves.published(
        at=_AT, submission=_ID, version=1, topic=TopicId("0" * 16), seq=Seq(1), commitment="c", labels=("l",),
        pack="p", pack_version="1", body="b",
    ),
    leaves.decided(_DECIDED, submission=_ID, commitment="c", facts="f", topic=TopicId("0" * 16), seq=Seq(1)),
    leaves.taken_back(**_ABOUT),  # type: ignore[arg-type]
    leaves.agreement_signed(at=_AT, agreement=b"a", version="1"),
    leaves.configuration(at=_AT, what={"pack": "p"}),
    leaves.rules_reloaded(at=_AT, hook="h", came=1, went=1, digest="d"),
    leaves.staff(at=_AT, code="K7", role=StaffRole.CHIEF, act=leaves.StaffAct.ADDED),
    leaves.approval(
        at=_AT, account=TopicId("0" * 16), act=leaves.ApprovalAct.ADDED,
        approval=Approval(
            issuer="i", reference="r", issued_on=date(2026, 1, 1), until=date(2026, 12, 31), item=bytes(32)
        ),
    ),
]  # fmt: skip


def test_every_kind_of_leaf_is_among_those_compared() -> None:
    assert {leaf.kind for leaf in LEAVES} == set(leaves.LeafKind)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(PROTOCOL.read_text(encoding="utf-8"))


def test_the_page_and_the_code_say_the_same(page: Page) -> None:
    assert differences(page) == []


@pytest.mark.parametrize(
    ("found", "instead", "complaint"),
    [
        ("#### `unblock`", "#### `pardon`", "request unblock: missing in the page"),
        ("#### `unblock`", "#### `pardon`", "request pardon: not in the code"),
        ("| `reply_to` | `seq` | — | An entry of", "| `re_to` | `seq` | — | Of", "request send.reply_to: the page"),
        ("`bin 1 to 32768` | required | Opaque", "`bin 1 to 32767` | required | Opaque", "request send.body: the page"),
        ("`int 1 to 200` | `50`", "`int 1 to 200` | `20`", "request history.limit: the page says"),
        ("| `[]` | Came. |", "| always there | Came. |", "push presence.online: the page says"),
        ("Reply: [SyncReply](#syncreply)", "Reply: [Appended](#appended)", "reply of sync: the page says Appended"),
        ("| `complete` | `bool` | always there |", "| `whole` | `bool` | always there |", "reply of history.complete"),
        ("### `gone` push", "### `away` push", "push gone: missing in the page"),
        ("### Gap", "### Hole", "structure Gap: missing in the page"),
        ("| `peer_read` |", "| `peer_saw` |", "structure Summary.peer_read"),
        ("`owner`, `admin` or `member` of", "`owner` or `member` of", "choice Role: admin is missing"),
        ("| `too_late` | no |", "| `too_soon` | no |", "table errors: too_late is missing"),
        ("| 4001 | `slow` | yes |", "| 4001 | `slow` | no |", "table close codes: 4001 slow yes is missing"),
        ("| 4503 | `abuse` | no |", "| 4504 | `abuse` | no |", "table close codes: 4504 abuse no is not in the code"),
        ("| `handed_over` |", "| `given_over` |", "table kinds: handed_over is missing"),
        ("| `heads` | 2000 |", "| `heads` | 3000 |", "table bounds: heads 2000 is missing"),
        ("| `typing` | 5/1s |", "| `typing` | 6/1s |", "table rates: typing 5/1s is missing"),
        ("`lookup` | 300/1m | `people`,", "`lookup` | 300/1m | `blocks`,", "table counted: lookup people is missing"),
        ("| appoint | yes | no |", "| appoint | yes | yes |", "table may: admin appoint is not in the code"),
        ("| `handle_taken` | Somebody", "| `handle_gone` | Somebody", "error code handle_gone: unknown"),
        ("](#syncing)", "](#synching)", "link to #synching"),
        ("### Slice", "### Summary", "heading #summary: twice"),
        ("| public | `publish`,", "| public |", "table sides: public publish is missing"),
        ("| `card` | no `topic` |", "| `cart` | no `topic` |", "table surfaces: card 500: card is missing"),
        ("| 2000 | `notice` |", "| 8000 | `notice` |", "table surfaces: group_notice 2000: notice is missing"),
        ("| `lapsed` | A stage", "| `elapsed` | A stage", "table states: lapsed is missing"),
        ("│           ├────► lapsed", "│           ├────► waiting", "table moves: held lapsed is missing"),
        ("| `restore` | what was", "| `undo` | what was", "table decisions: restore is missing"),
        ("| `appeal` | What one", "| `remedy` | What one", "table parts of a decision: appeal is missing"),
        ("`took_us`, `policy`, `failure`", "`took_us`, `failure`", "table leaves: failure policy is missing"),
        ("| `approved` | It has", "| `granted` | It has", "table accounts: approved is missing"),
        ("| menu | yes | yes | no |", "| menu | yes | yes | yes |", "table operators may: analyst menu is not"),
        ("| `left` | They", "| `gone` | They", "table acts: left is missing"),
    ],
)  # fmt: skip
def test_a_difference_is_found(page: Page, found: str, instead: str, complaint: str) -> None:
    assert found in page.text
    changed = Page(page.text.replace(found, instead))
    assert any(each.startswith(complaint) for each in differences(changed)), differences(changed)


@pytest.mark.parametrize("operation", ["officer.show", "officer.decide"])
def test_the_page_says_how_many_decisions_are_shown(page: Page, operation: str) -> None:
    (said,) = [row[3] for row in page.operations()[operation].tables["reply"] if row[0] == "`decisions`"]
    assert said.startswith(f"The last {DECISIONS_SHOWN} ")


def test_the_page_says_which_characters_a_name_cannot_have(page: Page) -> None:
    (categories,) = re.findall(r"categories (Cc[^(]*) \(", page.text.replace("\n", " "))
    (joiners,) = re.findall(r"but for the joiners (U\+[^,]*),", page.text.replace("\n", " "))
    allowed = {chr(int(code, 16)) for code in re.findall(r"U\+([0-9A-F]{4})", joiners)}
    refused = {
        character
        for character in map(chr, range(0x11_0000))
        if unicodedata.category(character) in re.findall(r"[A-Z][a-z]", categories) and character not in allowed
    }
    assert refused == {character for character in map(chr, range(0x11_0000)) if not is_name(character)}


def test_a_chapter_that_is_missing_is_an_error_not_a_pass(page: Page) -> None:
    with pytest.raises(LookupError):
        differences(Page(page.text.replace("## Close codes", "## Closing")))


def test_the_page_draws_what_can_become_of_an_account_as_the_code_does(page: Page) -> None:
    assert page.blocks["accounts"].splitlines() == list(catalog.drawn(MOVES))
