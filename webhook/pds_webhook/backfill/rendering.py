"""A report as text for a person, and as JSON for a program."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pds_webhook.backfill.report import EXIT_DONE, Entry, Report
from pds_webhook.backfill.window import Window, shown

Row = Sequence[str]


def as_text(report: Report) -> str:
    """Return the report as lines of text."""
    return "".join(f"{line}\n" for line in _lines(report))


def as_document(report: Report) -> dict[str, Any]:
    """Return the report as one JSON object."""
    window = report.window
    return {
        "since": shown(window.since),
        "until": None if window.until is None else shown(window.until),
        "dry_run": report.dry_run,
        "looked_at": report.looked_at,
        "codes": dict(sorted(report.codes.items())),
        "accepted": _documents(report.accepted),
        "paid_without_resource": _documents(report.without),
        "subscription_inactive": _documents(report.inactive),
        "paid_twice": _documents(report.paid_twice),
        "failed": _documents(report.failed),
        "halted": report.halted,
        "go_on_with": None if report.rest is None else _command(report.rest, dry_run=report.dry_run),
        "exit_code": report.exit_code,
    }


def _lines(report: Report) -> Iterable[str]:
    window = report.window
    until = "" if window.until is None else f", created until {shown(window.until)}"
    written = " Nothing was written." if report.dry_run else ""
    sessions = "1 completed session" if report.looked_at == 1 else f"{report.looked_at} completed sessions"
    yield f"{sessions} since {shown(window.since)}{until}.{written}"
    if report.codes:
        yield from ("", *_table(("CODE", "SESSIONS"), [(code, str(n)) for code, n in sorted(report.codes.items())]))
    taken_in = "Paid, and without a resource until a run makes it" if report.dry_run else "Taken in just now"
    yield from _section(taken_in, report.accepted)
    yield from _section("Left alone, since nobody pays for the subscription any more", report.inactive)
    yield from _section("Paid by users who have another paid checkout: a refund may be due", report.paid_twice)
    yield from _section("Not done", report.failed)
    yield from _section("Paid, and without a resource: a person has to act", report.without)
    closing = list(_closing(report))
    yield from ("", *closing) if closing else ()


def _closing(report: Report) -> Iterable[str]:
    if report.exit_code == EXIT_DONE and not report.dry_run:
        yield "Everybody who paid, and still pays, has a resource."
    if report.halted is not None:
        yield f"Ended early: {report.halted}."
    if report.rest is not None:
        yield f"Go on with: {_command(report.rest, dry_run=report.dry_run)}"


def _section(title: str, entries: Sequence[Entry]) -> Iterable[str]:
    if entries:
        rows = [(entry.session_id, entry.user_id or "-", entry.code, entry.why) for entry in entries]
        yield from ("", f"{title} ({len(entries)})", *_table(("SESSION", "USER", "CODE", "WHY"), rows))


def _table(head: Row, rows: Sequence[Row]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _documents(entries: Sequence[Entry]) -> list[dict[str, str | None]]:
    return [asdict(entry) for entry in entries]


def _command(window: Window, *, dry_run: bool) -> str:
    until = "" if window.until is None else f" --until {shown(window.until)}"
    return f"pds-webhook backfill --since {shown(window.since)}{until}{' --dry-run' if dry_run else ''}"
