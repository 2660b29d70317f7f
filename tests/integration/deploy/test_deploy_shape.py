"""The parts of the manifests fit each other, and the product's own settings."""

import tomllib
from pathlib import Path

import pytest

from pds_clients import backend_requests, kubernetes, supabase_http
from pds_operator.settings import OperatorSettings
from pds_runtime.public import drain
from pds_stack.kubernetes.kubectl import Kubectl
from pds_stack.paths import repository

from .rendering import (
    CUSTOMERS,
    DEPLOY,
    LOCAL,
    PRODUCTION,
    SYSTEM,
    Manifest,
    folders,
    named,
    objects_of,
    of_kind,
    overlay_without_portal,
    pod_templates,
    render,
    selects,
    template_of,
)

PROGRAMS = ("pds-webhook", "pds-operator", "pds-backfill", "pds-portal")
SERVING = ("pds-webhook", "pds-operator", "pds-portal")
PUBLIC = ("pds-webhook", "pds-portal")
ENDPOINTS_LAG = 10.0
"""Seconds in which every proxy of a cluster learns that a pod takes no new connections; most take a second or two."""


@pytest.fixture(params=[PRODUCTION, LOCAL], ids=["production", "local"])
async def overlay(request: pytest.FixtureRequest, kubectl: Kubectl) -> list[Manifest]:
    return await render(kubectl, request.param)


def seconds(name: str) -> float:
    """The default of one of the operator's settings."""
    default = OperatorSettings.model_fields[name].default
    assert isinstance(default, float)
    return default


async def test_every_image_has_the_version_as_its_tag(kubectl: Kubectl) -> None:
    version = tomllib.loads((repository() / "pyproject.toml").read_text())["project"]["version"]
    images = [t.container["image"] for folder in folders() for t in pod_templates(await render(kubectl, folder))]
    assert images
    assert {image.rpartition(":")[2] for image in images} == {version}


def test_the_programs_and_nothing_else(overlay: list[Manifest]) -> None:
    assert sorted(t.owner["metadata"]["name"] for t in pod_templates(overlay)) == sorted(PROGRAMS)
    assert {d["spec"]["replicas"] for d in of_kind(overlay, "Deployment")} == {2}


def test_an_uninstall_removes_only_what_is_the_programs_own(overlay: list[Manifest]) -> None:
    assert not of_kind(overlay, "CustomResourceDefinition", "PdsProvision", "Secret")
    assert [n["metadata"]["name"] for n in of_kind(overlay, "Namespace")] == [SYSTEM]
    for found in overlay:
        place = found["metadata"].get("namespace")
        assert place in {None, SYSTEM} or (place == CUSTOMERS and found["kind"] in {"Role", "RoleBinding"}), found


