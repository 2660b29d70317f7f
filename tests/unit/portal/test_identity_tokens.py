import base64
import itertools
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from pds_portal.identity.tokens import (
    LEEWAY_SECONDS,
    Claims,
    InvalidToken,
    Key,
    KeySet,
    Reason,
    published_keys,
    secret_keys,
    verify,
)

NOW = 1_800_000_000
ISSUER = "https://project.example/auth/v1"
USER = "7f025477-d436-469e-bbe5-a95ac3bb3321"
SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"
OTHER_SECRET = "another-secret-jwt-token-with-at-least-32-characters"

EC = ec.generate_private_key(ec.SECP256R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()

CLAIMS = {
    "iss": ISSUER,
    "aud": "authenticated",
    "role": "authenticated",
    "sub": USER,
    "email": "alice@example.com",
    "exp": NOW + 3600,
    "iat": NOW,
    "is_anonymous": False,
    "session_id": "2b9f3c66-5f0c-4b5b-9e9d-3f7c5f0b0a11",
    "app_metadata": {"provider": "email"},
    "user_metadata": {},
}


def public(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    """The JWK of a key's public half, as Supabase publishes it."""
    kinds: tuple[tuple[type, Callable[..., Any], str], ...] = (
        (ec.EllipticCurvePrivateKey, ECAlgorithm.to_jwk, "ES256"),
        (rsa.RSAPrivateKey, RSAAlgorithm.to_jwk, "RS256"),
        (ed25519.Ed25519PrivateKey, OKPAlgorithm.to_jwk, "EdDSA"),
    )
    to_jwk, algorithm = next((to_jwk, algorithm) for kind, to_jwk, algorithm in kinds if isinstance(key, kind))
    shown: dict[str, Any] = to_jwk(key.public_key(), as_dict=True)
    return {**shown, "kid": kid, "alg": algorithm, "use": "sig", "key_ops": ["verify"], **more}


SECRET_KEYS = secret_keys(SECRET)
PUBLISHED = published_keys([public(EC, "ec"), public(RSA, "rsa"), public(ED, "ed")])


def token(key: Any = SECRET, algorithm: str = "HS256", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token of the usual claims; one that is None is left out."""
    said = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(said, key, algorithm=algorithm, headers=header)


def refused(text: str, keys: KeySet = SECRET_KEYS, now: float = NOW) -> Reason:
    with pytest.raises(InvalidToken) as caught:
        verify(text, keys, ISSUER, now)
    for part in text.split("."):
        assert len(part) < 12 or part not in str(caught.value), "the message quotes the token"
    return caught.value.reason


def segment(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (token(), SECRET_KEYS),
        (token(header={"kid": "what-supabase-names-its-secret"}), SECRET_KEYS),
        (token(EC, "ES256", {"kid": "ec"}), PUBLISHED),
        (token(RSA, "RS256", {"kid": "rsa"}), PUBLISHED),
        (token(ED, "EdDSA", {"kid": "ed"}), PUBLISHED),
        (token(ED, "EdDSA"), PUBLISHED),
    ],
    ids=["secret", "secret-with-kid", "ES256", "RS256", "EdDSA", "without-kid"],
)
def test_a_token_of_the_project_signs_its_user_in(text: str, keys: KeySet) -> None:
    assert verify(text, keys, ISSUER, NOW) == Claims(USER, "alice@example.com", NOW + 3600)


def test_a_user_without_an_email_has_an_empty_one() -> None:
    assert verify(token(email=None), SECRET_KEYS, ISSUER, NOW).email == ""
    assert verify(token(email=""), SECRET_KEYS, ISSUER, NOW).email == ""


def _confused() -> str:
    """Signed by HMAC with the public key's PEM, which PyJWT itself does not do."""
    pem = EC.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    hmac = jwt.get_algorithm_by_name("HS256")
    said = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': 'ec'})}.{segment(CLAIMS)}"
    signature = base64.urlsafe_b64encode(hmac.sign(said.encode(), pem)).rstrip(b"=").decode()
    return f"{said}.{signature}"


def _unsigned(alg: str) -> str:
    return f"{segment({'alg': alg, 'typ': 'JWT'})}.{segment(CLAIMS)}."


def _with_signature_of(other: str) -> str:
    return f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment({**CLAIMS, 'sub': USER[::-1]})}.{other.split('.')[2]}"


KEY_OF_THE_SENDER = {"jwk": public(OTHER_EC, "ec"), "jku": "https://evil.example/jwks", "x5u": "https://evil.example/x"}


@pytest.mark.parametrize(
    ("text", "keys", "reason"),
    [
        (_unsigned("none"), SECRET_KEYS, Reason.BAD_SIGNATURE),
        (_unsigned("None"), PUBLISHED, Reason.BAD_SIGNATURE),
        (_unsigned("HS256"), SECRET_KEYS, Reason.BAD_SIGNATURE),
        (_unsigned("ES256"), PUBLISHED, Reason.BAD_SIGNATURE),
        (_confused(), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(SECRET, "HS256", {"kid": "ec"}), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(SECRET * 2, "HS512"), (Key("HS256", SECRET.encode()),), Reason.BAD_SIGNATURE),
        (token(SECRET * 2, "HS512"), (Key("HS256", (SECRET * 2).encode()),), Reason.BAD_SIGNATURE),
        (token(RSA, "PS256", {"kid": "rsa"}), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(RSA, "RS512", {"kid": "rsa"}), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(EC, "ES256", {"kid": "ec"}), SECRET_KEYS, Reason.BAD_SIGNATURE),
        (token(OTHER_SECRET), SECRET_KEYS, Reason.BAD_SIGNATURE),
        (token(OTHER_EC, "ES256", {"kid": "ec"}), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(OTHER_EC, "ES256", {"kid": "ec", **KEY_OF_THE_SENDER}), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(OTHER_EC, "ES256", KEY_OF_THE_SENDER), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(OTHER_EC, "ES256", {"kid": "other", **KEY_OF_THE_SENDER}), PUBLISHED, Reason.UNKNOWN_KEY),
        (token(EC, "ES256", {"kid": "rsa"}), PUBLISHED, Reason.BAD_SIGNATURE),
        (token(EC, "ES256", {"kid": "../ec"}), PUBLISHED, Reason.UNKNOWN_KEY),
        (token(), (), Reason.UNKNOWN_KEY),
        (_with_signature_of(token()), SECRET_KEYS, Reason.BAD_SIGNATURE),
        (token(header={"crit": ["exp"], "exp": 1}), SECRET_KEYS, Reason.MALFORMED),
        ("", SECRET_KEYS, Reason.MALFORMED),
        ("..", SECRET_KEYS, Reason.MALFORMED),
        ("a.b.c", SECRET_KEYS, Reason.MALFORMED),
        (token() + "ä", SECRET_KEYS, Reason.MALFORMED),
        (token(user_metadata={"note": "x" * 8192}), SECRET_KEYS, Reason.MALFORMED),
    ],
)
def test_a_forged_token_signs_nobody_in(text: str, keys: KeySet, reason: Reason) -> None:
    assert refused(text, keys) is reason


def test_the_keys_of_the_gateway_sign_nobody_in() -> None:
    for role in ("anon", "service_role"):
        key = jwt.encode({"iss": "supabase", "role": role, "iat": NOW, "exp": NOW + 9999}, SECRET, algorithm="HS256")
        assert refused(key) is Reason.BAD_CLAIM
        assert refused(token(role=role)) is Reason.BAD_CLAIM


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": None},
        {"aud": "anon"},
        {"aud": ["authenticated"]},
        {"aud": ["authenticated", "anon"]},
        {"aud": "Authenticated"},
        {"role": None},
        {"role": "service_role"},
        {"role": "supabase_admin"},
        {"role": "authenticated "},
        {"iss": None},
        {"iss": "https://project.example/auth/v1/"},
        {"iss": "https://evil.example/auth/v1"},
        {"iss": [ISSUER]},
        {"sub": None},
        {"sub": ""},
        {"sub": USER.upper()},
        {"sub": USER.replace("-", "")},
        {"sub": f"{{{USER}}}"},
        {"sub": f"{USER}\n"},
        {"sub": f" {USER}"},
        {"exp": None},
        {"exp": str(NOW + 3600)},
        {"exp": True},
        {"exp": -1},
        {"email": 1},
        {"email": ["alice@example.com"]},
        {"is_anonymous": "true"},
    ],
    ids=json.dumps,
)
def test_a_claim_that_is_not_as_it_has_to_be_is_refused(claims: dict[str, Any]) -> None:
    # Encoded by hand: PyJWT does not write every kind of claim.
    said = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    text = jwt.PyJWS().encode(json.dumps(said).encode(), SECRET, algorithm="HS256")
    assert refused(text) is Reason.BAD_CLAIM


