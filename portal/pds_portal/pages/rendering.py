"""Rendering the pages from their templates."""

from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pds_portal.identity import session
from pds_portal.pages import assets
from pds_portal.safety import csrf

_TEMPLATES = Path(__file__).parent / "templates"


def render(request: web.Request, template: str, *, status: int = 200, **context: object) -> web.Response:
    """Render a page for this request.

    Every template has, beside its context: ``user`` (who is signed in, or None), ``csrf_token``, ``path``, and
    ``asset("portal.css")``, the address of a static file. What it does not have is an error, not an empty string.

    Args:
        request: Whose page it is.
        template: The template's file name.
        status: The answer's HTTP status.
        context: What the template shows.
    """
    shown = {"user": session.current(request), "csrf_token": csrf.token(request), "path": request.path, **context}
    return web.Response(text=_ENVIRONMENT.get_template(template).render(shown), status=status, content_type="text/html")


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = assets.url
    return made


_ENVIRONMENT = _environment()
