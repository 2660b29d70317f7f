"""The real dependencies, as the proxy reaches them."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

import aiohttp

from faults.exchange import Dependency
from pds_clients.kubernetes import KubernetesApi


@dataclass(frozen=True)
class Upstream:
    """One dependency: its address without a slash at the end, what is sent in place of the process's own headers."""

    url: str
    headers: Mapping[str, str]
    tls: ssl.SSLContext | bool = True


@dataclass(frozen=True)
class Upstreams:
    """All of them, over one pool of connections, which any number of proxies share.

    ``authority`` is a file with the one certificate authority that is needed here.
    """

    session: aiohttp.ClientSession
    of: Mapping[Dependency, Upstream]
    authority: str | None

    def with_backend(self, url: str) -> "Upstreams":
        """Return the same with another backend. ``url`` is without the path ``/api/v1``."""
        return replace(self, of={**self.of, Dependency.BACKEND: Upstream(url.rstrip("/"), {})})


@contextlib.asynccontextmanager
async def open_upstreams(kubeconfig: str, supabase_url: str, backend_url: str) -> AsyncIterator[Upstreams]:
    """Open the pool.

    Args:
        kubeconfig: A kubeconfig file with a token, as the stack writes it.
        supabase_url: Supabase's address.
        backend_url: The backend's, without the path ``/api/v1``.
    """
    async with await KubernetesApi.connect(kubeconfig) as api:
        connection = await api.connection()
    upstreams = {
        Dependency.KUBERNETES: Upstream(
            connection.server,
            {"Authorization": f"Bearer {connection.token}"},
            ssl.create_default_context(cafile=connection.authority),
        ),
        Dependency.SUPABASE: Upstream(supabase_url.rstrip("/"), {}),
        Dependency.BACKEND: Upstream(backend_url.rstrip("/"), {}),
    }
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:
        yield Upstreams(session, upstreams, connection.authority)
