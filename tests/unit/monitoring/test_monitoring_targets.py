"""What the PodMonitor scrapes: the pods that deploy/base makes, under the names that rules and dashboard use."""

import re
from typing import Any

import pytest
import yaml

from pds_stack import paths

DEPLOY = paths.repository() / "deploy"
PROGRAMS = ("webhook", "operator", "portal")


def manifest(path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / path).read_text())
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_pods_of_each_program_are_found_and_have_the_port(program: str) -> None:
    monitor, deployment = manifest("monitoring/podmonitor.yaml"), manifest(f"base/{program}/deployment.yaml")
    assert monitor["metadata"]["namespace"] == deployment["metadata"]["namespace"]
    pod, selector = deployment["spec"]["template"], monitor["spec"]["selector"]
    labels = pod["metadata"]["labels"]
    assert selector["matchLabels"].items() <= labels.items()
    (component,) = selector["matchExpressions"]
    assert labels[component["key"]] in component["values"]
    ports = {port["name"] for container in pod["spec"]["containers"] for port in container["ports"]}
    assert [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"] if endpoint["port"] in ports]


def test_the_jobs_are_named_as_the_rules_and_the_dashboard_know_them(
    alerts: dict[str, Any], dashboard: dict[str, Any]
) -> None:
    (endpoint,) = manifest("monitoring/podmonitor.yaml")["spec"]["podMetricsEndpoints"]
    (naming,) = (each for each in endpoint["relabelings"] if each["targetLabel"] == "job")
    jobs = {naming["replacement"].replace("$1", program) for program in PROGRAMS}
    expressions = [alert["expr"] for alert in alerts.values()]
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    selected = re.findall(r'\bjob=~?"([\w|-]+)"', " ".join(expressions))
    assert {job for each in selected for job in each.split("|")} == jobs


def test_the_backfills_rules_know_the_cronjob_and_keep_enough_of_its_jobs(alerts: dict[str, Any]) -> None:
    cronjob = manifest("base/backfill/cronjob.yaml")
    name, namespace = cronjob["metadata"]["name"], cronjob["metadata"]["namespace"]
    fails, stale = alerts["PdsBackfillFails"]["expr"], alerts["PdsBackfillStale"]["expr"]
    assert f'namespace="{namespace}", job_name=~"{name}-.*"' in fails
    assert f'namespace="{namespace}", cronjob="{name}"' in stale
    # Two failed ones are counted.
    assert cronjob["spec"]["failedJobsHistoryLimit"] >= 2
