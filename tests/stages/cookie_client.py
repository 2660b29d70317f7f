"""An HTTP client that keeps cookies as a browser on this machine does, and sends forms with their CSRF token."""

import re
from collections.abc import Generator
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self

import httpx

_TOKEN = re.compile(r'<meta name="csrf-token" content="([\w-]+)">')
_PAGE_HEADERS = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class _OneHost(httpx.Auth):
    """Keeps the cookies of one host. httpx would send none that is Secure without TLS, where browsers do."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self.kept and "Cookie" not in request.headers:
            request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.kept.items())
        response = yield request
        for line in response.headers.get_list("Set-Cookie"):
            for name, cookie in SimpleCookie(line).items():
                if cookie["max-age"] == "0":
                    self.kept.pop(name, None)
                else:
                    self.kept[name] = cookie.value


class CookieClient:
    """Follows no redirect by itself; an async context manager.

    Args:
        url: The portal's address. No request leaves it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._cookies = _OneHost()
        self.http = httpx.AsyncClient(base_url=url, auth=self._cookies, trust_env=False, timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    @property
    def cookies(self) -> dict[str, str]:
        """What it keeps now, to be changed as well."""
        return self._cookies.kept

    async def open(self, path: str) -> httpx.Response:
        """Open a page."""
        return await self.http.get(path, headers=_PAGE_HEADERS)

    async def csrf_token(self, page: str = "/pricing") -> str:
        """Return the token that a page holds."""
        answer = await self.open(page)
        found = _TOKEN.search(answer.text)
        assert found, f"{page} answered {answer.status_code} without a CSRF token"
        return found[1]

    async def send_form(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as a browser without script does."""
        token = await self.csrf_token()
        sent = {**_PAGE_HEADERS, "Origin": self._url, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(path, data={**fields, "csrf_token": token}, headers=sent)

    async def send_json(self, path: str, document: Any = None) -> httpx.Response:
        """Send what a page's script does."""
        token = await self.csrf_token()
        sent = {"Accept": "application/json", "Origin": self._url, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(path, json=document or {}, headers={**sent, "X-CSRF-Token": token})
