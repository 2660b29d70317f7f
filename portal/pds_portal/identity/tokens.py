"""Verifying Supabase's access tokens: a pure function of the token, the keys and the time.

A key verifies with one algorithm, its own, whatever a token says of itself; of a token's header, ``kid`` alone is
read beside, and only to choose among known keys. Nothing is fetched because a token asks for it (``jku``, ``x5u``,
``jwk``).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import jwt
from jwt.types import Options
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pds_contract.errors import PdsError
from pds_contract.names import USER_ID_PATTERN

LEEWAY_SECONDS = 5
"""How far Supabase's clock and ours may be apart."""

LONGEST_TOKEN = 8190
"""Characters; the longest header that is accepted cannot hold more."""

SHORTEST_SECRET = 32
"""Bytes; RFC 7518, 3.2: an HS256 key has at least the size of the hash."""

_SIGNATURE_ALONE: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
    "enforce_minimum_key_length": True,
}
"""What a token claims is checked here, by one model and one clock."""


_ALGORITHMS: dict[tuple[object, object], str] = {
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
    ("RSA", None): "RS256",
}
"""By a published key's type and curve."""


class Reason(StrEnum):
    """Why a token is refused: the words of the log and of the tests."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    BAD_CLAIM = "bad_claim"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ANONYMOUS = "anonymous"


class InvalidToken(PdsError):
    """A token that signs nobody in. The message never quotes it.

    Args:
        reason: Why.
        message: The same in words.
        user_id: Whose it was, of one that has expired and is in order otherwise.
    """

    def __init__(self, reason: Reason, message: str, user_id: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.user_id = user_id


@dataclass(frozen=True)
class Key:
    """A key and the one algorithm that it verifies with.

    Args:
        algorithm: ``HS256``, ``ES256``, ``RS256`` or ``EdDSA``.
        material: What PyJWT verifies with.
        kid: Its name in the key set. One without a name verifies tokens of every ``kid``.
    """

    algorithm: str
    material: "bytes | jwt.PyJWK" = field(repr=False)
    kid: str | None = None


KeySet = tuple[Key, ...]


@dataclass(frozen=True)
class Claims:
    """Whom a token signs in.

    Args:
        user_id: The id in ``auth.users``, a hyphenated lower-case UUID.
        email: The e-mail address, or "" where there is none.
        expires_at: Unix seconds.
    """

    user_id: str
    email: str = field(repr=False)
    expires_at: int


class _Payload(BaseModel):
    """The claims that count, as Supabase Auth issues them; the keys of its gateway have neither ``sub`` nor ``aud``."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    iss: str
    aud: Literal["authenticated"]
    role: Literal["authenticated"]
    sub: str = Field(pattern=USER_ID_PATTERN)
    exp: int = Field(ge=0)
    nbf: int | float | None = None
    email: str | None = None
    is_anonymous: bool = False


def secret_keys(secret: str) -> KeySet:
    """Make the key set of a project that signs with a shared secret.

    Args:
        secret: ``SUPABASE_JWT_SECRET``: the text as Supabase shows it, which is the key as it stands.

    Raises:
        ValueError: The secret cannot be one; the message says what to do.
    """
    material = secret.encode()
    if len(material) < SHORTEST_SECRET:
        raise ValueError(f"is shorter than {SHORTEST_SECRET} bytes; set it to the JWT secret of the Supabase project")
    try:
        jwt.get_algorithm_by_name("HS256").prepare_key(material)
    except jwt.InvalidKeyError:
        raise ValueError("is a public key, which is no secret; set SUPABASE_JWKS_URL in its place") from None
    return (Key("HS256", material),)


def published_keys(documents: Iterable[object]) -> KeySet:
    """Read the usable keys of a JWKS document's ``keys``; what cannot verify a signature of a known kind is left out.

    Neither a shared secret (``oct``) nor a private key is one: what is published is no secret.
    """
    return tuple(key for document in documents if (key := _published(document)) is not None)


def verify(token: str, keys: KeySet, issuer: str, now: float) -> Claims:
    """Check a token and say whom it signs in.

    Args:
        token: The access token.
        keys: The keys that its signature may be of.
        issuer: What ``iss`` has to be.
        now: Unix seconds.

    Raises:
        InvalidToken: It signs nobody in.
    """
    document = _signed(token, keys)
    try:
        payload = _Payload.model_validate(document)
    except ValidationError as error:
        claims = sorted({str(each["loc"][0]) for each in error.errors(include_input=False, include_url=False)})
        raise _refused(Reason.BAD_CLAIM, f"has no usable {', '.join(claims)}") from None
    if payload.iss != issuer:
        raise _refused(Reason.BAD_CLAIM, "is of another issuer; SUPABASE_JWT_ISSUER says which one is expected")
    if payload.is_anonymous:
        raise _refused(Reason.ANONYMOUS, "is an anonymous user's, who has no account to sign in to")
    if payload.nbf is not None and payload.nbf > now + LEEWAY_SECONDS:
        raise _refused(Reason.NOT_YET_VALID, "is not valid yet")
    if payload.exp <= now - LEEWAY_SECONDS:
        raise InvalidToken(Reason.EXPIRED, "the token has expired", payload.sub)
    return Claims(payload.sub, payload.email or "", payload.exp)


def _signed(token: str, keys: KeySet) -> object:
    """Return what a token says, once a key has signed it."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise _refused(Reason.MALFORMED, "is no token")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise _refused(Reason.MALFORMED, "is no token") from None
    named = header.get("kid")
    candidates = [key for key in keys if named is None or key.kid is None or key.kid == named]
    if not candidates:
        raise _refused(Reason.UNKNOWN_KEY, "names a key that is not known")
    for key in candidates:
        if header.get("alg") != key.algorithm:
            continue
        try:
            return jwt.decode(token, key.material, algorithms=[key.algorithm], options=_SIGNATURE_ALONE)
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _refused(Reason.MALFORMED, "is no token") from None
    raise _refused(Reason.BAD_SIGNATURE, "is signed by no known key")


def _published(document: object) -> Key | None:
    if not isinstance(document, dict):
        return None
    algorithm = _ALGORITHMS.get((document.get("kty"), document.get("crv")))
    kid, operations = document.get("kid"), document.get("key_ops", ["verify"])
    if (
        algorithm is None
        or "d" in document
        or document.get("alg", algorithm) != algorithm
        or document.get("use", "sig") != "sig"
        or not isinstance(operations, list)
        or "verify" not in operations
        or not isinstance(kid, str)
        or not kid
    ):
        return None
    try:
        return Key(algorithm, jwt.PyJWK(document, algorithm), kid)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _refused(reason: Reason, message: str) -> InvalidToken:
    return InvalidToken(reason, f"the token {message}")
