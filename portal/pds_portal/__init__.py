"""The customer's side: plans, checkout, the PDS as it comes up and as it runs.

It holds no service-role key and has no rights in Kubernetes. ``portal.py`` is what every route reaches, ``safety`` what
every request passes; what decides what a page or an answer says stands apart from the routes, which only translate.
"""
