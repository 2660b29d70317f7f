"""The details of a PDS whose configuration holds more than was seen, elsewhere, or in another shape."""

import json

import pytest

from pds_portal.pages.view.details import details_of
from pds_portal.service.masking import MASK

CONFIG = {"hostname": "alice.pds.example", "adminPassword": "the-secret", "dataStorage": {"size": "20Gi"}}


def test_fields_that_nobody_knows_are_shown_wherever_they_are_nested() -> None:
    config = {
        "pds": {"invites": {"required": False, "codes": [1, "two"]}, "note": None, "none": {}, "nothing": []},
        "mirrors": [{"host": "a.example", "weight": 2}, "b.example"],
        "dataStorage": {"size": "20Gi", "class": "fast"},
        "env": [{"name": "JWT_SECRET", "value": "confidential"}, {"name": "LOG_LEVEL", "value": "info"}],
        "smtp": {"password": "confidential", "tokens": ["confidential"]},
    }

    assert {row.label: row.words for row in details_of({"encrypted_config": config}).config} == {
        "Storage size": "20 GiB",
        "pds.invites.required": "no",
        "pds.invites.codes": "1, two",
        "mirrors.1.host": "a.example",
        "mirrors.1.weight": "2",
        "mirrors.2": "b.example",
        "dataStorage.class": "fast",
        "env.1.name": "JWT_SECRET",
        "env.1.value": MASK,
        "env.2.name": "LOG_LEVEL",
        "env.2.value": "info",
        "smtp.password": MASK,
        "smtp.tokens": MASK,
    }


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        {"pds": {"admin_password": "the-secret"}},
        {"env": [{"name": "PDS_ADMIN_PASSWORD", "value": "the-secret"}]},
        json.dumps(CONFIG),
    ],
    ids=["plain", "nested", "named beside it", "json within a string"],
)
def test_the_admin_password_has_its_button_wherever_it_is(config: object) -> None:
    details = details_of({"encrypted_config": config})

    assert details.has_password
    assert "the-secret" not in repr(details)
    assert not any("assword" in row.label for row in details.config)


def test_a_long_command_is_whole() -> None:
    command = "helm upgrade --install " + "--set a=b " * 1000 + "x"
    assert details_of({"install_cmd": command}).install_cmd == command
