"""Whether a request comes from Stripe: a signature over the raw body by one of our secrets, made just now."""

import re
from collections.abc import Iterable

from stripe import SignatureVerificationError, WebhookSignature

from pds_webhook.answers import Code

TOLERANCE_SECONDS = 300

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


class Unverified(Exception):
    """The request is not verified. The message holds nothing of the request."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def verify(body: bytes, header: str | None, secrets: Iterable[str], now: float) -> str:
    """Verify a request and return its body as text.

    Args:
        body: The raw body.
        header: The ``Stripe-Signature`` header, or None where there is none.
        secrets: The endpoint's signing secrets; while one is rolled there are two.
        now: The time, in Unix seconds.

    Raises:
        Unverified: It is not verified.
    """
    if not header:
        raise Unverified(Code.INVALID_SIGNATURE, "the Stripe-Signature header is missing")
    signed_at = _signed_at(header)
    # stripe's verify_header decodes the body and compares the header as they are: what it would trip over goes first.
    if signed_at is None or not header.isascii():
        raise Unverified(Code.INVALID_SIGNATURE, "the Stripe-Signature header is malformed")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unverified(Code.INVALID_BODY, "the body is not UTF-8") from None
    if not any(_signed_by(secret, text, header) for secret in secrets):
        raise Unverified(
            Code.INVALID_SIGNATURE,
            "the signature was made with none of the secrets in STRIPE_WEBHOOK_SECRET, or over another body",
        )
    if abs(now - signed_at) > TOLERANCE_SECONDS:
        raise Unverified(
            Code.TIMESTAMP_OUT_OF_RANGE,
            f"the signature's time is more than {TOLERANCE_SECONDS} s from now; compare the clocks",
        )
    return text


def _signed_at(header: str) -> int | None:
    """Read the header's first ``t``, the one that stripe reads too."""
    for item in header.split(","):
        key, _, value = item.partition("=")
        if key == "t":
            return int(value) if _SECONDS.fullmatch(value) else None
    return None


def _signed_by(secret: str, text: str, header: str) -> bool:
    try:
        # No tolerance: stripe's check lets the future pass and reads a clock of its own.
        WebhookSignature.verify_header(text, header, secret)
    except SignatureVerificationError:  # holds the whole body: it is never chained or logged
        return False
    return True
