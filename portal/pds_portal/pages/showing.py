"""The dashboard's page, whichever route shows it."""

from http import HTTPStatus

from aiohttp import web

from pds_portal.pages.choosing import Choice
from pds_portal.pages.rendering import render
from pds_portal.pages.view.dashboard import Dashboard
from pds_portal.safety import redirects
from pds_portal.service.masking import MASK


def render_dashboard(
    request: web.Request,
    page: Dashboard,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    choice: Choice | None = None,
    password: str | None = None,
    problem: str | None = None,
) -> web.Response:
    """Render the dashboard.

    Args:
        request: Whose page it is.
        page: What it shows.
        status: The answer's HTTP status.
        choice: The form that buys, where that is what it shows.
        password: The admin password, to whoever has asked for it.
        problem: Why there is no password to be shown, where it was asked for.
    """
    return render(
        request,
        "dashboard.html",
        status=status,
        path=redirects.HOME,  # the page that the navigation marks, whatever the form was sent to
        page=page,
        choice=choice,
        password=password,
        problem=problem,
        hidden=MASK,
    )
