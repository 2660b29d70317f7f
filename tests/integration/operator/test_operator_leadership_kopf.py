"""kopf runs beside the work, not around it: when it ends by itself, nothing that was begun is lost."""

from collections.abc import AsyncIterator

import pytest

from faults.exchange import Background, Exchange
from faults.fault import Fault
from faults.journal import Journal
from faults.proxy import FaultProxy
from faults.upstreams import open_upstreams
from pds_clients.leases import Leases
from pds_operator.serving import LeadEnded
from stages.operator_stage import Stage


@pytest.fixture
async def proxy(stage: Stage) -> AsyncIterator[FaultProxy]:
    """A proxy between the operator and everything it talks to."""
    async with (
        open_upstreams(stage.stack["KUBECONFIG"], stage.stack["SUPABASE_URL"], stage.backend_url) as upstreams,
        FaultProxy("operator", upstreams, Journal()) as opened,
    ):
        yield opened
        for operator in stage.running:  # as long as there is a way to the API server
            await operator.stop()


def nonsense_for_watches(exchange: Exchange) -> Fault | None:
    return Fault.HTML_BEFORE if exchange.background is Background.WATCH else None


async def test_when_kopf_ends_a_deploy_is_finished_the_lease_released_and_the_process_left(
    stage: Stage, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    stage.simulator.change(answer_seconds=1.5)
    operator = await stage.operate(PDS_DEPLOY_TIMEOUT=10, KUBECONFIG=proxy.environment()["KUBECONFIG"])
    user_id = await stage.ask()
    await stage.eventually(lambda: stage.simulator.services, "the deploy has taken effect, its answer has not come")
    proxy.choose = nonsense_for_watches
    await stage.eventually(lambda: proxy.cut_watches() or operator.ended.done(), "kopf watches, until it is cut off")
    await stage.eventually(operator.ended.done, "the operator has ended")
    stage.running.remove(operator)
    with pytest.raises(LeadEnded, match="kopf has ended by itself"):
        await operator.ended
    provision = await stage.get(user_id)
    assert provision.status.service_id == stage.simulator.services[0].id
    assert provision.status.claim is None
    lease = await Leases(stage.api, stage.namespace, "pds-operator", "test").get()
    assert lease is not None
    assert lease.holder == "", "the next one need not wait"
    said = [record.getMessage() for record in caplog.records if record.name.startswith("pds_operator")]
    assert "leading no more; finishing what was begun, then leaving" in said
    # Another one goes on where this one ended.
    await stage.operate()
    await stage.until_ready(user_id)
    assert stage.posts() == 1


async def test_a_watch_that_is_cut_or_refused_for_a_while_does_not_end_it(stage: Stage, proxy: FaultProxy) -> None:
    operator = await stage.operate(KUBECONFIG=proxy.environment()["KUBECONFIG"])
    await stage.until_ready(await stage.ask())
    proxy.choose = lambda exchange: Fault.UNAVAILABLE if exchange.background is Background.WATCH else None
    watches = proxy.journal.background[Background.WATCH]

    def refused() -> int:
        return proxy.journal.background[Background.WATCH] - watches

    await stage.eventually(lambda: proxy.cut_watches() or refused(), "kopf watches, until it is cut off")
    await stage.eventually(lambda: refused() >= 3, "three were refused")
    proxy.choose = lambda _: None
    await stage.until_ready(await stage.ask("bob@a.example"))
    assert not operator.ended.done()
