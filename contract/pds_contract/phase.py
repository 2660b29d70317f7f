"""How far a customer's PDS has come, in the words of the mission, for the resource and the row alike."""

from enum import StrEnum


class Phase(StrEnum):
    """The mission's three words, in ``status.phase`` and in ``pds_services.status``."""

    PROVISIONING = "provisioning"
    DEPLOY_FAILED = "deploy_failed"
    DEPLOY_SUCCEEDED_NO_ID = "deploy_succeeded_no_id"
