"""What the environment says of the network, each looked up once for all clients: certificates and proxies."""

import ssl
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Return the TLS settings that httpx has by itself: certifi's certificates, or those that SSL_CERT_FILE names.

    One for all, as reading them takes some 30 ms and 0.8 MB each time.
    """
    return httpx.create_ssl_context()


def proxy_for(url: str) -> str | None:
    """Return the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address; None: without any.

    aiohttp reads them itself with ``trust_env``, but then looks for a ``.netrc`` file, in a thread, with each request.
    """
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
