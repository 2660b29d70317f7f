"""Logs: one JSON object a line on stderr, with time, level, logger, message and the fields given as ``extra``."""

import logging
import sys

from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.web import RequestPayloadError
from pythonjsonlogger.json import JsonFormatter

# Libraries whose INFO lines name every request (with user ids in its URL) or every event handled.
_CHATTY = ("httpx", "httpcore", "aiohttp.access", "kopf", "stripe", "hpack")


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
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(_no_malformed_http)


def _no_malformed_http(record: logging.LogRecord) -> bool:
    """Drop what aiohttp says of malformed HTTP: a traceback that quotes what was sent, answered 400 all the same."""
    return not (record.exc_info and isinstance(record.exc_info[1], BadHttpMessage | RequestPayloadError))
