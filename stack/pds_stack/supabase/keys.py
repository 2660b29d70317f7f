"""The keys of a Supabase project, and the tokens that they sign."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

Algorithm = Literal["HS256", "ES256"]

AUDIENCE = "authenticated"
# Who issued the project's own two keys, at every project.
_ISSUER = "supabase"
_TEN_YEARS = 10 * 365 * 24 * 3600
_HOUR = 3600


@dataclass(frozen=True)
class Keys:
    """What a project signs with, and the two keys that are made with its secret.

    Attributes:
        secret: signs and verifies by HS256; known as SUPABASE_JWT_SECRET.
        anon: the key for browsers.
        service_role: the key for servers.
        signing: signs by ES256, where that is switched on; its public half is in the JWKS.
        signing_id: its `kid`.
    """

    secret: str = field(repr=False)
    anon: str = field(repr=False)
    service_role: str = field(repr=False)
    signing: ec.EllipticCurvePrivateKey = field(repr=False)
    signing_id: str

    @classmethod
    def new(cls) -> "Keys":
        """Keys over a new random secret, and a new signing key."""
        secret = secrets.token_hex(32)
        signing = ec.generate_private_key(ec.SECP256R1())
        return cls(secret, _key(secret, "anon"), _key(secret, "service_role"), signing, secrets.token_hex(16))

    def sign(self, claims: Mapping[str, Any], algorithm: Algorithm) -> str:
        """A token with these claims."""
        if algorithm == "HS256":
            return jwt.encode(dict(claims), self.secret, algorithm=algorithm)
        return jwt.encode(dict(claims), self.signing, algorithm=algorithm, headers={"kid": self.signing_id})

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of the two keys signed and that has not expired; nothing else is looked at.

        Raises:
            jwt.InvalidTokenError: it is none.
        """
        algorithm = jwt.get_unverified_header(token).get("alg")
        key = self.signing.public_key() if algorithm == "ES256" else self.secret
        return jwt.decode(
            token,
            key,
            algorithms=["ES256" if algorithm == "ES256" else "HS256"],
            options={"verify_aud": False, "verify_iss": False},
        )

    def jwks(self) -> dict[str, Any]:
        """The public keys as the auth server shows them; the shared secret is never among them."""
        return {"keys": [self._public()]}

    def known_to_postgrest(self) -> str:
        """All keys that PostgREST is to accept, as the JWKS that its `jwt-secret` can be."""
        shared = base64.urlsafe_b64encode(self.secret.encode()).decode().rstrip("=")
        return json.dumps({"keys": [{"kty": "oct", "k": shared, "alg": "HS256"}, self._public()]})

    def _public(self) -> dict[str, Any]:
        public: dict[str, Any] = ECAlgorithm.to_jwk(self.signing.public_key(), as_dict=True)
        return {**public, "kid": self.signing_id, "alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": True}


def issuer(url: str) -> str:
    """Who a user's token is issued by, at the project that clients know by `url`."""
    return f"{url}/auth/v1"


def user_token(secret: str, user_id: str, email: str, issued_by: str = _ISSUER) -> str:
    """An access token of one hour for a user of `auth.users`, without a session.

    Args:
        secret: the project's.
        user_id: the claim `sub`.
        email: the claim `email`.
        issued_by: the claim `iss`; the auth server's own tokens have :func:`issuer`, and the portal accepts no other.
    """
    now = int(time.time())
    claims = {
        "iss": issued_by,
        "aud": AUDIENCE,
        "role": AUDIENCE,
        "sub": user_id,
        "email": email,
        "iat": now,
        "exp": now + _HOUR,
        "is_anonymous": False,
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def _key(secret: str, role: str) -> str:
    now = int(time.time())
    return jwt.encode({"iss": _ISSUER, "role": role, "iat": now, "exp": now + _TEN_YEARS}, secret, algorithm="HS256")
