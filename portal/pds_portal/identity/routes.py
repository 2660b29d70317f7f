"""Signing up, in and out, and the link of the confirmation mail.

A page that cannot be used comes again with what was typed, but for the password, and with what to mend.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from pds_clients.auth_refusals import AuthRefused, RateLimited
from pds_clients.supabase_auth import AuthSession, ConfirmationSent
from pds_contract.errors import DependencyError
from pds_portal.checkout.context import PLAN, PlanContext
from pds_portal.identity import session
from pds_portal.identity.forms import (
    FORM,
    Answer,
    Confirmation,
    Credentials,
    invalid,
    no_link,
    refused,
    text_of,
    too_often,
    unavailable,
)
from pds_portal.metrics import SignInOutcome
from pds_portal.pages.rendering import render
from pds_portal.portal import PORTAL
from pds_portal.safety import limits, redirects
from pds_portal.safety.limits import Limit
from pds_portal.safety.refusals import Refusal, TooMany

_log = logging.getLogger(__name__)

ROUTES = web.RouteTableDef()


@ROUTES.post("/signup")
async def sign_up(request: web.Request) -> web.Response:
    """Make a user, who is signed in, or looks into their mail first."""
    fields = await request.post()
    credentials, after = Credentials.read(fields), _after(request, fields)
    problems = credentials.problems()
    if problems:
        return _again(request, "signup.html", fields, invalid(problems))
    try:
        await limits.check(request, Limit.SIGN_UP)
        made = await request.app[PORTAL].auth.sign_up(
            credentials.email, credentials.password, f"{request.app[PORTAL].settings.portal_url}{after}"
        )
        if isinstance(made, ConfirmationSent):
            return render(request, "check_mail.html")
        return await _signed_in(request, made, after)
    except (Refusal, DependencyError) as error:
        return _again(request, "signup.html", fields, _answer(error))


@ROUTES.post("/login")
async def sign_in(request: web.Request) -> web.Response:
    """Sign a user in."""
    fields, metrics = await request.post(), request.app[PORTAL].metrics
    credentials = Credentials.read(fields)
    problems = credentials.problems()
    if problems:
        return _again(request, "login.html", fields, invalid(problems))
    try:
        await limits.check(request, Limit.SIGN_IN)
        await limits.check(request, Limit.SIGN_IN_ACCOUNT, account=credentials.email)
        tokens = await request.app[PORTAL].auth.sign_in(credentials.email, credentials.password)
        answer = await _signed_in(request, tokens, _after(request, fields))
    except (Refusal, DependencyError) as error:
        told = _answer(error)
        if not isinstance(error, TooMany):
            away = told.status >= HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, RateLimited)
            metrics.sign_in(SignInOutcome.UNAVAILABLE if away else SignInOutcome.REFUSED)
        return _again(request, "login.html", fields, told)
    metrics.sign_in(SignInOutcome.SIGNED_IN)
    return answer


@ROUTES.post("/logout")
async def sign_out(request: web.Request) -> web.Response:
    """Sign the browser out, here in any case, and at Supabase Auth where that can be reached."""
    signed_in = session.current(request)
    if signed_in is not None:
        try:
            await request.app[PORTAL].auth.sign_out(signed_in.access_token)
        except DependencyError as error:
            # The session lives on there until it ends by itself, but its tokens are in no browser any more.
            _log.warning("signed out here alone: %s", error, extra={"user_id": signed_in.user_id})
    session.end(request)
    return _to(redirects.LOGIN)


@ROUTES.get("/auth/confirm")
async def ask_to_confirm(request: web.Request) -> web.Response:
    """Show a button: the link's token is good for one use, and mail scanners open links too."""
    if Confirmation.read(request.query) is None:
        return _confirmation(request, request.query, no_link())
    return _confirmation(request, request.query)


@ROUTES.post("/auth/confirm")
async def confirm(request: web.Request) -> web.Response:
    """Confirm the address, and sign its user in."""
    fields = await request.post()
    confirmation = Confirmation.read(fields)
    if confirmation is None:
        return _confirmation(request, fields, no_link())
    try:
        await limits.check(request, Limit.CONFIRM)
        tokens = await request.app[PORTAL].auth.verify_email(confirmation.token_hash, confirmation.kind)
        return await _signed_in(request, tokens, _after(request, fields))
    except (Refusal, DependencyError) as error:
        return _confirmation(request, fields, _answer(error))


async def _signed_in(request: web.Request, tokens: AuthSession, after: str) -> web.Response:
    await session.begin(request, tokens)
    return _to(after)


def _to(path: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def _context(request: web.Request, fields: Mapping[str, object]) -> PlanContext:
    """Return the plan's context: the form's, else that of the URL which the form was sent to."""
    plans = request.app[PORTAL].settings.pds_plans
    if PLAN not in fields:
        return PlanContext.read(request.query, plans)
    return PlanContext.read({name: text_of(fields, name) for name in fields}, plans)


def _next(request: web.Request, fields: Mapping[str, object]) -> str:
    """Return where the customer wanted to go, a path of ours, or "".

    A confirmation mail's link has it as a whole address of ours, since Supabase knows no other.
    """
    asked = text_of(fields, "next") or request.query.get("next", "")
    path = asked.removeprefix(request.app[PORTAL].settings.portal_url)
    return redirects.safe_next(path, "")


def _after(request: web.Request, fields: Mapping[str, object]) -> str:
    """Return where a customer goes on to once signed in."""
    return _next(request, fields) or _context(request, fields).path(redirects.HOME)


def _answer(error: Refusal | DependencyError) -> Answer:
    match error:
        case AuthRefused():
            return refused(error)
        case TooMany() | RateLimited():
            return too_often(error.retry_after)
        case Refusal():
            return Answer(error.status, {FORM: error.message})
        case _:
            _log.warning("%s", error)
            return unavailable()


def _again(request: web.Request, template: str, fields: Mapping[str, object], answer: Answer) -> web.Response:
    form = {"email": text_of(fields, "email").strip(), "next": _next(request, fields)}
    return _page(request, template, form, _context(request, fields), answer)


def _confirmation(request: web.Request, fields: Mapping[str, object], answer: Answer | None = None) -> web.Response:
    confirmation = Confirmation.read(fields)
    form = {"token_hash": "", "type": "", "next": _next(request, fields)}
    # Without a token the page has no button: where the link is no good, pressing it again is none either.
    if confirmation is not None and (answer is None or answer.retry_after is not None):
        form |= {"token_hash": confirmation.token_hash, "type": confirmation.kind}
    return _page(request, "confirm.html", form, _context(request, fields), answer)


def _page(
    request: web.Request, template: str, form: Mapping[str, str], context: PlanContext, answer: Answer | None
) -> web.Response:
    problems = {} if answer is None else answer.problems
    status = HTTPStatus.OK if answer is None else answer.status
    response = render(request, template, status=status, form=form, errors=problems, context=context)
    if answer is not None and answer.retry_after is not None:
        response.headers["Retry-After"] = str(answer.retry_after)
    return response
