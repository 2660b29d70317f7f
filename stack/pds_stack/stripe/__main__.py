"""``python -m pds_stack.stripe``: serve the stand-in for Stripe until SIGINT or SIGTERM.

It reads STRIPE_SECRET_KEY, and WEBHOOK_URL with STRIPE_WEBHOOK_SECRET where events of paid sessions are to go.
"""

import argparse
import os

from aiohttp import web

from pds_stack.stripe.app import create_app
from pds_stack.stripe.simulator import StripeSimulator
from pds_stack.stripe.webhook import Endpoint


def main() -> None:
    """Read the arguments and serve; it is ready once ``GET /_control/health`` answers 200."""
    parser = argparse.ArgumentParser(prog="python -m pds_stack.stripe", description="A stand-in for Stripe's API.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    arguments = parser.parse_args()
    secret_key = os.environ.get("STRIPE_SECRET_KEY")
    if not secret_key:
        parser.error("set STRIPE_SECRET_KEY to the key to accept")
    url, secret = os.environ.get("WEBHOOK_URL"), os.environ.get("STRIPE_WEBHOOK_SECRET")
    app = create_app(StripeSimulator(secret_key, Endpoint(url, secret) if url and secret else None))
    web.run_app(app, host=arguments.host, port=arguments.port, access_log=None, shutdown_timeout=2)


if __name__ == "__main__":
    main()
