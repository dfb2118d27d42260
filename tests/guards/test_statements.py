"""What a message and a return cost the store: SQL statements, as SQLite itself reports them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from protocol.frames import Resume, Send
from server.store.reading import SqliteReader
from tests.guards.crowd import Crowd
from tests.guards.people import Registry
from tests.support.inline import InlineServer

BEGIN = ["BEGIN IMMEDIATE", "PRAGMA data_version"]  # And whether another program wrote meanwhile.
MESSAGE = ["INSERT OR IGNORE INTO cids", "INSERT INTO entries"]  # Its cid is claimed, and it is stored.
COMMIT = ["COMMIT"]
AUDIENCES = pytest.mark.parametrize("audience", [2, 500])


class Statements:
    """What was executed on the private store, up to the first parenthesis or condition. One execution is one line."""

    def __init__(self, server: InlineServer) -> None:
        self.written: list[str] = []
        self.read: list[str] = []
        reader = server.reads.reader
        assert isinstance(reader, SqliteReader)
        writer = server.store._writer._connection
        self._lists = {writer: self.written, reader._connection: self.read}

    @contextmanager
    def counting(self) -> Iterator[None]:
        for connection, found in self._lists.items():
            _trace(connection, found)
        try:
            yield
        finally:
            for connection in self._lists:
                connection.set_trace_callback(None)


def _trace(connection: sqlite3.Connection, found: list[str]) -> None:
    def trace(statement: str) -> None:
        words = statement.partition("(")[0].split()
        found.append(" ".join(words[:5]))

    connection.set_trace_callback(trace)


@AUDIENCES
@pytest.mark.parametrize("here", [1, 2])
def test_a_message_is_two_statements_in_a_transaction_however_many_get_it(audience: int, here: int) -> None:
    """Nothing is written for a recipient, be they here or not, and nothing is read: what decides it is in memory."""
    with Crowd(audience, here=here) as crowd:
        statements = Statements(crowd.server)
        with statements.counting():
            crowd.owner.do(Send, topic=crowd.topic, body=b"x")
        assert statements.written == BEGIN + MESSAGE + COMMIT
        assert statements.read == []


@AUDIENCES
def test_a_batch_of_64_messages_is_one_transaction_of_128_statements(audience: int) -> None:
    """The cids one by one, for each may have been used before; then all entries, by one statement run 64 times."""
    with Crowd(audience) as crowd:
        statements = Statements(crowd.server)
        with statements.counting():
            crowd.says_together(64, b"x", speakers=2)  # Of one connection, 32 are under way at a time.
        claim, store = ([statement] * 64 for statement in MESSAGE)
        assert statements.written == BEGIN + claim + store + COMMIT
        assert statements.read == []


def test_a_message_in_a_chat_is_two_statements_too() -> None:
    """Both have spoken in it, so that nothing has to be noted about the chat."""
    server = InlineServer()
    alice, bob = server.people("alice", "bob")
    chat = server.chat(alice, bob)
    statements = Statements(server)
    with statements.counting():
        alice.send(b"x", topic=chat)
        bob.send(b"y", topic=chat)
    assert statements.written == (BEGIN + MESSAGE + COMMIT) * 2
    assert statements.read == []
    server.close()


@pytest.mark.parametrize("topics", [20, 200])
def test_a_return_to_nothing_new_is_so_many_statements_whatever_the_number_of_topics(topics: int) -> None:
    """Whose token it is; then in one snapshot what has changed, where the topics end that one has, and the mark.

    And the device was seen, which is the one thing written.
    """
    server = InlineServer()
    registry = Registry(server.store.writer())
    me, *others = registry.people(1 + topics)
    heads = {registry.chat(me, other): 2 for other in others}
    first = server.connect().do(Resume, token=me.token, heads={}).sync
    assert first is not None
    again = server.connect()
    statements = Statements(server)
    with statements.counting():
        back = again.do(Resume, token=me.token, heads=heads, marks=first.marks).sync
    assert back is not None
    assert (len(back.slices), back.topics, back.more) == (topics, (), False)
    assert len(statements.read) == 1 + len(["BEGIN", "what changed", "where they end", "the mark", "COMMIT"])
    assert statements.written == [*BEGIN, "UPDATE devices SET seen_at =", *COMMIT]
    server.close()


@pytest.mark.parametrize("behind", [1, 20])
def test_each_topic_that_one_is_behind_in_costs_a_return_one_statement_more(behind: int) -> None:
    """However many entries of it one has missed."""
    server = InlineServer()
    registry = Registry(server.store.writer())
    me, *others = registry.people(1 + 40)
    chats = [registry.chat(me, other) for other in others]
    heads = {chat: 1 if number < behind else 2 for number, chat in enumerate(chats)}
    first = server.connect().do(Resume, token=me.token, heads={}).sync
    assert first is not None
    again = server.connect()
    statements = Statements(server)
    with statements.counting():
        again.do(Resume, token=me.token, heads=heads, marks=first.marks)
    assert len(statements.read) == 6 + behind
    server.close()
