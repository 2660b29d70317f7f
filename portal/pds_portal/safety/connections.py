"""What the public port says where no route does: JSON, since nothing is known of who asks."""

import json
import secrets
from http import HTTPStatus

from aiohttp import web

from pds_portal.safety.faults import fault
from pds_portal.safety.headers import WITHOUT_PAGE
from pds_portal.safety.refusals import Refusal
from pds_runtime.logs import about
from pds_runtime.public.answers import last_bytes


class ConnectionAnswers:
    """The portal's words for malformed HTTP, late headers and faults outside of its routes."""

    def malformed(self) -> web.Response:
        """Answer what is no HTTP."""
        return _json(Refusal(HTTPStatus.BAD_REQUEST, "This cannot be read as an HTTP request."))

    def unmet(self, status: int) -> web.Response:
        """Answer what aiohttp itself refuses."""
        return _json(Refusal(HTTPStatus(status), "This request cannot be met as it is."))

    def fault(self, error: BaseException | None) -> web.Response:
        """Log a fault of ours and answer it."""
        reference = secrets.token_hex(8)
        with about(request_id=reference):
            return _json(fault(error, reference))

    def header_timeout(self) -> bytes:
        """Tell a sender whose headers were late."""
        late = Refusal(HTTPStatus.REQUEST_TIMEOUT, "The request's headers took too long to arrive.")
        body = json.dumps(late.document()).encode()
        return last_bytes(late.status, late.status.phrase, body, headers=WITHOUT_PAGE)


def _json(refusal: Refusal) -> web.Response:
    return web.json_response(refusal.document(), status=refusal.status, headers=WITHOUT_PAGE)
