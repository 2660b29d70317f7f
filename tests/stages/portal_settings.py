"""The portal's settings in tests: usable ones, with whatever a test says otherwise."""

from pds_portal.settings import PortalSettings

NOBODY = "http://127.0.0.1:9"
"""The port of discard, where nobody listens."""
PORTAL_URL = "https://portal.example"
JWT_SECRET = "a secret of the tests, of thirty-two bytes and more"
USABLE = {
    "SUPABASE_URL": NOBODY,
    "SUPABASE_ANON_KEY": "anon-zqxj",
    "SUPABASE_JWT_SECRET": JWT_SECRET,
    "STRIPE_SECRET_KEY": "sk_test_zqxj",
    "STRIPE_API_BASE": NOBODY,
    "NEXT_PUBLIC_STRIPE_PRICE_ID": "price_tests",
    "PDS_API_URL": f"{NOBODY}/api/v1",
    "PDS_API_TOKEN": "token-zqxj",
    "PORTAL_URL": PORTAL_URL,
}
"""As the environment would have them; every secret but the JWT's holds ``zqxj``."""
_BY_ALIAS = {"SUPABASE_URL", "SUPABASE_ANON_KEY"}


def portal_settings(**otherwise: object) -> PortalSettings:
    """Read settings, by the names that they have in the environment."""
    named = {**USABLE, **otherwise}
    return PortalSettings.model_validate(
        {name if name in _BY_ALIAS else name.lower(): value for name, value in named.items() if value is not None}
    )
