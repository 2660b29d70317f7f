"""The tokens of a Supabase project: JWTs, signed by HS256 with the project's secret."""

import secrets
import time
from dataclasses import dataclass, field

import jwt

_ISSUER = "supabase"
_TEN_YEARS = 10 * 365 * 24 * 3600
_HOUR = 3600


@dataclass(frozen=True)
class Keys:
    """A project's secret, and the two keys that are made with it."""

    secret: str = field(repr=False)
    anon: str = field(repr=False)
    service_role: str = field(repr=False)

    @classmethod
    def new(cls) -> "Keys":
        """Keys over a new random secret."""
        secret = secrets.token_hex(32)
        return cls(secret, _key(secret, "anon"), _key(secret, "service_role"))


def _key(secret: str, role: str) -> str:
    now = int(time.time())
    return jwt.encode({"iss": _ISSUER, "role": role, "iat": now, "exp": now + _TEN_YEARS}, secret, algorithm="HS256")


def user_token(secret: str, user_id: str, email: str) -> str:
    """An access token of one hour for a user of `auth.users`, as Supabase's auth server would issue it."""
    now = int(time.time())
    claims = {
        "iss": _ISSUER,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": user_id,
        "email": email,
        "iat": now,
        "exp": now + _HOUR,
    }
    return jwt.encode(claims, secret, algorithm="HS256")
