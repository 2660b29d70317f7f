"""One pool of connections for each dependency, and what the environment says of the network: certificates, proxies."""

import ssl
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from pds_contract.errors import InvalidInput


def pool(
    url: str, seconds: float | None, headers: Mapping[str, str], *, keep_alive: bool = True
) -> aiohttp.ClientSession:
    """Open a pool of connections to a server; an async context manager.

    Args:
        url: The server's, which says by which proxy it is reached.
        seconds: What a whole exchange may take, the wait for a connection included; None: without a limit.
        headers: What each request carries.
        keep_alive: Whether a connection is used again, of which there are a hundred at most; else each request has
            its own, at once.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=trusted_certificates(), limit=100 if keep_alive else 0, force_close=not keep_alive
        ),
        proxy=proxy_for(url),
        timeout=aiohttp.ClientTimeout(total=seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=headers,
    )


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Return the TLS settings that httpx has by itself: certifi's certificates, or those that SSL_CERT_FILE names.

    One for all, as reading them takes some 30 ms and 0.8 MB each time.
    """
    return httpx.create_ssl_context()


def proxy_for(url: str) -> str | None:
    """Return the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address; None: without any.

    aiohttp reads them itself with ``trust_env``, but then looks for a ``.netrc`` file, in a thread, with each request.

    Raises:
        InvalidInput: The proxy is of another kind than aiohttp knows, such as SOCKS.
    """
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    proxy = f"http://{named}" if named and "://" not in named else named
    if proxy and not proxy.startswith(("http://", "https://")):
        problem = "names a proxy of another kind than http:// and https://, the only ones that are known"
        raise InvalidInput(f"{parts.scheme.upper()}_PROXY", problem, "unknown_proxy")
    return proxy
