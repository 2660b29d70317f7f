"""``next``: whatever somebody wrote into a link, the customer stays on the portal."""

import re
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pds_portal.safety.redirects import HOME, NEXT_MAX, safe_next, to_login

ORIGIN = "https://portal.example"
DROPPED = re.compile(r"[\x00-\x20\x7f]")
EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\x00//evil.example",
    " //evil.example",
    "/%2f/evil.example",
    "/%2fevil.example",
    "/%5cevil.example",
    "%2f%2fevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/a/../..//evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "@evil.example",
    "evil.example",
    ".evil.example",
    "/dashboard\r\nLocation: https://evil.example",
    "/dashboard\u2028",
    "/\uff0fevil.example",
    "",
    "?a=b",
    "#a",
]
PIECES = st.sampled_from(
    ["/", "//", "\\", "%2f", "%5C", "%09", "\t", "\r\n", "\x00", " ", ".", "..", "@", ":", "?", "#", "https:",
     "javascript:", "evil.example", "dashboard", "a=b", "&", "[", "]", "\u3000", "\u2215"]
)  # fmt: skip


def as_a_browser(location: str) -> str:
    """Where a browser goes (WHATWG URL: it drops control characters, and a backslash is a slash)."""
    return urljoin(f"{ORIGIN}/login", DROPPED.sub("", location).replace("\\", "/"))


def stays(location: str) -> bool:
    parts = urlsplit(as_a_browser(location))
    return f"{parts.scheme}://{parts.netloc}" == ORIGIN


@pytest.mark.parametrize("asked", EVIL)
def test_what_is_no_plain_path_of_ours_leads_home(asked: str) -> None:
    assert safe_next(asked) == HOME


@pytest.mark.parametrize("asked", [None, "/" + "a" * NEXT_MAX])
def test_nothing_and_too_much_lead_home(asked: str | None) -> None:
    assert safe_next(asked) == HOME
    assert safe_next(asked, "/pricing") == "/pricing"


@pytest.mark.parametrize(
    "asked",
    ["/", "/pricing", "/dashboard?pds_plan=small&auto_checkout=true", "/auth/confirm?type=email&next=%2Fdashboard"],
)
def test_our_own_paths_are_kept(asked: str) -> None:
    assert safe_next(asked) == asked


@given(asked=st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30))
@example(asked="/a?//evil.example")
@example(asked="/a?\\\\evil.example")
def test_nobody_is_led_away(asked: str) -> None:
    found = safe_next(asked)
    for read in (found, unquote(found), unquote(unquote(found))):  # whoever decodes it once more on the way
        assert stays(read.partition("?")[0]), read
    assert stays(found)
    assert found in {asked, HOME}


@given(path=st.lists(PIECES, max_size=8).map("".join))
@example(path="/dashboard?a=b&c=%26")
def test_the_way_to_the_login_and_back(path: str) -> None:
    there = to_login(path)
    assert stays(there)
    assert parse_qs(urlsplit(there).query).get("next", [HOME]) == [safe_next(path)]
