"""The page on which a customer pays a Checkout Session: a summary, a button, a link back."""

import html
from typing import Any

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }}
main {{ max-width: 30rem; margin: 3rem auto; padding: 0 1rem }}
dt {{ font-weight: 600 }}
dd {{ margin: 0 0 .75rem; overflow-wrap: anywhere }}
button {{ font: inherit; padding: .6rem 2rem; margin-right: 1rem }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def summary(session: dict[str, Any], items: list[tuple[str, int]]) -> str:
    """Return the page of an open session."""
    facts = [("Price", ", ".join(f"{price} x {quantity}" for price, quantity in items))]
    if session["customer_email"]:
        facts.append(("E-mail", session["customer_email"]))
    facts += [(key, value) for key, value in session["metadata"].items() if key.startswith("pds_")]
    listed = "\n".join(f"<dt>{html.escape(name)}</dt>\n<dd>{html.escape(value)}</dd>" for name, value in facts)
    pay = f'<form method="post">\n<button type="submit">Pay</button>\n{_cancel(session)}</form>'
    note = "<p>The local stack plays Stripe here: no card is asked for, and no money moves.</p>"
    return _PAGE.format(title="Checkout", content=f"{note}\n<dl>\n{listed}\n</dl>\n{pay}")


def closed(reason: str) -> str:
    """Return the page that says why nothing can be paid here."""
    return _PAGE.format(title="Nothing to pay", content=f"<p>{html.escape(reason)}</p>")


def _cancel(session: dict[str, Any]) -> str:
    if not session["cancel_url"]:
        return ""
    return f'<a href="{html.escape(session["cancel_url"])}">Cancel</a>\n'
