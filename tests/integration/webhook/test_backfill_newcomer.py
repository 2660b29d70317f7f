"""What somebody who tries it out does: lose a checkout on the stack, then backfill it with the stack's own settings."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.resource import provision_name
from pds_stack import parts
from pds_stack.console import Console
from pds_stack.stack import LOCALHOST, start

BIN = Path(sys.executable).parent


async def command(name: str, *arguments: str, env: Mapping[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        BIN / name,
        *arguments,
        env={"PATH": os.environ["PATH"], **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_a_lost_checkout_is_found(
    stack: Mapping[str, str], api: KubernetesApi, namespace: str, new_user: Callable[[], str]
) -> None:
    user_id = new_user()
    async with start((parts.STRIPE,), LOCALHOST, Console()) as started:
        settings = {**stack, **started.values, "PDS_NAMESPACE": namespace}
        lost = await command(
            "pds-stack", "event", "--user-id", user_id, "--email", "a@a.example", "--lost", env=settings
        )
        assert lost[0] == 0, lost
        found = await command("pds-webhook", "backfill", "--since", "1h", env=settings)
    assert found[0] == 0, found
    assert user_id in found[1]
    made = await Provisions(api, namespace, "test").get(provision_name(user_id))
    assert made.spec.email == "a@a.example"
