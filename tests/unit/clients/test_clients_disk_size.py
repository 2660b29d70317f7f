"""A service's disk, in whatever unit the backend writes it."""

import pytest

from pds_clients.backend import PdsBackend
from pds_stack.backend import BackendSimulator


@pytest.mark.parametrize(
    ("size", "gib"),
    [
        *[("10Gi", 10), (" 20Gi ", 20), ("1Ti", 1024), ("512Mi", 1), ("1025Mi", 2), ("1.5Gi", 2), ("1048576Ki", 1)],
        *[("20G", 19), ("1T", 932), ("1M", 1), ("16384Gi", 16384), ("0Gi", 0)],
        *[("10", None), ("", None), ("Gi", None), ("-1Gi", None), ("1e3Gi", None), ("10GiB", None), ("٣Gi", None)],
        *[(10, None), (None, None), (["10Gi"], None), ("9" * 5000 + "Gi", None)],
    ],
)
async def test_a_services_disk_in_whole_gib(
    backend: PdsBackend, simulator: BackendSimulator, size: object, gib: int | None
) -> None:
    body = {"state": 3, "encrypted_config": {"dataStorage": {"size": size}}}
    simulator.change(faults=[{"endpoint": "service", "status": 200, "body": body}])
    assert (await backend.service(800)).disksize_gb == gib


@pytest.mark.parametrize("config", [{}, {"dataStorage": None}, {"dataStorage": "10Gi"}, "10Gi", None])
async def test_an_answer_that_does_not_say(backend: PdsBackend, simulator: BackendSimulator, config: object) -> None:
    body = {"state": 3, "encrypted_config": config}
    simulator.change(faults=[{"endpoint": "service", "status": 200, "body": body}])
    assert (await backend.service(800)).disksize_gb is None
