"""The cookies of a request, read as browsers write them (RFC 6265, 4.2.1) and in no other way.

aiohttp's own reader is lenient: in ``theme=dark __Host-x=1`` and in ``<U+2000>__Host-x=1`` it sees a cookie
``__Host-x``. Browsers see another name there, and so let any other host of the domain set such a cookie: the prefix
``__Host-`` would guard nothing.
"""

from aiohttp import web

_SPACE = " \t"


def sent_cookie(request: web.BaseRequest, name: str) -> str:
    """Return a cookie's value; "" where it is not there, or there twice: a browser has one of a ``__Host-`` name."""
    found = [
        value
        for line in request.headers.getall("Cookie", ())
        for sent, _, value in (pair.strip(_SPACE).partition("=") for pair in line.split(";"))
        if sent == name
    ]
    return _bare(found[0]) if len(found) == 1 else ""


def _bare(value: str) -> str:
    """Leave out the quotes within which a value was set that holds a slash or an equals sign."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
