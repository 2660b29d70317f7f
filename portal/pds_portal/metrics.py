"""What the portal counts. Every label has a fixed set of values, so that no sender can make up series."""

from collections.abc import Iterable
from enum import StrEnum

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from pds_runtime.public.metrics import ConnectionMetrics


class CheckoutOutcome(StrEnum):
    """How a ``POST /api/checkout`` ended."""

    CREATED = "created"
    """A Checkout Session was created."""
    INVALID = "invalid"
    """The form holds what cannot be used."""
    TAKEN = "taken"
    """The hostname is somebody's."""
    HAS_PDS = "has_pds"
    """The customer has a PDS already, or one is being made."""
    UNAVAILABLE = "unavailable"
    """Stripe, Supabase or the backend gave no usable answer."""


class SignInOutcome(StrEnum):
    """How a ``POST /login`` ended."""

    SIGNED_IN = "signed_in"
    """The customer is signed in."""
    REFUSED = "refused"
    """The e-mail or the password is wrong, or the e-mail is not confirmed yet."""
    UNAVAILABLE = "unavailable"
    """Supabase Auth gave no usable answer."""


class RevealOutcome(StrEnum):
    """How a ``POST /api/pds/service/reveal`` ended."""

    SHOWN = "shown"
    """The password was shown."""
    NOTHING = "nothing"
    """There is no service, or no password in its document."""
    UNAVAILABLE = "unavailable"
    """The backend or Supabase gave no usable answer."""


class Metrics(ConnectionMetrics):
    """The portal's own series in one registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        super().__init__("pds_portal", "the portal", registry)
        self._requests = Counter(
            "pds_portal_requests",
            "Requests that were answered, by the route's pattern (none: no such path), the method (other: an unusual "
            "one) and the answer's status. Malformed HTTP is not counted.",
            ["route", "method", "code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "pds_portal_answer_seconds",
            "Time from a request's headers to its answer, in seconds, by the route's pattern.",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
            registry=registry,
        )
        self._checkouts = Counter(
            "pds_portal_checkouts", "Checkouts that customers began, by how that ended.", ["outcome"], registry=registry
        )
        self._sign_ins = Counter("pds_portal_sign_ins", "Sign-ins, by how they ended.", ["outcome"], registry=registry)
        self._reveals = Counter(
            "pds_portal_reveals",
            "Passwords that customers asked to see, by how that ended.",
            ["outcome"],
            registry=registry,
        )
        self._limited = Counter(
            "pds_portal_limited",
            "Requests that were refused since there were too many lately, by the limit.",
            ["limit"],
            registry=registry,
        )
        for counter, outcomes in (
            (self._checkouts, CheckoutOutcome),
            (self._sign_ins, SignInOutcome),
            (self._reveals, RevealOutcome),
        ):
            for outcome in outcomes:  # there from the start, so that the first one is seen as an increase
                counter.labels(outcome)

    def answered(self, route: str, method: str, code: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(route, method, str(code)).inc()
        self._seconds.labels(route).observe(seconds)

    def checkout(self, outcome: CheckoutOutcome) -> None:
        """Count a checkout that was begun."""
        self._checkouts.labels(outcome).inc()

    def sign_in(self, outcome: SignInOutcome) -> None:
        """Count a sign-in."""
        self._sign_ins.labels(outcome).inc()

    def reveal(self, outcome: RevealOutcome) -> None:
        """Count a password that was asked for."""
        self._reveals.labels(outcome).inc()

    def limits_are(self, limits: Iterable[str]) -> None:
        """Show each limit's counter from the start, as those of the outcomes above."""
        for limit in limits:
            self._limited.labels(limit)

    def limited(self, limit: str) -> None:
        """Count a request that was refused under a limit."""
        self._limited.labels(limit).inc()
