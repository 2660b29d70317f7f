"""Amounts in words: bytes, durations, shares. Every argument is finite and not negative."""

import re
from decimal import Decimal

_KIB = 1024
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"))
# An amount of storage as Kubernetes writes it.
_QUANTITY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([KMGTP]i)", re.ASCII)


def in_bytes(amount: float) -> str:
    """Write an amount of bytes in its own unit: ``12.3 GiB``."""
    power = _power(amount)
    return f"{_scaled(amount, power)} {_UNITS[power]}"


def share_in_bytes(used: float, total: float) -> str:
    """Write a share: ``12.3 of 20 GiB``, or ``3 MiB of 20 GiB`` where the total's unit is too large for it."""
    power = _power(total)
    if used == 0 or _power(used) == power or used / _KIB**power >= 0.1:
        return f"{_scaled(used, power)} of {_scaled(total, power)} {_UNITS[power]}"
    return f"{in_bytes(used)} of {in_bytes(total)}"


def span(seconds: float) -> str:
    """Write a duration by its largest unit: ``3 days``, ``5 hours``, ``less than a minute``."""
    for size, name in _SPANS:
        count = int(seconds // size)
        if count:
            return f"{count:,} {name}" if count == 1 else f"{count:,} {name}s"
    return "less than a minute"


def percent(share: float) -> str:
    """Write a percentage with one decimal at most: ``12.5%``."""
    return f"{_trimmed(share)}%"


def count(amount: float) -> str:
    """Write a number of things: ``1,234``."""
    return f"{amount:,.0f}"


def kubernetes_quantity(written: str) -> str:
    """Write ``20Gi`` as ``20 GiB``; what is no such amount stays as it is."""
    match = _QUANTITY.fullmatch(written)
    return f"{Decimal(match[1]).normalize():f} {match[2]}B" if match else written


def _power(amount: float) -> int:
    power = 0
    while power < len(_UNITS) - 1 and amount / _KIB**power >= _KIB - 0.05:
        power += 1
    return power


def _scaled(amount: float, power: int) -> str:
    return f"{amount:,.0f}" if power == 0 else _trimmed(amount / _KIB**power)


def _trimmed(amount: float) -> str:
    return f"{amount:,.1f}".removesuffix(".0")
