"""Which checkouts need nothing done, or a person: decided from the event and our mode alone."""

from pds_webhook.answers import Answer, Code
from pds_webhook.events import PAYMENT_FAILED, Checkout


def settled_by_itself(checkout: Checkout, *, livemode: bool) -> Answer | None:
    """Answer a checkout that asks for nothing to be stored or made, or return None where it does.

    Args:
        checkout: A checkout of ours.
        livemode: Whether this webhook serves Stripe's live mode.
    """
    if checkout.event_type == PAYMENT_FAILED:
        return Answer(Code.IGNORED, "the payment failed")
    if checkout.livemode is not livemode:
        if not checkout.paid:
            return Answer(Code.IGNORED, "not paid, and of the other mode (live or test)")
        return Answer(
            Code.LIVEMODE_MISMATCH,
            f"paid in {_mode(live=checkout.livemode)} mode, but this webhook serves {_mode(live=livemode)} mode; "
            "send the event to the other mode's webhook, or set STRIPE_LIVEMODE",
        )
    if checkout.mode != "subscription":
        if not checkout.paid:
            return Answer(Code.IGNORED, "not paid, and not a subscription")
        return Answer(
            Code.UNSUPPORTED_MODE,
            "paid, but not as a subscription: a PDS is sold by subscription; refund or migrate it",
        )
    return None


def _mode(*, live: bool) -> str:
    return "live" if live else "test"
