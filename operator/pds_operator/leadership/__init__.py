"""Which of several operators works: leader election by a coordination.k8s.io/v1 Lease.

It spares the backend and the API server the work of the others, and keeps the order of who is served. It is not what
keeps a customer from being deployed twice: after a process was paused there may be two leaders for a moment, and the
claims of the deploy protocol hold all the same.

``decide`` is pure, ``election`` talks, ``unopposed`` stands in where there is no election.
"""
