"""What the operator counts."""

from prometheus_client import Counter, Gauge

DEPLOYS = Counter("pds_operator_deploys", "Deploys by how they ended.", ["outcome"])
ORPHANED_OUTCOMES = Counter(
    "pds_operator_orphaned_outcomes", "Outcomes of deploys whose resource was gone, replaced, or refused the write."
)
SECOND_SERVICES = Counter(
    "pds_operator_second_services", "Services that the backend made for users whose row has another service's id."
)
VISITS = Counter("pds_operator_visits", "Visits of resources by how they ended.", ["end"])
EVENTS_DROPPED = Counter("pds_operator_watch_events_dropped", "Watch events that told only of our own writes.")
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
CIRCUIT_OPEN = Gauge(
    "pds_operator_circuit_open", "1 while the backend rejects PDS_API_TOKEN, so that it is called now and then only."
)
TASKS = Gauge("pds_operator_tasks", "asyncio tasks that are not done.")
LEADER = Gauge("pds_operator_leader", "1 while this process leads, 0 while it stands by for the one that does.")
