"""What ``python -m cluster`` takes for right and wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from cluster.acts.load import all_taken
from cluster.failed import Failed
from cluster.installation import image_reference
from cluster.judging import require_served, require_untouched
from cluster.kubernetes import Pod
from cluster.sender import Answer
from cluster.simulated import Customer, Row
from pds_contract.resource import API_VERSION, KIND, PdsProvision

ALICE = Customer("7f025477-d436-469e-bbe5-a95ac3bb3321", "alice@users.example")
HOSTNAME = "alice.eny.k8s.frx.pub"
SERVED: Row = (800, HOSTNAME, "provisioning")


def provision(ready: str = "True") -> PdsProvision:
    condition = {
        "type": "Ready",
        "status": ready,
        "reason": "Running",
        "message": "",
        "lastTransitionTime": "2026-11-23T04:43:29Z",
    }
    return PdsProvision.model_validate(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": f"pds-{ALICE.user_id}"},
            "spec": {"userId": ALICE.user_id, "email": ALICE.email},
            "status": {"serviceId": 800, "hostname": HOSTNAME, "conditions": [condition]},
        }
    )


def test_a_customer_with_one_pds_of_which_all_agree_is_served() -> None:
    require_served([ALICE], {ALICE.user_id: provision()}, {ALICE.user_id: SERVED}, {HOSTNAME: [800]})


@pytest.mark.parametrize(
    ("provisions", "row", "made", "said"),
    [
        ({}, SERVED, {HOSTNAME: [800]}, "lost: no resource"),
        ({ALICE.user_id: provision("False")}, SERVED, {HOSTNAME: [800]}, "not Ready"),
        ({ALICE.user_id: provision()}, SERVED, {}, "not one PDS"),
        ({ALICE.user_id: provision()}, SERVED, {HOSTNAME: [800, 801]}, "not one PDS"),
        ({ALICE.user_id: provision()}, SERVED, {HOSTNAME: [801]}, "not one PDS"),
        ({ALICE.user_id: provision()}, (801, HOSTNAME, "provisioning"), {HOSTNAME: [800]}, "its row disagrees"),
        ({ALICE.user_id: provision()}, SERVED, {HOSTNAME: [800], "other.example": [802]}, "a PDS of nobody"),
    ],
)
def test_all_else_is_not(
    provisions: Mapping[str, PdsProvision], row: Row, made: Mapping[str, Sequence[int]], said: str
) -> None:
    with pytest.raises(Failed, match=said):
        require_served([ALICE], provisions, {ALICE.user_id: row}, made)


def test_what_is_gone_new_or_changed_is_named() -> None:
    before = [("a", "1"), ("b", "1"), ("c", "1")]
    require_untouched(before, list(reversed(before)), "resources")
    with pytest.raises(Failed, match="resources gone, new or changed: b, c, d"):
        require_untouched(before, [("a", "1"), ("b", "2"), ("d", "1")], "resources")


def test_one_request_that_was_not_answered_200_is_a_failure() -> None:
    taken = Answer(0.1, 200)
    assert all_taken([taken, taken]).startswith("2 further requests")
    with pytest.raises(Failed, match="1 of 2 requests"):
        all_taken([taken, Answer(0.1, error="ConnectionRefusedError")])


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("eny-pds", {"newName": "eny-pds"}),
        ("eny-pds:0.1.0", {"newName": "eny-pds", "newTag": "0.1.0"}),
        ("host.example:5000/a/eny-pds", {"newName": "host.example:5000/a/eny-pds"}),
        ("host.example:5000/eny-pds:1", {"newName": "host.example:5000/eny-pds", "newTag": "1"}),
        ("eny-pds@sha256:ab", {"newName": "eny-pds", "digest": "sha256:ab"}),
        ("a/eny-pds:1@sha256:ab", {"newName": "a/eny-pds", "newTag": "1", "digest": "sha256:ab"}),
    ],
)
def test_an_images_reference_is_split_as_kustomize_wants_it(image: str, reference: Mapping[str, str]) -> None:
    assert image_reference(image) == reference


def test_a_pod_on_its_way_out_is_not_ready() -> None:
    document: dict[str, Any] = {
        "metadata": {"name": "a", "uid": "1", "labels": {"app.kubernetes.io/component": "webhook"}},
        "spec": {"nodeName": "node-1"},
        "status": {"podIP": "fd00::1", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    pod = Pod.of(document)
    assert (pod.ready, pod.address, pod.node, pod.component) == (True, "[fd00::1]", "node-1", "webhook")
    document["metadata"]["deletionTimestamp"] = "2026-11-23T04:43:29Z"
    assert not Pod.of(document).ready
