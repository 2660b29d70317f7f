"""What the product costs, each figure beside its floor: the same work by bare clients, in the same run.

``figures`` says what a figure is, ``catalogue`` which benches there are, ``context`` what each is given; ``table``,
``document`` and ``picture`` are what comes out. A bench is a module with an async function ``measure``.
"""
