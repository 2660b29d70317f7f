"""Logs: one JSON object a line on stderr, with time, level, logger, message and the fields given as ``extra``.

What a piece of work is about (a resource, an event) is said once, by ``about``, and stands in every line of it.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType

from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.web import RequestPayloadError
from pythonjsonlogger.json import JsonFormatter

# Libraries whose INFO lines name every request (with user ids in its URL) or every event handled.
_CHATTY = ("httpx", "httpcore", "aiohttp.access", "kopf", "stripe")

_subject: ContextVar[Mapping[str, str]] = ContextVar("what the log lines are about", default=MappingProxyType({}))


def log_json(level: int = logging.INFO) -> None:
    """Send all logging of this process to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )
    )
    handler.addFilter(_say_subject)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(_no_malformed_http)


@contextlib.contextmanager
def about(**fields: str) -> Iterator[None]:
    """Put these fields into every line that is logged within, by whatever is called or awaited there."""
    token = _subject.set({**_subject.get(), **fields})
    try:
        yield
    finally:
        _subject.reset(token)


def also_about(**fields: str) -> None:
    """Put further fields into the lines to come, to the end of the ``about`` that surrounds the call."""
    _subject.set({**_subject.get(), **fields})


def _say_subject(record: logging.LogRecord) -> bool:
    """Add what the line is about; what it says itself comes first."""
    for name, value in _subject.get().items():
        record.__dict__.setdefault(name, value)
    return True


def _no_malformed_http(record: logging.LogRecord) -> bool:
    """Drop what aiohttp says of malformed HTTP: a traceback that quotes what was sent, answered 400 all the same."""
    return not (record.exc_info and isinstance(record.exc_info[1], BadHttpMessage | RequestPayloadError))
