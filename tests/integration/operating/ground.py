"""Where a question is answered: an operator, a backend and a namespace of its own, and a shell for the commands."""

import asyncio
import contextlib
import re
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pds_contract.conditions import READY
from pds_contract.resource import (
    CHECKOUT_CREATED_ANNOTATION,
    CHECKOUT_SESSION_ANNOTATION,
    PdsProvision,
    provision_name,
)
from pds_stack.events import checkout_event
from stages.operator_stage import Stage

from .document import Question, Step
from .shape import difference

COMMAND_SECONDS = 90.0

# What a command exports, and its umask, are there for the next one.
_IN_ONE_TERMINAL = """\
set -o pipefail
[ ! -e .terminal ] || . ./.terminal
{command}
code=$?
{{ export -p; umask -p; }} > .terminal
exit $code
"""

CUSTOMERS = {
    "alice": "7f025477-d436-469e-bbe5-a95ac3bb3321",
    "bob": "3c9e1a60-52b7-4f0d-9a41-0d6c8be1f7a2",
    "carol": "b81d4e0f-93a6-4c55-8f27-61e5a09d3c4b",
    "dave": "e4a7c2d9-0f18-4b63-a5de-92c17fb804d6",
}
"""The customers of the document, and their user ids there."""


@dataclass
class Ground:
    """Everything that a question's situation is made of.

    Args:
        stage: Operator, backend, database.
        folder: Where the commands run, and leave files.
        system: The namespace that stands for ``pds-system``.
        environment: What the commands are told.
        names: What stands for what the document says.
        users: The ids of the customers, by their names.
        paid_at: When they paid, in Unix seconds.
    """

    stage: Stage
    folder: Path
    system: str
    environment: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    paid_at: int = field(default_factory=lambda: int(time.time()))

    def __post_init__(self) -> None:
        self.names |= {"pds-customers": self.stage.namespace, "pds-system": self.system}
        for name, told in CUSTOMERS.items():
            # The first digits stay, so that lists have the document's order.
            user_id = told[:4] + str(uuid.uuid4())[4:]
            self.users[name] = user_id
            self.names |= {told: user_id, f"{name}@example.com": f"{name}@{uuid.uuid4().hex}.example"}

    async def user(self, name: str) -> str:
        """Make the user of a customer, and return the id."""
        self.stage.database.execute(
            "insert into auth.users (id, email) values (%s, %s)", (self.users[name], self.email(name))
        )
        return self.users[name]

    def email(self, name: str) -> str:
        """Return a customer's e-mail address, which nobody else has."""
        return self.names[f"{name}@example.com"]

    def checkout(self, name: str) -> dict[str, Any]:
        """Return the Checkout Session of a customer, as Stripe has it; the same one each time."""
        session_id = f"cs_test_{self.users[name].replace('-', '')}"
        event = checkout_event(
            user_id=self.users[name], email=self.email(name), session_id=session_id, created=self.paid_at
        )
        session: dict[str, Any] = event["data"]["object"]
        return session

    async def customer(self, name: str, **spec: str | int | bool | None) -> str:
        """Make a customer's user, and the resource that their checkout makes; return the user's id."""
        await self.user(name)
        return await self.asked_for(name, **spec)

    async def asked_for(self, name: str, **spec: str | int | bool | None) -> str:
        """Make the resource that a user's checkout makes; return the user's id."""
        user_id, session = self.users[name], self.checkout(name)
        await self.stage.provisions.create(
            provision_name(user_id),
            {"userId": user_id, "email": self.email(name), **spec},
            {CHECKOUT_SESSION_ANNOTATION: session["id"], CHECKOUT_CREATED_ANNOTATION: str(session["created"])},
        )
        return user_id

    async def ready(self, name: str) -> PdsProvision:
        """Wait until a customer's resource is Ready."""
        return await self.stage.until_ready(self.users[name])

    async def until_reason(self, name: str, reason: str, seconds: float) -> None:
        """Wait until a customer's resource says why it is not Ready."""

        def said(provision: PdsProvision) -> bool:
            ready = provision.status.condition(READY)
            return ready is not None and ready.reason == reason

        await self.stage.until(self.users[name], said, f"{name}: {reason}", seconds)

    def operators_secret(self) -> dict[str, str]:
        """Return what the Secret ``pds-operator`` holds."""
        return {name: self.environment[name] for name in ("PDS_API_TOKEN", "SUPABASE_SERVICE_ROLE_KEY")}

    def portals_secret(self) -> dict[str, str]:
        """Return what the Secret ``pds-portal`` holds."""
        return {
            "PDS_API_TOKEN": self.environment["PDS_API_TOKEN"],
            "STRIPE_SECRET_KEY": "sk_test",
            "SUPABASE_JWT_SECRET": self.stage.stack["SUPABASE_JWT_SECRET"],
        }

    async def run(self, question: Question, *, given: str = "", fails: bool = False) -> str:
        """Run the question's next command, hold what it prints against the document, and return it.

        Args:
            question: Whose command.
            given: What the person types.
            fails: Whether the command is to fail.
        """
        step = question.take()
        if step.language == "sql":
            return await self._sql(self.here(step.command))
        printed = await self.shell(self.here(step.command), given=given, fails=fails)
        self.compare(step, printed)
        return printed

    async def shell(self, command: str, *, given: str = "", fails: bool = False) -> str:
        """Run a command in the person's terminal, and return what it prints."""
        printed, code = await self._terminal(command, given)
        assert (code != 0) is fails, f"{command}\nended with {code}:\n{printed}"
        return printed

    def compare(self, step: Step, printed: str) -> None:
        """Hold what was printed against what the document shows."""
        problem = difference(printed, [self.here(line) for line in step.printed])
        assert problem is None, f"{step.command}\n{problem}"

    def here(self, text: str) -> str:
        """Put the names of this run in the place of the document's."""
        told = sorted(self.names, key=len, reverse=True)
        pattern = "|".join(map(re.escape, told))
        return re.sub(rf"(?<![0-9A-Za-z])({pattern})(?![0-9A-Za-z])", lambda found: self.names[found[1]], text)

    async def _terminal(self, command: str, given: str) -> tuple[str, int]:
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            _IN_ONE_TERMINAL.format(command=command),
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                output, _ = await process.communicate(given.encode())
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        assert process.returncode is not None
        return output.decode(), process.returncode

    async def _sql(self, statement: str) -> str:
        cursor = await asyncio.to_thread(self.stage.database.execute, statement.encode())
        if cursor.description is None:
            return ""
        return "".join(f"{' '.join(map(str, row))}\n" for row in cursor.fetchall())
