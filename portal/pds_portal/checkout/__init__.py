"""Plans, and the Checkout Session that buys one."""
