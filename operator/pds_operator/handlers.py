"""All that kopf sees: log in, start, put what the watch tells into our queue, stop.

kopf lists, watches, reconnects and posts Events; it writes nothing to the resources: no finalizer, no annotation.
"""

from collections.abc import Mapping
from typing import Any

import kopf
from pydantic import ValidationError

from pds_contract.resource import GROUP, PLURAL, VERSION, PdsProvision
from pds_operator.process import OperatorProcess
from pds_operator.settings import OperatorSettings
from pds_runtime.settings import load_settings


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    """Configure kopf, and start what does the work."""
    settings.posting.loggers = False
    settings.posting.reporting_component = "pds-operator"
    settings.posting.event_name_prefix = "pds-"
    settings.watching.chunk_size = 500
    settings.queueing.worker_limit = 200
    settings.queueing.idle_timeout = 0.05
    settings.scanning.disabled = True
    if "process" not in memo:  # under ``kopf run``, which knows nothing of our command
        memo.process = await OperatorProcess.start(memo.get("settings") or load_settings(OperatorSettings))


@kopf.on.login()
async def login(memo: kopf.Memo, **_: Any) -> kopf.ConnectionInfo:
    """Log in as our own client does; kopf asks again when a token is not accepted any more."""
    process: OperatorProcess = memo.process
    connection = await process.api.connection()
    return kopf.ConnectionInfo(
        server=connection.server,
        ca_path=connection.authority,
        token=connection.token,
        certificate_path=connection.certificate,
        private_key_path=connection.key,
    )


@kopf.on.event(GROUP, VERSION, PLURAL)
async def seen(event: Mapping[str, Any], memo: kopf.Memo, **_: Any) -> None:
    """Tell the reconciler what the watch saw."""
    process: OperatorProcess = memo.process
    process.post_events_from_here()
    if event["type"] == "DELETED":
        # A new one of that name may be there already: the visit finds out.
        process.reconciler.look_at(event["object"]["metadata"]["name"])
        return
    try:
        process.reconciler.noticed(PdsProvision.model_validate(event["object"]))
    except ValidationError:
        # Of a CRD newer than this program. The visit says so, again and again, rather than nobody.
        process.reconciler.look_at(event["object"]["metadata"]["name"])


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    """Finish what was begun, then close."""
    process: OperatorProcess | None = memo.get("process")
    if process is not None:
        await process.stop()
