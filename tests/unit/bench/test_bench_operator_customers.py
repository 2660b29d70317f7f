"""The customers that a bench makes up are such as the product takes."""

from bench.operators.customers import BASE_DOMAIN, annotations, customers
from bench.operators.floor import Paid
from bench.operators.seeding import status
from pds_contract.conditions import READY
from pds_contract.names import HostnameRules
from pds_contract.resource import PdsProvision
from pds_operator.protocol.naming import candidates
from pds_operator.protocol.schedule import is_settled


def provision(number: int = 1) -> tuple[PdsProvision, str]:
    customer = customers(number, first_service_id=800)[-1]
    document = {
        "metadata": {"name": customer.name, "generation": 1, "annotations": annotations()},
        "spec": {"userId": customer.user_id, "email": customer.email},
    }
    settled = PdsProvision.model_validate({**document, "status": status(customer)})
    (first, *_) = candidates(PdsProvision.model_validate(document), HostnameRules(base_domain=BASE_DOMAIN))
    assert (first.hostname, first.username) == (customer.hostname, customer.username)
    return settled, customer.hostname


def test_a_settled_one_is_settled_for_the_operator() -> None:
    settled, hostname = provision()
    assert is_settled(settled)
    assert settled.status.holds(READY)
    assert settled.status.hostname == hostname
    assert settled.event_id is not None


def test_services_are_numbered_in_order() -> None:
    assert [each.service_id for each in customers(3, first_service_id=800)] == [800, 801, 802]
    assert provision(3)[0].status.service_id == 802


def test_the_floor_reads_what_it_is_told() -> None:
    (customer,) = customers(1)
    paid = Paid(customer, "42")
    assert Paid.of(paid.line()) == paid
    assert paid.line().count(b"\n") == 1
