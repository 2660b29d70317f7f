"""``python -m pds_stack.backend``: serve the simulated backend until SIGINT or SIGTERM."""

import argparse
import os

from aiohttp import web

from pds_stack.backend.app import create_app
from pds_stack.backend.simulator import BackendSimulator


def main() -> None:
    """Read the arguments and serve; it is ready once ``GET /_control/health`` answers 200."""
    parser = argparse.ArgumentParser(prog="python -m pds_stack.backend", description="A simulator of the PDS backend.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    parser.add_argument(
        "--token",
        default=os.environ.get("PDS_API_TOKEN"),
        help="the bearer token to accept (default: the environment's PDS_API_TOKEN)",
    )
    arguments = parser.parse_args()
    if not arguments.token:
        parser.error("give --token, or set PDS_API_TOKEN")
    app = create_app(BackendSimulator(arguments.token))
    web.run_app(app, host=arguments.host, port=arguments.port, access_log=None, shutdown_timeout=2)


if __name__ == "__main__":
    main()
