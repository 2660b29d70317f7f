"""The session's cookies, as a browser sends them and as answers set them."""

from http.cookies import Morsel, SimpleCookie

import httpx

from pds_portal.identity.cookies import ACCESS, REFRESH


def sent(access: str = "", refresh: str = "") -> dict[str, str]:
    """A browser's header."""
    pairs = ((ACCESS, access), (REFRESH, refresh))
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs if value)}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cookies_of(response: httpx.Response) -> dict[str, Morsel[str]]:
    """The session's cookies that an answer sets."""
    jar: SimpleCookie = SimpleCookie()
    for line in response.headers.get_list("Set-Cookie"):
        jar.load(line)
    return {name: morsel for name, morsel in jar.items() if name in {ACCESS, REFRESH}}


def cleared(response: httpx.Response) -> bool:
    found = cookies_of(response)
    return len(found) == 2 and all(not morsel.value and morsel["max-age"] == "0" for morsel in found.values())
