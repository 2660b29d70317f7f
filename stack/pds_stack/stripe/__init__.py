"""A stateful stand-in for the part of Stripe's API that the product reads: the list of Checkout Sessions.

It pages, filters, expands and refuses as Stripe documents it, and can be told to fail. A test in the same process uses
:class:`StripeSimulator` directly; over HTTP it is told what happened under ``/_control``.
"""

from pds_stack.stripe.app import create_app
from pds_stack.stripe.faults import Fault
from pds_stack.stripe.simulator import StripeSimulator

__all__ = ["Fault", "StripeSimulator", "create_app"]
