"""The pages: plans, sign-up and sign-in as they are first shown, the dashboard."""

from http import HTTPStatus

from aiohttp import web

from pds_portal.checkout.context import PlanContext
from pds_portal.checkout.session import RETURNED
from pds_portal.identity import session
from pds_portal.identity.session import SignedIn
from pds_portal.pages import choosing
from pds_portal.pages.choosing import Choice
from pds_portal.pages.gathering import Patience, gather
from pds_portal.pages.rendering import render
from pds_portal.pages.showing import render_dashboard
from pds_portal.pages.view.dashboard import RETURNED_CANCELLED, Part, dashboard_of
from pds_portal.pages.view.reading import mapping, text
from pds_portal.portal import PORTAL
from pds_portal.safety import redirects
from pds_portal.service.reveal import reveal

FIRST_LOOK = Patience(rows=3.0, document=0.7)
"""How long a page that somebody opens may wait. What has not come by then is asked for by the page itself."""
LONG_LOOK = Patience(rows=8.0, document=8.0)
"""The same of a page that was asked to wait: by the script behind a page that is there, or by the button on it."""
RETRY_AFTER_SECONDS = 30

ROUTES = web.RouteTableDef()


@ROUTES.get("/")
async def start(_: web.Request) -> web.Response:
    """Lead to the plans."""
    return _to("/pricing")


@ROUTES.get("/pricing")
async def pricing(request: web.Request) -> web.Response:
    """Show the plans; each leads to the sign-up with itself as the choice, and with what the address has chosen."""
    signed_in = session.current(request) is not None
    onward = redirects.HOME if signed_in else "/signup"
    plans = [
        {"plan": plan, "href": PlanContext.offer(plan, request.query).path(onward)}
        for plan in request.app[PORTAL].settings.pds_plans
    ]
    return render(request, "pricing.html", plans=plans)


@ROUTES.get("/signup")
async def sign_up(request: web.Request) -> web.Response:
    """Show the form that makes an account."""
    return _sign_in_page(request, "signup.html")


@ROUTES.get("/login")
async def sign_in(request: web.Request) -> web.Response:
    """Show the form that signs in."""
    return _sign_in_page(request, "login.html")


@ROUTES.get("/dashboard")
async def dashboard(request: web.Request) -> web.Response:
    """Show the customer's PDS, or how to get one."""
    patience = LONG_LOOK if request.query.get("wait") == "true" else FIRST_LOOK
    return await _dashboard(request, patience)


@ROUTES.post("/dashboard/reveal")
async def dashboard_with_password(request: web.Request) -> web.Response:
    """Show the dashboard with the password on it, to a browser without script."""
    answer = await reveal(request)
    said = mapping(answer.body)
    password = text(said.get("adminPassword"))
    problem = None if password else text(said.get("error")) or "There is no admin password to show."
    return await _dashboard(request, LONG_LOOK, password=password, problem=problem)


@ROUTES.get("/dashboard/reveal")
async def dashboard_again(_: web.Request) -> web.Response:
    """Lead whoever comes to this address by another way back to the dashboard."""
    return _to(redirects.HOME)


async def _dashboard(
    request: web.Request, patience: Patience, *, password: str | None = None, problem: str | None = None
) -> web.Response:
    customer = session.require(request)
    gathered = await gather(request, customer, patience)
    returned = request.query.get(RETURNED)
    page = dashboard_of(gathered, returned)
    response = render_dashboard(
        request,
        page,
        status=HTTPStatus.SERVICE_UNAVAILABLE if gathered is None else HTTPStatus.OK,
        choice=_choice(request, customer, returned) if page.part is Part.CHOOSE else None,
        password=password,
        problem=problem,
    )
    if gathered is None:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _choice(request: web.Request, customer: SignedIn, returned: str | None) -> Choice:
    context = PlanContext.read(request.query, request.app[PORTAL].settings.pds_plans)
    return choosing.opened(request, customer, context.by_hand() if returned == RETURNED_CANCELLED else context)


def _sign_in_page(request: web.Request, template: str) -> web.Response:
    """Show a form; whoever is signed in already goes on to where it would have led."""
    context = PlanContext.read(request.query, request.app[PORTAL].settings.pds_plans)
    onward = redirects.safe_next(request.query.get("next"), "")
    if session.current(request) is not None:
        return _to(onward or context.path(redirects.HOME))
    return render(request, template, form={"email": "", "next": onward}, errors={}, context=context)


def _to(path: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})
