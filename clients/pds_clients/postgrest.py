"""Supabase's tables through PostgREST: rows of a table, SQL functions, its errors as ours, rows as models."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pds_clients.supabase_http import Reply, SupabaseHttp
from pds_clients.timing import Operation
from pds_contract.errors import TryLater, UnknownUser

FOREIGN_KEY_VIOLATION = "23503"
_CODE = re.compile(r"[0-9A-Z]{5,10}", re.ASCII)

ModelT = TypeVar("ModelT", bound=BaseModel)


class Tables:
    """The tables, with the rights of a token.

    Every method raises TryLater where Supabase gave no usable answer (the call may have taken effect), and UnknownUser
    where a row would belong to nobody in ``auth.users``.

    Args:
        http: The connections.
        access_token: A user's; None: with the rights of the project's key that ``http`` has.
    """

    def __init__(self, http: SupabaseHttp, access_token: str | None = None) -> None:
        self._http = http
        self._access_token = access_token

    async def call(self, function: Operation, **arguments: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Call the SQL function of the operation's name."""
        path = f"/rest/v1/rpc/{function.value}"
        return _document(
            function,
            await self._http.exchange(function, "POST", path, body=arguments, access_token=self._access_token),
        )

    async def rows(self, operation: Operation, table: str, query: Mapping[str, str]) -> list[Any]:
        """Read rows.

        Args:
            operation: What for.
            table: The table.
            query: PostgREST's parameters: ``select``, ``limit``, a column's filter.
        """
        path = f"/rest/v1/{table}"
        rows = _document(
            operation,
            await self._http.exchange(operation, "GET", path, query=query, access_token=self._access_token),
        )
        if not isinstance(rows, list):
            raise unusable()
        return rows


def read(model: type[ModelT], document: object) -> ModelT:
    """Read a row.

    Raises:
        TryLater: It is none.
    """
    try:
        return model.model_validate(document)
    except ValidationError:
        raise unusable() from None


def unusable() -> TryLater:
    """Return the error for an answer of another shape."""
    return TryLater("supabase", "Supabase's answer has not the shape of what was asked for")


def _document(operation: Operation, reply: Reply) -> Any:  # noqa: ANN401 - JSON
    succeeded = 200 <= reply.status < 300
    try:
        document = json.loads(reply.content)
    except (ValueError, RecursionError):
        if succeeded:
            raise unusable() from None
        document = None
    if succeeded:
        return document
    code = document.get("code") if isinstance(document, dict) else None
    if code == FOREIGN_KEY_VIOLATION:
        raise UnknownUser("the user is not in auth.users")
    # PostgREST's and PostgreSQL's messages may quote values: only the code is kept.
    known = code if isinstance(code, str) and _CODE.fullmatch(code) else reply.status
    raise TryLater("supabase", f"Supabase refused {operation} (code {known})")
