"""Statements that a store's file must refuse by itself, whatever the code above it does."""

import sqlite3

import pytest


def copy(table: str, where: str = "1", **changed: str) -> str:
    """Return a statement that inserts a row of `table` again, with some columns changed (SQL expressions)."""
    return f"{table}|{where}|" + ";".join(f"{column}={value}" for column, value in changed.items())


def _statement(connection: sqlite3.Connection, asked: str) -> str:
    """Return the SQL that `asked` stands for."""
    if "|" not in asked:
        return asked
    table, where, changes = asked.split("|")
    changed = dict(change.split("=", 1) for change in changes.split(";") if change)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(column, column) for column in columns)
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {where} LIMIT 1"


def refuses(file: sqlite3.Connection, asked: str, why: str) -> None:
    """Assert that `file` refuses what is `asked`, saying `why`, and that nothing has changed.

    What drops a trigger first is two statements: of two that refuse, which one speaks is SQLite's to choose.
    """
    before = list(file.iterdump())
    *first, last = asked.split(";", 1) if asked.startswith("DROP") else [asked]
    file.execute("SAVEPOINT here")
    for each in first:
        file.execute(each)
    with pytest.raises(sqlite3.IntegrityError, match=why):
        file.execute(_statement(file, last))
    file.execute("ROLLBACK TO here")
    file.execute("RELEASE here")
    assert list(file.iterdump()) == before
