"""`pds-stack event`: send a signed event to the running webhook, as Stripe would, and show its answer."""

import argparse
import asyncio
import json
from pathlib import Path

import httpx

from pds_stack import envfile
from pds_stack.delivery import deliver
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
    parser.add_argument("--created", metavar="SECONDS", type=int, help="the session's Unix time (default: now)")
    parser.add_argument(
        "--env", metavar="FILE", type=Path, help="the stack's env file (default: the environment, else .stack/env)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the answer's status and body; 0 only if Stripe would take it for delivered."""
    payload = _payload(options)
    settings = envfile.settings(("WEBHOOK_URL", "STRIPE_WEBHOOK_SECRET"), options.env)
    answer = asyncio.run(deliver(settings["WEBHOOK_URL"], payload, settings["STRIPE_WEBHOOK_SECRET"]))
    reason = httpx.codes.get_reason_phrase(answer.status_code)
    print(f"{answer.status_code} {reason}\n{answer.text}")
    return 0 if answer.is_success else 1


def _payload(options: argparse.Namespace) -> bytes:
    given = {name: value for name in (*_FIELDS, "created") if (value := getattr(options, name)) is not None}
    if options.file is None:
        return json.dumps(checkout_event(**given)).encode()
    if given:
        raise UsageError("--file sends the file as it is: leave out the other options, or the file")
    try:
        payload: bytes = options.file.read_bytes()
        payload.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot send {options.file}: {error}") from error
    return payload
