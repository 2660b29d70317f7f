"""Form-encoded parameters as Stripe's clients send them: ``line_items[0][price]=…`` as nested values. Pure."""

import re
from collections.abc import Iterable
from typing import TypeAlias

from pds_stack.stripe.refusals import Refused

Value: TypeAlias = "str | dict[str, Value]"

_NAME = re.compile(r"(?P<first>[^\[\]]+)(?P<rest>(\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def parse(pairs: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """Return the parameters as nested objects; a list is an object whose keys are its places: ``0``, ``1``.

    Raises:
        Refused: A name is malformed, or stands for a value and an object at once.
    """
    result: dict[str, Value] = {}
    for name, text in pairs:
        found = _NAME.fullmatch(name)
        if found is None:
            raise _malformed(name)
        path = [found["first"], *_PART.findall(found["rest"])]
        place = result
        for part in path[:-1]:
            inner = place.setdefault(part, {})
            if isinstance(inner, str):
                raise _malformed(name)
            place = inner
        # `expand[]=a&expand[]=b` counts its places itself.
        last = path[-1] or str(len(place))
        if isinstance(place.get(last), dict):
            raise _malformed(name)
        place[last] = text
    return result


def mapping(parameters: dict[str, Value], name: str) -> dict[str, Value]:
    """Return an object among the parameters; empty if it is not there.

    Raises:
        Refused: It is there, and is no object.
    """
    value = parameters.get(name, {})
    if isinstance(value, str):
        raise Refused("Invalid object", param=name)
    return value


def text(parameters: dict[str, Value], name: str) -> str | None:
    """Return a text among the parameters; None if it is not there, or is empty.

    Raises:
        Refused: It is there, and is an object.
    """
    value = parameters.get(name)
    if isinstance(value, dict):
        raise Refused(f"Invalid string: {{{', '.join(value)}}}", param=name)
    return value or None


def _malformed(name: str) -> Refused:
    return Refused(f"Invalid request: the parameter {name[:80]} is malformed")
