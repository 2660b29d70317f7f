"""The auth stand-in as one thing: its routes for an application, for admins and for whoever controls it."""

from aiohttp import web

from pds_stack.supabase.auth.admin import Admin
from pds_stack.supabase.auth.api import Api
from pds_stack.supabase.auth.control import Control
from pds_stack.supabase.auth.gotrue import GoTrue
from pds_stack.supabase.auth.settings import AuthSettings
from pds_stack.supabase.auth.users import Users
from pds_stack.supabase.keys import Keys


class AuthServer:
    """GoTrue for one project.

    Args:
        database_url: the superuser's address of the project's database.
        keys: the project's.
        url: how clients know the project; its tokens are issued by ``<url>/auth/v1``.
        settings: how it begins.
    """

    def __init__(self, database_url: str, keys: Keys, url: str, settings: AuthSettings) -> None:
        users = Users(database_url)
        gotrue = GoTrue(users, keys, url, settings)
        self._routes = (Api(gotrue, keys), Admin(users, keys))
        self._control = Control(gotrue)

    def add_routes(self, app: web.Application) -> None:
        """Serve under Supabase's paths."""
        for routes in self._routes:
            routes.add_routes(app)

    def add_control(self, app: web.Application) -> None:
        """Serve the control paths on the application that is mounted at ``/_control``."""
        self._control.add_routes(app)
