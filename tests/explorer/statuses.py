"""The real status models, each kept once and known by a number, with everything that would never repeat taken out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pds_contract.resource import ProvisionStatus
from stages.protocol_stage import NOW, merged

PAST = NOW - timedelta(hours=1)
FUTURE = NOW + timedelta(minutes=1)
"""A date in status is past after one tick, whatever it says: it only paces, so no promise may rest on it."""


class Statuses:
    """A table of statuses. Times of people's clocks are all one moment, attempts are none or one."""

    def __init__(self) -> None:
        self._known: list[ProvisionStatus] = []
        self._numbers: dict[ProvisionStatus, int] = {}
        self._ticked: dict[int, int] = {}
        self.empty = self.number(ProvisionStatus())

    def __getitem__(self, number: int) -> ProvisionStatus:
        return self._known[number]

    def number(self, status: ProvisionStatus) -> int:
        """Return the number of a status, or of the one that stands for it."""
        stands = _standing_for(status)
        number = self._numbers.get(stands)
        if number is None:
            number = self._numbers[stands] = len(self._known)
            self._known.append(stands)
        return number

    def patched(self, number: int, patch: Mapping[str, Any]) -> int:
        """Apply a merge patch as the API server does."""
        return self.number(merged(self[number], patch))

    def ticked(self, number: int) -> int:
        """Return the status a tick later."""
        later = self._ticked.get(number)
        if later is None:
            status = self[number]
            if status.next_attempt_time == FUTURE:
                status = status.model_copy(update={"next_attempt_time": PAST})
            later = self._ticked[number] = self.number(status)
        return later

    def claim_number(self, number: int) -> int | None:
        """Return the number in a status's claim, None where there is no claim."""
        claim = self[number].claim
        return int(claim.id) if claim else None


def _standing_for(status: ProvisionStatus) -> ProvisionStatus:
    date = status.next_attempt_time
    return status.model_copy(
        update={
            "attempts": min(status.attempts, 1),
            "last_attempt_time": status.last_attempt_time and NOW,
            "next_attempt_time": date and (FUTURE if date > NOW else PAST),
            "claim": status.claim and status.claim.model_copy(update={"attempt": 1, "start_time": NOW}),
            "conditions": tuple(each.model_copy(update={"last_transition_time": NOW}) for each in status.conditions),
        }
    )
