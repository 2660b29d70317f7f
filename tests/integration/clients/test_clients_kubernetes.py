"""The connection to the API server: how it is made, and each way it can fail."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from pds_clients.kubernetes import Json, KubernetesApi
from pds_contract.errors import CredentialsRejected, DependencyError, InvalidInput, NotFound, Refused, TryLater

VERSION_PATH = "/version"
SECRET = "zqxj-token"


def kubeconfig(folder: Path, server: str, token: str = SECRET) -> str:
    """A kubeconfig file of this API server."""
    named = {"name": "there"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{**named, "cluster": {"server": server}}],
        "users": [{**named, "user": {"token": token}}],
        "contexts": [{**named, "context": {"cluster": "there", "user": "there"}}],
        "current-context": "there",
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(document))
    return str(file)


class Answering:
    """An API server that gives every request the same answer."""

    def __init__(self) -> None:
        self.status = 200
        self.body = ""
        self.headers: dict[str, str] = {}
        self.cuts = False
        self.requests: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(request.method)
        if self.cuts and request.transport is not None:
            request.transport.close()
        return web.Response(status=self.status, text=self.body, headers=self.headers)


@pytest.fixture
def config(stack: Mapping[str, str]) -> Json:
    """The stack's kubeconfig."""
    read: Json = yaml.safe_load(Path(stack["KUBECONFIG"]).read_text())
    return read


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
async def fake_api(answering: Answering, tmp_path: Path) -> AsyncIterator[KubernetesApi]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answering.handle)
    async with (
        TestServer(app) as server,
        await KubernetesApi.connect(kubeconfig(tmp_path, str(server.make_url("")).rstrip("/"))) as connected,
    ):
        yield connected


async def test_the_real_one_answers(api: KubernetesApi) -> None:
    assert int((await api.call("GET", VERSION_PATH))["major"]) >= 1


async def test_what_another_client_needs_is_told(config: Json, api: KubernetesApi) -> None:
    connection = await api.connection()
    assert connection.server == config["clusters"][0]["cluster"]["server"]
    assert connection.token == config["users"][0]["user"]["token"]
    assert connection.token
    assert connection.token not in repr(connection)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "zqxj",
        "[zqxj]",
        "zqxj: {",
        "kind: Config\nzqxj: 1\n",
        "apiVersion: v1\nkind: Config\nclusters: []\nusers: [{name: a, user: {token: zqxj}}]\ncontexts: []\n",
        "apiVersion: v1\nkind: Config\ncurrent-context: zqxj\nclusters: []\nusers: []\ncontexts: []\n",
        "\x00zqxj",
    ],
    ids=repr,
)
async def test_a_kubeconfig_that_is_none(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "kubeconfig"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InvalidInput, match="no usable kubeconfig") as caught:
        await KubernetesApi.connect(str(file))
    assert (caught.value.field, caught.value.code) == ("KUBECONFIG", "invalid_kubeconfig")
    assert "zqxj" not in str(caught.value)


async def test_no_kubeconfig_outside_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(InvalidInput, match="runs in no pod"):
        await KubernetesApi.connect(None)


async def test_nobody_listens(tmp_path: Path, closed_port: int) -> None:
    async with await KubernetesApi.connect(kubeconfig(tmp_path, f"http://127.0.0.1:{closed_port}")) as api:
        for method in ("GET", "POST", "PATCH"):
            with pytest.raises(TryLater, match="no answer") as caught:
                await api.call(method, VERSION_PATH, body={} if method != "GET" else None)
            assert (caught.value.dependency, caught.value.status) == ("kubernetes", None)


async def test_another_certificate_authority(config: Json, tmp_path: Path) -> None:
    server = config["clusters"][0]["cluster"]["server"]
    async with await KubernetesApi.connect(kubeconfig(tmp_path, server)) as api:
        with pytest.raises(TryLater, match="Certificate"):
            await api.call("GET", VERSION_PATH)


async def test_a_wrong_token(config: Json, tmp_path: Path) -> None:
    config["users"][0]["user"] = {"token": SECRET}
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    async with await KubernetesApi.connect(str(file)) as api:
        with pytest.raises(CredentialsRejected) as caught:
            await api.call("GET", "/api/v1/namespaces")
    assert caught.value.status == 401
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(400, Refused), (401, CredentialsRejected), (403, Refused), (404, NotFound), (405, Refused), (410, Refused)],
        *[(422, Refused), (429, TryLater), (500, TryLater), (502, TryLater), (503, TryLater), (504, TryLater)],
    ],
)
@pytest.mark.parametrize(
    "body", ["", "<html>zqxj</html>", "[]", "null", '{"message": "zqxj", "details": "zqxj"}', '{"details": null}']
)
async def test_each_status_is_an_error_of_its_own_whatever_the_body(
    fake_api: KubernetesApi, answering: Answering, status: int, kind: type[DependencyError], body: str
) -> None:
    answering.status, answering.body, answering.headers = status, body, {"Retry-After": "7"}
    with pytest.raises(kind) as caught:
        await fake_api.call("GET", VERSION_PATH)
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert str(caught.value) == f"the API server answered {status}"
    if kind is TryLater:
        assert isinstance(caught.value, TryLater)
        assert caught.value.retry_after == 7


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_no_call_is_repeated_by_itself(fake_api: KubernetesApi, answering: Answering, method: str) -> None:
    answering.status, answering.headers = 503, {"Retry-After": "0"}
    with pytest.raises(TryLater):
        await fake_api.call(method, VERSION_PATH)
    assert answering.requests == [method]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_no_write_is_repeated_after_a_cut_connection(
    fake_api: KubernetesApi, answering: Answering, method: str
) -> None:
    answering.body = "{}"
    await fake_api.call("GET", VERSION_PATH)  # from here on there is a used connection
    answering.cuts = True
    with pytest.raises(TryLater, match="no answer"):
        await fake_api.call(method, VERSION_PATH, body={})
    assert answering.requests == ["GET", method]


@pytest.mark.parametrize("body", ["", "<html>zqxj</html>", "{"])
async def test_an_answer_that_is_no_json(fake_api: KubernetesApi, answering: Answering, body: str) -> None:
    answering.body = body
    with pytest.raises(TryLater, match="no JSON") as caught:
        await fake_api.call("GET", VERSION_PATH)
    assert "zqxj" not in str(caught.value)


async def test_many_calls_at_once_share_the_client(api: KubernetesApi) -> None:
    answers = await asyncio.gather(*(api.call("GET", VERSION_PATH) for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)
