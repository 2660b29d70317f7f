"""Kubernetes: PdsProvisions and reservations, by raw calls of the official client.

Raw, because the generated API classes and their models cost 100 MB of memory. No call is repeated by itself: after
an error the caller reads again.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config
from yaml import YAMLError

from pds_clients.network import proxy_for
from pds_clients.retry_after import seconds_to_wait
from pds_clients.timing import Operation, timed
from pds_contract.errors import (
    Conflict,
    CredentialsRejected,
    DependencyError,
    InvalidInput,
    NotFound,
    Refused,
    TryLater,
)
from pds_contract.resource import API_VERSION, GROUP, KIND, PLURAL, VERSION, PdsProvision
from pds_contract.shards import shard_labels

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=10)
PAGE = 500
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
NAMES_ALONE = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Json = dict[str, Any]


@dataclass(frozen=True)
class Connection:
    """How to reach the API server, for another client of it. Certificates and keys are files."""

    server: str
    authority: str | None
    token: str | None = field(repr=False)
    certificate: str | None
    key: str | None


class KubernetesApi:
    """One connection pool to the API server; an async context manager."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    @classmethod
    async def connect(cls, kubeconfig: str | None) -> Self:
        """Connect by a kubeconfig file, or as the pod's ServiceAccount where there is none.

        Raises:
            InvalidInput: The file is missing or no kubeconfig, or none is named outside a cluster.
        """
        configuration = Configuration()
        try:
            if kubeconfig:
                await load_kube_config(config_file=kubeconfig, client_configuration=configuration)
            else:
                load_incluster_config(client_configuration=configuration)
        except (ConfigException, YAMLError, TypeError, ValueError, LookupError, OSError):
            # The library's own messages may quote the file, and with it a token.
            problem = "is no usable kubeconfig file" if kubeconfig else "is missing, and this runs in no pod"
            raise InvalidInput(
                "KUBECONFIG", f"{problem}; name one with a current context", "invalid_kubeconfig"
            ) from None
        configuration.proxy = configuration.proxy or proxy_for(configuration.host)
        configuration.client_session_kwargs = {"trust_env": False}  # ``proxy_for`` says why
        return cls(ApiClient(configuration))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def connection(self) -> Connection:
        """Return how this client connects, with the token as it is now."""
        configuration = self._client.configuration
        authorization = await configuration.get_api_key_with_prefix("BearerToken")
        # A kubeconfig's begins with "Bearer", a pod's with "bearer".
        scheme, _, token = (authorization or "").partition(" ")
        return Connection(
            server=configuration.host,
            authority=configuration.ssl_ca_cert,
            token=token.strip() or None if scheme.lower() == "bearer" else None,
            certificate=configuration.cert_file,
            key=configuration.key_file,
        )

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
        """Make one call, which the metrics know as this operation.

        Raises:
            NotFound: 404.
            Conflict: 409: a stale resourceVersion, or a name that is taken.
            CredentialsRejected: 401.
            TryLater: No answer, 429 or 5xx. The call may have taken effect.
            Refused: Any other answer that is not 2xx.
        """
        try:
            request = await self._client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": accept, "Content-Type": content_type},
                body=body,
                auth_settings=["BearerToken"],
            )
            with timed("kubernetes", operation) as exchange:
                response = await self._client.call_api(*request, _request_timeout=REQUEST_TIMEOUT)
                raw = await response.read()
                exchange.status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater("kubernetes", f"the API server gave no answer ({type(error).__name__})") from None
        except ConfigException:
            raise TryLater("kubernetes", "the credentials for the API server could not be read") from None
        if not 200 <= response.status < 300:
            raise _error(response.status, raw, response.headers)
        try:
            document: Json = json.loads(raw)
        except ValueError:
            raise TryLater("kubernetes", f"the API server answered {response.status} with what is no JSON") from None
        return document


