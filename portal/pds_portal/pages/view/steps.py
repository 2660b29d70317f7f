"""The way from a payment to a running PDS in five steps, and which of them a customer's PDS is at."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How a step stands."""

    DONE = "done"
    NOW = "now"
    TO_COME = "to come"


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        name: As ``GET /api/pds/progress`` names it.
        label: For the customer.
        hint: What happens in it.
        standing: Whether it is over, is the one at hand, or is still to come.
    """

    name: str
    label: str
    hint: str
    standing: Standing


_STEPS = (
    ("paid", "Payment", "Your PDS is ordered as soon as Stripe has told us of your payment."),
    ("requested", "PDS requested", "Your PDS is ordered from the system that will run it."),
    ("setting_up", "Setting up", "The system that will run your PDS is setting it up."),
    ("almost_ready", "Almost ready", "It is nearly there."),
    ("running", "Running", "Your PDS is there for you."),
)

NAMES = tuple(name for name, _, _ in _STEPS)


def steps_at(name: str) -> tuple[Step, ...]:
    """Return all steps as they stand when the named one is at hand.

    A step that has no place here (``none``: nobody has told of a payment yet) has the first one at hand. The last one
    is never at hand: once it runs, it is done.
    """
    place = NAMES.index(name) if name in NAMES else 0
    if place == len(NAMES) - 1:
        place += 1
    return tuple(Step(*each, _standing(number, place)) for number, each in enumerate(_STEPS))


def _standing(number: int, place: int) -> Standing:
    if number < place:
        return Standing.DONE
    return Standing.NOW if number == place else Standing.TO_COME
