"""Decisions on record, for a test on `InlineServer`: all there are, and whether one has all the parts it must have."""

import re
from typing import Any

import msgspec

from compliance import leaves
from compliance.leaves import LeafKind
from protocol.decisions import Decision, DecisionKind
from protocol.ids import SubmissionId
from protocol.publications import decode_content, fields_of
from server.store import submissions
from tests.support.inline import InlineServer
from tests.support.public import connection_of, leaves_of, rows

DECIDERS = {
    True: re.compile(r"hook \S+ \S+(, \S+ \S+)*|stage (licence|agreement|account|news_right)|server"),
    False: re.compile(r"officer (chief|reviewer)-\d+"),
}


def decisions_of(server: InlineServer) -> list[tuple[str, Decision]]:
    """Return all decisions on record, in order, each with the submission it is about."""
    about = rows(server, "SELECT DISTINCT submission FROM decisions")
    connection = connection_of(server)
    found = [
        (row["submission"], decision)
        for row in about
        for decision in submissions.decisions_about(connection, SubmissionId(row["submission"]))
    ]
    return sorted(found, key=lambda each: each[1].leaf)


def assert_whole(server: InlineServer, about: dict[str, Any], decision: Decision) -> None:
    """`decision`, about the row `about`, has every part, and each says what it must."""
    bench = server.bench
    ground = bench.pack.grounds[decision.ground]
    assert decision.clause == ground.clause
    assert decision.bottom_line == bench.bottom_line(ground)
    assert bool(decision.bottom_line) is bool(ground.bottom_line)
    assert decision.agreement == (bench.agreement.version if bench.agreement else "")
    assert decision.facts.strip()
    assert DECIDERS[decision.automated].fullmatch(decision.by), decision.by
    assert decision.appeal == bench.said(bench.pack.appeal)
    assert (decision.until is not None) is (decision.kind is DecisionKind.HOLD)
    assert decision.until is None or decision.until > decision.at
    if about["content"] is not None:
        texts = fields_of(decode_content(about["content"]))
        assert all(0 <= span.start < span.end <= len(texts[span.path]) for span in decision.where)
    (leaf,) = [leaf for leaf in leaves_of(server, LeafKind.DECISION) if leaf["number"] == decision.leaf]
    assert leaf["submission"] == about["submission"]
    plain = msgspec.json.decode(msgspec.json.encode(decision))
    for part in ("decision", "kind", "ground", "clause", "by", "automated", "at"):
        assert leaf[part] == plain[part]
    for part in ("bottom_line", "agreement", "until"):
        assert (leaf.get(part) or None) == (plain.get(part) or None)
    assert leaf["where"] == plain.get("where", [])
    if about["salt"] is not None:
        assert leaf["facts"] == leaves.commitment(about["salt"], decision.facts.encode())
