import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stripe import WebhookSignature

from pds_webhook.answers import Code
from pds_webhook.signature import TOLERANCE_SECONDS, Unverified, verify

NOW = 1_800_000_000
SECRET = "whsec_current"
BODY = b'{"object": "event", "name": "J\xc3\xbcrgen"}'


def signed(body: bytes = BODY, secret: str = SECRET, at: int = NOW) -> str:
    header: str = WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return header


def refusal(body: bytes, header: str | None, secrets: tuple[str, ...] = (SECRET,), now: float = NOW) -> Code:
    with pytest.raises(Unverified) as caught:
        verify(body, header, secrets, now)
    assert caught.value.__cause__ is None, "the library's error holds the body"
    return caught.value.code


def test_a_body_signed_by_the_library_is_returned_as_text() -> None:
    assert verify(BODY, signed(), [SECRET], NOW) == BODY.decode()


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
def test_each_of_several_secrets_verifies(secret: str) -> None:
    assert verify(BODY, signed(secret=secret), ["whsec_old", "whsec_new"], NOW)


def test_one_good_signature_among_several_is_enough_while_a_secret_is_rolled() -> None:
    both = f"{signed(secret='whsec_unknown')},v1={signed().rpartition('=')[2]}"
    assert verify(BODY, both, [SECRET], NOW)


@pytest.mark.parametrize("drift", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_a_time_within_the_tolerance_verifies(drift: int) -> None:
    assert verify(BODY, signed(at=NOW + drift), [SECRET], NOW)


@pytest.mark.parametrize("drift", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
def test_a_time_off_by_more_either_way_is_refused(drift: int) -> None:
    assert refusal(BODY, signed(at=NOW + drift)) is Code.TIMESTAMP_OUT_OF_RANGE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        "t=,v1=",
        f"t={NOW}",
        f"v1={'0' * 64}",
        f"t={NOW},v1=",
        f"t={NOW},v0={'0' * 64}",
        f"t={NOW},v1={'0' * 64}",
        f"t=-1,v1={'0' * 64}",
        f"t={'9' * 5000},v1={'0' * 64}",
        f"t=1_800_000_000,v1={'0' * 64}",
        f"t={NOW},v1={'ü' * 64}",
        f"t={NOW},v1=\udcff",
    ],
)
def test_a_bad_header_is_an_invalid_signature(header: str | None) -> None:
    assert refusal(BODY, header) is Code.INVALID_SIGNATURE


def test_a_header_with_a_good_signature_and_non_ascii_beside_it_is_refused() -> None:
    assert refusal(BODY, f"{signed()},v1=ü") is Code.INVALID_SIGNATURE


def test_another_secret_another_body_and_no_secret_are_refused() -> None:
    assert refusal(BODY, signed(secret="whsec_other")) is Code.INVALID_SIGNATURE
    assert refusal(BODY + b" ", signed()) is Code.INVALID_SIGNATURE
    assert refusal(BODY, signed(), secrets=()) is Code.INVALID_SIGNATURE


def test_a_signature_does_not_serve_for_another_time() -> None:
    assert refusal(BODY, signed(at=NOW - 1000).replace(str(NOW - 1000), str(NOW))) is Code.INVALID_SIGNATURE


def test_bytes_that_are_no_utf_8_are_refused_even_when_signed() -> None:
    body = b"\xff\xfe"
    digest = hmac.new(SECRET.encode(), f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    assert refusal(body, f"t={NOW},v1={digest}") is Code.INVALID_BODY


@given(body=st.binary(max_size=200), header=st.text(max_size=100) | st.from_regex(r"t=\d+,v1=.*", fullmatch=True))
@example(body=b"", header="t=١٢,v1=0")
def test_nothing_unsigned_passes_or_raises_anything_else(body: bytes, header: str) -> None:
    with pytest.raises(Unverified):
        verify(body, header, [SECRET], NOW)
