"""The view models: what a customer reads of documents in order, and that no document, however odd, breaks a page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_contract.service import ServiceState
from pds_portal.pages.view import quantities
from pds_portal.pages.view.chart import HEIGHT, WIDTH
from pds_portal.pages.view.details import Details, details_of, state_in_words, state_of
from pds_portal.pages.view.moments import moment
from pds_portal.pages.view.steps import NAMES, Standing, steps_at
from pds_portal.pages.view.usage import Usage, usage_of
from pds_portal.service.masking import MASK

GIB = 1024**3
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

STATS: dict[str, Any] = {
    "cpuUsagePercent": 12.5,
    "ramUsagePercent": "41",
    "storageUsedBytes": int(12.3 * GIB),
    "storageAllocatedBytes": 20 * GIB,
    "requestsPerHourLast24h": [
        {"hour": (NOON - timedelta(hours=hours)).isoformat(), "count": 10 * hours} for hours in range(24)
    ],
    "bandwidthUsedBytesThisMonth": 3 * GIB,
    "bandwidthLimitBytesPerMonth": 100 * GIB,
    "uptimeSeconds": 3.2 * 86400,
    "lastBackupAt": "2026-11-23T03:00:00.000000Z",
}
CONFIG: dict[str, Any] = {
    "dataStorage": {"size": "20Gi"},
    "hostname": "alice.pds.example",
    "adminPassword": "the-secret",
    "emailSmtpUrl": "smtps://relay:••••••••@smtp.example:465/",
    "pdsEmailFromAddress": "noreply@alice.pds.example",
    "inviteRequired": True,
}
SERVICE: dict[str, Any] = {
    "id": 800,
    "service": "bluesky-pds",
    "namespace": "pds-800",
    "state": 3,
    "kubeconfig_id": 1,
    "encrypted_config": CONFIG,
    "install_cmd": "helm upgrade --install",
    "created_at": "2026-11-20T08:12:00.000000Z",
    "updated_at": "2026-11-23 12:00:00",
    "stats": STATS,
}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["12.5", "-3", "1e400", "nan", "20Gi", "2026-05-01", "0001-01-01T00:00:00+14:00", "\ud800", 10**400]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from([*SERVICE, *CONFIG, *STATS, "hour", "count"]), inner, max_size=5)
    ),
    max_leaves=25,
)
ODD_SERVICES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(SERVICE, JSON_VALUES),
        "encrypted_config": st.fixed_dictionaries({}, optional=dict.fromkeys(CONFIG, JSON_VALUES)) | JSON_VALUES,
        "stats": st.fixed_dictionaries({}, optional=dict.fromkeys(STATS, JSON_VALUES)) | JSON_VALUES,
    },
)


def rows(details: Details) -> dict[str, str]:
    return {row.label: row.words for row in (*details.service, *details.config, *details.times)}


def test_usage_of_a_whole_document() -> None:
    usage = usage_of(SERVICE)

    assert {meter.label: (meter.words, round(meter.share, 3)) for meter in usage.meters} == {
        "Storage": ("12.3 of 20 GiB", 0.615),
        "CPU": ("12.5%", 0.125),
        "Memory": ("41%", 0.41),
        "Traffic this month": ("3 of 100 GiB", 0.03),
    }
    assert {fact.label: fact.words for fact in usage.facts} == {
        "Running without a break for": "3 days",
        "Last backup": "23 November 2026, 03:00 UTC",
    }
    assert usage.requests
    assert (usage.requests.total, usage.requests.highest, len(usage.requests.bars)) == ("2,760", "230", 24)
    assert [bar.words for bar in usage.requests.bars[:2]] == ["230", "220"], "the bars are not in the order of time"


@pytest.mark.parametrize("document", [None, [], "x", {}, {"stats": None}, {"stats": []}, {"stats": {"cpu": 1}}])
def test_no_stats_is_no_usage(document: object) -> None:
    assert not usage_of(document)


def test_what_is_missing_is_not_made_up() -> None:
    usage = usage_of({"state": 3, "stats": {"storageUsedBytes": 5 * GIB, "cpuUsagePercent": None, "uptimeSeconds": -1}})

    assert usage.meters == ()
    assert [(fact.label, fact.words) for fact in usage.facts] == [("Storage used", "5 GiB")]
    assert usage.requests is None


@pytest.mark.parametrize(
    ("used", "share", "warning"),
    [
        (0, 0.0, None),
        (17 * GIB, 0.85, None),
        (18 * GIB, 0.9, "Nearly all of it is used."),
        (20 * GIB, 1.0, "All of it is used."),
        (25 * GIB, 1.0, "All of it is used."),
    ],
)
def test_a_disk_that_fills_up_is_said(used: int, share: float, warning: str | None) -> None:
    (storage,) = usage_of({"stats": {"storageUsedBytes": used, "storageAllocatedBytes": 20 * GIB}}).meters

    assert (storage.share, storage.warning) == (share, warning)


def test_details_of_a_whole_document() -> None:
    details = details_of(SERVICE)

    assert rows(details) == {
        "Id": "800",
        "Service": "bluesky-pds",
        "Namespace": "pds-800",
        "State": "Running",
        "Kubeconfig id": "1",
        "Hostname": "alice.pds.example",
        "Mail server": "smtps://relay:••••••••@smtp.example:465/",
        "Mail is sent from": "noreply@alice.pds.example",
        "Storage size": "20 GiB",
        "inviteRequired": "yes",
        "Created": "20 November 2026, 08:12 UTC",
        "Updated": "23 November 2026, 12:00 UTC",
    }
    assert details.has_password
    assert details.install_cmd == "helm upgrade --install"


@pytest.mark.parametrize("nested", [{"data": SERVICE}, {"service": SERVICE}])
def test_a_nested_document_is_found(nested: dict[str, object]) -> None:
    assert rows(details_of(nested)) == rows(details_of(SERVICE))
    assert state_of(nested) is ServiceState.RUNNING


@pytest.mark.parametrize("name", ["smtpPassword", "apiToken", "jwtSecret", "plcRotationKey", "signing_key"])
def test_what_is_named_like_a_secret_is_hidden(name: str) -> None:
    assert rows(details_of({"state": 3, "encrypted_config": {name: "confidential"}})) == {
        "State": "Running",
        name: MASK,
    }


def test_the_password_is_never_shown_even_of_a_document_that_is_not_masked() -> None:
    assert "the-secret" not in repr(details_of(SERVICE))


@given(st.one_of(JSON_VALUES, ODD_SERVICES))
def test_no_document_breaks_the_page(document: object) -> None:
    usage, details = usage_of(document), details_of(document)
    state_in_words(state_of(document))

    for words in _words(usage, details):
        words.encode()  # a page is sent as UTF-8
        assert len(words) < 5000
    assert all(0 <= meter.share <= 1 for meter in usage.meters)
    if usage.requests:
        assert 1 <= len(usage.requests.bars) <= 24
        for bar in usage.requests.bars:
            assert bar.x >= 0
            assert bar.y >= 0
            assert bar.x + bar.width <= WIDTH + 0.01
            assert bar.y + bar.height == pytest.approx(HEIGHT, abs=0.02)


def _words(usage: Usage, details: Details) -> list[str]:
    requests = usage.requests
    return [
        *(meter.words for meter in usage.meters),
        *(fact.words for fact in usage.facts),
        *(bar.words for bar in (requests.bars if requests else ())),
        *(text for row in (*details.service, *details.config, *details.times) for text in (row.label, row.words)),
        details.install_cmd or "",
    ]


@given(st.floats(0, 1e24), st.floats(1e-3, 1e24))
def test_amounts_are_words(used: float, total: float) -> None:
    assert quantities.in_bytes(used).split()[-1] in {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"}
    assert " of " in quantities.share_in_bytes(used, total)
    assert quantities.span(used)
    assert "e" not in quantities.percent(used), "no customer reads 1e+20"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0 bytes"),
        (1023, "1,023 bytes"),
        (1024, "1 KiB"),
        (1024**2 - 1, "1 MiB"),
        (1.5 * GIB, "1.5 GiB"),
        (5000 * 1024**5, "5,000 PiB"),
    ],
)
def test_bytes(amount: float, words: str) -> None:
    assert quantities.in_bytes(amount) == words


@pytest.mark.parametrize(
    ("used", "total", "words"),
    [
        (12.3 * GIB, 20 * GIB, "12.3 of 20 GiB"),
        (0, 20 * GIB, "0 of 20 GiB"),
        (3 * 1024**2, 20 * GIB, "3 MiB of 20 GiB"),
        (900 * 1024**2, 20 * GIB, "0.9 of 20 GiB"),
        (30 * GIB, 20 * GIB, "30 of 20 GiB"),
    ],
)
def test_shares(used: float, total: float, words: str) -> None:
    assert quantities.share_in_bytes(used, total) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a minute"), (60, "1 minute"), (7199, "1 hour"), (86400, "1 day"), (3.2 * 86400, "3 days")],
)
def test_spans(seconds: float, words: str) -> None:
    assert quantities.span(seconds) == words


@pytest.mark.parametrize(
    ("written", "words"), [("20Gi", "20 GiB"), ("1.5Ti", "1.5 TiB"), ("100Mi", "100 MiB"), ("big", "big")]
)
def test_kubernetes_quantities(written: str, words: str) -> None:
    assert quantities.kubernetes_quantity(written) == words


@pytest.mark.parametrize(
    ("written", "iso", "words"),
    [
        ("2026-05-01T12:00:00.000000Z", "2026-05-01T12:00:00Z", "1 May 2026, 12:00 UTC"),
        ("2026-05-01 12:00:00", "2026-05-01T12:00:00Z", "1 May 2026, 12:00 UTC"),
        ("2026-05-01T23:30:00-02:00", "2026-05-02T01:30:00Z", "2 May 2026, 01:30 UTC"),
        ("2026-05-01", "2026-05-01", "1 May 2026"),
    ],
)
def test_times(written: str, iso: str, words: str) -> None:
    at = moment(written)

    assert at
    assert (at.iso, at.words) == (iso, words)


@pytest.mark.parametrize("written", [None, 5, "", "yesterday", "2026-13-01", "9999-12-31T23:59:59-14:00"])
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_done_up_to_the_one_at_hand(name: str) -> None:
    standings = [step.standing for step in steps_at(name)]
    place = NAMES.index(name)

    if name == "running":
        assert standings == [Standing.DONE] * 5
    else:
        assert standings == [Standing.DONE] * place + [Standing.NOW] + [Standing.TO_COME] * (4 - place)


def test_a_payment_that_nobody_has_told_of_is_at_the_first_step() -> None:
    assert [step.standing for step in steps_at("none")] == [Standing.NOW] + [Standing.TO_COME] * 4
