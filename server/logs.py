"""Logs: events with identifiers, to stderr. Never a body, a name, a password, a token: nothing that people say.

Kept in several ways, because one forgotten `log.debug(frame)` would break the promise:
bytes become their length; an exception becomes its type and places, not its message, which may quote what it choked on;
and loggers of libraries that log what they carry stay above DEBUG whatever the root logger is set to.
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# At DEBUG, websockets logs every payload; at INFO, httpx logs a line, and httpcore ten, for each request of a webhook.
_TALKATIVE = ("websockets", "trio", "asyncio", "httpx", "httpcore")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send events of `level` and above to `stream` (stderr): `key=value` on a terminal, else one JSON object a line."""
    stream = sys.stderr if stream is None else stream
    chain: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_content,
    ]
    renderer: structlog.typing.Processor
    if stream.isatty():
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    else:
        renderer = structlog.processors.JSONRenderer(serializer=_line)
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    quieten()


def quieten() -> None:
    """Keep the loggers of libraries that log what they carry above DEBUG."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def hide_content(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put lengths in place of bytes, and types and places in place of exceptions."""
    for key, value in event.items():
        if isinstance(value, bytes | bytearray | memoryview):
            event[key] = f"<{len(value)} bytes>"
    problem = event.pop("exc_info", None)
    if problem is True:
        problem = sys.exc_info()[1]
    elif isinstance(problem, tuple):
        problem = problem[1]
    if isinstance(problem, BaseException):
        event["trace"] = list(_trace(problem))
    return event


def hook() -> None:
    """Log what nothing caught, on any thread, in the same way, where Python would print its message."""
    log = structlog.get_logger()

    def uncaught(_kind: type[BaseException], problem: BaseException, _trace: TracebackType | None) -> None:
        log.critical("server.crashed", exc_info=problem)

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread is not None else None
        log.critical("server.thread_crashed", thread=name, exc_info=args.exc_value)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread


def _trace(problem: BaseException) -> Iterator[str]:
    yield type(problem).__name__
    for frame in traceback.extract_tb(problem.__traceback__):
        yield f"{frame.filename}:{frame.lineno} {frame.name}"
    if isinstance(problem, BaseExceptionGroup):
        for part in problem.exceptions:
            yield from _trace(part)
    earlier = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    if earlier is not None:
        yield "after"
        yield from _trace(earlier)


def _line(event: dict[str, object], **_options: object) -> str:
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return json.dumps(first | event, default=_unknown)


def _unknown(value: object) -> str:
    return f"<{type(value).__name__}>"
