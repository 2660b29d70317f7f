"""Lets one cell after the other begin, no faster than the machine keeps up: being late is no fault of the matrix."""

import asyncio
from collections.abc import Mapping

from faults.exchange import Dependency
from faults.upstreams import Upstreams

PAUSE, LONGEST_PAUSE = 0.02, 1.0
KEEPS_UP = 0.1
"""How many seconds the dependencies may take to answer a small question."""
NOBODY = "00000000-0000-0000-0000-000000000000"


class Pace:
    """Asks the dependencies how they are doing before each beginning."""

    def __init__(self, upstreams: Upstreams, stack: Mapping[str, str]) -> None:
        self._upstreams = upstreams
        self._key = stack["SUPABASE_SERVICE_ROLE_KEY"]
        self._turns = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next cell may begin."""
        clock = asyncio.get_running_loop().time
        pause = PAUSE
        async with self._turns:
            while True:
                began = clock()
                await asyncio.gather(asyncio.sleep(PAUSE), self._kubernetes(), self._supabase())
                if clock() - began < PAUSE + KEEPS_UP:
                    return
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _kubernetes(self) -> None:
        api = self._upstreams.of[Dependency.KUBERNETES]
        async with self._upstreams.session.get(f"{api.url}/version", headers=api.headers, ssl=api.tls) as answer:
            await answer.read()

    async def _supabase(self) -> None:
        url = f"{self._upstreams.of[Dependency.SUPABASE].url}/rest/v1/rpc/look_up_pds_service"
        headers = {"apikey": self._key, "Authorization": f"Bearer {self._key}"}
        async with self._upstreams.session.post(url, headers=headers, json={"p_user_id": NOBODY}) as answer:
            await answer.read()
