"""A burst: hundreds of checkouts within ten seconds, through the webhook, while the backend is slow.

The floor of the time to the last Ready is the backend's own limit: so many deploys of so many seconds, so many at once.
The floor of the answers to Stripe are the same calls by bare clients at the same pace, while the operator deploys those
customers too. The answers are measured in several rounds, of which the last one waits until everybody is Ready.
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
MOST_ROUNDS, QUICK_ROUNDS = 3, 1
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
    """Let the burst come through bare clients and through the webhook, in turns."""
    burst = Burst(EVENTS, SECONDS, DEPLOY_SECONDS)
    if context.quick:
        burst = Burst(QUICK_EVENTS, QUICK_SECONDS, QUICK_DEPLOY_SECONDS)
    context.say(f"  {burst.events} events within {burst.seconds:.0f} s")
    slowest, floors = [], []
    rounds = min(context.rounds, context.size(MOST_ROUNDS, QUICK_ROUNDS))
    for turn in range(rounds):
        floors.append(percentile(await _bare(context, burst), 0.99) * _MILLISECONDS)
        ours = await _product(context, burst, to_the_end=turn == rounds - 1)
        slowest.append(max(ours.answers) * _MILLISECONDS)
    limit = at_most(3, Side.RATIO)
    return [
        Figure(
            "operator: burst, until the last is Ready",
            "s",
            [ours.seconds],
            [burst.limit],
            None if context.quick else at_most(1.1, Side.RATIO),
        ),
        Figure(
            "operator: burst, longest answer to Stripe, by p99",
            "ms",
            slowest,
            floors,
            limit,
        ),
        Figure("operator: burst, highest RSS of the operator", "MB", [ours.operator_rss]),
        Figure("operator: burst, highest RSS of the webhook", "MB", [ours.webhook_rss]),
    ]


@dataclass(frozen=True)
class Outcome:
    """What was measured of the product.

    Args:
        answers: Seconds that each answer took.
        seconds: From the first event to the last customer that was waited for.
        operator_rss: The operator's most megabytes.
        webhook_rss: The webhook's.
    """

    answers: list[float]
    seconds: float
    operator_rss: float
    webhook_rss: float


async def _product(context: Context, burst: Burst, *, to_the_end: bool) -> Outcome:
    """Let the burst come through the webhook; wait for all customers, or for a first few."""
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
        await progress.until(lambda: len(progress.ready) >= (burst.events if to_the_end else AT_ONCE))
        seconds = max(progress.ready.values()) - began
        return Outcome(answers, seconds, operator.usage().peak_rss, webhook.usage().peak_rss)


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
