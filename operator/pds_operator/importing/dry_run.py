"""A dry run takes the very road of an import: the API server checks every write, and keeps none."""

from collections.abc import Mapping

from pds_clients.kubernetes import JSON, Json, KubernetesApi
from pds_clients.timing import Operation

_READS = {"GET", "HEAD"}


class DryRunApi(KubernetesApi):
    """An API server that persists nothing; admission, validation and conflicts are the real ones."""

    async def call(  # noqa: PLR0913 - each is a part of a request, all but two with a default
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Json | None = None,
        content_type: str = JSON,
        operation: Operation = Operation.OTHER,
        accept: str = JSON,
    ) -> Json:
        """Make one call, with ``dryRun=All`` where it writes."""
        if method not in _READS:
            query = {**(query or {}), "dryRun": "All"}
        return await super().call(
            method, path, query=query, body=body, content_type=content_type, operation=operation, accept=accept
        )
