"""The auth server of the stack's Supabase as whoever runs the project sees it: its settings, its mails, its faults."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class AuthProject:
    """What a test tells it, and asks of it."""

    http: httpx.AsyncClient
    site_url: str

    async def tell(self, **settings: Any) -> None:
        """Change its settings (``pds_stack.supabase.auth.AuthSettings``)."""
        (await self.http.patch("/_control/auth", json=settings)).raise_for_status()

    async def fail(self, **fault: Any) -> None:
        """Let calls fail (``pds_stack.faults.Fault``)."""
        (await self.http.post("/_control/faults", json=fault)).raise_for_status()

    async def mend(self) -> None:
        """End all faults."""
        (await self.http.delete("/_control/faults")).raise_for_status()

    async def link(self, email: str) -> str:
        """Return the path and query of the newest link that was mailed to an address."""
        mails = (await self.http.get("/_control/mails", params={"to": email})).json()
        assert mails, "no mail was sent"
        link: str = mails[-1]["link"]
        assert link.startswith(f"{self.site_url}/"), link
        return link.removeprefix(self.site_url)


@asynccontextmanager
async def auth_project(stack: Mapping[str, str], site_url: str) -> AsyncIterator[AuthProject]:
    """Let the project's mails lead to a portal, until the block ends; all is as before then."""
    async with httpx.AsyncClient(base_url=stack["SUPABASE_URL"], trust_env=False, timeout=30) as http:
        project = AuthProject(http, site_url)
        await project.tell(site_url=site_url)
        try:
            yield project
        finally:
            await project.mend()
            (await http.delete("/_control/auth")).raise_for_status()
