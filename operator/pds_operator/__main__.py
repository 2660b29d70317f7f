"""The command ``pds-operator``."""

import kopf

import pds_operator.handlers  # noqa: F401 - registers the handlers with kopf
from pds_operator.settings import OperatorSettings
from pds_runtime.logs import log_json
from pds_runtime.settings import load_settings


def main() -> None:
    """Run the operator until SIGTERM or SIGINT, then drain."""
    settings = load_settings(OperatorSettings)
    log_json()
    kopf.run(standalone=True, namespaces=[settings.pds_namespace], memo=kopf.Memo(settings=settings))


if __name__ == "__main__":
    main()
