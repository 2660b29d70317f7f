"""What a public port counts of its connections."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge


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


class ConnectionMetrics:
    """The series of a public port in one registry.

    Args:
        prefix: What their names begin with, such as ``pds_webhook``.
        program: What their descriptions call the program, such as ``the webhook``.
        registry: Where they are shown.
    """

    def __init__(self, prefix: str, program: str, registry: CollectorRegistry) -> None:
        self._connections = Gauge(f"{prefix}_connections", "Open connections to the public port.", registry=registry)
        self._cuts = Counter(
            f"{prefix}_connections_cut",
            f"Connections to the public port that {program} ended: header_timeout (a request's headers came too "
            "slowly), answer_timeout (an answer was not taken), made_room (the longest waiting one, for a new one), "
            "refused (a new one, while all others were being answered).",
            ["reason"],
            registry=registry,
        )
        self._malformed = Counter(
            f"{prefix}_malformed_requests",
            "What came to the public port and could not be read as an HTTP request; answered 400.",
            registry=registry,
        )
        for reason in Cut:
            self._cuts.labels(reason)

    def connections(self, number: int) -> None:
        """Show how many connections are open."""
        self._connections.set(number)

    def connection_cut(self, why: Cut) -> None:
        """Count a connection that was ended from our side."""
        self._cuts.labels(why).inc()

    def malformed(self) -> None:
        """Count something that is no HTTP request."""
        self._malformed.inc()
