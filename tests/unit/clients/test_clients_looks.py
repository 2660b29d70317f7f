"""Is there a PDS under this hostname, and how is it doing: each answer of the backend to the two questions."""

from collections.abc import Awaitable, Callable

import pytest

from pds_clients.backend import PdsBackend, Service
from pds_contract.deploy import Presence
from pds_contract.errors import CredentialsRejected, DependencyError, NotFound, Refused, TryLater
from pds_contract.service import ServiceState
from pds_stack.backend import BackendSimulator

from .conftest import HOSTNAME, TOKEN, Canned, OpenBackend, deploy

Ask = Callable[[PdsBackend], Awaitable[object]]


async def ask_presence(backend: PdsBackend) -> object:
    return await backend.presence(HOSTNAME)


async def ask_service(backend: PdsBackend) -> object:
    return await backend.service(800)


LOOKS = pytest.mark.parametrize(("ask", "endpoint"), [(ask_presence, "check"), (ask_service, "service")])


@pytest.mark.parametrize("double_encoded", [False, True])
async def test_whether_a_hostname_exists(
    backend: PdsBackend, simulator: BackendSimulator, *, double_encoded: bool
) -> None:
    simulator.change(double_encoded=double_encoded)
    assert await backend.presence(HOSTNAME) is Presence.ABSENT
    await deploy(backend)
    assert await backend.presence(HOSTNAME) is Presence.EXISTS
    assert simulator.requests.select("/api/v1/check-pds")[0].body == {"hostname": HOSTNAME}


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_backend_without_such_a_call(backend: PdsBackend, simulator: BackendSimulator, status: int) -> None:
    simulator.change(check_pds=status)
    assert await backend.presence(HOSTNAME) is Presence.NO_PROBE


@pytest.mark.parametrize(
    "body", [{}, {"exists": None}, {"exists": 1}, {"exists": "false"}, [], None, "yes", {"data": {"exists": True}}]
)
async def test_an_unusable_answer_never_says_absent(
    backend: PdsBackend, simulator: BackendSimulator, body: object
) -> None:
    simulator.change(faults=[{"endpoint": "check", "status": 200, "body": body}])
    with pytest.raises(TryLater, match="unusable"):
        await backend.presence(HOSTNAME)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        *[(0, ServiceState.SETTING_UP), (1, ServiceState.SETTING_UP), (2, ServiceState.ALMOST_READY)],
        *[(3, ServiceState.RUNNING), (4, ServiceState.SUSPENDED), (5, ServiceState.TERMINATED)],
        *[(9, ServiceState.SETUP_FAILED), (77, ServiceState.SETTING_UP)],
    ],
)
@pytest.mark.parametrize("double_encoded", [False, True])
async def test_a_service_and_its_state(
    backend: PdsBackend, simulator: BackendSimulator, number: int, state: ServiceState, *, double_encoded: bool
) -> None:
    simulator.change(states=[(number, None)], double_encoded=double_encoded)
    await deploy(backend)
    assert await backend.service(800) == Service(HOSTNAME, state, 10)


@pytest.mark.parametrize(
    ("body", "service"),
    [
        ({"state": 3}, Service(None, ServiceState.RUNNING)),
        ({"state": "3", "hostname": "ALICE.example.org"}, Service(HOSTNAME, ServiceState.RUNNING)),
        ({"state": None, "hostname": 7}, Service(None, ServiceState.SETTING_UP)),
        ({"state": 3, "encrypted_config": {"hostname": HOSTNAME}}, Service(HOSTNAME, ServiceState.RUNNING)),
        ({"state": 3, "hostname": "", "encrypted_config": "x"}, Service(None, ServiceState.RUNNING)),
        ({"data": {"state": 4, "hostname": HOSTNAME}}, Service(HOSTNAME, ServiceState.SUSPENDED)),
        ({"service": {"state": 5, "hostname": HOSTNAME}}, Service(HOSTNAME, ServiceState.TERMINATED)),
        ({"service": "bluesky-pds", "state": 9}, Service(None, ServiceState.SETUP_FAILED)),
    ],
)
async def test_a_service_in_other_shapes(
    backend: PdsBackend, simulator: BackendSimulator, body: object, service: Service
) -> None:
    simulator.change(faults=[{"endpoint": "service", "status": 200, "body": body}])
    assert await backend.service(800) == service


