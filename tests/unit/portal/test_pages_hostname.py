"""The address that the dashboard of a running PDS links to."""

import pytest

from pds_portal.pages.view.dashboard import Gathered, Sight, dashboard_of
from pds_portal.service.progress import Progress, Step


def shown(told: object, kept: str | None = None) -> str | None:
    """The hostname of the page, where the document tells one and the customer's row keeps one."""
    progress = Progress(Step.RUNNING, kept, "It runs.", settled=True)
    return dashboard_of(Gathered(progress, Sight.SEEN, {"state": 3, "hostname": told}), None).hostname


def test_the_row_goes_before_the_document() -> None:
    assert shown("alice.pds.example") == "alice.pds.example"
    assert shown("other.pds.example", "alice.pds.example") == "alice.pds.example"


@pytest.mark.parametrize(
    "told",
    [
        "alice.pds.example@evil.example",
        "evil.example/alice.pds.example",
        "evil.example#alice.pds.example",
        "evil.example:8080",
        "evil.example\\.pds.example",
        "javascript:alert(1)",
        "alice.pds.example\n",
        "alice pds.example",
        "",
        7,
        None,
        ["alice.pds.example"],
    ],
)
def test_what_is_no_hostname_is_no_link(told: object) -> None:
    linked = shown(told)
    assert linked is None or linked == "alice.pds.example", "a link may lead nowhere but to the hostname"
