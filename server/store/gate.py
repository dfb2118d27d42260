"""The gate's last word, in the transaction that makes it true: what is published, held, rejected, and what lapses.

No leaf, no effect: everything that binds somebody is written beside its leaf of the audit log, or not at all.
"""

import sqlite3
from dataclasses import replace

import msgspec

from compliance import leaves
from compliance.bench import Bench
from compliance.pack import LABELLED, OVERDUE, AtEnd
from compliance.ruling import Grounds, Holds, Publishes, Rejects, Unavailable
from compliance.submissions import Move, after
from protocol.decisions import DecisionKind, Span, SubmissionState
from protocol.entries import Kind
from protocol.ids import DecisionId, Seq, SubmissionId, TopicId, new_cid
from protocol.publications import ARTICLES, Hop, Published, card_of, decode_content, encode
from protocol.staff import OfficerAct
from server.store import acts, appearing, articles, public_comments, public_threads, reprints, submissions
from server.store.audit import AuditLog
from server.store.entitlement import SERVER
from server.store.entitlement import stopped as stopped_now
from server.store.log import Log
from server.store.public_writes import (
    Conclude,
    Concluded,
    Conclusion,
    Conclusions,
    Decide,
    Expire,
    NoSuchSubmission,
    NotPossible,
    TakeBack,
    TooManyHeld,
    Unjudged,
)
from server.store.records import Records, commitment
from server.store.square_writes import Stirred
from server.store.submissions import Row
from server.store.writes import NO_DIGEST, Acted, Draft, Post, Posted

# A text, its edits, and what said it again when it was restored; and which of its versions is the one in force.
_WITHDRAWN = (
    "UPDATE entries SET withdrawn = ? WHERE topic = ? AND seq = ?",
    "UPDATE entries SET withdrawn = ? WHERE topic = ? AND target = ? AND kind IN ('edit', 'restored')",
)
_BODY = "SELECT withdrawn, body FROM entries WHERE topic = ? AND seq = ?"
_RULE = "INSERT INTO rulings (topic, seq, submission, decision, leaf) VALUES (?, ?, ?, ?, ?)"
_MOVE = f"""
UPDATE submissions SET state = :state, seq = :seq, version = :version, topic = :topic, labels = :labels, until = :until,
    decided_at = :at, decision = coalesce(:decision, decision) WHERE submission = :submission
RETURNING {submissions.COLUMNS}
"""
_FORGET = "UPDATE submissions SET content = NULL, salt = NULL WHERE submission = ?"
_DROP = "DELETE FROM submissions WHERE submission = ?"