@pytest.mark.parametrize("body", [{}, [], None, "running", {"data": {}}, {"data": [{"state": 3}]}])
async def test_an_answer_without_a_state_is_no_state(
    backend: PdsBackend, simulator: BackendSimulator, body: object
) -> None:
    simulator.change(faults=[{"endpoint": "service", "status": 200, "body": body}])
    with pytest.raises(TryLater, match="no state"):
        await backend.service(800)


async def test_a_service_that_the_backend_does_not_know(backend: PdsBackend) -> None:
    with pytest.raises(NotFound) as caught:
        await backend.service(801)
    assert caught.value.status == 404


@LOOKS
@pytest.mark.parametrize(
    ("status", "error"),
    [
        *[(401, CredentialsRejected), (403, CredentialsRejected)],
        *[(408, TryLater), (425, TryLater), (429, TryLater), (500, TryLater), (502, TryLater), (503, TryLater)],
        *[(302, Refused), (400, Refused), (409, Refused), (410, Refused), (422, Refused)],
    ],
)
async def test_each_class_of_answer_is_an_error_of_its_own(
    backend: PdsBackend,
    simulator: BackendSimulator,
    ask: Ask,
    endpoint: str,
    status: int,
    error: type[DependencyError],
) -> None:
    simulator.change(
        faults=[
            {
                "endpoint": endpoint,
                "times": None,
                "status": status,
                "body": "confidential",
                "content": "html",
                "headers": {"Retry-After": "7", "Location": "/api/v1/service/1"},
            }
        ]
    )
    with pytest.raises(error) as caught:
        await ask(backend)
    assert type(caught.value) is error
    assert (caught.value.dependency, caught.value.status) == ("backend", status)
    assert "confidential" not in str(caught.value)
    if type(caught.value) is TryLater:
        assert caught.value.retry_after == 7
    assert len(simulator.requests.select()) == 1


@LOOKS
async def test_html_with_200_is_no_answer(
    backend: PdsBackend, simulator: BackendSimulator, ask: Ask, endpoint: str
) -> None:
    simulator.change(
        faults=[{"endpoint": endpoint, "status": 200, "body": "<html>confidential</html>", "content": "html"}]
    )
    with pytest.raises(TryLater, match="no JSON") as caught:
        await ask(backend)
    assert "confidential" not in str(caught.value)


@LOOKS
async def test_a_cut_connection(backend: PdsBackend, simulator: BackendSimulator, ask: Ask, endpoint: str) -> None:
    simulator.change(faults=[{"endpoint": endpoint, "times": None, "cut": True}])
    with pytest.raises(TryLater, match="no answer"):
        await ask(backend)


@LOOKS
async def test_nobody_listens(closed_port: int, open_backend: OpenBackend, ask: Ask, endpoint: str) -> None:
    backend = await open_backend(f"http://127.0.0.1:{closed_port}")
    with pytest.raises(TryLater, match="ClientConnectorError") as caught:
        await ask(backend)
    assert caught.value.status is None, endpoint


@LOOKS
async def test_a_token_that_fits_no_header(server: str, open_backend: OpenBackend, ask: Ask, endpoint: str) -> None:
    with pytest.raises(CredentialsRejected, match="PDS_API_TOKEN") as caught:
        await ask(await open_backend(server, lambda: "zqxj\nzqxj"))
    assert "zqxj" not in str(caught.value), endpoint


@LOOKS
async def test_headers(canned: Canned, open_backend: OpenBackend, ask: Ask, endpoint: str) -> None:
    body = b'{"exists": true, "state": 3}'
    canned.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    await ask(await open_backend(f"{canned.url}/api/v1"))
    sent = canned.received[0].decode().lower()
    assert {"check": "post /api/v1/check-pds ", "service": "get /api/v1/service/800 "}[endpoint] in sent
    for header in ("accept: application/json", "x-requested-with: xmlhttprequest", f"authorization: bearer {TOKEN}"):
        assert f"\r\n{header}\r\n" in sent