def test_an_anonymous_user_has_no_account_to_sign_in_to() -> None:
    assert refused(token(is_anonymous=True)) is Reason.ANONYMOUS


def test_a_token_counts_until_its_end_but_for_the_clocks() -> None:
    verify(token(exp=NOW), SECRET_KEYS, ISSUER, NOW + LEEWAY_SECONDS - 1)
    assert refused(token(exp=NOW), now=NOW + LEEWAY_SECONDS) is Reason.EXPIRED
    verify(token(nbf=NOW + LEEWAY_SECONDS), SECRET_KEYS, ISSUER, NOW)
    assert refused(token(nbf=NOW + LEEWAY_SECONDS + 1)) is Reason.NOT_YET_VALID


def test_an_expired_token_says_whose_it_was_and_any_other_refused_one_does_not() -> None:
    with pytest.raises(InvalidToken) as caught:
        verify(token(exp=NOW - 60), SECRET_KEYS, ISSUER, NOW)
    assert caught.value.user_id == USER
    with pytest.raises(InvalidToken) as caught:
        verify(token(OTHER_SECRET, exp=NOW - 60), SECRET_KEYS, ISSUER, NOW)
    assert caught.value.user_id is None


@given(st.text(max_size=200) | st.lists(st.text(max_size=60), min_size=3, max_size=3).map(".".join))
def test_whatever_is_no_token_is_refused(text: str) -> None:
    refused(text)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), st.lists)


