"""The crash matrix: every exchange of one customer with every fault, and what comes of it each time.

``PYTHONPATH=tests python -m crash_matrix`` runs all of it (``--help`` says what else). A test runs a part.

``cells``           configurations, roads, names of cells, which of them are run
``ground``          the stack, the zygote, one watch over all resources
``operator_cells``  the operator's cells; ``ending`` brings a customer to the end, with a ``person``'s help
``webhook_cells``   the webhook's
``matrix``          runs them all; ``results`` and ``table`` show what came of them
"""
