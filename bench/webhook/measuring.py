"""The rounds: the webhook and its floor take turns, with customers of their own."""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.context import Context
from bench.figures import Figure, Growth, Picture, Side, Target, at_most, percentile
from bench.process import Command
from bench.webhook.checkouts import Checkout
from bench.webhook.floor import Floor
from bench.webhook.sender import deliver

_LADDER = (1, 8, 64)
_TARGETS: dict[tuple[int, str], Target] = {
    (1, "p50"): at_most(3.0, Side.EXCESS),
    (64, "p99"): at_most(2.0, Side.RATIO),
}
_SHARES = {"p50": 0.5, "p99": 0.99}
_PICTURE = Picture("webhook", "Webhook: event to answer, p99", "events at once")
_WARM_UP = 64


@dataclass
class _Rung:
    """What was measured of one load, a list for each round: milliseconds of each event, and CPU milliseconds of all."""

    kind: str
    at_once: int
    ours: list[list[float]] = field(default_factory=list)
    floors: list[list[float]] = field(default_factory=list)
    our_cpu: list[float] = field(default_factory=list)
    floor_cpu: list[float] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        """Sum the rounds up."""
        name = f"webhook: {self.kind}, {self.at_once} at once"
        return [
            *(
                Figure(
                    f"{name}, {label}",
                    "ms",
                    [percentile(times, share) for times in self.ours],
                    [percentile(times, share) for times in self.floors],
                    _TARGETS.get((self.at_once, label)),
                    Growth(_PICTURE, self.kind, self.at_once) if label == "p99" else None,
                )
                for label, share in _SHARES.items()
            ),
            Figure(f"{name}, events for each second of CPU", "1/s", self.our_cpu, self.floor_cpu),
        ]


@dataclass(frozen=True)
class _Scene:
    """A running webhook and its floor, each before the same API server and the same tables."""

    context: Context
    webhook: Command
    floor: Floor

    async def take_turns(self, new: _Rung, known: _Rung, count: int, *, floor_first: bool) -> None:
        """Measure so many events of new customers, then the same events again."""
        for ours in (False, True) if floor_first else (True, False):
            checkouts = self._checkouts(count)
            await (self._deliver if ours else self._call)(new, checkouts, b'"accepted"')
            await (self._deliver if ours else self._call)(known, checkouts, b'"already_accepted"')

    async def warm_up(self) -> None:
        """Have both open their connections, and load what they load late."""
        spare = _Rung("warm-up", _WARM_UP)
        await self._deliver(spare, self._checkouts(2 * _WARM_UP), b'"accepted"')
        await self._call(spare, self._checkouts(2 * _WARM_UP), b"")

    async def _deliver(self, rung: _Rung, checkouts: Sequence[Checkout], expected: bytes) -> None:
        port, secret = self.webhook.port, self.context.settings["STRIPE_WEBHOOK_SECRET"]
        requests = [checkout.request(port, secret) for checkout in checkouts]
        gc.collect()
        before = self.webhook.usage().cpu_seconds
        seconds = await deliver(port, requests, rung.at_once, expected)
        rung.our_cpu.append(len(seconds) / (self.webhook.usage().cpu_seconds - before))
        rung.ours.append([each * 1000 for each in seconds])

    async def _call(self, rung: _Rung, checkouts: Sequence[Checkout], _expected: bytes) -> None:
        gc.collect()
        before = time.process_time()
        seconds = await self.floor.take(checkouts, rung.at_once)
        rung.floor_cpu.append(len(seconds) / (time.process_time() - before))
        rung.floors.append([each * 1000 for each in seconds])

    def _checkouts(self, count: int) -> list[Checkout]:
        return [Checkout.of(user_id) for user_id in self.context.new_users(count)]


async def measure(context: Context) -> list[Figure]:
    """Measure new and known customers' events at each load."""
    rungs = [(_Rung("new customers", at_once), _Rung("repeated events", at_once)) for at_once in _LADDER]
    async with (
        context.api.namespace() as namespace,
        context.command("pds-webhook", namespace) as webhook,
        Floor(context.api, context.settings, namespace) as floor,
    ):
        scene = _Scene(context, webhook, floor)
        for number in range(context.rounds):
            context.say(f"  round {number + 1} of {context.rounds}")
            await scene.warm_up()
            for new, known in rungs:
                count = context.size(200, 50) if new.at_once == 1 else context.size(960, 192)
                await scene.take_turns(new, known, count, floor_first=number % 2 == 1)
    return [figure for pair in rungs for rung in pair for figure in rung.figures()]
