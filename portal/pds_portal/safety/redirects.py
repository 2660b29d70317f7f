"""Where a customer is sent on to after signing in: only ever to a path of our own."""

import re
from urllib.parse import quote

HOME = "/dashboard"
LOGIN = "/login"
NEXT_MAX = 2048

# Our paths are plain: nothing in them has to be decoded (%2f), is a backslash, which browsers read as a slash, is empty
# or a dot, which whoever tidies paths up may turn into //, or is a control character or space, which browsers drop.
_OWN_PATH = re.compile(r"/|(?:/[A-Za-z0-9_-]+)+(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?", re.ASCII)


def safe_next(asked: str | None, otherwise: str = HOME) -> str:
    """Return the path that was asked for where it is one of ours, else another one of ours.

    Args:
        asked: What the request says, which anybody may have written: a path with its query, as ``/dashboard?a=b``.
        otherwise: What is returned where it cannot be used.
    """
    if asked is None or len(asked) > NEXT_MAX or not _OWN_PATH.fullmatch(asked):
        return otherwise
    return asked


def to_login(path_with_query: str) -> str:
    """Return the address of the page that signs in, from which the customer comes back to a path."""
    back = safe_next(path_with_query)
    return LOGIN if back == HOME else f"{LOGIN}?next={quote(back, safe='/')}"
