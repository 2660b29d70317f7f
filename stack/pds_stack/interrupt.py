"""Ctrl-C, SIGTERM and a closed terminal, as one cancellation of what runs."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run `work` to its end, or until a signal cancels it, which happens once: what follows is its cleaning up.

    Returns:
        What `work` returns; 130 if it was cancelled and did not say what that means.
    """

    async def cancellable() -> int:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        asked = False

        def stop() -> None:
            nonlocal asked
            if task and not asked:
                asked = True
                task.cancel()

        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
        return await work

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError:
        return INTERRUPTED
