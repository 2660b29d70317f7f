"""Reservations as Secrets of the customers' namespace: created once, then only read; never changed or listed."""

from base64 import b64decode
from urllib.parse import quote

from pds_clients.kubernetes import Json, KubernetesApi
from pds_clients.timing import Operation
from pds_contract.errors import Conflict
from pds_contract.reservation import Reservation

SECRET_TYPE = "pds.eny.space/reservation"  # noqa: S105 - a type's name


class Reservations:
    """The reservations of one namespace."""

    def __init__(self, api: KubernetesApi, namespace: str, field_manager: str) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/secrets"
        self._manager = field_manager

    async def reserve(self, wanted: Reservation) -> Reservation:
        """Reserve a hostname, or return the reservation that is there already, whoever it is for.

        Raises:
            TryLater: The API server gave no answer; the reservation may have been made, and the next call finds it.
        """
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": wanted.hostname, "labels": {"app.kubernetes.io/managed-by": self._manager}},
            "type": SECRET_TYPE,
            "immutable": True,
            "stringData": {
                "userId": wanted.user_id,
                "provisionUid": wanted.provision_uid,
                "password": wanted.password,
                "key": wanted.key,
            },
        }
        try:
            await self._api.call(
                "POST",
                self._path,
                query={"fieldManager": self._manager},
                body=manifest,
                operation=Operation.CREATE_RESERVATION,
            )
        except Conflict:
            path = f"{self._path}/{quote(wanted.hostname, safe='')}"
            there = await self._api.call("GET", path, operation=Operation.GET_RESERVATION)
            return _reservation(wanted.hostname, there)
        return wanted


def _reservation(hostname: str, secret: Json) -> Reservation:
    if secret.get("type") != SECRET_TYPE:
        return Reservation(hostname, "", "", "", "")
    data = {name: b64decode(value).decode() for name, value in (secret.get("data") or {}).items()}
    return Reservation(
        hostname, data.get("userId", ""), data.get("provisionUid", ""), data.get("password", ""), data.get("key", "")
    )
