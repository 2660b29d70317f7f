"""``pds-webhook backfill``: what Stripe could not deliver, read from Stripe and taken in as a delivery would be.

``window``, ``session`` and ``report`` only decide, ``rendering`` and ``progress`` tell, ``rehearsal`` stands in for
what writes in a dry run, ``run`` walks through the sessions, and ``command`` is glue.
"""
