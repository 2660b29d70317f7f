"""Somebody had Stripe's signing secret: who really paid keeps a PDS, and what was made for nobody is found."""

import asyncio
from datetime import UTC, datetime, timedelta

from aiohttp.test_utils import TestServer

from pds_stack.stripe import StripeSimulator, create_app

from .document import Question
from .ground import Ground
from .pods import Pods

KEY = "sk_test_of_this_test"


async def flood(ground: Ground, question: Question) -> None:
    stage, stripe = ground.stage, StripeSimulator(KEY)
    operator = await stage.operate(PDS_MAX_DEPLOYS_PER_HOUR=3)
    await ground.customer("alice")
    await ground.ready("alice")
    made = (await stage.get(ground.users["alice"])).metadata.creation_timestamp
    assert made
    begin = made + timedelta(seconds=1)
    await asyncio.sleep((begin - datetime.now(UTC)).total_seconds())  # the API server's times are whole seconds
    ground.names["2026-11-23T02:00:00Z"] = begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    stripe.put(ground.checkout("bob"))
    for name in ("bob", "carol"):
        await ground.customer(name)
        await ground.ready(name)
    await ground.customer("dave")
    await stage.until_reason(ground.users["dave"], "DeployLimitReached")
    for name in ("bob", "carol", "dave"):
        stage.database.execute(
            "insert into subscriptions (user_id, status) values (%s, 'active')", (ground.users[name],)
        )
    await operator.stop()
    async with TestServer(create_app(stripe)) as server:
        pods = Pods(ground, {"STRIPE_API_BASE": str(server.make_url(""))})
        await pods.install(
            backfill={
                "STRIPE_SECRET_KEY": KEY,
                "SUPABASE_SERVICE_ROLE_KEY": ground.environment["SUPABASE_SERVICE_ROLE_KEY"],
            }
        )
        for _ in range(5):
            await ground.run(question)
        ground.compare(question.take(), await pods.finished("after-the-flood"))
    assert ground.users["carol"] in await ground.run(question)
    posts = stage.posts()
    await stage.operate()
    await ground.ready("bob")
    assert stage.posts() == posts
    paying = stage.database.execute("select user_id::text from subscriptions").fetchall()
    assert paying == [(ground.users["bob"],)]
