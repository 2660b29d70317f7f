"""Idempotency keys, by Stripe's rules: a key belongs to the request that was first made with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pds_stack.stripe.refusals import Refused

_KEY_CHARACTERS = 255


@dataclass(frozen=True)
class _Kept:
    request: tuple[Any, ...]
    answer: dict[str, Any]


@dataclass
class IdempotencyKeys:
    """The keys that were used, with the requests and the answers. A refused request keeps no key."""

    _kept: dict[str, _Kept] = field(default_factory=dict)

    def once(
        self, key: str | None, request: tuple[Any, ...], act: Callable[[], dict[str, Any]]
    ) -> tuple[dict[str, Any], bool]:
        """Return the answer to a request, and whether it is that of an earlier one.

        Args:
            key: The request's ``Idempotency-Key``; without one, it acts each time.
            request: All that tells it from another.
            act: Makes the answer.

        Raises:
            Refused: The key is too long, or was used for another request.
        """
        if key is None:
            return act(), False
        if not key or len(key) > _KEY_CHARACTERS:
            raise Refused(f"Idempotency keys must have 1 to {_KEY_CHARACTERS} characters", kind="idempotency_error")
        kept = self._kept.get(key)
        if kept is None:
            self._kept[key] = _Kept(request, act())
            return self._kept[key].answer, False
        if kept.request != request:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise Refused(message, kind="idempotency_error")
        return kept.answer, True
