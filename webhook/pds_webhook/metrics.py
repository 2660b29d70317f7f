"""What the webhook counts. Every label has a fixed set of values, so that no sender can make up series."""

from enum import StrEnum

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from pds_webhook.answers import Answer, Code
from pds_webhook.events import CHECKOUT_TYPES

DOUBLE_CODES = (
    Code.ALREADY_PROVISIONED,
    Code.ALREADY_IN_PROGRESS,
    Code.SUPERSEDED,
    Code.UPDATED,
    Code.RETRY_REQUESTED,
    Code.SUPABASE_UNAVAILABLE,
)


class Cut(StrEnum):
    """Why we end a connection that its peer would have kept."""

    HEADER_TIMEOUT = "header_timeout"
    """A request's headers took too long to arrive."""
    ANSWER_TIMEOUT = "answer_timeout"
    """An answer was not taken."""
    MADE_ROOM = "made_room"
    """A new connection came, and of all that there may be this one had kept us waiting longest."""
    REFUSED = "refused"
    """A new connection came while all that there may be were being answered."""


class Metrics:
    """The webhook's own series in one registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._events = Counter(
            "pds_webhook_events",
            "POSTs to the webhook's path that were answered, repeated deliveries too, by the event's type "
            "(other: any that is not acted on, or none that is verified) and the answer's code. "
            "Other paths and methods, malformed HTTP and unmet Expect headers are not counted.",
            ["type", "code"],
            registry=registry,
        )
        self._doubles = Counter(
            "pds_webhook_double_checkouts",
            "Paid checkouts of users who had one before, by the answer's code: a refund may be due. "
            "A repeated delivery counts again.",
            ["code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "pds_webhook_answer_seconds",
            "Time from the headers of a POST to the webhook's path to its answer, in seconds.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
            registry=registry,
        )
        self._connections = Gauge("pds_webhook_connections", "Open connections to the public port.", registry=registry)
        self._cuts = Counter(
            "pds_webhook_connections_cut",
            "Connections to the public port that the webhook ended: header_timeout (a request's headers came too "
            "slowly), answer_timeout (an answer was not taken), made_room (the longest waiting one, for a new one), "
            "refused (a new one, while all others were being answered).",
            ["reason"],
            registry=registry,
        )
        self._malformed = Counter(
            "pds_webhook_malformed_requests",
            "What came to the public port and could not be read as an HTTP request; answered 400.",
            registry=registry,
        )
        for reason in Cut:
            self._cuts.labels(reason)
        for code in DOUBLE_CODES:  # there from the start, so that the first one is seen as an increase
            self._doubles.labels(code)

    def answered(self, event_type: str | None, answer: Answer, seconds: float) -> None:
        """Count one answer."""
        self._events.labels(event_type if event_type in CHECKOUT_TYPES else "other", answer.code).inc()
        self._seconds.observe(seconds)
        if answer.double:
            self._doubles.labels(answer.code).inc()

    def connections(self, number: int) -> None:
        """Show how many connections are open."""
        self._connections.set(number)

    def connection_cut(self, why: Cut) -> None:
        """Count a connection that was ended from our side."""
        self._cuts.labels(why).inc()

    def malformed(self) -> None:
        """Count something that is no HTTP request."""
        self._malformed.inc()
