"""What every answer forbids the browser: other people's scripts, frames, sniffing, copies in caches."""

from aiohttp import web

from pds_portal.portal import PORTAL

IMMUTABLE = "public, max-age=31536000, immutable"
"""For files whose name holds a hash of their content."""
_PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Cookie, Authorization"}
_ALWAYS = {
    "Server": "portal",  # not which version of which library
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    # To our own pages the browser still says where it comes from: without, it would send Origin: null with a form.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",  # for browsers that know no frame-ancestors
}
WITHOUT_PAGE = {
    **_ALWAYS,
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    **_PRIVATE,
}
"""For answers that no application has made, and that show nothing."""


def content_security_policy(checkout_origin: str) -> str:
    """Return the policy of all answers: our own files only, no inline script or style, no frame.

    Args:
        checkout_origin: Where the form that buys may lead on to: browsers hold form-action against redirects too.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            f"form-action 'self' {checkout_origin}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Complete an answer's headers: a handler of the signal ``on_response_prepare``."""
    policy = content_security_policy(request.app[PORTAL].settings.stripe_checkout_origin)
    response.headers.popall("Server", None)  # aiohttp's
    for name, value in {**_ALWAYS, "Content-Security-Policy": policy, **_PRIVATE}.items():
        response.headers.setdefault(name, value)
