"""The health of a PdsProvision as Argo CD and Flux find it, by the very files that deploy/ offers them."""

from functools import cache
from typing import Any

import cel
import yaml
from lupa.lua51 import LuaRuntime  # type: ignore[import-untyped]  # a C extension without stubs

from pds_contract.resource import API_VERSION, KIND
from pds_stack.paths import repository

DEPLOY = repository() / "deploy"

ARGO_CD_HEALTH = DEPLOY / "argo-cd" / "health.lua"
FLUX_CUSTOMERS = DEPLOY / "flux" / "customers.yaml"

# Argo CD opens Lua's basic functions, `table` and a small `os`; a script that uses more does not run there.
_NOT_IN_ARGO_CD = ("string", "math", "io", "os", "package", "require", "debug", "coroutine", "python")


def argo_cd(resource: dict[str, Any]) -> dict[str, str]:
    """The health that Argo CD shows: `status`, and `message`."""
    lua = LuaRuntime(unpack_returned_tuples=True)
    table = lua.table_from(resource, recursive=True)
    for name in _NOT_IN_ARGO_CD:
        lua.globals()[name] = None
    lua.globals()["obj"] = table
    return dict(lua.execute(ARGO_CD_HEALTH.read_text()))


def flux(resource: dict[str, Any]) -> str:
    """The status in which Flux finds it: its own look at the generation, then the expressions in its order."""
    status = resource.get("status", {})
    if "observedGeneration" in status and status["observedGeneration"] != resource["metadata"]["generation"]:
        return "InProgress"
    for name, found in (("inProgress", "InProgress"), ("failed", "Failed"), ("current", "Current")):
        answer = cel.evaluate(_expressions()[name], resource)
        assert isinstance(answer, bool), f"{name} is no condition: it gives {answer!r}"
        if answer:
            return found
    return "InProgress"


@cache
def _expressions() -> dict[str, str]:
    checks = yaml.safe_load(FLUX_CUSTOMERS.read_text())["spec"]["healthCheckExprs"]
    (ours,) = (check for check in checks if (check["apiVersion"], check["kind"]) == (API_VERSION, KIND))
    return dict(ours)
