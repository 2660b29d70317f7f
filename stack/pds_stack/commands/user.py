"""`pds-stack user`: a user of the running stack, with an access token for trying things out."""

import argparse
import asyncio
from pathlib import Path

from pds_stack import envfile, users
from pds_stack.supabase import issuer, user_token

HELP = "make or find a user; print the id and an access token"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("email", metavar="EMAIL", help="the user's e-mail address")
    parser.add_argument(
        "--env", metavar="FILE", type=Path, help="the stack's env file (default: the environment, else .stack/env)"
    )


def run(options: argparse.Namespace) -> int:
    """Print `USER_ID=…` and `ACCESS_TOKEN=…`; the token is good for one hour."""
    settings = envfile.settings(("DATABASE_URL", "SUPABASE_JWT_SECRET", "SUPABASE_URL"), options.env)
    user_id = asyncio.run(users.find_or_make(settings["DATABASE_URL"], options.email))
    issued_by = issuer(settings["SUPABASE_URL"])
    token = user_token(settings["SUPABASE_JWT_SECRET"], user_id, options.email.strip().lower(), issued_by)
    print(f"USER_ID={user_id}\nACCESS_TOKEN={token}")
    return 0
