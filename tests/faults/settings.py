"""The environment of the commands: quick times, the proxy's addresses in the place of the dependencies', free ports."""

from collections.abc import Mapping

from faults.proxy import FaultProxy
from pds_stack.ports import free_ports

# Generous where a machine that is busy must not make a fault of its own, short where everybody has to wait.
QUICK = {
    "PDS_CLAIM_SECONDS": "2",
    "PDS_DEPLOY_TIMEOUT": "2",
    "PDS_SETTLE_SECONDS": "0.1",
    "PDS_RETRY_BASE": "0.05",
    # One operator, which needs no Lease; who runs two sets one that a busy machine renews in time.
    "PDS_LEASE_SECONDS": "0",
    "PDS_MAX_DEPLOYS_PER_HOUR": "0",
}
NOT_THROUGH_A_PROXY = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def operator_environment(
    proxy: FaultProxy, namespace: str, stack: Mapping[str, str], token: str, **more: str
) -> dict[str, str]:
    """Return the whole environment of ``pds-operator`` behind a proxy.

    Args:
        proxy: What stands between it and its dependencies.
        namespace: Where its customers' resources are.
        stack: The stack's settings.
        token: The backend's bearer token.
        more: Settings over the quick ones.
    """
    return {
        **_shared(proxy, namespace, stack),
        **QUICK,
        "PDS_API_TOKEN": token,
        **more,
    }


def webhook_environment(proxy: FaultProxy, namespace: str, stack: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return the whole environment of ``pds-webhook`` behind a proxy, which is reached on its ``PORT``."""
    (port,) = free_ports(1)
    return {
        **_shared(proxy, namespace, stack),
        "PORT": str(port),
        "STRIPE_WEBHOOK_SECRET": stack["STRIPE_WEBHOOK_SECRET"],
        "STRIPE_LIVEMODE": "false",
        **more,
    }


def _shared(proxy: FaultProxy, namespace: str, stack: Mapping[str, str]) -> dict[str, str]:
    (admin_port,) = free_ports(1)
    return {
        **NOT_THROUGH_A_PROXY,
        **proxy.environment(),
        "PDS_NAMESPACE": namespace,
        "SUPABASE_SERVICE_ROLE_KEY": stack["SUPABASE_SERVICE_ROLE_KEY"],
        "PDS_BASE_DOMAIN": stack["PDS_BASE_DOMAIN"],
        "ADMIN_PORT": str(admin_port),
    }
