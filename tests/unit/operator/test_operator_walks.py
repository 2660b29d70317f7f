"""Whatever is known and whatever is answered: a decision is always found, a visit ends, no promise is broken."""

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import given, note, settings
from hypothesis import strategies as st

from pds_contract.conditions import READY, STALLED, Reason
from pds_contract.deploy import Presence
from pds_contract.phase import Phase
from pds_contract.reservation import Reservation
from pds_contract.resource import PdsProvision, ProvisionStatus
from pds_contract.rows import PdsServiceLookup, PdsServiceRow
from pds_contract.service import ServiceState
from pds_operator.protocol.decide import decide
from pds_operator.protocol.facts import Facts, Held, ServiceSeen
from pds_operator.protocol.policy import Policy
from pds_operator.protocol.steps import Deploy, Record, Reserve, Rest
from stages.protocol_stage import (
    FORMER_UID,
    HOLD,
    HOSTNAME,
    IDEMPOTENT,
    OTHER_USER,
    PROBE,
    READY_NOW,
    SUFFIXED,
    TWO_SERVICES_SAID,
    UID,
    USER,
    after,
    condition,
    merged,
    open_claim,
    provision,
    reservation,
)
from stages.protocol_world import World

T = TypeVar("T")

hostnames = st.sampled_from([HOSTNAME, SUFFIXED, "pds.alice.example", "older.example"])
maybe_hostname = st.none() | hostnames
dates = st.none() | st.integers(-4000, 4000).map(after)
policies = st.sampled_from([PROBE, IDEMPOTENT, HOLD])
claims = st.builds(
    open_claim,
    hostname=hostnames,
    hostname_absent=st.booleans(),
    start_time=st.integers(-4000, 4000).map(after),
    outcome=st.sampled_from([None, "Unknown"]),
)
rows = st.none() | st.builds(
    PdsServiceRow,
    user_id=st.just(USER),
    pds_service_id=st.sampled_from([None, None, 800, 801]),
    hostname=maybe_hostname | st.just("No Name"),
    status=st.sampled_from(["deploy_failed", "deploy_succeeded_no_id", "provisioning", "anything"]),
)
reservations = st.builds(
    reservation, hostnames, st.sampled_from([USER, OTHER_USER, ""]), st.sampled_from([UID, FORMER_UID])
)
said = st.lists(
    st.sampled_from(
        [
            READY_NOW,
            TWO_SERVICES_SAID,
            condition(READY, "False", Reason.DEPLOYING),
            condition(STALLED, "True", Reason.HOSTNAME_TAKEN),
            condition("SomebodyElses", "Unknown", "Whatever"),
        ]
    ),
    unique_by=lambda each: each.type,
)
statuses = st.builds(
    ProvisionStatus,
    observed_generation=st.sampled_from([-1, 1, 2]),
    phase=st.sampled_from([None, None, None, *Phase]),
    service_id=st.sampled_from([*[None] * 9, 800]),
    service_state=st.none() | st.sampled_from(ServiceState),
    hostname=maybe_hostname,
    username=st.sampled_from([None, "alice"]),
    claim=st.none() | claims,
    attempts=st.integers(0, 100),
    last_attempt_time=dates,
    next_attempt_time=dates,
    last_handled_retry=st.sampled_from([None, "before"]),
    conditions=said.map(tuple),
)
resources = st.builds(
    provision,
    statuses,
    generation=st.sampled_from([1, 2]),
    retry=st.sampled_from([None, "before", "now"]),
    created=st.integers(-4000, 0).map(after),
    deleted=st.sampled_from([*[None] * 9, after(0)]),
    email=st.sampled_from(["alice@a.example", "+@a.example", "www@a.example"]),
    hostname=st.none() | st.sampled_from([HOSTNAME, "older.example", "www.eny.example"]),
    username=st.sampled_from([None, "alice", "carol"]),
    suspend=st.sampled_from([*[False] * 9, True]),
)
new_resources = st.builds(provision, created=st.sampled_from([0, -1000]).map(after))
"""From these, walks come as far as a deploy most of the time."""
seconds = st.floats(0, 2000)
any_facts = st.builds(
    Facts,
    provision=resources,
    now=st.integers(0, 4000).map(after),
    chance=st.floats(0, 1),
    claim_seen_for=seconds,
    reservation_seen_for=seconds,
    candidate=st.integers(0, 3),
    reservation=st.none() | reservations,
    lookup=st.none() | st.builds(PdsServiceLookup, user_exists=st.booleans(), row=rows),
    presences=st.dictionaries(hostnames, st.sampled_from(Presence)),
    row_seen_for=seconds,
    mirrored=rows,
    user_gone=st.booleans(),
    service=st.none() | st.builds(ServiceSeen, maybe_hostname, st.sampled_from(ServiceState)),
    holder=st.sampled_from([None, "", "pds-other"]),
    held=st.sampled_from([None, Held(Reason.DEPLOYS_PAUSED, "Paused.", 600.0)]),
    polls=st.integers(0, 10**6),
)


