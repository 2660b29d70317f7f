"""Checkouts with hostile metadata before the real API server: what is taken is in etcd, and nothing ends in a 5xx."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st

from pds_clients.kubernetes import KubernetesApi, Provisions
from pds_contract.checkout import is_ours, parameters_of
from pds_contract.errors import InvalidInput, NotFound
from pds_contract.names import HostnameRules
from pds_contract.resource import API_VERSION, KIND, PdsProvision, provision_name
from pds_stack.events import sign
from pds_webhook.events import Checkout, NotAnEvent, read_event
from pds_webhook.wanted import Wanted
from stages import hostile
from stages.hostile_corpus import examples, remembered

from .conftest import SECRET, Webhook, path_of

COMING = {"checkout.session.completed", "checkout.session.async_payment_succeeded"}
REFUSED = {400, 422}
RULES = HostnameRules.of("eny.k8s.frx.pub", ["www"], "k8s-pds.frx.pub")
PERSONAL = ("a.example", "b.example", "c.example", "alice", SECRET)
CORPUS = examples("checkout")
OTHER_USER = "an id that no user has"


@dataclass(frozen=True)
class Scene:
    """A webhook, and where to see what it did."""

    webhook: Webhook
    provisions: Provisions
    logs: pytest.LogCaptureFixture

    async def deliver(self, event: dict[str, Any]) -> tuple[int, str]:
        """Deliver an event; the status and the code of an answer that tells nothing personal, nor does the log."""
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": sign(body, SECRET)}
        self.logs.clear()
        with self.logs.at_level(logging.INFO):
            response = await self.webhook.client.post("/api/webhooks", content=body, headers=headers)
        told = response.text + repr([vars(record) for record in self.logs.records])
        assert "pds_webhook" in told
        assert not [text for text in PERSONAL if text in told], told
        return response.status_code, response.json()["code"]

    async def found(self, user_id: str) -> PdsProvision | None:
        """The user's resource, if there is one."""
        try:
            return await self.provisions.get(provision_name(user_id))
        except NotFound:
            return None

    async def check(self, event: dict[str, Any], user_id: str) -> str:
        """See that one event is answered truly, of a user who had no resource before; the answer's code."""
        status, code = await self.deliver(event)
        assert status in {200, *REFUSED}, (status, code)
        resource = await self.found(user_id)
        try:
            told = read_event(json.dumps(event))
        except NotAnEvent:
            assert status == 400, code
            return code
        paid = isinstance(told, Checkout) and told.event_type in COMING and told.paid
        if paid and status == 200:
            assert resource is not None, f"{code}, but nothing is in etcd"
        if resource is not None:
            assert (paid, status, code) == (True, 200, "accepted")
            assert resource.spec.user_id == user_id
        return code


@pytest.fixture
def scene(webhook: Webhook, operator: Provisions, caplog: pytest.LogCaptureFixture) -> Scene:
    return Scene(webhook, operator, caplog)


@hostile.times(60)
@given(
    meta=hostile.metadata(st.sampled_from(["{}", "{}", " {}\n", "urn:uuid:{}", OTHER_USER])),
    session=hostile.sessions(),
    envelope=hostile.envelopes(),
)
async def test_no_checkout_is_answered_2xx_in_vain_or_with_a_5xx(
    scene: Scene,
    new_user: Callable[[], str],
    meta: dict[str, Any],
    session: dict[str, Any],
    envelope: dict[str, Any],
) -> None:
    user_id = new_user()
    event = hostile.hostile_event({**meta, "user_id": meta["user_id"].format(user_id)}, session, envelope)
    with remembered("checkout", event):
        note(await scene.check(event, user_id))


@pytest.mark.parametrize("text", [path.read_text() for path in CORPUS], ids=[path.stem for path in CORPUS])
async def test_the_corpus_of_checkouts(scene: Scene, new_user: Callable[[], str], text: str) -> None:
    user_id = new_user()
    await scene.check(json.loads(text.replace(hostile.USER, user_id)), user_id)


@hostile.times(200)
@given(meta=hostile.metadata(st.just(hostile.USER)), fallback=st.sampled_from(hostile.EMAILS))
async def test_the_api_server_takes_every_resource_that_metadata_may_ask_for(
    kubernetes: KubernetesApi, namespace: str, meta: dict[str, Any], fallback: str
) -> None:
    assert is_ours(meta)
    try:
        wanted = Wanted(
            parameters_of(meta, fallback, RULES), "cs_test_" + "~" * 240, 253_402_214_400, "~" * 255, 253_402_214_400
        )
    except InvalidInput as error:
        note(error.code)
        return
    note("sent to the API server")
    body = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": wanted.name, "annotations": wanted.annotations()},
        "spec": wanted.spec(),
    }
    with remembered("checkout", hostile.hostile_event(meta, {"customer_email": fallback}, {})):
        taken = await kubernetes.call("POST", path_of(namespace), query={"dryRun": "All"}, body=body)
        assert taken["spec"] == {**wanted.spec(), "suspend": False}
        assert taken["metadata"]["annotations"] == wanted.annotations()
