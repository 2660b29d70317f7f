"""What the operator counts. ``docs/metrics.md`` lists it, with every value of every label."""

from prometheus_client import Counter, Gauge, Histogram

from pds_operator.reconciler.drift import REPAIRED, Drift

DEPLOY_ATTEMPTS = Counter(
    "pds_operator_deploy_attempts", "Deploys that were claimed; each is sent once, or not at all where that took long."
)
DEPLOYS = Counter("pds_operator_deploys", "Deploys by how they ended.", ["outcome"])
DEPLOYS_PAUSED = Gauge("pds_operator_deploys_paused", "1 while this process leads and PDS_DEPLOY_PAUSED is set.")
CHECKOUT_TO_READY = Histogram(
    "pds_operator_checkout_to_ready_seconds",
    "Time from a customer's payment, or where there was none from the making of the resource, to its first Ready, in "
    "seconds. Adopted services are not counted.",
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400),
)
ORPHANED_OUTCOMES = Counter(
    "pds_operator_orphaned_outcomes", "Outcomes of deploys whose resource was gone, replaced, or refused the write."
)
SECOND_SERVICES = Counter(
    "pds_operator_second_services", "Services that the backend made for users whose row has another service's id."
)
VISITS = Counter("pds_operator_visits", "Visits of resources by how they ended.", ["end"])
EVENTS_DROPPED = Counter("pds_operator_watch_events_dropped", "Watch events that told only of our own writes.")
DRIFT_FOUND = Counter(
    "pds_operator_drift_found", "Looks that found something not as it was left, by kind; each look counts.", ["kind"]
)
DRIFT_REPAIRED = Counter("pds_operator_drift_repaired", "What of that the operator has mended, by kind.", ["kind"])
ROWS_WITHOUT_RESOURCE = Gauge(
    "pds_operator_rows_without_resource",
    "Rows of pds_services whose user has no PdsProvision, as of the last sweep, by whether they have an id.",
    ["has_id"],
)
RESOURCES = Gauge(
    "pds_operator_resources",
    "PdsProvisions by what a person is needed for (stalled), else by the reason of their condition Ready.",
    ["reason", "stalled"],
)
UNSETTLED_OLDEST = Gauge(
    "pds_operator_unsettled_oldest_seconds",
    "For how long the PdsProvision has been waiting that has waited longest without being Ready, stalled, suspended or "
    "deleted, in seconds; 0: there is none.",
)
QUEUE_DEPTH = Gauge(
    "pds_operator_queue_depth",
    "PdsProvisions that wait for a visit: due (for a worker) or delayed (for their time).",
    ["state"],
)
CIRCUIT_OPEN = Gauge(
    "pds_operator_circuit_open", "1 while the backend rejects PDS_API_TOKEN, so that it is called now and then only."
)
TASKS = Gauge("pds_operator_tasks", "asyncio tasks that are not done.")
LEADER = Gauge("pds_operator_leader", "1 while this process leads, 0 while it stands by for the one that does.")

for _kind in Drift:  # there from the start, so that the first one is seen as an increase
    DRIFT_FOUND.labels(_kind)
for _kind in REPAIRED:
    DRIFT_REPAIRED.labels(_kind)
