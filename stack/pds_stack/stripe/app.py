"""The stand-in as one aiohttp application: Stripe's API under ``/v1``, its page, its switches under ``/_control``.

====================================  =================================================================================
``GET, POST /v1/checkout/sessions``   as Stripe lists and makes them, for whoever shows the secret key
``GET …/checkout/sessions/{id}``      one of them
``GET, POST /c/pay/{id}``             the page where a customer pays
``GET /_control/health``              200 once it serves
``POST /_control/sessions``           ``{"session": {…}, "subscription_status": "active"}``: a session that took place
``POST …/subscriptions/{id}``         ``{"status": "canceled"}``: how a subscription is doing now
``GET …/deliveries?session=``         the events of paid sessions, with what each try to deliver them was answered
``PUT, DELETE …/webhook``             ``{"url": …, "secret": …}``: where events go from now on; nowhere
``POST, DELETE …/faults``             switch a fault of the API on (:class:`pds_stack.faults.Fault`), all off
====================================  =================================================================================
"""

from aiohttp import web

from pds_stack.stripe.api import Api
from pds_stack.stripe.checkout import Checkout
from pds_stack.stripe.control import Control
from pds_stack.stripe.simulator import StripeSimulator


def create_app(simulator: StripeSimulator) -> web.Application:
    """Return an application that serves the simulator. Stopping it cuts requests and deliveries that are waiting."""

    async def interrupt(_app: web.Application) -> None:
        simulator.interrupt()
        await simulator.webhook.stop()

    app = web.Application()
    Api(simulator).add_routes(app)
    Checkout(simulator).add_routes(app)
    app.add_subapp("/_control", Control(simulator).app())
    app.on_shutdown.append(interrupt)
    return app
