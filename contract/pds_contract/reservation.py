"""A hostname's reservation: who it is for, and what every deploy to it sends.

It is kept as an immutable Secret *named by the hostname*, so that etcd's own key lets one user have it.
"""

import secrets
from dataclasses import dataclass, field

PASSWORD_BYTES = 32
KEY_BYTES = 16


@dataclass(frozen=True)
class Reservation:
    """One hostname, reserved.

    Args:
        hostname: What is reserved.
        user_id: For whom; empty where a Secret of that name is none of ours.
        provision_uid: The uid of the PdsProvision that it was first reserved by.
        password: What every deploy sends, base64url of 32 random bytes.
        key: What every deploy's Idempotency-Key begins with.
    """

    hostname: str
    user_id: str
    provision_uid: str
    password: str = field(repr=False)
    key: str = field(repr=False)

    @classmethod
    def new(cls, hostname: str, user_id: str, provision_uid: str) -> "Reservation":
        """Make one with a new password and key."""
        return cls(
            hostname, user_id, provision_uid, secrets.token_urlsafe(PASSWORD_BYTES), secrets.token_urlsafe(KEY_BYTES)
        )
