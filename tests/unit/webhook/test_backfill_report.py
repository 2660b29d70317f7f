"""What a run tells: its tally, its exit code, where to go on, and how far it is."""

import io
import json
from datetime import UTC, datetime

import pytest

from pds_webhook.answers import Answer, Code
from pds_webhook.backfill.progress import Progress
from pds_webhook.backfill.rendering import as_document, as_text
from pds_webhook.backfill.report import Entry, Report
from pds_webhook.backfill.window import Window

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
NEW, MIDDLE, OLD = (int(datetime(2026, 11, day, 6, 30, tzinfo=UTC).timestamp()) for day in (22, 21, 20))
ACCEPTED = Answer(Code.ACCEPTED, "a PdsProvision was created")
USER = "0a1b2c3d-0000-4000-8000-000000000001"
REFUSED = Entry("cs_422", USER, Code.UNKNOWN_USER, "paid, but the user is not in auth.users")
FAILED = Entry("cs_503", USER, Code.KUBERNETES_UNAVAILABLE, "the API server gave no answer")


@pytest.fixture
def report() -> Report:
    return Report(Window(SINCE), dry_run=False)


def test_where_all_have_a_resource_it_ends_with_0(report: Report) -> None:
    report.begin(NEW)
    report.done("cs_1", USER, ACCEPTED)
    assert (report.exit_code, report.rest) == (0, None)
    assert [entry.session_id for entry in report.accepted] == ["cs_1"]
    assert "Everybody who paid, and still pays, has a resource." in as_text(report)


def test_an_inactive_subscription_is_no_reason_for_a_person_to_act(report: Report) -> None:
    report.begin(NEW)
    report.leave_inactive("cs_1", USER, "canceled")
    assert report.exit_code == 0
    assert f"cs_1     {USER}  subscription_inactive  its subscription is canceled" in as_text(report)


def test_who_paid_and_has_no_resource_is_told_with_3(report: Report) -> None:
    report.begin(NEW)
    report.refuse(REFUSED, has_resource=False)
    assert (report.exit_code, report.rest) == (3, None)
    text = as_text(report)
    assert "Paid, and without a resource: a person has to act (1)" in text
    assert f"cs_422   {USER}  unknown_user  paid, but the user is not in auth.users" in text
    assert "Everybody" not in text


def test_whom_a_person_has_helped_already_is_only_counted(report: Report) -> None:
    report.begin(NEW)
    report.refuse(REFUSED, has_resource=True)
    assert (report.exit_code, report.without, report.codes["unknown_user"]) == (0, [], 1)


def test_a_paid_checkout_too_many_is_told(report: Report) -> None:
    report.begin(NEW)
    report.done("cs_1", USER, Answer(Code.SUPERSEDED, "a newer one", double=True))
    assert report.exit_code == 0
    assert "a refund may be due (1)" in as_text(report)


def test_after_a_failure_the_next_run_begins_with_the_newest_that_failed(report: Report) -> None:
    for created in (NEW, MIDDLE, OLD):
        report.begin(created)
        if created != NEW:
            report.fail(FAILED)
    assert report.exit_code == 1
    assert report.rest == Window(SINCE, datetime.fromtimestamp(MIDDLE, UTC))
    assert "Go on with: pds-webhook backfill --since 2026-11-01T00:00:00Z --until 2026-11-21T06:30:00Z\n" in as_text(
        report
    )


def test_after_an_early_end_the_next_run_begins_where_it_was(report: Report) -> None:
    report.begin(NEW)
    report.refuse(REFUSED, has_resource=False)
    report.begin(MIDDLE)
    report.halted = "it was asked to stop"
    assert report.exit_code == 1, "1 comes before 3: there may be more of them"
    assert report.rest == Window(SINCE, datetime.fromtimestamp(MIDDLE, UTC))
    assert "Ended early: it was asked to stop.\nGo on with:" in as_text(report)


def test_an_end_before_the_first_session_leaves_everything_to_the_next_run() -> None:
    report = Report(Window(SINCE, datetime.fromtimestamp(NEW, UTC)), dry_run=True, halted="Stripe gave no answer")
    assert report.rest == report.window
    assert "--until 2026-11-22T06:30:00Z --dry-run\n" in as_text(report)


def test_a_dry_run_promises_nothing(report: Report) -> None:
    report.dry_run = True
    report.begin(NEW)
    report.done("cs_1", USER, ACCEPTED)
    text = as_text(report)
    assert "Nothing was written." in text
    assert "Paid, and without a resource until a run makes it (1)" in text
    assert "Everybody" not in text


def test_as_json_it_is_one_object_with_everything(report: Report) -> None:
    report.begin(NEW)
    report.done("cs_1", USER, ACCEPTED)
    report.begin(MIDDLE)
    report.refuse(REFUSED, has_resource=False)
    report.begin(OLD)
    report.fail(FAILED)
    assert json.loads(json.dumps(as_document(report))) == {
        "since": "2026-11-01T00:00:00Z",
        "until": None,
        "dry_run": False,
        "looked_at": 3,
        "codes": {"accepted": 1, "kubernetes_unavailable": 1, "unknown_user": 1},
        "accepted": [{"session_id": "cs_1", "user_id": USER, "code": "accepted", "why": "a PdsProvision was created"}],
        "paid_without_resource": [
            {
                "session_id": "cs_422",
                "user_id": USER,
                "code": "unknown_user",
                "why": "paid, but the user is not in auth.users",
            }
        ],
        "subscription_inactive": [],
        "paid_twice": [],
        "failed": [
            {
                "session_id": "cs_503",
                "user_id": USER,
                "code": "kubernetes_unavailable",
                "why": "the API server gave no answer",
            }
        ],
        "halted": None,
        "go_on_with": "pds-webhook backfill --since 2026-11-01T00:00:00Z --until 2026-11-20T06:30:00Z",
        "exit_code": 1,
    }


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (io.StringIO, ["2 sessions, back to 2026-11-21T06:30:00Z: 1 accepted, 0 need a person, 0 failed\n"]),
        (
            Terminal,
            [
                "\r\x1b[K1 sessions, back to 2026-11-22T06:30:00Z: 1 accepted, 0 need a person, 0 failed",
                "\r\x1b[K2 sessions, back to 2026-11-21T06:30:00Z: 1 accepted, 0 need a person, 0 failed",
                "\r\x1b[K",
            ],
        ),
    ],
)
def test_progress_is_a_counter_on_a_terminal_and_a_line_now_and_then_elsewhere(
    kind: type[io.StringIO], told: list[str], report: Report
) -> None:
    now, stream = 100.0, kind()
    progress = Progress(stream, lambda: now)
    for created, later in ((NEW, 5.0), (MIDDLE, 10.0)):
        report.begin(created)
        if created == NEW:
            report.done("cs_1", USER, ACCEPTED)
        now = 100.0 + later
        progress.tell(report)
        progress.tell(report)
    progress.end()
    assert stream.getvalue() == "".join(told)


def test_a_single_session_is_told_at_once() -> None:
    stream = io.StringIO()
    Progress(stream, lambda: 0.0).say(REFUSED)
    assert stream.getvalue() == f"cs_422 of user {USER}: unknown_user: paid, but the user is not in auth.users\n"
