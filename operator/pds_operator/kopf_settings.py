"""How kopf works here: it lists, watches and posts Events; it keeps nothing in the resources, and never gives up."""

from collections.abc import Iterator
from itertools import chain, repeat

import kopf

from pds_contract.resource import GROUP, PLURAL, VERSION

REPORTER = "pds-operator"
"""Who Events are from."""


class _NoDiffBase(kopf.DiffBaseStorage):
    """What a resource was like when it was handled last: nobody asks, and kopf's own would copy it whole to tell."""

    def build(self, **_: object) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: object) -> None:
        return None

    def store(self, **_: object) -> None:
        """Keep nothing."""


class _NoProgress(kopf.ProgressStorage):
    """How far handlers have come: those of events never come further than one call."""

    def fetch(self, **_: object) -> None:
        return None

    def store(self, **_: object) -> None:
        """Keep nothing."""

    def purge(self, **_: object) -> None:
        """Have nothing to remove."""

    def touch(self, **_: object) -> None:
        """Have nothing to touch."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


class _Backoffs:
    """Seconds between the tries of kopf's calls. Without an end: the API server being away is no reason for kopf to."""

    def __iter__(self) -> Iterator[float]:
        return chain((1.0, 1.0, 2.0, 3.0), repeat(5.0))


def kopf_settings(label_selector: str) -> kopf.OperatorSettings:
    """Return how kopf works here.

    Args:
        label_selector: Which of the resources, for the API server to choose; empty: all.
    """
    settings = kopf.OperatorSettings()
    if label_selector:
        settings.watching.label_selectors[GROUP, VERSION, PLURAL] = label_selector
    settings.posting.loggers = False
    settings.posting.reporting_component = REPORTER
    settings.posting.event_name_prefix = "pds-"
    settings.watching.chunk_size = 250
    settings.queueing.worker_limit = 200
    settings.queueing.idle_timeout = 0.05
    settings.scanning.disabled = True
    settings.networking.error_backoffs = _Backoffs()
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    settings.process.ultimate_exiting_timeout = None  # else kopf kills the process ten minutes after it has ended
    return settings