@given(st.dictionaries(st.sampled_from(sorted(CLAIMS)), JSON, min_size=1), st.booleans())
def test_claims_of_any_kind_are_taken_only_as_they_have_to_be(claims: dict[str, Any], merged: bool) -> None:  # noqa: FBT001 - drawn
    said = {**CLAIMS, **claims} if merged else claims
    text = jwt.PyJWS().encode(json.dumps(said).encode(), SECRET, algorithm="HS256")
    try:
        found = verify(text, SECRET_KEYS, ISSUER, NOW)
    except InvalidToken:
        return
    must = {name: CLAIMS[name] for name in ("iss", "aud", "role")}
    assert must.items() <= said.items()
    assert found.user_id == said["sub"]
    assert found.expires_at == said["exp"] > NOW - LEEWAY_SECONDS


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_no_byte_of_a_token_can_be_changed(place: int, value: int) -> None:
    good = token().encode()
    place %= len(good)
    changed = good[:place] + bytes([value]) + good[place + 1 :]
    if changed != good:
        refused(changed.decode("latin-1"))


@pytest.mark.parametrize(
    "document",
    [
        None,
        "ec",
        {},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "secret"},
        public(EC, "ec", alg="HS256"),
        public(EC, "ec", alg="ES384"),
        public(EC, "ec", use="enc"),
        public(EC, "ec", key_ops=["sign"]),
        public(EC, "ec", key_ops="verify"),
        public(EC, "ec", crv="P-384"),
        public(EC, "ec", x="AA"),
        public(EC, "ec", d="AA"),
        public(EC, ""),
        public(RSA, "rsa", alg="PS256"),
        public(RSA, "rsa", n=None),
        {name: value for name, value in public(ED, "ed").items() if name != "kid"},
    ],
    ids=itertools.count(1),  # the keys are other ones in each process
)
def test_what_cannot_verify_a_token_of_supabase_is_no_key(document: object) -> None:
    assert published_keys([document]) == ()
    assert [key.kid for key in published_keys([document, public(ED, "good")])] == ["good"]


def test_a_secret_has_to_be_one() -> None:
    pem = EC.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for text in ("short", "x" * 31, pem.decode()):
        with pytest.raises(ValueError, match=r"; set (it|SUPABASE_JWKS_URL)"):
            secret_keys(text)


def test_keys_and_claims_show_nothing_personal_or_secret() -> None:
    assert SECRET not in repr(SECRET_KEYS)
    assert "alice" not in repr(verify(token(), SECRET_KEYS, ISSUER, NOW))
