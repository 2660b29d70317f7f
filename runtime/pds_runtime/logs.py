"""Logs: one JSON object a line on stderr, with time, level, logger, message and the fields given as ``extra``."""

import logging
import sys

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
    # Malformed HTTP makes aiohttp print a traceback that quotes what was sent; it is answered 400 all the same.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
