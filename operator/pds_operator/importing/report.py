"""What an import says when it is over: for people, or as JSON. Of a customer only the user's id and the service's."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from pds_operator.importing.verdicts import ADVICE, Kind, Verdict


def as_json(verdicts: Sequence[Verdict], *, dry_run: bool) -> str:
    """Report in one JSON document."""
    rows = [
        {
            "user_id": verdict.user_id,
            "service_id": verdict.service_id,
            "result": verdict.kind.value,
            "reason": verdict.skip.value if verdict.skip else None,
            "problem": verdict.problem or (ADVICE[verdict.skip] if verdict.skip else None),
        }
        for verdict in verdicts
    ]
    counted = Counter(verdict.kind for verdict in verdicts)
    return json.dumps(
        {"dry_run": dry_run, "totals": {kind.value: counted[kind] for kind in Kind}, "rows": rows}, indent=2
    )


def as_text(verdicts: Sequence[Verdict], *, dry_run: bool) -> str:
    """Report for people: what was imported, what was skipped for which reason, what failed, and the totals."""
    imported = "would be imported" if dry_run else "imported"
    lines = ["Dry run: nothing is written."] if dry_run else []
    for kind, title in ((Kind.IMPORTED, imported), (Kind.SKIPPED, "skipped"), (Kind.FAILED, "failed")):
        ofkind = [verdict for verdict in verdicts if verdict.kind is kind]
        for why, group in groupby(sorted(ofkind, key=_why), key=_why):
            lines += ["", f"{title}{f': {why}' if why else ''}", *(_line(verdict) for verdict in group)]
    counted = Counter(verdict.kind for verdict in verdicts)
    lines += [
        "",
        f"{len(verdicts)} rows: {counted[Kind.IMPORTED]} {imported}, {counted[Kind.ALREADY_THERE]} already there, "
        f"{counted[Kind.SKIPPED]} skipped, {counted[Kind.FAILED]} failed"
        + ("; run it again for those." if counted[Kind.FAILED] else "."),
    ]
    return "\n".join(lines).lstrip("\n")


def _why(verdict: Verdict) -> str:
    if verdict.skip:
        return f"{verdict.skip} ({ADVICE[verdict.skip]})"
    return verdict.problem or ""


def _line(verdict: Verdict) -> str:
    service = "" if verdict.service_id is None else f"  service {verdict.service_id}"
    disk = "" if verdict.disksize_gb is None else f"  {verdict.disksize_gb} GiB"
    return f"  user {verdict.user_id}{service}{disk}"
