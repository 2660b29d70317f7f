"""``POST /api/checkout`` and ``GET /api/pds/check``.

A form that a browser sends without script gets the dashboard's form again where it is refused, as sign-in's does.
"""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from pds_contract.errors import DependencyError, InvalidInput
from pds_contract.names import HostnameRules, asked_username, clean_hostname
from pds_portal.checkout import refusing
from pds_portal.checkout.availability import Availability
from pds_portal.checkout.beginning import Checkouts
from pds_portal.checkout.context import DISK_SIZE, HOSTNAME, PLAN, USERNAME, PlanContext
from pds_portal.checkout.hostname import Asked
from pds_portal.checkout.refusing import CheckoutRefused
from pds_portal.checkout.request import DISK_SIZE_FIELD, HOSTNAME_FIELD, PLAN_FIELD, USERNAME_FIELD, typed_name
from pds_portal.identity import session
from pds_portal.identity.session import SignedIn
from pds_portal.metrics import CheckoutOutcome
from pds_portal.pages import choosing
from pds_portal.pages.showing import render_dashboard
from pds_portal.pages.view.dashboard import CHOOSING
from pds_portal.portal import PORTAL, Portal
from pds_portal.safety import limits, redirects
from pds_portal.safety.errors import is_form
from pds_portal.safety.limits import Limit
from pds_portal.safety.refusals import NotSignedIn, Refusal

ROUTES = web.RouteTableDef()

_JSON = "application/json"


@ROUTES.post("/api/checkout")
async def begin(request: web.Request) -> web.Response:
    """Begin a checkout: JSON is answered with ``{"url": …}``, a form by sending the browser there."""
    try:
        customer = session.require(request)
    except NotSignedIn:
        if is_form(request):
            return _to(_context(request, await request.post()).path(redirects.LOGIN))
        raise
    try:
        url = await _payment_page(request, customer)
    except Refusal as refusal:
        # Whoever has a PDS needs no form that buys one.
        if not is_form(request) or (isinstance(refusal, CheckoutRefused) and refusal.has_pds):
            raise
        return await _form_again(request, customer, refusal)
    return web.json_response({"url": url}) if _wants_json(request) else _to(url)


@ROUTES.get("/api/pds/check")
async def check(request: web.Request) -> web.Response:
    """Say whether a name could be had, as it is typed: ``?hostname=``, or ``?username=`` for ``<username>.<base>``."""
    customer = session.require(request)
    portal = request.app[PORTAL]
    await limits.check(request, Limit.HOSTNAME_CHECK)
    rules = portal.settings.hostname_rules()
    try:
        asked = _asked(request.query, rules)
    except InvalidInput as error:
        return _verdict("", refusing.sentence(error))
    objection = refusing.objection(asked, rules)
    if objection is not None:
        return _verdict(asked.hostname, refusing.sentence(objection))
    try:
        taken = await Availability(portal.rows, portal.backend).is_taken(asked.hostname, customer)
    except DependencyError as error:
        raise refusing.unavailable(error, refusing.NAME_UNKNOWN) from None
    return _verdict(asked.hostname, refusing.taken(asked).message if taken else None)


async def _payment_page(request: web.Request, customer: SignedIn) -> str:
    portal = request.app[PORTAL]
    await limits.check(request, Limit.CHECKOUT)
    try:
        created = await _checkouts(portal).begin(await _fields(request), customer)
    except CheckoutRefused as refusal:
        portal.metrics.checkout(refusal.outcome)
        raise
    portal.metrics.checkout(CheckoutOutcome.CREATED)
    return created.url


async def _form_again(request: web.Request, customer: SignedIn, refusal: Refusal) -> web.Response:
    choice = choosing.sent_back(request, customer, await request.post(), refusal)
    response = render_dashboard(request, CHOOSING, status=refusal.status, choice=choice)
    response.headers.update(refusal.headers)
    return response


def _context(request: web.Request, fields: Mapping[str, object]) -> PlanContext:
    """Return what a form has chosen, to be kept while its customer signs in; nothing is bought by itself after it."""
    named = ((PLAN, PLAN_FIELD), (DISK_SIZE, DISK_SIZE_FIELD), (USERNAME, USERNAME_FIELD), (HOSTNAME, HOSTNAME_FIELD))
    chosen = {key: value for key, name in named if isinstance(value := fields.get(name), str)}
    return PlanContext.read(chosen, request.app[PORTAL].settings.pds_plans)


def _to(address: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})


def _checkouts(portal: Portal) -> Checkouts:
    settings = portal.settings
    return Checkouts(
        plans=settings.pds_plans,
        rules=settings.hostname_rules(),
        portal_url=settings.portal_url,
        rows=portal.rows,
        availability=Availability(portal.rows, portal.backend),
        creation=portal.checkouts,
    )


async def _fields(request: web.Request) -> Mapping[str, object]:
    """Return what the body holds, JSON or a form.

    Raises:
        CheckoutRefused: It is no JSON object.
    """
    if request.content_type != _JSON:
        return await request.post()
    try:
        document: object = await request.json()
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        message = "The body is no JSON object. Send one with the plan's key in it, or a form."
        raise CheckoutRefused(CheckoutOutcome.INVALID, HTTPStatus.BAD_REQUEST, message)
    return document


def _wants_json(request: web.Request) -> bool:
    return request.content_type == _JSON or _JSON in request.headers.get("Accept", "")


def _asked(query: Mapping[str, str], rules: HostnameRules) -> Asked:
    """Read which hostname is meant, by the code that reads the form.

    Raises:
        InvalidInput: Nothing is left of the name.
        Refusal: None is named.
    """
    if HOSTNAME_FIELD in query:
        typed = typed_name(query[HOSTNAME_FIELD], HOSTNAME_FIELD, "invalid_hostname")
        return Asked(clean_hostname(typed), HOSTNAME_FIELD)
    if USERNAME_FIELD in query:
        typed = typed_name(query[USERNAME_FIELD], USERNAME_FIELD, "invalid_username")
        return Asked(rules.derived(asked_username(typed, USERNAME_FIELD)), USERNAME_FIELD)
    message = "Say which name is meant: add hostname=, or username=, to the address."
    raise Refusal(HTTPStatus.BAD_REQUEST, message, field=HOSTNAME_FIELD)


def _verdict(hostname: str, reason: str | None) -> web.Response:
    return web.json_response({"hostname": hostname, "available": reason is None, "reason": reason})
