"""A customer who comes by the portal: from the plans to the page that says that their PDS runs."""

import secrets
import time
from typing import Any

from cluster.browser import Browser
from cluster.failed import Failed
from cluster.scene import Scene
from cluster.waiting import until
from pds_stack.events import session_event

_RUNNING_SECONDS = 300.0
_PLAN, _DISK_SIZE = "large", 50
"""One of ``deploy/overlays/local``."""


async def check_out(scene: Scene) -> None:
    """Sign up, check out, pay; what was chosen arrives, and the dashboard follows it to running."""
    with scene.progress.act("a customer, by the portal") as act:
        browser, name = Browser(scene.sender), f"user-{secrets.token_hex(4)}"
        email = f"{name}@users.example"
        await browser.open("/pricing")
        await browser.open(f"/signup?pds_plan={_PLAN}")
        path = await browser.submit(f"/signup?pds_plan={_PLAN}", email=email, password=secrets.token_urlsafe(12))
        customer = scene.simulated.user(email)
        if customer is None:
            raise Failed("who has signed up by the portal is not in auth.users")
        scene.customers.append(customer)
        page = await browser.open(path)
        url = await browser.check_out(page, plan=_PLAN, username=name)
        scene.say(f"Stripe's page is {url}")

        session = await scene.simulated.pay(url)
        event = session_event(session, event_type="checkout.session.completed", created=int(time.time()))
        await scene.stripe.deliver(event)
        told = await until(lambda: _running(scene, browser), _RUNNING_SECONDS, "the portal says that the PDS runs")
        spec = (await scene.until_ready([customer]))[customer.user_id].spec
        if (spec.username, spec.disksize_gb) != (name, _DISK_SIZE):
            raise Failed(f"{name} and {_DISK_SIZE} GiB were asked for, not {spec.username} and {spec.disksize_gb}")
        await scene.require_all_served()
        scene.progress.saw(act, f"the dashboard says: {told['message']}")


async def _running(scene: Scene, browser: Browser) -> dict[str, Any] | None:
    told = await browser.progress()
    scene.say(f"the dashboard is at {told['step']}")
    return told if told["step"] == "running" else None
