"""Goes the main road on a running stack, and tells a reader what happens on it."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from pds_contract.resource import provision_name
from pds_stack import parts, users
from pds_stack.console import Console
from pds_stack.delivery import deliver
from pds_stack.demo.findings import Check, Look, after_checkout, after_replay
from pds_stack.errors import StackError
from pds_stack.events import checkout_event
from pds_stack.kubernetes import Cluster
from pds_stack.product import Simulator
from pds_stack.provisions import Provisions, conditions, provisions
from pds_stack.stack import Stack

_EMAIL = "alice@example.com"
_READY_SECONDS = 60.0
# How long the world is watched for a change that a replay must not make.
_QUIET_SECONDS = 2.0
# Long enough for a reader to see the states go by: setting up, almost ready, running.
_BEHAVIOUR: dict[str, object] = {"deploy_seconds": 0.05, "states": [[0, 0.6], [2, 0.6], [3, None]]}


@dataclass
class Road:
    """The road of one user.

    Attributes:
        stack: with all its parts.
        cluster: the stack's.
        backend: the stack's.
        console: where it is told.
        differing: how many rules did not hold so far.
    """

    stack: Stack
    cluster: Cluster
    backend: Simulator
    console: Console
    differing: int = field(default=0)

    async def go(self) -> bool:
        """Go the whole road; whether all was as it has to be.

        Raises:
            StackError: it could not be gone to its end.
        """
        namespace = self.stack.values["PDS_NAMESPACE"]
        user_id = await users.find_or_make(self.stack.values["DATABASE_URL"], _EMAIL)
        name = provision_name(user_id)
        await self.backend.behave(**_BEHAVIOUR)
        async with provisions(self.cluster, namespace) as resources:
            payload = json.dumps(checkout_event(user_id=user_id, email=_EMAIL)).encode()
            self._title(f"Stripe sends checkout.session.completed of {_EMAIL}, user {user_id}")
            await self._checkout(resources, name, payload)

            self._title(f"$ kubectl get pds -n {namespace} -o wide")
            self.console.say(_indented(await self.cluster.kubectl("get", "pds", "-n", namespace, "-o", "wide")))
            before = await self._look(resources, name, user_id)
            self._title("the customer's row in pds_services")
            for row in before.services:
                self.console.say(_indented("\n".join(f"{column:<15} {value}" for column, value in row.items())))
            self._title("so far")
            self._report(after_checkout(before))

            self._title("Stripe sends the same event again")
            answer = await self._deliver(payload, time.monotonic())
            await self._watch_quiet(resources, name, before)
            self._report(after_replay(before, await self._look(resources, name, user_id), _code(answer)))
        return not self.differing

    async def _checkout(self, resources: Provisions, name: str, payload: bytes) -> None:
        sent = time.monotonic()
        following = asyncio.create_task(self._follow(resources, name, sent))
        try:
            await self._deliver(payload, sent)
            await asyncio.wait_for(following, _READY_SECONDS)
        except TimeoutError as error:
            raise StackError(f"not Ready within {_READY_SECONDS:.0f} s.\n{self._logs()}") from error
        finally:
            following.cancel()
        self.console.say(f"  Ready {time.monotonic() - sent:.2f} s after the event")

    async def _deliver(self, payload: bytes, sent: float) -> httpx.Response:
        answer = await deliver(self.stack.values["WEBHOOK_URL"], payload, self.stack.values["STRIPE_WEBHOOK_SECRET"])
        self._happened(sent, f"the webhook answers {answer.status_code} {answer.text.strip()}")
        if not answer.is_success:
            raise StackError(f"the webhook did not take the event.\n{self._logs()}")
        return answer

    async def _follow(self, resources: Provisions, name: str, sent: float) -> None:
        """Tell each change of the resource's conditions until it is Ready."""
        told: dict[str, tuple[str, str, str]] = {}
        async for resource in resources.follow(name):
            now = conditions(resource)
            for kind in sorted({*told, *now}):
                if now.get(kind) != told.get(kind):
                    status, reason, message = now.get(kind, ("gone", "", ""))
                    self._happened(sent, f"{f'{kind}={status}':<18} {reason:<14} {message}")
            told = now
            if now.get("Ready", ("",))[0] == "True":
                return

    async def _watch_quiet(self, resources: Provisions, name: str, before: Look) -> None:
        """Watch the resource for a while; end early if it becomes another than it was."""

        async def changed() -> None:
            async for resource in resources.follow(name):
                if resource["metadata"]["resourceVersion"] != before.resource["metadata"]["resourceVersion"]:
                    return

        try:
            await asyncio.wait_for(changed(), _QUIET_SECONDS)
        except TimeoutError:
            self.console.say(f"  watched for {_QUIET_SECONDS:.0f} s: nothing changed")

    async def _look(self, resources: Provisions, name: str, user_id: str) -> Look:
        return Look(
            resource=await resources.get(name),
            services=await self._rows("select * from pds_services where user_id = %s", user_id),
            subscriptions=await self._rows("select * from subscriptions where user_id = %s", user_id),
            deploys=await self._deploys(),
        )

    async def _rows(self, query: str, user_id: str) -> list[dict[str, Any]]:
        async with (
            await psycopg.AsyncConnection.connect(self.stack.values["DATABASE_URL"]) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            await cursor.execute(query.encode(), (user_id,))
            return await cursor.fetchall()

    async def _deploys(self) -> int:
        query = {"method": "POST", "path": "/api/v1/deploy"}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.backend.url}/_control/requests", params=query)
        return len(answer.raise_for_status().json())

    def _report(self, checks: Iterable[Check]) -> None:
        for check in checks:
            self.differing += bool(check.seen)
            self.console.say(f"  DIFFERS  {check.rule}: {check.seen}" if check.seen else f"  ok       {check.rule}")

    def _logs(self) -> str:
        tails = [
            f"The end of {program.name}'s log:\n{_indented(program.tail())}"
            for program in self.stack.programs
            if program.name in parts.COMMANDS
        ]
        return "\n".join(tails)

    def _title(self, text: str) -> None:
        self.console.say(f"\n{text}")

    def _happened(self, sent: float, text: str) -> None:
        self.console.say(f"  +{time.monotonic() - sent:5.2f} s  {text.rstrip()}")


def _code(answer: httpx.Response) -> object:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get("code") if isinstance(body, dict) else None


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())
