"""The settings of the customer's portal on the stack."""

import json
from collections.abc import Mapping

from pds_stack.ports import free_ports

PLANS = (
    {
        "key": "starter",
        "name": "Starter",
        "price_id": "price_stack_starter",
        "disksize_gb": 10,
        "text": "For your own account.",
        "price": "€ 9 a month",
    },
    {
        "key": "plus",
        "name": "Plus",
        "price_id": "price_stack_plus",
        "disksize_gb": 20,
        "text": "For a family, or for many pictures.",
        "price": "€ 15 a month",
    },
    {
        "key": "pro",
        "name": "Pro",
        "price_id": "price_stack_pro",
        "disksize_gb": 50,
        "text": "For a team, or for much video.",
        "price": "€ 29 a month",
    },
)


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Where it will listen, on a port that is free now, and the plans: those of `environment`, else three.

    Its address is of `localhost`: browsers keep its cookies, which are marked Secure, over plain HTTP only there.

    Raises:
        StackError: no port is free.
    """
    (port,) = free_ports(1)
    return {
        "PORTAL_URL": f"http://localhost:{port}",
        "PDS_PLANS": environment.get("PDS_PLANS") or json.dumps(PLANS),
    }
