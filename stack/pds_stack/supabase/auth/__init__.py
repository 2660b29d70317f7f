"""A stand-in for Supabase's auth server (GoTrue), over the stack's `auth.users`.

It answers the paths that a web application calls in GoTrue's shapes and by its rules; sessions and sent mails are kept
in memory. What it can be told under ``/_control`` stands in :mod:`.control`.
"""

from pds_stack.supabase.auth.mails import Mail
from pds_stack.supabase.auth.server import AuthServer
from pds_stack.supabase.auth.settings import AuthSettings

__all__ = ["AuthServer", "AuthSettings", "Mail"]
