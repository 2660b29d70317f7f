"""The public application: every route of the portal."""

from aiohttp import web

from pds_portal.checkout.routes import ROUTES as CHECKOUT
from pds_portal.identity.routes import ROUTES as IDENTITY
from pds_portal.pages.assets import ROUTES as ASSETS
from pds_portal.pages.routes import ROUTES as PAGES
from pds_portal.portal import Portal
from pds_portal.safety.application import safe_application
from pds_portal.service.routes import ROUTES as SERVICE
from pds_runtime.public.drain import UnderWay


def public_app(portal: Portal, under_way: UnderWay) -> web.Application:
    """Make the public application.

    Args:
        portal: What the routes reach.
        under_way: What a stop waits for.
    """
    app = safe_application(portal, under_way)
    for routes in (ASSETS, PAGES, IDENTITY, CHECKOUT, SERVICE):
        app.add_routes(routes)
    return app
