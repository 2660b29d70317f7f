"""The portal's settings on the stack, and what `pds-stack demo --portal` tells whoever clicks through it."""

import json
from urllib.parse import urlsplit

from pds_stack import envfile, portal
from pds_stack.demo import clicking


def test_the_address_is_one_where_browsers_keep_secure_cookies() -> None:
    parts = urlsplit(portal.settings({})["PORTAL_URL"])

    assert (parts.scheme, parts.hostname, parts.path) == ("http", "localhost", "")
    assert parts.port


def test_there_are_three_plans_unless_the_environment_has_others() -> None:
    settings = portal.settings({})
    plans = json.loads(settings["PDS_PLANS"])

    assert [(plan["key"], plan["disksize_gb"]) for plan in plans] == [("starter", 10), ("plus", 20), ("pro", 50)]
    assert len({plan["price_id"] for plan in plans}) == 3
    assert envfile.parse(envfile.render(settings)) == settings
    assert portal.settings({"PDS_PLANS": "[1]"})["PDS_PLANS"] == "[1]"


def test_the_clicks_are_told_with_their_addresses_and_no_secret() -> None:
    values = {
        "PORTAL_URL": "http://localhost:4000",
        "SUPABASE_URL": "http://127.0.0.1:4001",
        "SUPABASE_JWT_SECRET": "a-secret-of-the-stack",
    }

    told = clicking.instructions(values)

    assert "http://localhost:4000/pricing" in told
    assert "http://127.0.0.1:4001/_control/mails" in told
    assert "a-secret-of-the-stack" not in told
