"""Somebody says that they paid: found by their address, or taken in from what Stripe knows."""

from datetime import timedelta

from aiohttp.test_utils import TestServer

from pds_stack.stripe import StripeSimulator, create_app
from pds_stack.stripe.simulator import Asked

from .document import Question
from .ground import Ground
from .pods import Pods

KEY = "sk_test_of_this_test"


async def they_paid(ground: Ground, question: Question) -> None:
    await ground.stage.operate()
    await ground.customer("alice")
    stripe = StripeSimulator(KEY)
    for name in ("bob", "carol"):
        stripe.put(ground.checkout(name))
    await ground.user("bob")  # carol has no account
    async with TestServer(create_app(stripe)) as server:
        pods = Pods(ground, {"STRIPE_API_BASE": str(server.make_url(""))})
        key = ground.environment["SUPABASE_SERVICE_ROLE_KEY"]
        await pods.install(backfill={"STRIPE_SECRET_KEY": KEY, "SUPABASE_SERVICE_ROLE_KEY": key})
        await ground.run(question)
        assert (await ground.run(question)).strip() == ground.users["bob"]
        await ground.run(question, fails=True)
        await ground.run(question)
        told = question.take()
        assert told.command.endswith("logs --follow job/paid")
        ground.compare(told, await pods.finished("paid"))
        await ground.ready("bob")
        await ground.run(question)
        await pods.finished("paid-long-ago")
    first, second = (_listed_from(asked) for asked in stripe.asked)
    assert first - second > timedelta(days=26).total_seconds()


def _listed_from(asked: Asked) -> int:
    """From when on Stripe was asked for sessions, in Unix seconds."""
    (since,) = (value for name, value in asked.parameters if name.startswith("created[gt"))
    return int(since)
