"""How long Stripe waits for the webhook, and what an event costs, beside the same calls by bare clients."""

from bench.webhook.measuring import measure

__all__ = ["measure"]
