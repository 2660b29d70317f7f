"""Where kube-apiserver, etcd and kubectl come from: this machine, if it has all three, else a build."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pds_stack.console import Console
from pds_stack.errors import UsageError
from pds_stack.kubernetes.build import build

_NAMES = ("etcd", "kube-apiserver", "kubectl")


@dataclass(frozen=True)
class Programs:
    """Paths of the programs of one Kubernetes."""

    etcd: Path
    kube_apiserver: Path
    kubectl: Path

    @classmethod
    def within(cls, folder: Path) -> "Programs":
        """The programs of `folder`."""
        return cls(*(folder / name for name in _NAMES))


async def programs(console: Console) -> Programs:
    """The programs to use: those of `$KUBEBUILDER_ASSETS`, else those on PATH, else built ones.

    Raises:
        UsageError: `$KUBEBUILDER_ASSETS` names a folder that lacks one of them.
        StackError: the build failed.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        missing = [name for name in _NAMES if not os.access(Path(assets) / name, os.X_OK)]
        if missing:
            raise UsageError(
                f"KUBEBUILDER_ASSETS is {assets}, which has no program {', '.join(missing)}: correct it or unset it"
            )
        return Programs.within(Path(assets))
    found = [shutil.which(name) for name in _NAMES]
    if all(found):
        return Programs(*(Path(path) for path in found if path))
    return Programs.within(await build(console))
