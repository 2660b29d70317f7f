"""What the webhook counts. Every label has a fixed set of values, so that no sender can make up series."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from pds_runtime.public.metrics import ConnectionMetrics
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


class Metrics(ConnectionMetrics):
    """The webhook's own series in one registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        super().__init__("pds_webhook", "the webhook", registry)
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
        for code in DOUBLE_CODES:  # there from the start, so that the first one is seen as an increase
            self._doubles.labels(code)

    def answered(self, event_type: str | None, answer: Answer, seconds: float) -> None:
        """Count one answer."""
        self._events.labels(event_type if event_type in CHECKOUT_TYPES else "other", answer.code).inc()
        self._seconds.observe(seconds)
        if answer.double:
            self._doubles.labels(answer.code).inc()
