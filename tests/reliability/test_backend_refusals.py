"""Whatever the backend refuses: the resource and a metric say why, and the right event moves it on."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pds_contract.conditions import READY, STALLED
from pds_contract.resource import PdsProvision
from pds_operator.limits import circuit, gate
from pds_stack.backend import Fault
from pds_stack.backend.bodies import DeployBody
from stages.metrics import Metrics
from stages.operator_stage import PATIENCE, TOKEN, Operator, Stage, condition

NEW_TOKEN = "the-new-token"
CIRCUIT_WAIT = 0.5
SHORT_HOUR = 6.0
ON_ITS_WAY = 2.0
"""Seconds that a request may take to arrive on a machine that is busy."""
NOTHING_IN_DOUBT = {"PDS_CLAIM_SECONDS": 20, "PDS_DEPLOY_TIMEOUT": 20}
"""No claim is waited out here. A machine that stalls must not make an unknown outcome of an answer that was given."""


@pytest.fixture
def short_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the circuit wait for half a second where it waits for half a minute."""
    monkeypatch.setattr(circuit, "FIRST_WAIT", CIRCUIT_WAIT)


@pytest.fixture
def short_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an hour of the deploys' limit be six seconds."""
    monkeypatch.setattr(gate, "HOUR", SHORT_HOUR)
    monkeypatch.setattr(gate, "SOONEST", SHORT_HOUR / 4)


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The token as a file in SECRETS_DIR."""
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("PDS_API_TOKEN", raising=False)
    file = tmp_path / "PDS_API_TOKEN"
    file.write_text(TOKEN)
    return file


def says(provision: PdsProvision, reason: str, *, stalled: bool = True) -> bool:
    """Tell whether a resource gives this reason, and needs a person or not."""
    ready = provision.status.condition(READY)
    return ready is not None and ready.reason == reason and (condition(provision, STALLED) == "True") is stalled


async def until_counted(operator: Operator, *, circuit_open: bool = False, **reasons: int) -> None:
    """Wait until the metrics count the resources so; an underscore stands for the mark of those that need a person."""
    wanted = ({name.replace("_", "!"): count for name, count in reasons.items()}, float(circuit_open))
    seen: object = None
    try:
        async with asyncio.timeout(PATIENCE):
            while seen != wanted:
                metrics = await Metrics.read(operator.admin_port)
                seen = (metrics.resources(), metrics.value("pds_operator_circuit_open"))
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"resources and circuit are counted as {seen}, not {wanted}")


async def let_the_hour_be_over(stage: Stage, user_id: str) -> None:
    """Put the date of the hourly second chance into the past, as an hour of waiting does."""
    assert (await stage.get(user_id)).status.next_attempt_time is not None, "no second chance is written down"
    await stage.set_status(user_id, {"nextAttemptTime": datetime.now(UTC).isoformat().replace("+00:00", "Z")})


@pytest.mark.usefixtures("short_circuit")
async def test_a_rejected_token_is_said_of_all_and_its_replacement_serves_all(stage: Stage, token_file: Path) -> None:
    operator = await stage.operate(**NOTHING_IN_DOUBT, PDS_POLL_READY=0.3)
    served_before = await stage.ask("served@a.example")
    await stage.until_ready(served_before)
    stage.simulator.change(token=NEW_TOKEN)
    waiting = [await stage.ask(f"waiting{number}@a.example") for number in range(5)]
    for user_id in waiting:
        await stage.until(user_id, lambda p: says(p, "CredentialsRejected"), "CredentialsRejected")
    await until_counted(operator, circuit_open=True, CredentialsRejected_=5, Running=1)
    assert condition(await stage.get(served_before), READY) == "True", "one that runs is not touched by it"

    await asyncio.to_thread(token_file.write_text, NEW_TOKEN)
    for user_id in waiting:
        await stage.until_ready(user_id)
    await until_counted(operator, Running=6)
    assert stage.posts() == 6, "one deploy each, none with the old token"
    rejected = [each.at for each in stage.simulator.requests.select("/api/v1/") if each.status == 401]
    trials = (rejected[-1] - rejected[0]) / CIRCUIT_WAIT
    assert len(rejected) <= 1 + len(waiting) + trials, "while the circuit is open, one tries now and then"


@pytest.mark.usefixtures("short_circuit")
async def test_one_resource_that_is_forbidden_holds_nobody_up(stage: Stage) -> None:
    stage.simulator.change(faults=[forbidden("alone")])
    operator = await stage.operate(**NOTHING_IN_DOUBT)
    alone = await stage.ask("alone@a.example")
    await stage.until(alone, lambda p: says(p, "CredentialsRejected"), "CredentialsRejected")
    other = await stage.ask("other@a.example")
    await stage.until_ready(other)
    await until_counted(operator, CredentialsRejected_=1, Running=1)
    stage.simulator.change(faults=[])
    await stage.until_ready(alone)
    await until_counted(operator, Running=2)


@pytest.mark.usefixtures("short_circuit")
async def test_three_that_are_forbidden_open_the_circuit_until_a_trial_succeeds(stage: Stage) -> None:
    stage.simulator.change(faults=[forbidden(f"forbidden{number}") for number in range(3)])
    operator = await stage.operate(**NOTHING_IN_DOUBT)
    users = [await stage.ask(f"forbidden{number}@a.example") for number in range(3)]
    for user_id in users:
        await stage.until(user_id, lambda p: says(p, "CredentialsRejected"), "CredentialsRejected")
    await until_counted(operator, circuit_open=True, CredentialsRejected_=3)
    # Half open, the next one tries, is served, and so closes the circuit for all.
    other = await stage.ask("other@a.example")
    await stage.until_ready(other)
    stage.simulator.change(faults=[])
    for user_id in users:
        await stage.until_ready(user_id)
    await until_counted(operator, Running=4)
    assert stage.posts() == 4


def forbidden(username: str) -> Fault:
    hostname = f"{username}.eny.k8s.frx.pub"
    return Fault(endpoint="check", hostname=hostname, times=None, status=403, body={"message": "Forbidden."})


async def test_a_taken_hostname_is_free_once_its_holder_is_gone(stage: Stage) -> None:
    stranger = stage.simulator.plant(stranger_at("taken.example.com"))
    operator = await stage.operate(**NOTHING_IN_DOUBT)
    user_id = await stage.ask(hostname="taken.example.com")
    await stage.until(user_id, lambda p: says(p, "HostnameTaken"), "HostnameTaken")
    await until_counted(operator, HostnameTaken_=1)
    stage.simulator.remove(stranger)
    await let_the_hour_be_over(stage, user_id)
    assert (await stage.until_ready(user_id)).status.hostname == "taken.example.com"
    await until_counted(operator, Running=1)


async def test_a_taken_hostname_is_left_by_an_edit(stage: Stage) -> None:
    stage.simulator.plant(stranger_at("taken.example.com"))
    operator = await stage.operate(**NOTHING_IN_DOUBT)
    user_id = await stage.ask(hostname="taken.example.com")
    await stage.until(user_id, lambda p: says(p, "HostnameTaken"), "HostnameTaken")
    await stage.edit(user_id, hostname="free.example.com")
    assert (await stage.until_ready(user_id)).status.hostname == "free.example.com"
    await until_counted(operator, Running=1)
    assert [each.origin for each in stage.simulator.at_hostname("taken.example.com")] == ["control"]


def stranger_at(hostname: str) -> DeployBody:
    return DeployBody(
        username="stranger", password="theirs", email="stranger@b.example", hostname=hostname, disksize=10
    )


@pytest.mark.parametrize("status", [400, 413])
@pytest.mark.parametrize("event", ["edit", "retry", "the hour over"])
async def test_a_refused_deploy_waits_for_its_event(stage: Stage, status: int, event: str) -> None:
    stage.simulator.change(faults=[Fault(endpoint="deploy", times=1, status=status, body={"message": "No."})])
    operator = await stage.operate(**NOTHING_IN_DOUBT)
    user_id = await stage.ask()
    await stage.until(user_id, lambda p: says(p, "DeployRejected"), "DeployRejected")
    await until_counted(operator, DeployRejected_=1)
    assert (await Metrics.read(operator.admin_port)).value("pds_operator_deploys_total", outcome="Rejected") >= 1
    assert stage.posts() == 1, "it is not sent again by itself"
    if event == "edit":
        await stage.edit(user_id, disksizeGb=20)
    elif event == "retry":
        await stage.retry(user_id)
    else:
        await let_the_hour_be_over(stage, user_id)
    await stage.until_ready(user_id)
    await until_counted(operator, Running=1)
    assert (stage.posts(), len(stage.simulator.services)) == (2, 1)


@pytest.mark.usefixtures("short_hour")
async def test_the_hours_limit_is_said_and_gives_way_when_the_hour_is_over(stage: Stage) -> None:
    operator = await stage.operate(**NOTHING_IN_DOUBT, PDS_MAX_DEPLOYS_PER_HOUR=2)
    users = [await stage.ask(f"limited{number}@a.example") for number in range(4)]

    async def two_wait() -> bool:
        # The metric and the resources in one look: an hour here is soon over.
        counted = (await Metrics.read(operator.admin_port)).resources().get("DeployLimitReached")
        standing = await asyncio.gather(*map(stage.get, users))
        return counted == sum(says(each, "DeployLimitReached", stalled=False) for each in standing) == 2

    await stage.eventually_async(two_wait, "two say, and are counted, that they wait for the hour to be over")
    for user_id in users:
        await stage.until(user_id, lambda p: condition(p, READY) == "True", "Ready", 4 * SHORT_HOUR + PATIENCE)
    await until_counted(operator, Running=4)
    times = [entry.at for entry in stage.simulator.requests.select("/api/v1/deploy")]
    assert times[2] - times[0] >= SHORT_HOUR - ON_ITS_WAY, "the third began before the first one's hour was over"


async def test_paused_deploys_are_said_and_go_on_when_the_pause_is_over(stage: Stage) -> None:
    operator = await stage.operate(**NOTHING_IN_DOUBT, PDS_DEPLOY_PAUSED=True)
    users = [await stage.ask(f"paused{number}@a.example") for number in range(3)]
    for user_id in users:
        await stage.until(user_id, lambda p: says(p, "DeploysPaused", stalled=False), "DeploysPaused")
    await until_counted(operator, DeploysPaused=3)
    assert stage.posts() == 0
    await operator.stop()
    operator = await stage.operate(**NOTHING_IN_DOUBT)
    for user_id in users:
        await stage.until_ready(user_id)
    await until_counted(operator, Running=3)
    assert stage.posts() == 3