@given(any_facts, policies)
def test_a_decision_is_found_whatever_is_known(known: Facts, policy: Policy) -> None:
    step = decide(known, policy)
    if isinstance(step, Record):
        merged(known.provision.status, step.status)
        assert known.provision.spec.email not in repr(step)
    if isinstance(step, Deploy):
        status = known.provision.status
        assert status.service_id is None
        assert step.hostname in known.presences
        assert known.held is None
    if isinstance(step, Rest):
        assert step.seconds is None or step.seconds > 0


@given(any_facts, policies)
def test_the_same_facts_give_the_same_decision(known: Facts, policy: Policy) -> None:
    assert decide(known, policy) == decide(known, policy)


def asked_again(of: PdsProvision, number: int) -> PdsProvision:
    """A new value of the retry annotation."""
    annotations = {**of.metadata.annotations, "pds.eny.space/retry": f"again {number}"}
    return of.model_copy(update={"metadata": of.metadata.model_copy(update={"annotations": annotations})})


def edited(of: PdsProvision, **spec: Any) -> PdsProvision:
    """An edit of spec, as far as the API server lets it through."""
    if of.status.frozen and spec.keys() - {"suspend"}:
        return of
    metadata = of.metadata.model_copy(update={"generation": of.metadata.generation + 1})
    return of.model_copy(update={"metadata": metadata, "spec": of.spec.model_copy(update=spec)})


def waits_for_an_edit(of: PdsProvision) -> bool:
    """Whether nothing but a change of the resource itself can move it."""
    return of.spec.suspend or of.metadata.deletion_timestamp is not None


@settings(max_examples=400)
@given(new_resources | resources, policies, rows, st.lists(reservations, max_size=2), st.data())
def test_every_walk_rests_and_breaks_no_promise(
    of: PdsProvision, policy: Policy, row: PdsServiceRow | None, reserved: list[Reservation], data: st.DataObject
) -> None:
    def choose(options: Sequence[T], /) -> T:
        return data.draw(st.sampled_from(options))

    world = World(of, policy, choose, row, {each.hostname: each for each in reserved})
    for number in range(choose(range(3, 9))):
        rest = world.visit()
        note(f"{rest} after visit {number}: {world.provision.status}")
        if rest.seconds is None:
            assert waits_for_an_edit(world.provision), "nobody would come back"
        else:
            assert 0 < rest.seconds <= 5000.0, "somebody comes back in time"
        world.clock += choose((0.0, 1.0, 60.0, rest.seconds or 0.0, 105.0, 1000.0))
        match choose(("nothing", "nothing", "retry", "edit", "resume", "restart", "row", "row with an id")):
            case "retry":
                world.provision = asked_again(world.provision, number)
            case "edit":
                world.provision = edited(world.provision, hostname=data.draw(maybe_hostname))
            case "resume":
                world.provision = edited(world.provision, suspend=False)
            case "restart":
                world.restart()
            case "row":
                world.row = data.draw(rows)
            case "row with an id":
                world.row = PdsServiceRow(user_id=USER, pds_service_id=800, hostname=HOSTNAME, status="provisioning")


def test_the_road_without_trouble_deploys_once_and_is_ready() -> None:
    """The world itself, with every answer the good one: it reaches what the walks are about."""

    def choose(options: Sequence[T], /) -> T:
        good = [each for each in options if each in (Presence.ABSENT, ServiceState.RUNNING)]
        return good[0] if good else options[0]

    world = World(provision(), PROBE, choose)
    assert world.visit() == Rest(PROBE.poll_ready * 0.8)
    ready = world.provision.status.condition(READY)
    assert ready is not None
    assert (ready.status, world.deploys) == ("True", 1)
    assert world.row == PdsServiceRow(user_id=USER, pds_service_id=800, hostname=HOSTNAME, status="provisioning")
    assert decide(Facts(provision=provision(), now=after(0)), PROBE) == Reserve(HOSTNAME)
