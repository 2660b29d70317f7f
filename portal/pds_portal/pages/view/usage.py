"""The usage of a running PDS (the mission's ``mode="stats"``), from the ``stats`` of the service document.

What is not in ``stats``, or cannot be read, is not shown: nothing is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pds_portal.pages.view import quantities
from pds_portal.pages.view.chart import Chart, Value, bar_chart
from pds_portal.pages.view.moments import Moment, hour, moment, parse
from pds_portal.pages.view.reading import mapping, number, sequence, service_in

_HOURS = 24
_NEARLY_FULL = 0.9


@dataclass(frozen=True)
class Meter:
    """An amount out of a known whole.

    Args:
        label: What is measured.
        words: The amount, as ``12.3 of 20 GiB``.
        share: From 0 to 1; more than the whole is 1.
        warning: What to know about it, where there is something.
    """

    label: str
    words: str
    share: float
    warning: str | None = None


@dataclass(frozen=True)
class Fact:
    """A single figure, in words or as a moment."""

    label: str
    words: str
    at: Moment | None = None


@dataclass(frozen=True)
class Usage:
    """Whatever is known of a PDS's usage."""

    meters: tuple[Meter, ...]
    facts: tuple[Fact, ...]
    requests: Chart | None

    def __bool__(self) -> bool:
        """Tell whether anything is known at all."""
        return bool(self.meters or self.facts or self.requests)


def usage_of(document: object) -> Usage:
    """Read the usage from a service document."""
    stats = mapping(service_in(document).get("stats"))
    meters = (
        _bytes_meter("Storage", stats, "storageUsedBytes", "storageAllocatedBytes"),
        _percent_meter("CPU", stats.get("cpuUsagePercent")),
        _percent_meter("Memory", stats.get("ramUsagePercent")),
        _bytes_meter("Traffic this month", stats, "bandwidthUsedBytesThisMonth", "bandwidthLimitBytesPerMonth"),
    )
    facts = (
        _bytes_fact("Storage used", stats, "storageUsedBytes", "storageAllocatedBytes"),
        _bytes_fact("Traffic this month", stats, "bandwidthUsedBytesThisMonth", "bandwidthLimitBytesPerMonth"),
        _uptime(stats.get("uptimeSeconds")),
        _last_backup(stats.get("lastBackupAt")),
    )
    return Usage(
        tuple(meter for meter in meters if meter),
        tuple(fact for fact in facts if fact),
        _requests(stats.get("requestsPerHourLast24h")),
    )


def _bytes_meter(label: str, stats: Mapping[str, object], used_key: str, total_key: str) -> Meter | None:
    used, total = number(stats.get(used_key)), number(stats.get(total_key))
    if used is None or not total:
        return None
    share = min(used / total, 1.0)
    return Meter(label, quantities.share_in_bytes(used, total), share, _warning(share))


def _warning(share: float) -> str | None:
    if share >= 1:
        return "All of it is used."
    return "Nearly all of it is used." if share >= _NEARLY_FULL else None


def _percent_meter(label: str, value: object) -> Meter | None:
    share = number(value)
    return None if share is None else Meter(label, quantities.percent(share), min(share / 100, 1.0))


def _bytes_fact(label: str, stats: Mapping[str, object], used_key: str, total_key: str) -> Fact | None:
    """An amount whose whole is not known; where it is, it has a meter."""
    used = number(stats.get(used_key))
    return None if used is None or number(stats.get(total_key)) else Fact(label, quantities.in_bytes(used))


def _uptime(value: object) -> Fact | None:
    seconds = number(value)
    return None if seconds is None else Fact("Running without a break for", quantities.span(seconds))


def _last_backup(value: object) -> Fact | None:
    at = moment(value)
    return None if at is None else Fact("Last backup", at.words, at)


def _requests(value: object) -> Chart | None:
    """The newest day of the hours that have both a time and a count, in the order of time."""
    hours = {}
    for entry in sequence(value):
        at, amount = parse(mapping(entry).get("hour")), number(mapping(entry).get("count"))
        if at is not None and amount is not None:
            hours[at] = Value(hour(at), amount)
    return bar_chart([hours[at] for at in sorted(hours)[-_HOURS:]])
