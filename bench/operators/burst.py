"""A burst: hundreds of checkouts within ten seconds, through the webhook, while the backend is slow.

The floor of the time to the last Ready is the backend's own limit: so many deploys of so many seconds, so many at once.
The floor of the answers to Stripe are the same calls by bare clients at the same pace, while the operator deploys those
customers too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from bench.context import Context
from bench.figures import Figure, Side, at_most, percentile
from bench.operators.counting import backend
from bench.operators.watching import watched
from bench.webhook.checkouts import Checkout
from bench.webhook.floor import Floor
from bench.webhook.sender import Connection, UnexpectedAnswerError

EVENTS, QUICK_EVENTS = 640, 48
SECONDS, QUICK_SECONDS = 10.0, 1.0
DEPLOY_SECONDS, QUICK_DEPLOY_SECONDS = 2.0, 0.5
AT_ONCE = 16
_MILLISECONDS = 1000.0


@dataclass(frozen=True)
class Burst:
    """How much comes how fast."""

    events: int
    seconds: float
    deploy_seconds: float

    @property
    def limit(self) -> float:
        """How many seconds the backend takes for all, if it never rests."""
        return self.events * self.deploy_seconds / AT_ONCE


async def measure(context: Context) -> list[Figure]:
    """Let the burst come once through the webhook, and once through bare clients."""
    burst = Burst(EVENTS, SECONDS, DEPLOY_SECONDS)
    if context.quick:
        burst = Burst(QUICK_EVENTS, QUICK_SECONDS, QUICK_DEPLOY_SECONDS)
    context.say(f"  {burst.events} events within {burst.seconds:.0f} s")
    floor = await _bare(context, burst)
    answers, last_ready, peaks = await _product(context, burst)
    slowest = [max(answers) * _MILLISECONDS]
    limit = at_most(3, Side.RATIO)
    return [
        Figure("operator: burst, until the last is Ready", "s", [last_ready], [burst.limit], at_most(1.1, Side.RATIO)),
        Figure(
            "operator: burst, longest answer to Stripe, by p99",
            "ms",
            slowest,
            [percentile(floor, 0.99) * _MILLISECONDS],
            limit,
        ),
        Figure("operator: burst, highest RSS of the operator", "MB", [peaks[0]]),
        Figure("operator: burst, highest RSS of the webhook", "MB", [peaks[1]]),
    ]


async def _product(context: Context, burst: Burst) -> tuple[list[float], float, tuple[float, float]]:
    """Return how long each answer took, when the last customer was Ready, and both commands' highest memory."""
    checkouts = [Checkout.of(user_id) for user_id in context.new_users(burst.events)]
    async with (
        backend(context.settings) as simulator,
        context.api.session() as client,
        context.api.namespace() as namespace,
        watched(client, namespace) as progress,
        context.command("pds-webhook", namespace) as webhook,
        context.command("pds-operator", namespace, **_settings()) as operator,
    ):
        await simulator.behave(deploy_seconds=burst.deploy_seconds)
        secret = context.settings["STRIPE_WEBHOOK_SECRET"]

        async def deliver(checkout: Checkout) -> None:
            connection = await Connection.open(webhook.port)
            try:
                answer = await connection.exchange(checkout.request(webhook.port, secret))
            finally:
                connection.close()
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise UnexpectedAnswerError(answer.decode(errors="replace"))

        began = perf_counter()
        answers = await _paced(checkouts, burst, deliver)
        await progress.until(lambda: len(progress.ready) == burst.events)
        peaks = operator.usage().peak_rss, webhook.usage().peak_rss
        return answers, max(progress.ready.values()) - began, peaks


async def _bare(context: Context, burst: Burst) -> list[float]:
    """Return how long the bare clients' calls took for each customer, while the operator took them up."""
    checkouts = [Checkout.of(user_id) for user_id in context.new_users(burst.events)]
    async with (
        backend(context.settings) as simulator,
        context.api.namespace() as namespace,
        Floor(context.api, context.settings, namespace) as floor,
        context.command("pds-operator", namespace, **_settings()),
    ):
        await simulator.behave(deploy_seconds=burst.deploy_seconds)

        async def call(checkout: Checkout) -> None:
            await floor.take([checkout], at_once=1)

        return await _paced(checkouts, burst, call)


def _settings() -> dict[str, str]:
    return {"PDS_MAX_DEPLOYS": str(AT_ONCE), "PDS_MAX_DEPLOYS_PER_HOUR": "0"}


async def _paced(
    checkouts: Sequence[Checkout], burst: Burst, deliver: Callable[[Checkout], Awaitable[None]]
) -> list[float]:
    """Deliver all, evenly over the burst's seconds; return how long each took."""
    took: list[float] = []

    async def one(place: int, checkout: Checkout) -> None:
        await asyncio.sleep(place * burst.seconds / burst.events)
        began = perf_counter()
        await deliver(checkout)
        took.append(perf_counter() - began)

    await asyncio.gather(*(one(place, checkout) for place, checkout in enumerate(checkouts)))
    return took
