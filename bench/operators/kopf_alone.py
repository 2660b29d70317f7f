"""kopf with a handler that does nothing: what it costs to hear of each change, whoever handles it.

``python -m bench.operators.kopf_alone`` watches the resources of PDS_NAMESPACE until its input ends, with the settings
that the operator gives to kopf. It writes a line once it has heard of the first one.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import kopf

from bench.api_server import ApiServer
from pds_contract.resource import GROUP, PLURAL, VERSION
from pds_operator.kopf_settings import kopf_settings

REGISTRY = kopf.OperatorRegistry()


@kopf.on.login(registry=REGISTRY)
async def login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401 - as kopf calls it
    """Log in as the bare clients do."""
    api = ApiServer.of(Path(os.environ["KUBECONFIG"]))
    return kopf.ConnectionInfo(server=api.url, token=api.token, ca_data=api.authority.encode())


async def _main() -> None:
    heard = asyncio.Event()

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=REGISTRY)
    async def hear(**_: Any) -> None:  # noqa: ANN401 - as kopf calls it
        if not heard.is_set():
            heard.set()
            sys.stdout.write("\n")
            sys.stdout.flush()

    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def end() -> None:
        loop.remove_reader(sys.stdin)
        stop.set()

    loop.add_reader(sys.stdin, end)
    await kopf.operator(
        registry=REGISTRY,
        settings=kopf_settings(""),
        standalone=True,
        namespaces=[os.environ["PDS_NAMESPACE"]],
        stop_flag=stop,
    )


if __name__ == "__main__":
    asyncio.run(_main())
