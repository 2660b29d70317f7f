"""A stateful stand-in for what the product uses of Stripe: Checkout Sessions, and the page where they are paid.

It makes, lists, pages, filters, expands and refuses sessions as Stripe documents it, delivers the signed event of one
that is paid, and can be told to fail. A test in the same process uses :class:`StripeSimulator` directly; over HTTP it
is told what happened under ``/_control``. Requests are checked against Stripe's OpenAPI document by :mod:`.mock`.
"""

from pds_stack.faults import Fault
from pds_stack.stripe.app import create_app
from pds_stack.stripe.simulator import StripeSimulator
from pds_stack.stripe.webhook import Endpoint

__all__ = ["Endpoint", "Fault", "StripeSimulator", "create_app"]
