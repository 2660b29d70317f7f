"""What the customer gets for what the backend answered: the mission's route, as a pure function.

``docs/portal.md`` has the table.
"""

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus

from pds_clients.service_documents import ServiceDocument
from pds_contract.service import parse_json
from pds_portal.service.finding import hidden_in
from pds_portal.service.masking import Masks

PREVIEW_LENGTH = 500
"""Characters."""

NO_SERVICE = "There is no PDS for this account yet."
_NO_ANSWER = "The PDS backend gave no answer. Try again in a few minutes."
_FAILED = "The PDS backend could not answer for this PDS. Try again in a few minutes."
_UNREADABLE = "The PDS backend gave an answer that cannot be read. Try again in a few minutes."

_LONGEST_CONTENT_TYPE = 200
_JSON = re.compile(r"(?:application|text)/json|[a-z]+/[a-z0-9!#$&^_.+-]+\+json", re.ASCII)
# Nothing of it is to be read; it would tear names apart, as the zero bytes of UTF-16 do.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class RouteAnswer:
    """An answer of the route: its status, and the JSON of its body with secrets masked."""

    status: int
    body: object = field(repr=False)


def no_service() -> RouteAnswer:
    """Return the answer where there is no row, or none with an id."""
    return RouteAnswer(HTTPStatus.NOT_FOUND, {"error": NO_SERVICE})


def no_answer() -> RouteAnswer:
    """Return the answer where the backend gave none: what there would be to tell of one is null."""
    return _without_json(_NO_ANSWER, None, None, "")


def answer_to(document: ServiceDocument) -> RouteAnswer:
    """Return the answer to what the backend answered."""
    success = 200 <= document.status < 300
    message = _UNREADABLE if success else _FAILED
    try:
        parsed, masks, text = _read(document)
    except ValueError:
        return _without_json(message, document.status, _shown_type(document), "")
    if isinstance(parsed, _NoJson) or not is_json(document.content_type):
        # JSON under another type is masked as JSON: its lists and short passwords are no text's.
        as_json = isinstance(parsed, dict | list)
        preview = json.dumps(masks.document(parsed), ensure_ascii=False) if as_json else masks.text(text)
        return _without_json(message, document.status, _shown_type(document), preview[:PREVIEW_LENGTH])
    body = masks.document(parsed)
    if success:
        return RouteAnswer(HTTPStatus.OK, body)
    return RouteAnswer(HTTPStatus.BAD_GATEWAY, {"error": message, "status": document.status, "body": body})


def is_json(content_type: str | None) -> bool:
    """Tell whether a Content-Type is one of JSON: ``application/json``, ``text/json``, ``…+json``."""
    return _JSON.fullmatch((content_type or "").partition(";")[0].strip().lower()) is not None


class _NoJson:
    """What stands for the JSON of a body that is none."""


def _read(document: ServiceDocument) -> tuple[object, Masks, str]:
    """Read a body as JSON, whatever its type says, and as a text; and find its secrets.

    Raises:
        ValueError: It cannot be shown: it is too large, nested too deep, or holds too many secrets.
    """
    if document.body is None:
        raise ValueError("larger than what is read")
    text = _CONTROL.sub("", document.body.decode("utf-8", "replace"))
    try:
        parsed = parse_json(document.body)
    except ValueError:
        return _NoJson(), Masks(text), text
    return parsed, Masks([parsed, hidden_in(document.body)]), text


def _without_json(message: str, status: int | None, content_type: str | None, preview: str) -> RouteAnswer:
    body = {"error": message, "status": status, "contentType": content_type, "bodyPreview": preview}
    return RouteAnswer(HTTPStatus.BAD_GATEWAY, body)


def _shown_type(document: ServiceDocument) -> str | None:
    return None if document.content_type is None else document.content_type[:_LONGEST_CONTENT_TYPE]
