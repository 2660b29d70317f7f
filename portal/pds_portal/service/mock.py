"""The mock service that ``PDS_USE_MOCK=true`` shows to every customer, for looking at the pages without a backend.

It says of itself that it is one (``"mock": true``), and goes the way that a real answer goes, masking included.
"""

import json
from datetime import UTC, datetime, timedelta

from pds_clients.service_documents import ServiceDocument
from pds_portal.service.progress import Progress, Step

HOSTNAME = "mock.pds.example"

_GIB = 1024**3
_DISK = 10 * _GIB


def mock_document(now: datetime) -> ServiceDocument:
    """Return the mock service as the backend would answer it.

    Args:
        now: The time that its figures end at, in UTC.
    """
    body = json.dumps(_service(now)).encode()
    return ServiceDocument(200, "application/json", body)


def mock_progress() -> Progress:
    """Return the progress that belongs to it."""
    return Progress(Step.RUNNING, HOSTNAME, "This is a mock service, shown since PDS_USE_MOCK is set.", settled=True)


def _service(now: datetime) -> dict[str, object]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    return {
        "mock": True,
        "id": 0,
        "name": "mock",
        "service": "bluesky-pds",
        "namespace": "mock",
        "hostname": HOSTNAME,
        "state": 3,
        "kubeconfig_id": 0,
        "encrypted_config": {
            "hostname": HOSTNAME,
            "adminPassword": "a-mock-password-that-opens-nothing",
            "emailSmtpUrl": "smtps://mock:opens-nothing-either@smtp.example:465/",
            "pdsEmailFromAddress": f"noreply@{HOSTNAME}",
            "dataStorage": {"size": "10Gi"},
        },
        "install_cmd": "helm upgrade --install mock bluesky-pds --set adminPassword=a-mock-password-that-opens-nothing",
        "created_at": _written(hour - timedelta(days=40)),
        "updated_at": _written(hour - timedelta(days=2)),
        "stats": {
            "cpuUsagePercent": 12.5,
            "ramUsagePercent": 41.0,
            "storageUsedBytes": 4 * _GIB,
            "storageAllocatedBytes": _DISK,
            "storageUsedDailyLast30d": [
                {"date": (now - timedelta(days=29 - day)).date().isoformat(), "usedBytes": _DISK * (11 + day) // 100}
                for day in range(30)
            ],
            "requestsPerHourLast24h": [
                {"hour": _written(hour - timedelta(hours=23 - place)), "count": 40 + 25 * min(place, 23 - place)}
                for place in range(24)
            ],
            "bandwidthUsedBytesThisMonth": 3 * _GIB,
            "bandwidthLimitBytesPerMonth": 100 * _GIB,
            "uptimeSeconds": 40 * 24 * 3600,
            "lastBackupAt": _written(hour),
        },
    }


def _written(moment: datetime) -> str:
    """Write a time as the backend does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
