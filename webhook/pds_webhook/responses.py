"""Answers as HTTP, all of them JSON, and the one answer to a fault of ours."""

import json
import logging
import traceback

from aiohttp import web

from pds_webhook.answers import Answer, Code

_log = logging.getLogger(__name__)


def as_response(answer: Answer, status: int | None = None) -> web.Response:
    """Make the response of an answer; with another status where the code has more than one."""
    return web.json_response(answer.document(), status=status or answer.code.status)


def as_last_bytes(answer: Answer, reason: str) -> bytes:
    """Spell the response out for a connection that has no request yet; it ends the connection."""
    body = json.dumps(answer.document()).encode()
    head = (
        f"HTTP/1.1 {answer.code.status} {reason}\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def answer_to_fault(error: BaseException | None) -> Answer:
    """Log a fault of ours, and return what Stripe hears, which is to try again."""
    # The frames, not the exception's text, which may quote what the customer sent.
    frames = "".join(traceback.format_tb(error.__traceback__)) if error is not None else ""
    _log.error("unexpected %s", type(error).__name__, extra={"traceback": frames})
    return Answer(Code.INTERNAL_ERROR, "a fault of the webhook; its log says which")
