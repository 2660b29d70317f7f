"""stripe-mock: checks requests against Stripe's OpenAPI document, and keeps no state."""

from pds_stack.stripe.mock.program import stripe_mock
from pds_stack.stripe.mock.server import StripeMock, serving

__all__ = ["StripeMock", "serving", "stripe_mock"]
