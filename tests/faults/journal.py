"""Whose an exchange is, which number it has, and the history of each customer."""

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from faults.exchange import Background, Dependency, Exchange, background_of, describe
from pds_contract.resource import PLURAL, SERVICE_ID_ANNOTATION
from pds_contract.service import positive_whole_number, service_id_of

_PROVISION = re.compile(rf"/{PLURAL}/pds-([0-9a-f-]{{36}})(/status)?$")
_NAMED = re.compile(r"^pds-([0-9a-f-]{36})$")
_SECRET = re.compile(r"/secrets/([^/]+)$")
_SERVICE = re.compile(r"/service/([0-9]+)$")
_ASKER = re.compile(r"^n?eq\.([0-9a-f-]{36})$")
_SELECTED = re.compile(r"^status\.serviceId=([0-9]+)$")


class Journal:
    """The histories of all customers, and what tells that an exchange is one's; for any number of proxies.

    A hostname is known from the reservation's Secret, a service's id from a deploy's answer, a row or a status.
    """

    def __init__(self) -> None:
        self.background: Counter[Background] = Counter()
        self._histories: defaultdict[str, list[Exchange]] = defaultdict(list)
        self._hostnames: dict[str, str] = {}
        self._services: dict[int, str] = {}

    def history(self, user_id: str) -> list[Exchange]:
        """Return a customer's exchanges in the order in which they began."""
        return self._histories[user_id]

    def _know(self, user_id: str, service_id: int | None) -> None:
        """Note that a service is a customer's, where an answer has told its id."""
        if service_id is not None:
            self._services[service_id] = user_id

    def begin(self, client: str, dependency: Dependency, method: str, raw_path: str, content: bytes) -> Exchange:
        """Note an exchange that begins."""
        body = _json(content)
        owner = self._owner(dependency, method, raw_path, body)
        history = self._histories[owner] if owner is not None else None
        exchange = Exchange(
            client=client,
            dependency=dependency,
            what=describe(method, raw_path, body),
            user_id=owner,
            number=None if history is None else len(history) + 1,
            background=background_of(dependency, method, raw_path) if history is None else None,
            at=asyncio.get_running_loop().time(),
        )
        if history is not None:
            history.append(exchange)
        if exchange.background is not None:
            self.background[exchange.background] += 1
        return exchange

    def learn(self, exchange: Exchange, raw_path: str, content: bytes) -> None:
        """Note what a dependency's answer tells of whose is what."""
        if exchange.user_id is None:
            return
        found = _json(content)
        if not isinstance(found, Mapping):
            return
        if exchange.dependency is Dependency.BACKEND and urlsplit(raw_path).path.endswith("/deploy"):
            self._know(exchange.user_id, service_id_of(found))
        elif exchange.dependency is Dependency.SUPABASE:
            row = found.get("row") if isinstance(found.get("row"), Mapping) else found
            self._know(exchange.user_id, positive_whole_number((row or {}).get("pds_service_id")))
        elif isinstance(found.get("status"), Mapping):
            status, metadata = found["status"], found.get("metadata") or {}
            given = (metadata.get("annotations") or {}).get(SERVICE_ID_ANNOTATION)
            for service_id in (status.get("serviceId"), given):
                self._know(exchange.user_id, positive_whole_number(service_id))

    def _owner(self, dependency: Dependency, method: str, raw_path: str, body: Any) -> str | None:
        path = urlsplit(raw_path).path
        fields = body if isinstance(body, Mapping) else {}
        match dependency:
            case Dependency.SUPABASE:
                user_id = fields.get("p_user_id")
                asker = _ASKER.match(parse_qs(urlsplit(raw_path).query).get("user_id", [""])[0])
                return user_id if isinstance(user_id, str) else asker[1] if asker else None
            case Dependency.BACKEND:
                service = _SERVICE.search(path)
                return (
                    self._services.get(int(service[1])) if service else self._hostnames.get(fields.get("hostname", ""))
                )
            case Dependency.KUBERNETES:
                return self._kubernetes_owner(method, path, parse_qs(urlsplit(raw_path).query), fields)

    def _kubernetes_owner(
        self, method: str, path: str, query: Mapping[str, list[str]], fields: Mapping[str, Any]
    ) -> str | None:
        provision = _PROVISION.search(path)
        if provision and "watch" not in query:
            return provision[1]
        if path.endswith(f"/{PLURAL}"):
            if method == "POST":
                named = _NAMED.match((fields.get("metadata") or {}).get("name", ""))
                return named[1] if named else None
            selected = _SELECTED.match(query.get("fieldSelector", [""])[0])
            return self._services.get(int(selected[1])) if selected else None
        if method == "POST" and path.endswith("/secrets"):
            user_id = (fields.get("stringData") or {}).get("userId")
            hostname = (fields.get("metadata") or {}).get("name", "")
            if user_id:
                # Whoever comes first reserves it; another's attempt does not make it theirs.
                self._hostnames.setdefault(hostname, user_id)
            return user_id
        secret = _SECRET.search(path)
        return self._hostnames.get(secret[1]) if secret else None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
