"""Supabase's API: PostgreSQL in its shape, PostgREST, a stand-in for its auth server, and a gateway with its paths."""

from pds_stack.supabase.auth import AuthSettings
from pds_stack.supabase.database import apply_migrations, create_database
from pds_stack.supabase.keys import Keys, issuer, user_token
from pds_stack.supabase.server import Supabase, supabase

__all__ = [
    "AuthSettings",
    "Keys",
    "Supabase",
    "apply_migrations",
    "create_database",
    "issuer",
    "supabase",
    "user_token",
]
