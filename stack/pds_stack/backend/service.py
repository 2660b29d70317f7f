"""One simulated PDS: its states over time, and the document that the backend shows of it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pydantic import JsonValue

RUNNING = 3
TERMINATED = 5
GIB = 1024**3

Timeline = list[tuple[int, float | None]]


@dataclass(kw_only=True)
class PdsService:
    """A PDS that exists at the backend, whoever made it.

    ``made_at`` and ``timeline_from`` are monotonic seconds of the simulator's clock; ``disksize`` is in GiB;
    ``fingerprint`` is a hash of the deploy's whole body.
    """

    id: int
    hostname: str
    username: str
    email: str
    password: str = field(repr=False)
    disksize: int
    idempotency_key: str | None
    fingerprint: str
    origin: Literal["deploy", "control"]
    made_at: float
    timeline: Timeline
    timeline_from: float
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    termination_date: date | None = None

    def state(self, now: float) -> int:
        """Return the backend's number of the state that the PDS is in at ``now``."""
        if self.termination_date is not None:
            return TERMINATED
        left = now - self.timeline_from
        for state, seconds in self.timeline:
            if seconds is None or left < seconds:
                return state
            left -= seconds
        raise AssertionError("a timeline's last state has no end")

    def go_through(self, timeline: Timeline, now: float) -> None:
        """Begin a new timeline at ``now``; an earlier termination is undone."""
        self.timeline, self.timeline_from = timeline, now
        self.termination_date = None
        self.touch()

    def terminate(self, on: date | None) -> date:
        """Switch the PDS off and return the day when its data is destroyed: ``on``, or 30 days from now."""
        self.termination_date = on or (datetime.now(UTC) + timedelta(days=30)).date()
        self.touch()
        return self.termination_date

    def cancel_termination(self) -> None:
        """Undo a termination; without one, nothing happens."""
        self.termination_date = None
        self.touch()

    def touch(self) -> None:
        """Note that something about the PDS changed."""
        self.updated_at = datetime.now(UTC)

    def document(self, now: float) -> dict[str, JsonValue]:
        """Return what ``GET /service/{id}`` answers, with ``stats`` while the PDS is running."""
        state = self.state(now)
        document: dict[str, JsonValue] = {
            "id": self.id,
            "name": self.username,
            "service": "bluesky-pds",
            "namespace": f"pds-{self.id}",
            "hostname": self.hostname,
            "state": state,
            "kubeconfig_id": 1,
            "encrypted_config": {
                "hostname": self.hostname,
                "adminPassword": self.password,
                "emailSmtpUrl": "smtps://relay:secret@smtp.example:465/",
                "pdsEmailFromAddress": f"noreply@{self.hostname}",
                "dataStorage": {"size": f"{self.disksize}Gi"},
            },
            "install_cmd": f"helm upgrade --install pds-{self.id} bluesky-pds -n pds-{self.id} --create-namespace",
            "created_at": _laravel_time(self.created_at),
            "updated_at": _laravel_time(self.updated_at),
        }
        if self.termination_date is not None:
            document["termination_date"] = self.termination_date.isoformat()
        if state == RUNNING:
            document["stats"] = self._stats(now)
        return document

    def summary(self, now: float) -> dict[str, JsonValue]:
        """Return what a test asks about the PDS: who made it, when and with which key, without the password."""
        return {
            "id": self.id,
            "hostname": self.hostname,
            "username": self.username,
            "disksize": self.disksize,
            "idempotency_key": self.idempotency_key,
            "origin": self.origin,
            "made_at": self.made_at,
            "state": self.state(now),
        }

    def _stats(self, now: float) -> dict[str, JsonValue]:
        """Make up plausible figures that are the same at each call, but for those that follow the time."""
        today = datetime.now(UTC)
        this_hour = today.replace(minute=0, second=0, microsecond=0)
        used = self.disksize * GIB // 4
        return {
            "cpuUsagePercent": 12.5,
            "ramUsagePercent": 41.0,
            "storageUsedBytes": used,
            "storageAllocatedBytes": self.disksize * GIB,
            "storageUsedDailyLast30d": [
                {"date": (today - timedelta(days=days)).date().isoformat(), "usedBytes": used * (30 - days) // 30}
                for days in range(29, -1, -1)
            ],
            "requestsPerHourLast24h": [
                {"hour": _laravel_time(this_hour - timedelta(hours=hours)), "count": 200 + 17 * (hours % 5)}
                for hours in range(23, -1, -1)
            ],
            "bandwidthUsedBytesThisMonth": 3 * GIB,
            "bandwidthLimitBytesPerMonth": 100 * GIB,
            "uptimeSeconds": int(now - self.made_at),
            "lastBackupAt": _laravel_time(this_hour),
        }


def _laravel_time(moment: datetime) -> str:
    """Write a time as Laravel does: ``2026-05-01T12:00:00.000000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
