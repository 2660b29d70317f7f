"""The mails that the auth stand-in would have sent."""

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Mail:
    """A mail that asks to confirm an address.

    Attributes:
        to: the address.
        token: the six digits to be typed in.
        token_hash: what the link carries instead.
        link: where it leads: ``<site>/auth/confirm?token_hash=…&type=email``, and ``&next=…`` where the sign-up said
            where to go on.
        at: when it was sent, in seconds of Unix time.
    """

    to: str
    token: str = field(repr=False)
    token_hash: str = field(repr=False)
    link: str = field(repr=False)
    at: float

    @classmethod
    def confirmation(cls, to: str, site_url: str, redirect_to: str | None) -> "Mail":
        """A new one, with a new token."""
        token = f"{secrets.randbelow(10**6):06d}"
        token_hash = hashed(to, token)
        query = {"token_hash": token_hash, "type": "email"}
        if redirect_to:
            query["next"] = redirect_to
        return cls(to, token, token_hash, f"{site_url.rstrip('/')}/auth/confirm?{urlencode(query)}", time.time())

    def document(self) -> dict[str, Any]:
        """What the control path shows."""
        return {"to": self.to, "token": self.token, "token_hash": self.token_hash, "link": self.link, "at": self.at}


def hashed(to: str, token: str) -> str:
    """The hash of a mail's token that GoTrue keeps and puts into links."""
    return hashlib.sha224(f"{to}{token}".encode()).hexdigest()