def test_every_namespaced_object_names_its_namespace(overlay: list[Manifest]) -> None:
    cluster_wide = {
        "Namespace",
        "PriorityClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
    assert [f for f in overlay if f["kind"] not in cluster_wide and "namespace" not in f["metadata"]] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_pod_refers_to_is_there(overlay: list[Manifest], program: str) -> None:
    template = template_of(overlay, program)
    account = named(overlay, "ServiceAccount", template.spec["serviceAccountName"])
    assert account["metadata"]["name"] == program
    assert account["automountServiceAccountToken"] is False
    assert template.spec["automountServiceAccountToken"] is (program != "pds-portal")
    (settings,) = of_kind(overlay, "ConfigMap")
    assert template.container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
    assert settings["metadata"]["name"] != "pds-settings", "no hash: a changed setting would not roll the pods out"
    bound = [s for b in of_kind(overlay, "RoleBinding") for s in b["subjects"] if s["name"] == program]
    assert {subject["namespace"] for subject in bound} == (set() if program == "pds-portal" else {SYSTEM})


@pytest.mark.parametrize("program", PROGRAMS)
def test_secrets_are_by_reference_and_followed(overlay: list[Manifest], program: str) -> None:
    template = template_of(overlay, program)
    (volume,) = template.spec["volumes"]
    assert volume["secret"] == {"secretName": program, "defaultMode": 0o440}
    # The files are root's and the group's.
    assert template.spec["securityContext"]["fsGroup"] == template.spec["securityContext"]["runAsGroup"]
    (mount,) = template.container["volumeMounts"]
    assert "subPath" not in mount, "a file mounted by subPath is never replaced"
    assert {"name": "SECRETS_DIR", "value": mount["mountPath"]} in template.container["env"]
    assert all("valueFrom" not in variable for variable in template.container["env"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_pod_can_write_nowhere(overlay: list[Manifest], program: str) -> None:
    template = template_of(overlay, program)
    assert template.container["securityContext"]["readOnlyRootFilesystem"] is True
    assert template.spec["securityContext"]["runAsUser"] > 0
    assert template.container["volumeMounts"][0]["readOnly"] is True
    assert template.spec["enableServiceLinks"] is False


@pytest.mark.parametrize("program", PROGRAMS)
def test_resources(overlay: list[Manifest], program: str) -> None:
    resources = template_of(overlay, program).container["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}, "a CPU limit would throttle answers, probes and the Lease"


@pytest.mark.parametrize("program", SERVING)
def test_selectors_find_their_pods_and_no_others(overlay: list[Manifest], program: str) -> None:
    labels = {t.owner["metadata"]["name"]: t.labels for t in pod_templates(overlay)}
    deployment = named(overlay, "Deployment", program)
    selectors = [
        deployment["spec"]["selector"],
        named(overlay, "PodDisruptionBudget", program)["spec"]["selector"],
        *(c["labelSelector"] for c in deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]),
    ]
    if program in PUBLIC:
        selectors.append({"matchLabels": named(overlay, "Service", program)["spec"]["selector"]})
        selectors.append(named(overlay, "NetworkPolicy", program)["spec"]["podSelector"])
    for selector in selectors:
        assert [name for name, found in labels.items() if selects(selector, found)] == [program]


def test_network_policies(overlay: list[Manifest]) -> None:
    ports = {
        t.owner["metadata"]["name"]: {p["name"] for p in t.container.get("ports", ())} for t in pod_templates(overlay)
    }
    labels = {t.owner["metadata"]["name"]: t.labels for t in pod_templates(overlay)}

    def selected(policy: str) -> set[str]:
        selector = named(overlay, "NetworkPolicy", policy)["spec"]["podSelector"]
        return {name for name, found in labels.items() if selects(selector, found)}

    assert selected("default-deny") == set(PROGRAMS)
    assert named(overlay, "NetworkPolicy", "default-deny")["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    assert selected("pds-egress") == set(PROGRAMS)
    assert selected("pds-api-server") == set(PROGRAMS) - {"pds-portal"}
    assert selected("pds-metrics") == set(SERVING)
    for policy in PUBLIC:
        assert selected(policy) == {policy}
    for policy in ("pds-metrics", *PUBLIC):
        for rule in named(overlay, "NetworkPolicy", policy)["spec"]["ingress"]:
            for port in rule["ports"]:
                assert all(port["port"] in ports[name] for name in selected(policy))


@pytest.mark.parametrize("overlay", [PRODUCTION], ids=["production"], indirect=True)
def test_the_portal_is_not_let_out_to_the_api_server_s_own_port(overlay: list[Manifest]) -> None:
    ports = {
        name: {p["port"] for rule in named(overlay, "NetworkPolicy", name)["spec"]["egress"] for p in rule["ports"]}
        for name in ("pds-egress", "pds-api-server")
    }
    assert ports == {"pds-egress": {53, 443}, "pds-api-server": {6443}}


@pytest.mark.parametrize("program", PUBLIC)
def test_the_public_port(overlay: list[Manifest], program: str) -> None:
    assert {s["metadata"]["name"] for s in of_kind(overlay, "Service")} == set(PUBLIC)
    (port,) = named(overlay, "Service", program)["spec"]["ports"]
    assert (port["name"], port["port"], port["targetPort"]) == ("http", 80, "http")
    container = template_of(overlay, program).container
    assert {(p["name"], p["containerPort"]) for p in container["ports"]} == {("http", 8080), ("admin", 9090)}
    assert {"name": "PORT", "value": "8080"} in container["env"]


@pytest.mark.parametrize("program", SERVING)
def test_probes(overlay: list[Manifest], program: str) -> None:
    container = template_of(overlay, program).container
    paths = {"startupProbe": "/healthz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}
    assert {"name": "admin", "containerPort": 9090} in container["ports"]
    assert {"name": "ADMIN_PORT", "value": "9090"} in container["env"]
    for probe, path in paths.items():
        assert container[probe]["httpGet"] == {"path": path, "port": "admin"}
    liveness, startup = container["livenessProbe"], container["startupProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 120, "slow is not stuck"
    # The operator looks for the CRD before it answers: three calls of the API server may take their whole time.
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 3 * (kubernetes.REQUEST_TIMEOUT.total or 0)


@pytest.mark.parametrize("program", PUBLIC)
def test_it_is_given_longer_than_its_longest_request(overlay: list[Manifest], program: str) -> None:
    template = template_of(overlay, program)
    slept = template.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert slept >= ENDPOINTS_LAG
    assert template.spec["terminationGracePeriodSeconds"] > slept + drain.LONGEST_DRAIN_SECONDS


def test_the_operator_is_given_longer_than_its_longest_deploy(overlay: list[Manifest]) -> None:
    template = template_of(overlay, "pds-operator")
    write, row, look = kubernetes.REQUEST_TIMEOUT.total, supabase_http.REQUEST_TIMEOUT, backend_requests.LOOK_TIMEOUT
    assert write
    deploy = seconds("pds_claim_seconds") + seconds("pds_deploy_timeout")
    # The outcome, its row, a look at the service, and what that says.
    assert template.spec["terminationGracePeriodSeconds"] > deploy + write + row + look + write


def test_a_roll_out_takes_nobody_away_first(overlay: list[Manifest]) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        # 1 of 2 may be drained, and one that is not ready anyway blocks nobody.
        budget = named(overlay, "PodDisruptionBudget", deployment["metadata"]["name"])["spec"]
        assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_pods_are_spread_but_never_kept_from_running(overlay: list[Manifest]) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {c["topologyKey"] for c in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
        for constraint in spread:
            assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
            assert constraint["matchLabelKeys"] == ["pod-template-hash"]


def test_the_backfill_is_hourly_and_never_runs_twice_at_once(overlay: list[Manifest]) -> None:
    spec = named(overlay, "CronJob", "pds-backfill")["spec"]
    minute, *rest = spec["schedule"].split()
    assert minute.isdigit()
    assert rest == ["*"] * 4
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 3600


def example(name: str) -> list[Manifest]:
    return objects_of(DEPLOY / "examples" / name)


def test_the_webhooks_routes_lead_to_its_one_public_path(overlay: list[Manifest]) -> None:
    service = named(overlay, "Service", "pds-webhook")
    (ingress,) = example("ingress.yaml")
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/api/webhooks", "Exact")
    assert path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": "http"}}
    (route,) = example("http-route.yaml")
    (rule,) = route["spec"]["rules"]
    (match,) = rule["matches"]
    assert match == {"path": {"type": "Exact", "value": "/api/webhooks"}, "method": "POST"}
    assert rule["backendRefs"] == [{"name": service["metadata"]["name"], "port": 80}]
    assert {found["metadata"]["namespace"] for found in (ingress, route)} == {service["metadata"]["namespace"]}


def test_the_portals_routes_lead_to_it_on_a_host_of_its_own(overlay: list[Manifest]) -> None:
    service = named(overlay, "Service", "pds-portal")
    (ingress,) = example("portal-ingress.yaml")
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/", "Prefix")
    assert path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": "http"}}
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    (route,) = example("portal-http-route.yaml")
    (only,) = route["spec"]["rules"]
    assert only["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert only["backendRefs"] == [{"name": service["metadata"]["name"], "port": 80}]
    assert {found["metadata"]["namespace"] for found in (ingress, route)} == {service["metadata"]["namespace"]}
    (webhooks,) = example("ingress.yaml")
    assert [rule["host"]] == route["spec"]["hostnames"]
    assert rule["host"] != webhooks["spec"]["rules"][0]["host"]


@pytest.mark.parametrize("folder", [PRODUCTION, LOCAL, DEPLOY / "monitoring"], ids=lambda folder: folder.name)
async def test_the_portal_can_be_left_out_and_nothing_else_goes_with_it(
    kubectl: Kubectl, folder: Path, tmp_path: Path
) -> None:
    everything = await render(kubectl, folder)
    rest = await render(kubectl, overlay_without_portal(folder, tmp_path))
    gone = [found for found in everything if found not in rest]
    assert gone
    assert rest == [found for found in everything if found not in gone]
    labels = [found["metadata"]["labels"]["app.kubernetes.io/component"] for found in gone]
    assert set(labels) == {"portal"}
    assert "pds-portal" not in {found["metadata"]["name"] for found in rest}


def test_gitops_examples_lead_to_folders_that_are_there() -> None:
    argo_cd = objects_of(DEPLOY / "argo-cd" / "applications.yaml")
    flux = objects_of(DEPLOY / "flux" / "eny-pds.yaml")
    sources = [s for a in argo_cd for s in (a["spec"].get("sources") or [a["spec"]["source"]])]
    paths = [s["path"] for s in sources if s["repoURL"].endswith("/eny-pds")]
    paths += [k["spec"]["path"] for k in of_kind(flux, "Kustomization") if k["spec"]["sourceRef"]["name"] == "eny-pds"]
    assert len(paths) == 4
    assert {Path(path).name for path in paths} == {"crds", "customers"}
    for path in paths:
        assert (repository() / path / "kustomization.yaml").is_file()


def test_nothing_in_gitops_prunes_customers_or_the_crd() -> None:
    for found in objects_of(DEPLOY / "argo-cd" / "applications.yaml"):
        assert "ServerSideApply=true" in found["spec"]["syncPolicy"]["syncOptions"]
        assert "finalizers" not in found["metadata"], "deleting the Application would delete what it holds"
        pruned = found["spec"]["syncPolicy"]["automated"]["prune"]
        assert pruned == (found["metadata"]["name"] == "eny-pds")
    for file in ("eny-pds.yaml", "customers.yaml"):
        for found in of_kind(objects_of(DEPLOY / "flux" / file), "Kustomization"):
            assert found["spec"]["prune"] == (found["metadata"]["name"] == "eny-pds")


@pytest.mark.parametrize("folder", ["crds", "deploy/customers"])
async def test_what_stays_says_so_to_gitops_tools(kubectl: Kubectl, folder: str) -> None:
    (stays,) = await render(kubectl, repository() / folder)
    annotations = stays["metadata"]["annotations"]
    assert annotations["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
    assert annotations["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
