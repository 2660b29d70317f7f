"""The stack with the portal, left running for somebody to click through."""

from collections.abc import Mapping

# Slow enough to watch the dashboard move: setting up, almost ready, running.
BEHAVIOUR: dict[str, object] = {"deploy_seconds": 1.0, "states": [[0, 6.0], [2, 4.0], [3, None]]}


def instructions(values: Mapping[str, str]) -> str:
    """What to click, and where else to look, on a stack with these settings."""
    supabase = values["SUPABASE_URL"]
    return f"""
Open {values["PORTAL_URL"]}/pricing

  1. Choose a plan, and sign up with any e-mail address and a password of 6 characters or more. Signing up signs in at
     once: this stack confirms addresses by itself.
  2. Press Pay on the page that plays Stripe. The webhook hears of it as from Stripe.
  3. The dashboard shows the PDS coming up, which takes some ten seconds here, and then how it is doing.

To try the confirmation mail, have addresses confirmed before the next sign-up, then read the mail and follow its link:

  curl -X PATCH {supabase}/_control/auth -d '{{"autoconfirm": false}}'
  curl {supabase}/_control/mails
"""
