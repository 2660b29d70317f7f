"""How often the same customer, address or e-mail may ask for what costs us or could be guessed at.

Each replica counts by itself, in memory: with N replicas up to N times as much passes, and a restart forgets.
"""

import hashlib
import hmac
import math
import secrets
import time
import unicodedata
from enum import StrEnum
from ipaddress import IPv6Address, ip_network

from aiohttp import web
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter

from pds_portal.identity import session
from pds_portal.metrics import Metrics
from pds_portal.portal import PORTAL
from pds_portal.safety.addresses import client_of
from pds_portal.safety.refusals import TooMany
from pds_portal.safety.windows import BoundedWindows

MOST_HELD = 50_000
"""How many requests are remembered at once (100,000 took 42 MB); beyond it those of who asked longest ago are not."""
_NETWORK_BITS = 64
"""What one customer has of IPv6: a provider gives each at least a /64."""


class Limit(StrEnum):
    """Every limit there is; its word is the metric's label."""

    SIGN_IN = "sign_in"
    """Tries to sign in from one address."""
    SIGN_IN_ACCOUNT = "sign_in_account"
    """Tries to sign in as one e-mail address, from wherever."""
    SIGN_UP = "sign_up"
    """Sign-ups from one address."""
    CONFIRM = "confirm"
    """Links of confirmation e-mails that are opened from one address."""
    REFRESH = "refresh"
    """Sign-ins of one customer that are renewed; of cookies that name no customer, those from one address."""
    CHECKOUT = "checkout"
    """Checkouts that one customer begins."""
    HOSTNAME_CHECK = "hostname_check"
    """Hostnames that one customer asks about as they type."""
    REVEAL = "reveal"
    """Times that one customer has the password shown."""
    SERVICE = "service"
    """Looks of one customer at the service."""
    PROGRESS = "progress"
    """Looks of one customer at how far it has come."""


RATES: dict[Limit, RateLimitItem] = {
    Limit.SIGN_IN: RateLimitItemPerMinute(30, 5),
    Limit.SIGN_IN_ACCOUNT: RateLimitItemPerMinute(10, 15),
    Limit.SIGN_UP: RateLimitItemPerHour(20),
    Limit.CONFIRM: RateLimitItemPerMinute(30, 5),
    Limit.REFRESH: RateLimitItemPerMinute(60, 5),
    Limit.CHECKOUT: RateLimitItemPerMinute(20, 10),
    Limit.HOSTNAME_CHECK: RateLimitItemPerMinute(60),
    Limit.REVEAL: RateLimitItemPerMinute(10, 10),
    Limit.SERVICE: RateLimitItemPerMinute(60),
    Limit.PROGRESS: RateLimitItemPerMinute(120),
}


_OF_ADDRESSES = frozenset({Limit.SIGN_IN, Limit.SIGN_UP, Limit.CONFIRM, Limit.REFRESH})
"""Limits of addresses, whoever is signed in: who could sign up once more would have the same number of tries anew."""


class Limits:
    """What was asked lately, by whom.

    Args:
        metrics: What counts the refusals.
        most_held: How many requests are remembered.
    """

    def __init__(self, metrics: Metrics, most_held: int = MOST_HELD) -> None:
        self._metrics = metrics
        metrics.limits_are(Limit)
        self._windows = MovingWindowRateLimiter(BoundedWindows(most_held))
        self._key = secrets.token_bytes(32)

    async def spend(self, limit: Limit, who: str) -> None:
        """Count one request.

        Args:
            limit: Which limit it falls under.
            who: Whoever asks; only a keyed hash of it is kept.

        Raises:
            TooMany: There were too many of them lately; this one is not counted.
        """
        name = hmac.new(self._key, who.encode(), hashlib.sha256).hexdigest()[:32]
        if not await self._windows.hit(RATES[limit], limit, name):
            self._metrics.limited(limit)
            until = (await self._windows.get_window_stats(RATES[limit], limit, name)).reset_time
            raise TooMany(max(1, math.ceil(until - time.time())))


async def check(request: web.Request, limit: Limit, *, account: str | None = None) -> None:
    """Count a request under a limit: of the account that is named, else of who is signed in, else of its address.

    Signing in and up is counted by the address alone, whoever is signed in already.

    Args:
        request: The request.
        limit: The limit.
        account: An e-mail address that the request names, whoever sends it.

    Raises:
        TooMany: 429.
    """
    who = _who(request, limit) if account is None else f"account {_folded(account)}"
    await request.app[PORTAL].limits.spend(limit, who)


def _who(request: web.Request, limit: Limit) -> str:
    signed_in = session.current(request)
    if signed_in is not None and limit not in _OF_ADDRESSES:
        return f"user {signed_in.user_id}"
    address = client_of(request)
    if isinstance(address, IPv6Address):
        return f"address {ip_network((address, _NETWORK_BITS), strict=False)}"
    return f"address {address}"


def _folded(email: str) -> str:
    """Return one text for all spellings of an address that somebody may take for one.

    Supabase Auth makes letters small as Go does, for which a Turkish capital I with a dot is an i.
    """
    plain = unicodedata.normalize("NFKD", email.strip().casefold())
    return "".join(each for each in plain if not unicodedata.combining(each))
