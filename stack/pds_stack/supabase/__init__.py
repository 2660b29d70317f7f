"""Supabase's API: PostgreSQL in its shape, PostgREST, its users for admins, and a gateway with its paths."""

from pds_stack.supabase.database import apply_migrations, create_database
from pds_stack.supabase.keys import Keys, user_token
from pds_stack.supabase.server import Supabase, supabase

__all__ = ["Keys", "Supabase", "apply_migrations", "create_database", "supabase", "user_token"]
