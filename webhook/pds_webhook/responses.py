"""Answers as HTTP, all of them JSON, and the one answer to a fault of ours."""

import json
import logging
import traceback

from aiohttp import web

from pds_runtime.public.answers import last_bytes
from pds_webhook.answers import Answer, Code

_log = logging.getLogger(__name__)


def as_response(answer: Answer, status: int | None = None) -> web.Response:
    """Make the response of an answer; with another status where the code has more than one."""
    return web.json_response(answer.document(), status=status or answer.code.status)


def answer_to_fault(error: BaseException | None) -> Answer:
    """Log a fault of ours, and return what Stripe hears, which is to try again."""
    # The frames, not the exception's text, which may quote what the customer sent.
    frames = "".join(traceback.format_tb(error.__traceback__)) if error is not None else ""
    _log.error("unexpected %s", type(error).__name__, extra={"traceback": frames})
    return Answer(Code.INTERNAL_ERROR, "a fault of the webhook; its log says which")


class ConnectionAnswers:
    """What the public port says where the one route does not."""

    def malformed(self) -> web.Response:
        """Answer what is no HTTP."""
        return as_response(Answer(Code.BAD_REQUEST, "this cannot be read as an HTTP request"))

    def unmet(self, status: int) -> web.Response:
        """Put aiohttp's own refusal into the form of all other answers."""
        return as_response(Answer(Code.BAD_REQUEST, "the request cannot be met as it is"), status)

    def fault(self, error: BaseException | None) -> web.Response:
        """Log and answer a fault of ours."""
        return as_response(answer_to_fault(error))

    def header_timeout(self) -> bytes:
        """Tell a sender whose headers were late."""
        late = Answer(Code.HEADER_TIMEOUT, "the request's headers took too long to arrive")
        return last_bytes(late.code.status, "Request Timeout", json.dumps(late.document()).encode())
