"""An explicit-state model checker of the deploy protocol.

What decides is the product's own: the functions of ``pds_operator.protocol`` and the models of ``pds_contract``. Around
them stands a small world of immutable values: the API server, the row, the reservations, the backend, time in whole
ticks, and two operators that walk a visit exchange by exchange. The search is breadth first over every interleaving, so
each counterexample is a shortest one.
"""