class Provisions:
    """The PdsProvisions of one namespace.

    Args:
        api: The API server.
        namespace: The namespace.
        field_manager: Who writes, as ``metadata.managedFields`` shows it.
        page: How many are listed by one call.
    """

    def __init__(self, api: KubernetesApi, namespace: str, field_manager: str, *, page: int = PAGE) -> None:
        self._api = api
        self._namespace = namespace
        self._manager = field_manager
        self._page = page
        self._path = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}"

    async def get(self, name: str) -> PdsProvision:
        """Read one from the API server, not from a cache."""
        return PdsProvision.model_validate(
            await self._api.call("GET", self._one(name), operation=Operation.GET_PROVISION)
        )

    async def create(self, name: str, spec: Json, annotations: Mapping[str, str]) -> PdsProvision:
        """Create one. Raises Conflict where the name is taken."""
        manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {
                "name": name,
                "namespace": self._namespace,
                "labels": shard_labels(str(spec["userId"])),
                "annotations": dict(annotations),
            },
            "spec": spec,
        }
        created = await self._api.call(
            "POST", self._path, query=self._writer(), body=manifest, operation=Operation.CREATE_PROVISION
        )
        return PdsProvision.model_validate(created)

    async def patch(
        self, name: str, resource_version: str, *, spec: Json, annotations: Mapping[str, str]
    ) -> PdsProvision:
        """Merge into spec and annotations. Raises Conflict where the resourceVersion is stale."""
        change: Json = {"metadata": {"resourceVersion": resource_version, "annotations": dict(annotations)}}
        if spec:
            change["spec"] = spec
        patched = await self._api.call(
            "PATCH",
            self._one(name),
            query=self._writer(),
            body=change,
            content_type=MERGE_PATCH,
            operation=Operation.PATCH_PROVISION,
        )
        return PdsProvision.model_validate(patched)

    async def patch_status(self, name: str, resource_version: str, status: Json) -> PdsProvision:
        """Merge into status (None removes a field). Raises Conflict where the resourceVersion is stale."""
        patched = await self._api.call(
            "PATCH",
            f"{self._one(name)}/status",
            query=self._writer(),
            body={"metadata": {"resourceVersion": resource_version}, "status": status},
            content_type=MERGE_PATCH,
            operation=Operation.PATCH_PROVISION_STATUS,
        )
        return PdsProvision.model_validate(patched)

    async def get_selected(self, name: str, label_selector: str) -> PdsProvision:
        """Read one from the API server. Raises NotFound also where the label selector does not select it."""
        if not label_selector:
            return await self.get(name)
        async for provision in self.list(f"metadata.name={name}", label_selector):
            return provision
        raise NotFound("kubernetes", "there is none of that name among those selected", 404)

    async def list(self, field_selector: str, label_selector: str = "") -> AsyncIterator[PdsProvision]:
        """List by one of the CRD's selectable fields, page by page."""
        async for item in self._items({"fieldSelector": field_selector, "labelSelector": label_selector}):
            yield PdsProvision.model_validate(item)

    async def names(self) -> AsyncIterator[str]:
        """List the names of all, page by page, without the rest of each."""
        async for item in self._items({}, accept=NAMES_ALONE):
            yield item["metadata"]["name"]

    async def _items(self, selectors: Mapping[str, str], accept: str = JSON) -> AsyncIterator[Json]:
        given = {name: selector for name, selector in selectors.items() if selector}
        query: dict[str, str | int] = {**given, "limit": self._page}
        while True:
            page = await self._api.call(
                "GET", self._path, query=query, operation=Operation.LIST_PROVISIONS, accept=accept
            )
            for item in page["items"]:
                yield item
            token = page["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    def _one(self, name: str) -> str:
        return f"{self._path}/{quote(name, safe='')}"

    def _writer(self) -> dict[str, str | int]:
        return {"fieldManager": self._manager}


def _error(status: int, body: bytes, headers: Mapping[str, str]) -> DependencyError:
    reason = _reason(body)
    said = f"the API server answered {status}{reason}"
    if status == 404:
        return NotFound("kubernetes", said, status)
    if status == 409:
        return Conflict("kubernetes", said, status)
    if status == 401:
        return CredentialsRejected("kubernetes", said, status)
    if status == 429 or status >= 500:
        return TryLater("kubernetes", said, status, seconds_to_wait(headers.get("Retry-After")))
    return Refused("kubernetes", said, status)


def _reason(body: bytes) -> str:
    """Say which fields were refused and why, in the API server's words but for the values, which may be personal."""
    try:
        answer = json.loads(body)
        causes = answer.get("details", {}).get("causes") or []
        named = {f"{cause.get('field')} ({cause.get('reason')})" for cause in causes}
        # "<nil>" is the object as a whole: a rule on it failed, or its rules were not tried for a field's fault.
        fields = {name for name in named if not name.startswith("<nil>")} or {"the object" for _ in named}
        return f" {answer.get('reason', '')}{': ' + ', '.join(sorted(fields)) if fields else ''}".rstrip()
    except (ValueError, TypeError, AttributeError):
        return ""
