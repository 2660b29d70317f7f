"""What it costs to start each command, and to let it rest: beside Python alone, and its libraries alone."""

import ast
import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from bench.context import Context
from bench.figures import Figure, Side, at_most
from bench.process import Usage

_ALONE = "pass"
_LOOK_SECONDS = 0.5
_STEADY_MEGABYTES = 0.1


@dataclass(frozen=True)
class _Subject:
    """A command, and how it is started.

    Args:
        command: Its name.
        module: The module that its script loads.
        ceiling: The most megabytes that it may hold at rest.
        settings: What it is given beside the stack's.
    """

    command: str
    module: str
    ceiling: float
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Start:
    """One start: seconds until it was ready, and resident megabytes once they grew no more."""

    seconds: float
    rss: float


SUBJECTS = (
    _Subject("pds-webhook", "pds_webhook.__main__", 115),
    _Subject("pds-operator", "pds_operator.__main__", 130),
    _Subject(
        "pds-portal",
        "pds_portal.__main__",
        115,
        {
            "PORTAL_URL": "http://localhost:8080",
            "STRIPE_SECRET_KEY": "sk_test_bench",
            "NEXT_PUBLIC_STRIPE_PRICE_ID": "price_bench",
        },
    ),
)


async def measure(context: Context) -> list[Figure]:
    """Start each command, its libraries alone, and Python alone, in turns."""
    figures = []
    for subject in SUBJECTS:
        libraries = await imports(subject.module)
        await _script(libraries)  # the first one compiles and fills the kernel's cache
        commands, alone, pythons = [], [], []
        for _ in range(context.rounds):
            pythons.append(await _script(_ALONE))
            alone.append(await _script(libraries))
            commands.append(await _command(context, subject))
        figures += _figures(subject, commands, alone, pythons)
    return figures


def _figures(
    subject: _Subject, commands: Sequence[_Start], alone: Sequence[_Start], pythons: Sequence[_Start]
) -> list[Figure]:
    name = f"start: {subject.command}"
    seconds, rss = [start.seconds for start in commands], [start.rss for start in commands]
    return [
        Figure(
            f"{name} ready, beside its libraries",
            "s",
            seconds,
            [start.seconds for start in alone],
            at_most(1.3, Side.RATIO),
        ),
        Figure(f"{name} ready, beside python -c pass", "s", seconds, [start.seconds for start in pythons]),
        Figure(
            f"{name} RSS at rest, beside its libraries",
            "MB",
            rss,
            [start.rss for start in alone],
            at_most(1.15, Side.RATIO),
        ),
        Figure(
            f"{name} RSS at rest, beside python -c pass",
            "MB",
            rss,
            [start.rss for start in pythons],
            at_most(subject.ceiling),
        ),
    ]


async def imports(module: str) -> str:
    """Return the statements by which a command's modules import what is not ours, as they stand in them.

    Of the modules that are loaded before the command does anything, and at their top level: what is imported later,
    where it is needed, is no library that the command uses at rest.
    """
    listing = (
        f"import json, sys, {module}; "
        "print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.startswith('pds_') and m.__file__]))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", listing, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    statements: dict[str, None] = {}
    for file in json.loads(output):
        for node in ast.parse(await asyncio.to_thread(Path(file).read_text)).body:
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and _foreign(node.module)):
                statements[ast.unparse(node)] = None
    return "\n".join(statements)


def _foreign(module: str | None) -> bool:
    return module is not None and not module.startswith("pds_")


async def _command(context: Context, subject: _Subject) -> _Start:
    async with (
        context.api.namespace() as namespace,
        context.command(subject.command, namespace, **subject.settings) as command,
    ):
        return _Start(command.ready_after, await _at_rest(command.pid))


async def _script(text: str) -> _Start:
    started = perf_counter()
    async with _told(f"{text}\nprint(flush=True)\ninput()") as process:
        assert process.stdout is not None  # noqa: S101 - asked for, for mypy
        if not await process.stdout.readline():
            raise RuntimeError(f"this did not run:\n{text}")
        return _Start(perf_counter() - started, await _at_rest(process.pid))


@contextlib.asynccontextmanager
async def _told(text: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", text, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        await process.communicate(b"\n")


async def _at_rest(pid: int) -> float:
    before, now = 0.0, Usage.of(pid).rss
    while abs(now - before) > _STEADY_MEGABYTES:
        await asyncio.sleep(_LOOK_SECONDS)
        before, now = now, Usage.of(pid).rss
    return now
