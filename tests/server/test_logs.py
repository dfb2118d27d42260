"""Logs hold identifiers and never content, whoever logs and however loudly."""

import ast
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from server import logs

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs" / "OPERATIONS.md"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
CANARY = "canary-in-the-coal-mine"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_on_one_line() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    structlog.get_logger().info("session.closed", code=4001, person="annaannaannaanna")
    (event,) = lines(stream)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "session.closed", "level": "info", "code": 4001, "person": "annaannaannaanna"}


def test_on_a_terminal_an_event_is_key_and_value() -> None:
    stream = Terminal()
    logs.configure("info", stream)
    structlog.get_logger().info("session.closed", code=4001)
    assert "session.closed" in stream.getvalue()
    assert "code" in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        lines(stream)


def test_events_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    logs.configure("warning", stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [event["event"] for event in lines(stream)] == ["loud"]


def test_libraries_log_in_the_same_way() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    logging.getLogger("somebody").warning("disk %s", "slow")
    (event,) = lines(stream)
    assert (event["event"], event["level"]) == ("disk slow", "warning")


@pytest.mark.parametrize("name", ["websockets", "websockets.server", "websockets.client", "trio.socket"])
def test_libraries_that_log_what_they_carry_stay_above_debug_even_when_the_root_does_not(name: str) -> None:
    stream = io.StringIO()
    logs.configure("debug", stream)
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger(name).debug("< BINARY %s", CANARY)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_bytes_are_logged_as_their_length(stream: io.StringIO) -> None:
    logs.configure("debug", stream)
    structlog.get_logger().debug("frame", body=CANARY.encode(), view=memoryview(CANARY.encode()))
    assert f"<{len(CANARY)} bytes>" in stream.getvalue()
    assert CANARY not in stream.getvalue()


def test_what_is_no_json_is_logged_as_its_type() -> None:
    stream = io.StringIO()
    logs.configure("debug", stream)
    structlog.get_logger().debug("frame", inside=[CANARY.encode(), object()])
    assert lines(stream)[0]["inside"] == ["<bytes>", "<object>"]


def choke() -> None:
    raise ValueError(CANARY)


def fail() -> None:
    try:
        choke()
    except ValueError as error:
        raise ExceptionGroup(CANARY, [KeyError(CANARY)]) from error


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_an_exception_is_logged_as_types_and_places_without_messages(stream: io.StringIO) -> None:
    logs.configure("debug", stream)
    log = structlog.get_logger()
    try:
        fail()
    except ExceptionGroup as group:
        log.exception("session.failed")
        log.warning("session.failed", exc_info=group)
        log.warning("session.failed", exc_info=(type(group), group, group.__traceback__))
        logging.getLogger("somebody").exception("failed")
    text = stream.getvalue()
    assert CANARY not in text
    assert text.count("ExceptionGroup") == text.count("KeyError") == text.count("ValueError") == 4
    assert "test_logs.py" in text


def test_what_nothing_caught_is_logged_without_its_message() -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    logs.hook()
    try:
        fail()
    except ExceptionGroup as group:
        sys.excepthook(type(group), group, group.__traceback__)
    thread = threading.Thread(target=fail, name="committer")
    thread.start()
    thread.join()
    crashed, in_thread = lines(stream)
    assert crashed["event"] == "server.crashed"
    assert (in_thread["event"], in_thread["thread"]) == ("server.thread_crashed", "committer")
    assert CANARY not in stream.getvalue()


def test_every_event_is_documented_with_its_level() -> None:
    rows = [line.split(" | ") for line in OPERATIONS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    documented = {(event.strip("| `"), row[1]) for row in rows if row[1] in LEVELS for event in row[0].split(", ")}
    assert documented == set(logged())


def logged() -> Iterator[tuple[str, str]]:
    """Yield every event in the server's code with its level."""
    for file in (ROOT / "server").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=[ast.Constant(value=str(event)), *_]
                ) if level in LEVELS:
                    yield event, level
