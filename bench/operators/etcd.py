"""etcd by its JSON gateway: many keys put at once, for resources that no figure is about the making of."""

import contextlib
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx

KEYS_A_TRANSACTION = 100
"""etcd takes 128 at most."""

_SERVERS = re.compile(r"--etcd-servers=([^\0]+)")


class Etcd:
    """One etcd server.

    Args:
        client: Of its client URL.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, key: str) -> bytes:
        """Read one value.

        Raises:
            KeyError: There is none.
        """
        answer = await self._call("/v3/kv/range", {"key": _text(key.encode())})
        found = answer.get("kvs", [])
        if not found:
            raise KeyError(key)
        return b64decode(found[0]["value"])

    async def put(self, values: Sequence[tuple[str, bytes]]) -> None:
        """Put many, some in each transaction."""
        for first in range(0, len(values), KEYS_A_TRANSACTION):
            some = values[first : first + KEYS_A_TRANSACTION]
            puts = [{"requestPut": {"key": _text(key.encode()), "value": _text(value)}} for key, value in some]
            await self._call("/v3/kv/txn", {"success": puts})

    async def remove(self, prefix: str) -> None:
        """Remove all keys that begin so, and the history of every key.

        The API server has the history removed every five minutes. Until then each page of a list goes through it too:
        with that of a few hundred thousand keys, listing 50,000 took four times as long.
        """
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        key = {"key": _text(prefix.encode())}
        removed = await self._call("/v3/kv/deleterange", {**key, "range_end": _text(end.encode())})
        await self._call("/v3/kv/compaction", {"revision": removed["header"]["revision"], "physical": True})

    async def size(self) -> int:
        """Return how many bytes of its file are in use."""
        return int((await self._call("/v3/maintenance/status", {}))["dbSizeInUse"])

    async def _call(self, path: str, body: object) -> dict[str, Any]:
        answer: dict[str, Any] = (await self._client.post(path, json=body)).raise_for_status().json()
        return answer


@contextlib.asynccontextmanager
async def etcd_of(kubeconfig: Path) -> AsyncIterator[Etcd]:
    """Reach the etcd of the local stack's API server, which names it on its command line.

    Raises:
        LookupError: No process of this machine is that API server.
    """
    url = _url(kubeconfig.parent)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        yield Etcd(client)


def _url(folder: Path) -> str:
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            line = each.read_text(errors="replace")
            if found := _SERVERS.search(line) if f"={folder}/" in line else None:
                return found[1]
    raise LookupError(f"no API server runs that has its files in {folder}")


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
