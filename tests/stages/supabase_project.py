"""A Supabase project in the test's own process, as far as keeping somebody signed in needs one.

It signs access tokens, exchanges refresh tokens by the stack's rules, counts that, and can be slow or away.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_stack.supabase.auth.refusals import Refused
from pds_stack.supabase.auth.sessions import Sessions
from pds_stack.supabase.keys import Algorithm, Keys, issuer

ALICE = "7f025477-d436-469e-bbe5-a95ac3bb3321"
BOB = "0d9d2f0a-6a0e-4d55-9a55-5a3c1d9b7e02"
HOUR = 3600


@dataclass
class Project:
    """The project. ``answer`` takes the place of every exchange's; while ``gate`` is shut, nothing is answered."""

    keys: Keys = field(default_factory=Keys.new)
    sessions: Sessions = field(default_factory=lambda: Sessions(time.time))
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    answer: web.Response | None = None
    algorithm: Algorithm = "HS256"
    claims: dict[str, Any] = field(default_factory=dict)
    exchanges: int = 0
    url: str = ""

    def access_token(self, user_id: str, seconds: float = HOUR, **claims: Any) -> str:
        """A user's access token that is good for so long."""
        said = {
            "iss": issuer(self.url),
            "aud": "authenticated",
            "role": "authenticated",
            "sub": user_id,
            "email": f"{user_id[:4]}@users.example",
            "exp": int(time.time() + seconds),
            "is_anonymous": False,
        }
        return self.keys.sign({**said, **claims}, self.algorithm)

    def refresh_token(self, user_id: str) -> str:
        """The refresh token of a new session of a user."""
        return self.sessions.start(user_id, "password")[1].value

    async def exchange(self, request: web.Request) -> web.Response:
        """Exchange a refresh token for new tokens."""
        self.exchanges += 1
        body = await request.json()
        await self.gate.wait()
        if self.answer is not None:
            return self.answer
        try:
            session, given = self.sessions.refresh(body["refresh_token"], reuse_seconds=0)
        except Refused as refused:
            return refused.answer(request)
        tokens = {"access_token": self.access_token(session.user_id, **self.claims), "refresh_token": given.value}
        return web.json_response({**tokens, "token_type": "bearer", "expires_in": HOUR})

    async def jwks(self, _: web.Request) -> web.Response:
        """Show the public keys."""
        await self.gate.wait()
        return self.answer or web.json_response(self.keys.jwks())


@asynccontextmanager
async def running_project() -> AsyncIterator[Project]:
    """Run one until the block ends."""
    project = Project()
    project.gate.set()
    app = web.Application()
    app.router.add_post("/auth/v1/token", project.exchange)
    app.router.add_get("/auth/v1/.well-known/jwks.json", project.jwks)
    async with TestServer(app) as server:
        project.url = str(server.make_url("")).rstrip("/")
        yield project
        project.gate.set()
