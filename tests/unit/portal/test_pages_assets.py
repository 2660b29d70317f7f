"""The static files: known names only, packed where that is taken, kept for ever under the hash of what they are."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from pds_portal.pages import assets
from pds_portal.pages.assets import ASSETS, FOLDER, Assets, takes_gzip
from pds_portal.safety.headers import content_security_policy

TEMPLATES = FOLDER.parent / "templates"


@pytest.fixture
async def client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    app.add_routes(assets.ROUTES)
    # The bytes as they come over the wire.
    sent = TestClient(TestServer(app), auto_decompress=False, skip_auto_headers={"Accept-Encoding"})
    async with sent as client:
        yield client


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
async def test_each_file_is_sent_as_it_is_and_packed(
    client: TestClient[web.Request, web.Application], name: str
) -> None:
    plain = (FOLDER / name).read_bytes()

    bare = await client.get(assets.url(name))
    packed = await client.get(assets.url(name), headers={"Accept-Encoding": "gzip, br"})

    assert await bare.read() == plain
    assert "Content-Encoding" not in bare.headers
    sent = await packed.read()
    assert (gzip.decompress(sent) if packed.headers.get("Content-Encoding") == "gzip" else sent) == plain
    assert len(sent) <= len(plain)
    for answer in (bare, packed):
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"


async def test_another_releases_address_serves_for_this_once(client: TestClient[web.Request, web.Application]) -> None:
    for path in ("/static/0123456789abcdef/base.css", "/static/base.css"):
        answer = await client.get(path)

        assert await answer.read() == (FOLDER / "base.css").read_bytes()
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/nothing.css", "/static/..%2frouting.py", "/static/%2e%2e/assets.py", "/static/0a/base.css/x"],
)
async def test_no_other_name_is_looked_for(client: TestClient[web.Request, web.Application], path: str) -> None:
    assert (await client.get(path)).status == 404


def test_a_changed_file_changes_every_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    (tmp_path / "b.js").write_text("b()")
    before = Assets.read(tmp_path)
    (tmp_path / "b.js").write_text("c()")

    after = Assets.read(tmp_path)

    assert before.url("a.css") != after.url("a.css")
    assert Assets.read(tmp_path).url("a.css") == after.url("a.css")


def test_a_template_that_names_no_file_is_told_so() -> None:
    with pytest.raises(KeyError, match=r"typo\.css"):
        ASSETS.url("typo.css")


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip; q=0.10", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
    ],
)
def test_who_takes_gzip(accepted: str, *, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


def test_the_pages_need_nothing_that_the_policy_forbids() -> None:
    """The policy forbids inline scripts, inline styles and everything of other sites."""
    assert "'unsafe-inline'" not in content_security_policy("https://checkout.stripe.com")
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\bstyle=|<style|\bon[a-z]+=\"|javascript:", text), f"{template.name} has inline code"
        assert not re.search(r"<script(?![^>]*\bsrc=\"\{\{ asset\()", text), f"{template.name} has an inline script"
        assert not re.search(r"\|\s*safe\b|autoescape false", text), f"{template.name} writes unescaped text"


def test_every_module_imports_only_files_that_are_there() -> None:
    for module in FOLDER.glob("*.js"):
        for imported in re.findall(r'^import .* from "\./([\w.]+)";$', module.read_text(), re.MULTILINE):
            assert imported in ASSETS.files, f"{module.name} imports {imported}"
