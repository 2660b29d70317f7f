"""Sessions and their refresh tokens, by GoTrue's rules of rotation: in memory, pure but for randomness."""

import secrets
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from pds_stack.supabase.auth.refusals import Refused

_ALPHABET = string.ascii_lowercase + string.digits
_TOKEN_CHARACTERS = 12


@dataclass
class RefreshToken:
    """A refresh token. ``parent`` is the one it was given for; ``used_at`` is when it was used or revoked."""

    value: str = field(repr=False)
    parent: str | None = field(repr=False)
    used_at: float | None = None


@dataclass
class Session:
    """A sign-in.

    Attributes:
        id: the claim `session_id`.
        user_id: whose it is.
        method: how the user signed in: `password`, or `otp` for a mail's link.
        signed_in_at: when, in seconds of Unix time.
        tokens: its family of refresh tokens, in the order in which they were given.
        revoked: a used token was used again too late: none of the family is good any more.
    """

    id: str
    user_id: str
    method: str
    signed_in_at: float
    tokens: list[RefreshToken] = field(default_factory=list, repr=False)
    revoked: bool = False

    def active(self) -> RefreshToken | None:
        """The newest token that was not used yet."""
        return next((token for token in reversed(self.tokens) if token.used_at is None), None)

    def give(self, parent: str | None) -> RefreshToken:
        """Add a token to the family."""
        value = "".join(secrets.choice(_ALPHABET) for _ in range(_TOKEN_CHARACTERS))
        self.tokens.append(RefreshToken(value, parent))
        return self.tokens[-1]


class Sessions:
    """All sessions of a project.

    Args:
        clock: Seconds of Unix time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def start(self, user_id: str, method: str) -> tuple[Session, RefreshToken]:
        """Begin a session, with its first refresh token."""
        session = Session(str(uuid.uuid4()), user_id, method, self._clock())
        self._sessions[session.id] = session
        return session, session.give(None)

    def find(self, session_id: str) -> Session | None:
        """The session of an id, unless it has ended."""
        return self._sessions.get(session_id)

    def refresh(self, value: str, reuse_seconds: float) -> tuple[Session, RefreshToken]:
        """Use a refresh token: its session, and the token that takes its place.

        A used token whose successor was not used yet is answered with that one: its first answer may have been lost.
        Any other used one is good for ``reuse_seconds`` more, and revokes its family after that.

        Raises:
            Refused: it is unknown, or was used.
        """
        session, token = self._holding(value)
        if session.revoked:
            raise _already_used()
        now = self._clock()
        if token.used_at is None:
            token.used_at = now
            return session, session.give(token.value)
        active = session.active()
        if active is not None and active.parent == token.value:
            return session, active
        if now > token.used_at + reuse_seconds:
            session.revoked = True
            raise _already_used()
        return session, session.give(token.value)

    def end(self, user_id: str, session_id: str | None, scope: str) -> None:
        """End the sessions of a user: ``global`` all, ``local`` this one, ``others`` all but this one."""
        for session in [one for one in self._sessions.values() if one.user_id == user_id]:
            this = session.id == session_id
            if scope == "global" or session_id is None or this == (scope == "local"):
                del self._sessions[session.id]

    def _holding(self, value: str) -> tuple[Session, RefreshToken]:
        for session in self._sessions.values():
            for token in session.tokens:
                if token.value == value:
                    return session, token
        raise Refused(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")


def _already_used() -> Refused:
    return Refused(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
