"""The operator: PdsProvisions in, running PDSes and mirrored rows out.

``protocol`` decides (pure functions of what was gathered), ``reconciler`` does what was decided, ``limits`` bounds it,
``handlers`` is all that kopf sees.
"""
