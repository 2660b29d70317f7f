"""Faults at the seam: a proxy between the real commands and everything they talk to, and the commands as processes.

``proxy``      :class:`FaultProxy` stands in front of one process (and its successors) and does what a chooser says
``choosers``   choosers: none, planned for one customer, or by a callable of one's own
``exchange``   what a chooser is asked about, and what is kept of each exchange
``fault``      every fault there is
``journal``    whose an exchange is, its number, and the history of each customer
``processes``  ``pds-operator`` and ``pds-webhook`` as processes that cost a fork to start: kill, stop, pause
``supervised`` one that is started again whenever it ends
``readiness``  waits until a command says that it is ready
``upstreams``  the real dependencies behind the proxies
``settings``   their environment: quick times, addresses, free ports

In short::

    async with open_upstreams(kubeconfig, supabase_url, backend_url) as upstreams, start_zygote(folder) as zygote:
        journal = Journal()
        async with FaultProxy("operator", upstreams, journal, chooser) as proxy:
            environment = operator_environment(proxy, namespace, stack, token)
            async with Supervised(zygote, Command.OPERATOR, environment) as operator:
                proxy.target = operator
"""
