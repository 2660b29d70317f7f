"""`pds-stack event`: send a signed event to the running webhook, as Stripe would, and show its answer.

Where the stack has a stand-in for Stripe, it lists the event's session from then on, as Stripe would.
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from pds_stack import envfile
from pds_stack.delivery import deliver, record
from pds_stack.errors import UsageError
from pds_stack.events import checkout_event

HELP = "sign a checkout event and send it to the webhook"

_FIELDS = {
    "user_id": ("--user-id", "UUID", "metadata user_id"),
    "email": ("--email", "ADDRESS", "metadata user_email"),
    "username": ("--username", "NAME", "metadata pds_username"),
    "hostname": ("--hostname", "FQDN", "metadata pds_hostname_base"),
    "disksize_gb": ("--disk", "GIB", "metadata pds_disksize_gb"),
    "session_id": ("--session", "ID", "the session's id (default: a new one)"),
    "event_type": ("--type", "TYPE", "the event's type (default: checkout.session.completed)"),
    "payment_status": ("--payment-status", "STATUS", "the session's (default: paid)"),
    "mode": ("--mode", "MODE", "the session's (default: subscription)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--file", metavar="FILE", type=Path, help="send this file's bytes instead of a made event")
    for name, (option, kind, text) in _FIELDS.items():
        parser.add_argument(option, dest=name, metavar=kind, help=text)
    parser.add_argument(
        "--lost", action="store_true", help="have the stand-in for Stripe list the session, but deliver nothing"
    )
    parser.add_argument("--created", metavar="SECONDS", type=int, help="the session's Unix time (default: now)")
    parser.add_argument(
        "--env", metavar="FILE", type=Path, help="the stack's env file (default: the environment, else .stack/env)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the answer's status and body; 0 only if Stripe would take it for delivered."""
    given = {name: value for name in (*_FIELDS, "created") if (value := getattr(options, name)) is not None}
    if options.file is not None:
        if given or options.lost:
            raise UsageError("--file sends the file as it is: leave out the other options, or the file")
        return _deliver(_read(options.file), options.env)
    event = checkout_event(**given)
    session = event["data"]["object"]
    if options.lost:
        api_base = envfile.settings(("STRIPE_API_BASE",), options.env)["STRIPE_API_BASE"]
        return _lose(api_base, session)
    stand_in = envfile.setting_if_any("STRIPE_API_BASE", options.env)
    if stand_in:
        asyncio.run(record(stand_in, session))
    return _deliver(json.dumps(event).encode(), options.env)


def _lose(api_base: str, session: dict[str, Any]) -> int:
    asyncio.run(record(api_base, session))
    print(f"{session['id']} is listed, and was not delivered")
    return 0


def _deliver(payload: bytes, env: Path | None) -> int:
    settings = envfile.settings(("WEBHOOK_URL", "STRIPE_WEBHOOK_SECRET"), env)
    answer = asyncio.run(deliver(settings["WEBHOOK_URL"], payload, settings["STRIPE_WEBHOOK_SECRET"]))
    reason = httpx.codes.get_reason_phrase(answer.status_code)
    print(f"{answer.status_code} {reason}\n{answer.text}")
    return 0 if answer.is_success else 1


def _read(file: Path) -> bytes:
    try:
        payload = file.read_bytes()
        payload.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot send {file}: {error}") from error
    return payload