class Gate:
    """Executes what was ruled and decided, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, log: Log, audit: AuditLog) -> None:
        self._connection = connection
        self._log = log
        self._records = Records(connection, audit)

    def conclude(self, conclude: Conclude) -> Conclusions:
        """Carry out a run of rulings, each on what those before it have left."""
        return Conclusions(tuple(map(self._carry_out, conclude.run)))

    def take_back(self, take: TakeBack) -> Concluded | NotPossible | NoSuchSubmission:
        """Let the author have back what has not appeared. That is never judged."""
        row = submissions.by_id(self._connection, take.submission)
        if row is None or row.author != take.author:
            return NoSuchSubmission()
        state = after(row.state, Move.TAKE_BACK)
        if state is None:
            return NotPossible(submissions.view(self._connection, row))
        version, _ = submissions.succession(self._connection, row)
        leaf = leaves.taken_back(
            at=take.at,
            submission=row.submission,
            version=version,
            surface=row.surface,
            commitment=commitment(row),
        )
        self._records.leave(leaf)
        acted = acts.of_author(self._connection, row, state, take.at)
        self._connection.execute(_FORGET, (row.submission,))
        return self._concluded(self._move(row, state, take.at), acted=acted)

    def expire(self, expire: Expire) -> Concluded | NotPossible:
        """End a hold that nobody decided in time: the delay is the provider's, and the pack says what follows."""
        row = self._row(expire.submission)
        if row.state is not SubmissionState.HELD or row.until is None or row.until > expire.at:
            return NotPossible(submissions.view(self._connection, row))
        if expire.bench.pack.holds.at_end is AtEnd.REJECT:
            facts = "Nobody decided within the time for it, and then it is not published here. You may submit it again."
            why = Grounds(ground=OVERDUE, facts=facts, by=SERVER)
            return self._stop(row, Move.REJECT, why, expire.at, expire.bench)
        why = Grounds(ground=OVERDUE, facts="Nobody decided within the time for it, so it appears.", by=SERVER)
        return self._release(row, why, expire.at, expire.bench, automated=True)

    def decide(self, decide: Decide) -> Concluded | NotPossible | NoSuchSubmission:
        """Carry out what an officer decided; that they may has been asked in this transaction."""
        row = submissions.by_id(self._connection, decide.submission)
        if row is None:
            return NoSuchSubmission()
        if row.content is None:  # Its author has taken it back for good.
            return NotPossible(submissions.view(self._connection, row))
        row = submissions.root_of(self._connection, row)  # All its versions go with it.
        at, bench = decide.at, decide.bench
        held, published = row.state is SubmissionState.HELD, row.state is SubmissionState.PUBLISHED
        why = Grounds(ground=decide.ground, facts=decide.facts, by=f"officer {decide.officer}", where=decide.where)
        match decide.act:
            case OfficerAct.RELEASE if held:
                return self._release(row, why, at, bench, automated=False)
            case OfficerAct.REJECT if held:
                return self._stop(row, Move.REJECT, why, at, bench, automated=False)
            case OfficerAct.WITHDRAW if published and not row.withdrawn:
                return self._withdraw(row, why, at, bench)
            case OfficerAct.RESTORE if row.withdrawn:
                return self._restore(row, why, at, bench)
            case _:
                return NotPossible(submissions.view(self._connection, row))

    # What becomes of it.

    def _carry_out(self, conclusion: Conclusion) -> Concluded | Unjudged | TooManyHeld:
        """Carry out a ruling on what waits; what was taken back meanwhile stays so, but what hooks said is recorded."""
        row = self._row(conclusion.submission)
        at, bench, ruling = conclusion.at, conclusion.bench, conclusion.ruling
        if row.state not in {SubmissionState.WAITING, SubmissionState.TAKEN_BACK}:
            return self._concluded(row)  # Concluded already: it is not judged twice.
        bound = commitment(row) if row.content is not None else self._records.taken_back(row.submission)
        for answer in conclusion.answers:
            leaf = leaves.answered(
                answer,
                at=at,
                submission=row.submission,
                version=conclusion.version,
                surface=row.surface,
                commitment=bound,
            )
            self._records.leave(leaf)
        if row.state is not SubmissionState.WAITING:
            return self._concluded(row)
        match ruling:
            case Publishes():
                stopped = stopped_now(self._connection, row, at=at, bench=bench)
                if stopped is not None:
                    return self._stop(row, Move.LAPSE, stopped, at, bench)
                return self._publish(
                    row, ruling.labels, Move.PUBLISH, at, bench, labelled_by=ruling.labelled_by, where=ruling.where
                )
            case Holds():
                most = bench.pack.holds.per_author
                if not conclusion.unwaited and submissions.held_by(self._connection, row.author) >= most:
                    self._connection.execute(_DROP, (row.submission,))
                    return TooManyHeld(most)
                self._connection.execute(
                    "UPDATE submissions SET labels = ? WHERE submission = ?",
                    (msgspec.json.encode(ruling.labels).decode(), row.submission),
                )
                row = msgspec.structs.replace(row, labels=ruling.labels)
                return self._stop(row, Move.HOLD, ruling.why, at, bench, until=at + ruling.length_ms)
            case Rejects():
                return self._stop(row, Move.REJECT, ruling.why, at, bench)
            case Unavailable():
                self._connection.execute(_DROP, (row.submission,))
                return Unjudged(ruling.retry_after_ms)

    def _release(self, row: Row, why: Grounds, at: int, bench: Bench, *, automated: bool) -> Concluded:
        stopped = stopped_now(self._connection, row, at=at, bench=bench)
        if stopped is not None:
            return self._stop(row, Move.LAPSE, stopped, at, bench)
        if row.labels:  # The labels appear by this decision, so it says whose they are.
            givers = self._records.labelled_by(row.submission)
            why = replace(why, facts=f"{why.facts} It appears with labels: {', '.join(row.labels)} ({givers}).")
        decision = self._records.decide(row, DecisionKind.RELEASE, why, at, bench, automated=automated)
        return self._publish(row, row.labels, Move.RELEASE, at, bench, decision=decision)

    def _publish(
        self,
        row: Row,
        labels: tuple[str, ...],
        move: Move,
        at: int,
        bench: Bench,
        *,
        labelled_by: str = "",
        where: tuple[Span, ...] = (),
        decision: DecisionId | None = None,
    ) -> Concluded:
        """Let it enter the log: all stages but the hooks have just been asked once more."""
        assert row.content is not None
        version, _ = submissions.succession(self._connection, row)
        place = appearing.place_of(self._connection, row)
        topic = place.topic
        published = Published(
            content=decode_content(row.content),
            labels=labels,
            version=version,
            source=row.source,
            reprintable=row.reprintable,
        )
        whole = encode(published)
        body = encode(card_of(published)) if row.surface in ARTICLES else whole
        seq = Seq(self._log.head(topic) + 1)
        self._rule(row, topic, seq, published, body, at, bench)
        if labels and labelled_by:
            facts = f"It appears with labels: {', '.join(labels)}."
            why = Grounds(ground=LABELLED, facts=facts, by=f"hook {labelled_by}", where=where)
            decision = self._records.decide(row, DecisionKind.LABEL, why, at, bench, automated=True)
        article = appearing.article_of(self._connection, row, topic, seq)
        draft = appearing.draft_of(self._connection, row, topic, body, article, at)
        changes = () if row.target is not None else appearing.changes_by(row, body)
        posted = self._log.add(Post(topic=topic, generation=0, draft=draft, changes=changes, founding=place.founding))
        stirred = appearing.take_in(self._connection, row, topic, seq, published, whole, article=article, at=draft.at)
        state = after(row.state, move)
        assert state is not None
        acted = acts.of_author(self._connection, row, state, at, seq=seq)
        row = msgspec.structs.replace(row, topic=topic, labels=labels)
        row = self._move(row, state, at, seq=seq, version=version, decision=decision)
        return self._concluded(row, posted, acted=acted, shared=appearing.shared_by(row), stirred=stirred)

    def _rule(
        self, row: Row, topic: TopicId, seq: Seq, published: Published, body: bytes, at: int, bench: Bench
    ) -> None:
        """Let `body` stand as the entry `seq`: without the ruling, and its leaf, the file would not take it."""
        assert row.salt is not None
        told_topic, told_seq = row.root or (topic, seq)  # Of a thread nobody is told, nor in what is told of its leaf.
        leaf = leaves.published(
            at=at,
            submission=row.submission,
            version=published.version,
            topic=told_topic,
            seq=told_seq,
            commitment=commitment(row),
            labels=published.labels,
            pack=bench.pack.name,
            pack_version=bench.pack.version,
            body=leaves.commitment(row.salt, body),
        )
        self._connection.execute(_RULE, (topic, seq, row.submission, None, self._records.leave(leaf)))

    def _stop(
        self,
        row: Row,
        move: Move,
        why: Grounds,
        at: int,
        bench: Bench,
        *,
        until: int | None = None,
        automated: bool = True,
    ) -> Concluded:
        """Hold it, reject it or let it lapse, with the decision that says why."""
        state = after(row.state, move)
        assert state is not None
        kind = DecisionKind(move.value)
        decision = self._records.decide(row, kind, why, at, bench, until=until, automated=automated)
        acted = acts.of_author(self._connection, row, state, at)
        return self._concluded(self._move(row, state, at, until=until, decision=decision), acted=acted)

    def _withdraw(self, row: Row, why: Grounds, at: int, bench: Bench) -> Concluded:
        """Keep it, in all its versions, from readers; the words stay in the file, for it may be restored."""
        decision = self._records.decide(row, DecisionKind.WITHDRAW, why, at, bench, automated=False)
        stirred = self._mark_withdrawn(row, decision, withdrawn=True)
        said = self._say(row, Kind.WITHDRAWN, at)
        return self._concluded(self._row(row.submission), said, *self._mark_reprints(row, at), stirred=stirred)

    def _restore(self, row: Row, why: Grounds, at: int, bench: Bench) -> Concluded:
        """Show it again, in the version that was the last."""
        decision = self._records.decide(row, DecisionKind.RESTORE, why, at, bench, automated=False)
        stirred = self._mark_withdrawn(row, decision, withdrawn=False)
        body = self._body(row.topic, submissions.newest_of(self._connection, row).seq)
        if body is not None:
            assert row.topic is not None
            leaf = self._connection.execute("SELECT leaf FROM decisions WHERE decision = ?", (decision,)).fetchone()[0]
            ruling = (row.topic, self._log.head(row.topic) + 1, row.submission, decision, leaf)
            self._connection.execute(_RULE, ruling)
        said = self._say(row, Kind.RESTORED, at, body=body)
        return self._concluded(self._row(row.submission), said, *self._mark_reprints(row, at), stirred=stirred)

    def _mark_withdrawn(self, row: Row, decision: DecisionId, *, withdrawn: bool) -> Stirred | None:
        for statement in _WITHDRAWN:
            self._connection.execute(statement, (withdrawn, row.topic, row.seq))
        marked = "UPDATE submissions SET withdrawn = ?, decision = ? WHERE submission = ?"
        self._connection.execute(marked, (withdrawn, decision, row.submission))
        comment = public_threads.name_of(self._connection, row.topic, row.seq)
        return None if comment is None else public_comments.reconsidered(self._connection, comment)

    def _mark_reprints(self, row: Row, at: int) -> tuple[Posted, ...]:
        assert row.topic is not None
        assert row.seq is not None
        return reprints.mark(self._connection, self._log, row.topic, row.seq, at=at)

    def _say(self, row: Row, kind: Kind, at: int, *, body: bytes | None = None) -> Posted:
        """Tell the readers of a topic that a text of it is withdrawn or back; what a place is called follows."""
        assert row.topic is not None
        assert row.seq is not None
        root = articles.root_of(self._connection, row.topic, row.seq)
        draft = Draft(
            kind=kind,
            sender=submissions.speaker(row.surface, row.author, row.topic),
            cid=new_cid(at),
            digest=NO_DIGEST,
            at=at,
            body=body,
            target=row.seq,
            tag=root.tag or None if root is not None else None,
        )
        # What it is called is the last version, or nothing: what was before does not come back because that is gone.
        _, last = submissions.versions(self._connection, row.surface, row.author, row.topic, None)
        changes = appearing.changes_by(row, self._body(row.topic, last) or b"")
        return self._log.add(Post(topic=row.topic, generation=0, draft=draft, changes=changes))

    def _body(self, topic: TopicId | None, seq: Seq | None) -> bytes | None:
        """Return the body of an entry as readers see it."""
        found = self._connection.execute(_BODY, (topic, seq)).fetchone()
        return found[1] if found is not None and not found[0] else None

    def _move(
        self,
        row: Row,
        state: SubmissionState,
        at: int,
        *,
        seq: Seq | None = None,
        version: int | None = None,
        until: int | None = None,
        decision: DecisionId | None = None,
    ) -> Row:
        """Note that `row` is in another state; return it as it is then."""
        found = self._connection.execute(
            _MOVE,
            {
                "state": state.value,
                "seq": seq,
                "version": version,
                "topic": row.topic,
                "labels": msgspec.json.encode(row.labels).decode(),
                "until": until,
                "at": at,
                "decision": decision,
                "submission": row.submission,
            },
        )
        moved = submissions.row_of(found.fetchone())
        assert moved is not None
        return moved

    def _row(self, submission: SubmissionId) -> Row:
        row = submissions.by_id(self._connection, submission)
        if row is None:
            raise ValueError("a ruling on a submission that is not there")
        return row

    def _concluded(
        self,
        row: Row,
        *posted: Posted,
        acted: Acted | None = None,
        shared: Hop | None = None,
        stirred: Stirred | None = None,
    ) -> Concluded:
        return Concluded(
            submission=submissions.view(self._connection, row),
            author=row.author,
            posted=posted,
            decisions=submissions.decisions_about(self._connection, row.submission),
            acted=acted,
            shared=shared,
            stirred=stirred,
        )
