"""The query of ``GET /v1/checkout/sessions`` and the page that it asks for: pure, by Stripe's rules.

The newest session comes first; ``starting_after`` goes on behind a session; ``has_more`` tells whether any follow.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pds_stack.stripe.refusals import Refused

Session = Mapping[str, Any]

URL = "/v1/checkout/sessions"
STATUSES = ("complete", "expired", "open")
LIMIT_DEFAULT, LIMIT_MAX = 10, 100
SUBSCRIPTION = "data.subscription"

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "created": operator.eq,
    "created[gt]": operator.gt,
    "created[gte]": operator.ge,
    "created[lt]": operator.lt,
    "created[lte]": operator.le,
}
_EXPAND = re.compile(r"expand\[[0-9]*\]")


@dataclass(frozen=True)
class Query:
    """What a request asks for. ``created`` holds comparisons with times in Unix seconds."""

    limit: int
    starting_after: str | None
    status: str | None
    created: tuple[tuple[Callable[[int, int], bool], int], ...]
    expand: frozenset[str]

    def fits(self, session: Session) -> bool:
        """Tell whether the filters let a session through."""
        return self.status in {None, session["status"]} and all(
            compare(session["created"], bound) for compare, bound in self.created
        )


@dataclass(frozen=True)
class Page:
    """The sessions asked for, and whether more follow."""

    sessions: Sequence[Session]
    has_more: bool


def parse(parameters: Sequence[tuple[str, str]]) -> Query:
    """Read a request's query parameters.

    Raises:
        Refused: One is unknown here, or unusable.
    """
    single = {name: value for name, value in parameters if not _EXPAND.fullmatch(name)}
    unknown = sorted(set(single) - {"limit", "starting_after", "status", *_COMPARISONS})
    if unknown:
        raise Refused(f"Received unknown parameter: {unknown[0]}", param=unknown[0], code="parameter_unknown")
    limit = _whole(single, "limit") if "limit" in single else LIMIT_DEFAULT
    if not 1 <= limit <= LIMIT_MAX:
        raise Refused(f"limit must be from 1 to {LIMIT_MAX}", param="limit", code="parameter_invalid_integer")
    status = single.get("status")
    if status is not None and status not in STATUSES:
        raise Refused(f"Invalid status: must be one of {', '.join(STATUSES)}", param="status")
    return Query(
        limit=limit,
        starting_after=single.get("starting_after"),
        status=status,
        created=tuple((compare, _whole(single, name)) for name, compare in _COMPARISONS.items() if name in single),
        expand=parse_expand(parameters, SUBSCRIPTION),
    )


def parse_expand(parameters: Sequence[tuple[str, str]], known: str) -> frozenset[str]:
    """Return which properties are to be expanded.

    Raises:
        Refused: Another than the known one is.
    """
    expand = frozenset(value for name, value in parameters if _EXPAND.fullmatch(name))
    if expand - {known}:
        raise Refused(f"This property cannot be expanded ({', '.join(sorted(expand - {known}))}).")
    return expand


def page(newest_first: Sequence[Session], query: Query) -> Page:
    """Return the page of all sessions that a query asks for.

    Raises:
        Refused: There is no session as it wants to go on behind.
    """
    start = 0
    if query.starting_after is not None:
        places = [place for place, session in enumerate(newest_first) if session["id"] == query.starting_after]
        if not places:
            message = f"No such checkout.session: '{query.starting_after}'"
            raise Refused(message, param="starting_after", code="resource_missing")
        start = places[0] + 1
    found = [session for session in newest_first[start:] if query.fits(session)]
    return Page(found[: query.limit], len(found) > query.limit)


def _whole(parameters: Mapping[str, str], name: str) -> int:
    try:
        return int(parameters[name])
    except ValueError:
        raise Refused(f"Invalid integer: {parameters[name]}", param=name, code="parameter_invalid_integer") from None
