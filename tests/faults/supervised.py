"""A process that is started again whenever it ends."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from faults.processes import Command, Process, Zygote, ZygoteEndedError
from faults.readiness import START_SECONDS, NotReadyError

RESTART_PAUSE = 0.05


class Supervised:
    """A process that is started again whenever it ends, as a Deployment does; an async context manager.

    ``ends`` has how each of them ended: -9 for one that was killed; anything else it did by itself.

    Args:
        zygote: Starts it.
        command: What runs.
        environment: Its whole environment.
        name: Goes into the names of its logs.
    """

    def __init__(self, zygote: Zygote, command: Command, environment: Mapping[str, str], *, name: str = "") -> None:
        self.ends: list[int] = []
        self._zygote = zygote
        self._command = command
        self._environment = environment
        self._name = name
        self._stopping = False
        self._keeping: asyncio.Task[None]
        self.process: Process

    async def __aenter__(self) -> Self:
        await self._start()
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        await self.process.kill()
        await self._keeping

    async def kill(self) -> None:
        """Kill the process that runs now; another one is started."""
        await self.process.kill()

    async def pause(self) -> None:
        """Pause the process that runs now."""
        await self.process.pause()

    async def resume(self) -> None:
        """Let the process that runs now go on."""
        await self.process.resume()

    async def ready(self) -> None:
        """Wait until one is ready, be it the next.

        Raises:
            NotReadyError: None was, for as long as one may take to start.
        """
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            process = self.process
            try:
                return await process.ready()
            except NotReadyError:
                if process.alive or asyncio.get_running_loop().time() > deadline:
                    raise
                while self.process is process:
                    if self._keeping.done():
                        raise
                    await asyncio.sleep(RESTART_PAUSE)

    async def _start(self) -> None:
        self.process = await self._zygote.start(self._command, self._environment, name=self._name)

    async def _keep(self) -> None:
        while True:
            code = await self.process.wait()
            if self._stopping:
                return
            self.ends.append(code)
            await asyncio.sleep(RESTART_PAUSE)
            try:
                await self._start()
            except ZygoteEndedError:
                return  # start_zygote tells whoever is inside its block
            if self._stopping:
                await self.process.kill()
                return
