"""A customer's browser: what it sends to the portal's Service, with the cookies and the tokens of its pages."""

import json
import re
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from cluster.failed import Failed
from cluster.kubernetes import SYSTEM
from cluster.sender import Answer, Sender

PUBLIC = f"http://pds-portal.{SYSTEM}.svc"
_FORM = "application/x-www-form-urlencoded"
_CSRF_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_NONCE = re.compile(r'name="form_nonce" value="([^"]+)"')


class Browser:
    """One customer.

    Args:
        sender: What carries the requests.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._cookies: dict[str, str] = {}
        self._csrf_token = ""

    async def open(self, path: str) -> str:
        """Open a page, and return its HTML.

        Raises:
            Failed: It was not shown.
        """
        answer = self._kept(await self._sender.get(f"{PUBLIC}{path}", self._headers()))
        found = _CSRF_TOKEN.search(answer.body)
        if answer.status != HTTPStatus.OK or found is None:
            raise Failed(f"the page {path} was not shown: {answer}")
        self._csrf_token = found[1]
        return answer.body

    async def submit(self, path: str, **fields: str) -> str:
        """Send the form of the page that is open, and return the path that the customer is sent on to.

        Raises:
            Failed: The form comes again, or something else went wrong.
        """
        body = urlencode({"csrf_token": self._csrf_token, **fields})
        headers = {**self._headers(), "Content-Type": _FORM}
        answer = self._kept(await self._sender.post(f"{PUBLIC}{path}", headers, body))
        if answer.status != HTTPStatus.SEE_OTHER:
            raise Failed(f"the form {path} was not taken: {answer}")
        return dict(answer.headers)["Location"]

    async def check_out(self, page: str, **asked: str) -> str:
        """Begin a checkout as the dashboard's script does, and return the address of Stripe's page.

        Args:
            page: The dashboard's HTML.
            asked: The form's fields.

        Raises:
            Failed: It was refused.
        """
        found = _NONCE.search(page)
        if found is None:
            raise Failed("the dashboard has no form to check out with")
        headers = {**self._headers(), "Content-Type": "application/json", "X-CSRF-Token": self._csrf_token}
        body = json.dumps({"form_nonce": found[1], **asked})
        answer = self._kept(await self._sender.post(f"{PUBLIC}/api/checkout", headers, body))
        if answer.status != HTTPStatus.OK:
            raise Failed(f"the checkout was refused: {answer}")
        return str(json.loads(answer.body)["url"])

    async def progress(self) -> dict[str, Any]:
        """Return how far the customer's PDS has come.

        Raises:
            Failed: The portal does not say.
        """
        answer = self._kept(await self._sender.get(f"{PUBLIC}/api/pds/progress", self._headers()))
        if answer.status != HTTPStatus.OK:
            raise Failed(f"the portal does not say how far the PDS has come: {answer}")
        told: dict[str, Any] = json.loads(answer.body)
        return told

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Accept": "text/html, application/json", **({"Cookie": cookies} if cookies else {})}

    def _kept(self, answer: Answer) -> Answer:
        """Keep the cookies that an answer sets."""
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._cookies |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        return answer
