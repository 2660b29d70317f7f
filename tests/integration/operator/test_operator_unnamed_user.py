"""In a container the operator runs as a number: no user of that id has a name."""

import getpass

import pytest

from stages.operator_stage import Stage


def no_name() -> str:
    raise OSError("No username set in the environment")


async def test_a_user_without_a_name_serves_customers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", no_name)
    await stage.operate()
    await stage.until_ready(await stage.ask())
