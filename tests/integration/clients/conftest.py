"""Ports at which nobody listens, and what may never be in a message."""

import socket
from collections.abc import Iterator

import pytest

EMAIL = "zqxj@a.example"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken, at which nobody listens: connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
