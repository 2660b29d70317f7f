"""Where the keys come from that access tokens are verified with: a shared secret, or a JWKS that Supabase publishes."""

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

import httpx

from pds_clients.timing import Operation, timed
from pds_contract.errors import TryLater
from pds_portal.identity.tokens import Claims, InvalidToken, KeySet, Reason, published_keys, secret_keys, verify

FETCH_TIMEOUT = 5.0
FRESH_SECONDS = 600.0
"""How old keys may be before they are fetched anew, while they go on serving. Supabase's own caches are as old."""
RETRY_SECONDS = 30.0
"""How long after a fetch, one that failed too, nothing is fetched. Who sends tokens of made-up keys gets no further."""
FIRST_RETRY_SECONDS = 1.0
"""The same as long as no key is known, and nobody can sign in."""

_log = logging.getLogger(__name__)


class Keys(Protocol):
    """What tokens are verified with."""

    async def known(self) -> KeySet:
        """Return the keys as they are known.

        Raises:
            TryLater: None is known yet.
        """
        ...

    async def renewed(self) -> KeySet:
        """Return the keys, fetched anew if that may be and has not just been done; for a token of an unknown one.

        Raises:
            TryLater: None is known yet.
        """
        ...


async def verified(token: str, keys: Keys, issuer: str) -> Claims:
    """Say whom a token signs in, now.

    Raises:
        InvalidToken: Nobody.
        TryLater: There are no keys yet to tell.
    """
    try:
        return verify(token, await keys.known(), issuer, time.time())
    except InvalidToken as error:
        if error.reason is not Reason.UNKNOWN_KEY:
            raise
    return verify(token, await keys.renewed(), issuer, time.time())


class SecretKeys:
    """The one shared secret, followed as its file is replaced.

    Args:
        secret: Returns ``SUPABASE_JWT_SECRET``.

    Raises:
        ValueError: The secret cannot be one. One that comes later and cannot be is logged, and the former one stays.
    """

    def __init__(self, secret: Callable[[], str]) -> None:
        self._secret = secret
        self._text = secret()
        self._keys = secret_keys(self._text)

    async def known(self) -> KeySet:
        """Return the key as the file has it now."""
        text = self._secret()
        if text != self._text:
            self._text = text
            try:
                self._keys = secret_keys(text)
            except ValueError as error:
                _log.warning("the new SUPABASE_JWT_SECRET %s; the former one goes on serving", error)
        return self._keys

    async def renewed(self) -> KeySet:
        """Return the same: it is always the newest."""
        return await self.known()


class PublishedKeys:
    """The keys of a JWKS, fetched when first needed, then kept; an async context manager.

    Keys of any age serve while the URL is away. There is one fetch at a time, which ends whoever waits for it.

    Args:
        url: ``SUPABASE_JWKS_URL``.
        fresh_seconds: How old keys may be before they are fetched anew.
        retry_seconds: How long after a fetch nothing is fetched.
    """

    def __init__(self, url: str, *, fresh_seconds: float = FRESH_SECONDS, retry_seconds: float = RETRY_SECONDS) -> None:
        self._url = url
        self._fresh_seconds = fresh_seconds
        self._retry_seconds = retry_seconds
        self._http = httpx.AsyncClient(timeout=FETCH_TIMEOUT, follow_redirects=False)
        self._keys: KeySet = ()
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await self._http.aclose()

    async def known(self) -> KeySet:
        """Return the keys so far. Where they are old, new ones are fetched meanwhile."""
        if not self._keys:
            return await self.renewed()
        if time.monotonic() - self._fetched_at >= self._fresh_seconds:
            self._fetch()
        return self._keys

    async def renewed(self) -> KeySet:
        """Return the keys after the fetch that is under way, or that may be begun now."""
        self._fetch()
        if self._fetching is not None:
            await asyncio.shield(self._fetching)
        if not self._keys:
            raise TryLater("supabase", "the keys that verify access tokens could not be fetched from SUPABASE_JWKS_URL")
        return self._keys

    def _fetch(self) -> None:
        """Begin a fetch, unless one is under way or was just now."""
        rest = self._retry_seconds if self._keys else min(self._retry_seconds, FIRST_RETRY_SECONDS)
        if self._fetching is None and time.monotonic() - self._tried_at >= rest:
            self._fetching = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        try:
            self._keys = await self._fetched()
            self._fetched_at = time.monotonic()
        except TryLater as error:
            _log.warning("%s; %s", error, "those known so far go on serving" if self._keys else "nobody can sign in")
        finally:
            self._tried_at = time.monotonic()
            self._fetching = None

    async def _fetched(self) -> KeySet:
        try:
            with timed("supabase", Operation.GET_SIGNING_KEYS) as exchange:
                # httpx's own time-out begins anew with each byte.
                async with asyncio.timeout(FETCH_TIMEOUT):
                    response = await self._http.get(self._url, headers={"Accept": "application/json"})
                exchange.status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            raise TryLater("supabase", f"SUPABASE_JWKS_URL gave no answer ({type(error).__name__})") from None
        if response.status_code != 200:
            raise TryLater("supabase", f"SUPABASE_JWKS_URL answered {response.status_code}", response.status_code)
        try:
            listed = response.json()["keys"]
            keys = published_keys(listed if isinstance(listed, list) else ())
        except (ValueError, RecursionError, KeyError, TypeError):
            raise TryLater("supabase", "SUPABASE_JWKS_URL answered with what is no JWKS") from None
        if not keys:
            message = "SUPABASE_JWKS_URL lists no usable key; where a secret signs, set SUPABASE_JWT_SECRET"
            raise TryLater("supabase", message)
        return keys
