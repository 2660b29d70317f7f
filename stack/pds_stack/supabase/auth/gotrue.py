"""GoTrue's rules for users who sign up, in and out by e-mail and password."""

import asyncio
import re
import time
import uuid
from typing import Any, NamedTuple

import jwt

from pds_stack.supabase.auth import passwords, users
from pds_stack.supabase.auth.mails import Mail, hashed
from pds_stack.supabase.auth.refusals import OAuthRefused, Refused
from pds_stack.supabase.auth.sessions import RefreshToken, Session, Sessions
from pds_stack.supabase.auth.settings import AuthSettings
from pds_stack.supabase.auth.users import Row, Users
from pds_stack.supabase.keys import AUDIENCE, Keys, issuer

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_EMAIL_CHARACTERS = 255
_LINK_TYPES = ("email", "signup")
_KNOWN_LINK_TYPES = (*_LINK_TYPES, "invite", "recovery", "magiclink", "email_change")
_SCOPES = ("global", "local", "others")


class SignedIn(NamedTuple):
    """Who shows an access token: a user, and the session where the token has one."""

    user: Row
    session: Session | None


class GoTrue:
    """One project's users and sessions.

    Args:
        table: its users.
        keys: what it signs with.
        url: how clients know the project.
        settings: how it begins.
    """

    def __init__(self, table: Users, keys: Keys, url: str, settings: AuthSettings) -> None:
        self.settings = settings
        self.mails: list[Mail] = []
        self._users = table
        self._keys = keys
        self._issuer = issuer(url)
        self._sessions = Sessions(time.time)

    async def sign_up(self, email: str, password: str, data: dict[str, Any], redirect_to: str | None) -> dict[str, Any]:
        """Make a user: the answer is a session where autoconfirm is on, else the user, to whom a mail is sent.

        Raises:
            Refused: the address or the password is unusable, or the last mail was sent a moment ago.
        """
        if not email:
            raise Refused(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        passwords.check(password)
        address = _address(email)
        # Hashed first: the answer takes as long for a known address as for a new one.
        kept = await asyncio.to_thread(passwords.hashed, password)
        user = await self._users.insert(address, kept, data) or await self._users.by_email(address)
        if user is None:
            raise Refused(500, "unexpected_failure", "Database error finding user")
        autoconfirm = self.settings.autoconfirm
        if user["email_confirmed_at"] is not None:
            if autoconfirm:
                raise Refused(422, "user_already_exists", "User already registered")
            return users.obfuscated(address, data)
        if autoconfirm:
            return await self._session(await self._users.confirm(user), "password")
        return users.document(await self._mail(user, redirect_to))

    async def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Begin a session by password.

        Raises:
            Refused: wrong, or the address is not confirmed.
        """
        if not email:
            raise Refused(400, "validation_failed", "missing email or phone")
        user = await self._users.by_email(email.strip().lower())
        known = user["encrypted_password"] if user else None
        if user is None or not await asyncio.to_thread(passwords.matches, password, known):
            raise Refused(400, "invalid_credentials", "Invalid login credentials")
        if user["email_confirmed_at"] is None:
            raise Refused(400, "email_not_confirmed", "Email not confirmed")
        return await self._session(user, "password")

    async def refresh(self, refresh_token: str) -> dict[str, Any]:
        """Go on with a session: new tokens for a refresh token.

        Raises:
            Refused: it is unknown or was used, or its user is gone.
        """
        if not refresh_token:
            raise OAuthRefused("invalid_request", "refresh_token required")
        session, token = self._sessions.refresh(refresh_token, self.settings.reuse_seconds)
        user = await self._users.by_id(session.user_id)
        if user is None:
            self._sessions.end(session.user_id, None, "global")
            raise Refused(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        return self._tokens(user, session, token)

    async def verify(self, kind: str, token_hash: str) -> dict[str, Any]:
        """Confirm an address by what its mail held, and begin a session.

        Args:
            kind: ``email`` or ``signup``: no other mails are sent here.
            token_hash: what the link carries.

        Raises:
            Refused: it is no such mail's, or was used, or is too old.
        """
        if kind not in _KNOWN_LINK_TYPES:
            raise Refused(400, "validation_failed", "Invalid email verification type")
        user = await self._users.by_confirmation_token(token_hash) if kind in _LINK_TYPES else None
        age = time.time() - user["confirmation_sent_at"].timestamp() if user else 0.0
        if user is None or age > self.settings.confirmation_seconds:
            raise Refused(403, "otp_expired", "Email link is invalid or has expired")
        return await self._session(await self._users.confirm(user), "otp")

    async def verify_token(self, kind: str, email: str, token: str) -> dict[str, Any]:
        """Confirm an address by the six digits of its mail; as :meth:`verify` else."""
        try:
            return await self.verify(kind, hashed(_address(email), token))
        except Refused as refused:
            if refused.code != "otp_expired":
                raise
            raise Refused(403, refused.code, "Token has expired or is invalid") from refused

    async def signed_in(self, access_token: str) -> SignedIn:
        """Who shows an access token.

        Raises:
            Refused: it is no user's, or its session or user is gone.
        """
        try:
            claims = self._keys.verified(access_token)
        except jwt.InvalidTokenError as error:
            message = f"invalid JWT: unable to parse or verify signature, {error}"
            raise Refused(403, "bad_jwt", message) from error
        if not claims.get("sub"):
            raise Refused(403, "bad_jwt", "invalid claim: missing sub claim")
        try:
            user = await self._users.by_id(uuid.UUID(claims["sub"]))
        except ValueError as error:
            raise Refused(400, "bad_jwt", "invalid claim: sub claim must be a UUID") from error
        if user is None:
            raise Refused(403, "user_not_found", "User from sub claim in JWT does not exist")
        session_id = claims.get("session_id")
        session = self._sessions.find(session_id) if session_id else None
        if session_id and session is None:
            raise Refused(403, "session_not_found", "Session from session_id claim in JWT does not exist")
        return SignedIn(user, session)

    def sign_out(self, who: SignedIn, scope: str) -> None:
        """End sessions of a user; the access tokens of theirs are good until they expire.

        Raises:
            Refused: there is no such scope.
        """
        if scope not in _SCOPES:
            raise Refused(400, "validation_failed", f'Unsupported logout scope "{scope}"')
        self._sessions.end(str(who.user["id"]), who.session.id if who.session else None, scope)

    async def _mail(self, user: Row, redirect_to: str | None) -> Row:
        sent = user["confirmation_sent_at"]
        left = sent.timestamp() + self.settings.mail_interval_seconds - time.time() if sent else 0
        if left > 0:
            message = f"For security purposes, you can only request this after {int(left)} seconds."
            raise Refused(429, "over_email_send_rate_limit", message)
        site = self.settings.site_url.rstrip("/")
        ours = redirect_to if redirect_to and self.is_of_the_site(redirect_to) else None
        mail = Mail.confirmation(user["email"], site, ours)
        self.mails.append(mail)
        return await self._users.note_mail(user, mail.token_hash)

    def is_of_the_site(self, url: str) -> bool:
        """Say whether an address is one that GoTrue redirects to: the application's own."""
        site = self.settings.site_url.rstrip("/")
        return url == site or url.startswith((f"{site}/", f"{site}?"))

    async def _session(self, user: Row, method: str) -> dict[str, Any]:
        user = await self._users.note_sign_in(user)
        session, token = self._sessions.start(str(user["id"]), method)
        return self._tokens(user, session, token)

    def _tokens(self, user: Row, session: Session, refresh_token: RefreshToken) -> dict[str, Any]:
        settings, now = self.settings, int(time.time())
        shown = users.document(user)
        claims = {
            "iss": self._issuer,
            "sub": shown["id"],
            "aud": AUDIENCE,
            "exp": now + settings.access_token_seconds,
            "iat": now,
            "email": shown["email"],
            "phone": "",
            "app_metadata": shown["app_metadata"],
            "user_metadata": shown["user_metadata"],
            "role": AUDIENCE,
            "aal": "aal1",
            "amr": [{"method": session.method, "timestamp": int(session.signed_in_at)}],
            "session_id": session.id,
            "is_anonymous": shown["is_anonymous"],
        }
        return {
            "access_token": self._keys.sign(claims, settings.signing),
            "token_type": "bearer",
            "expires_in": settings.access_token_seconds,
            "expires_at": claims["exp"],
            "refresh_token": refresh_token.value,
            "user": shown,
        }


def _address(email: str) -> str:
    address = email.strip().lower()
    if len(address) > _EMAIL_CHARACTERS or not _EMAIL.fullmatch(address):
        raise Refused(400, "validation_failed", "Unable to validate email address: invalid format")
    return address
