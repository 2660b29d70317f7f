"""The floors do the same work as what they stand beside, or their ratios say nothing."""

import json
import time
from typing import Any

from bench.start import SUBJECTS, imports
from bench.webhook.checkouts import Checkout
from pds_contract.checkout import parameters_of
from pds_contract.names import HostnameRules
from pds_contract.shards import shard_labels
from pds_webhook.events import Checkout as Event
from pds_webhook.events import read_event
from pds_webhook.signature import verify
from pds_webhook.wanted import Wanted

USER = "0a1b2c3d-0000-4000-8000-000000000001"
SECRET = "whsec_of_the_bench"


def delivered(checkout: Checkout) -> Event:
    """What the webhook makes of the request that is sent."""
    head, _, body = checkout.request(8080, SECRET).partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    assert int(headers["Content-Length"]) == len(body)
    event = read_event(verify(body, headers["Stripe-Signature"], [SECRET], time.time()))
    assert isinstance(event, Event)
    return event


def test_the_webhooks_floor_creates_the_same_resource() -> None:
    checkout = Checkout.of(USER)
    event = delivered(checkout)
    parameters = parameters_of(event.metadata, event.email, HostnameRules(base_domain="eny.example"))
    wanted = Wanted(parameters, event.session_id, event.session_created, event.event_id, event.paid_at)
    manifest: dict[str, Any] = checkout.manifest("customers")
    assert manifest["spec"] == wanted.spec()
    assert manifest["metadata"] == {
        "name": wanted.name,
        "namespace": "customers",
        "labels": shard_labels(USER),
        "annotations": wanted.annotations(),
    }


def test_the_webhooks_floor_stores_the_same_row() -> None:
    checkout = Checkout.of(USER)
    event = delivered(checkout)
    row = checkout.row()
    assert (row["p_user_id"], row["p_checkout_session_id"]) == (USER, event.session_id)
    assert (row["p_stripe_customer_id"], row["p_stripe_subscription_id"]) == (event.customer_id, event.subscription_id)
    assert json.dumps(row)


async def test_a_commands_libraries_are_what_its_modules_import() -> None:
    for subject in SUBJECTS:
        statements = (await imports(subject.module)).splitlines()
        assert any("aiohttp" in statement for statement in statements), "its server"
        assert any("pydantic" in statement for statement in statements), "loaded by a module that it loads"
        assert not [statement for statement in statements if "pds_" in statement], "nothing of ours"
