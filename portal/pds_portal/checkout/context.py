"""The plan's context: what the mission carries in URLs from /pricing through /signup or /login to /dashboard.

``pds_plan``, ``pds_disksize_gb``, ``pds_username``, ``pds_hostname`` and ``auto_checkout``. Anybody may have written a
URL, so it is read leniently: what is unusable is left out, and the form is judged when it is sent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from pds_contract.checkout import DISK_SIZE_MIN
from pds_contract.names import HOSTNAME_MAX
from pds_portal.checkout.plans import Plan, find

PLAN = "pds_plan"
DISK_SIZE = "pds_disksize_gb"
USERNAME = "pds_username"
HOSTNAME = "pds_hostname"
AUTO_CHECKOUT = "auto_checkout"

_SIZE = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class PlanContext:
    """What a customer has chosen so far; names as they were typed.

    Args:
        plan: The plan's key; None where none of those on sale is chosen, and then nothing else is either.
        disksize_gb: What was asked for within the plan's size; None for the plan's.
        username: What was asked for, if anything.
        hostname: The same.
        auto_checkout: Whether the dashboard is to go on to the payment by itself.
    """

    plan: str | None = None
    disksize_gb: int | None = None
    username: str | None = None
    hostname: str | None = None
    auto_checkout: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str], plans: Sequence[Plan]) -> Self:
        """Read a URL's query; of a key that is there twice, the first counts."""
        plan = find(plans, query.get(PLAN))
        if plan is None:
            return cls()
        return cls(
            plan=plan.key,
            disksize_gb=_size(query.get(DISK_SIZE, ""), plan),
            username=_name(query.get(USERNAME, "")),
            hostname=_name(query.get(HOSTNAME, "")),
            auto_checkout=query.get(AUTO_CHECKOUT) == "true",
        )

    @classmethod
    def offer(cls, plan: Plan, query: Mapping[str, str]) -> Self:
        """Return what the pricing page's link to a plan carries: its size, unless the page's own URL asks for less.

        The page's URL may hold names as well, as of a link from another site; the dashboard goes on by itself.
        """
        asked = cls.read({**query, PLAN: plan.key}, (plan,))
        return replace(asked, disksize_gb=asked.disksize_gb or plan.disksize_gb, auto_checkout=True)

    def query(self) -> str:
        """Write it as a query string, without a question mark; empty where no plan is chosen."""
        if self.plan is None:
            return ""
        written = {
            PLAN: self.plan,
            DISK_SIZE: self.disksize_gb,
            USERNAME: self.username,
            HOSTNAME: self.hostname,
            AUTO_CHECKOUT: "true" if self.auto_checkout else None,
        }
        return urlencode({key: value for key, value in written.items() if value is not None})

    def path(self, path: str) -> str:
        """Return a path with the context behind it, as ``/signup?pds_plan=…``."""
        query = self.query()
        return f"{path}?{query}" if query else path

    def by_hand(self) -> Self:
        """Return it without ``auto_checkout``: what a customer who turned back at Stripe's page comes back with."""
        return replace(self, auto_checkout=False)


def _size(text: str, plan: Plan) -> int | None:
    if not _SIZE.fullmatch(text):
        return None
    size = int(text)
    return size if DISK_SIZE_MIN <= size <= plan.disksize_gb else None


def _name(text: str) -> str | None:
    """Read a name as it was typed, where it is one line of a length that a name can have."""
    bare = text.strip()
    return bare if bare and len(bare) <= HOSTNAME_MAX and bare.isprintable() else None
