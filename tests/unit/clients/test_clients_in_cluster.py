"""As a pod's ServiceAccount: the token as its file has it, also when it is replaced or cannot be read."""

from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest
from kubernetes.aio.config import incluster_config

from pds_clients.kubernetes import KubernetesApi
from pds_contract.errors import TryLater


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a pod's token."""
    file, authority = tmp_path / "token", tmp_path / "ca.crt"
    file.write_text("abc.def\n")
    authority.write_text("of a cluster that nobody reaches")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(file))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    # The client makes its TLS context from the authority at once.
    monkeypatch.setattr("kubernetes.aio.client.rest.ssl.create_default_context", lambda **_: None)
    return file


async def test_another_client_gets_the_token_alone(token: Path) -> None:
    """kopf puts a scheme of its own before it."""
    async with await KubernetesApi.connect(None) as api:
        connection = await api.connection()
        assert (connection.token, connection.server) == ("abc.def", "https://127.0.0.1:1")
        assert connection.authority == str(token.parent / "ca.crt")


async def test_a_token_that_cannot_be_read_is_tried_again_later(token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await KubernetesApi.connect(None) as api:
        token.write_text("")  # noqa: ASYNC240 - nothing else runs
        # The library reads the file again once its minute is over.
        monkeypatch.setattr("kubernetes.aio.config.incluster_config.datetime.datetime", Later)
        with pytest.raises(TryLater, match="credentials"):
            await api.call("GET", "/api")


class Later(datetime):
    """Two minutes ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(minutes=2)
