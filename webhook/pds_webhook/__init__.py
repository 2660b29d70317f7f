"""Stripe's events in, PdsProvisions out: one aiohttp service with one route, and a command for events that were lost.

``signature``, ``events``, ``triage``, ``wanted`` and ``decide`` only decide; ``provisioning`` and ``intake`` talk to
Kubernetes and Supabase; ``routes`` and ``__main__`` are glue. ``backfill`` takes what Stripe lists the same way.
"""
