"""Builds kube-apiserver, etcd and kubectl from the modules that go.mod and go.sum lock."""

from pathlib import Path

from pds_stack.console import Console
from pds_stack.go_programs import GoPrograms, required_version

_MODULE = Path(__file__).parent
# In the order in which they are built: the one that takes minutes comes last.
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
}


async def build(console: Console) -> Path:
    """The folder with the built programs; what is missing in it is built first.

    Raises:
        StackError: there is no Go, or the build failed.
    """
    version = required_version(_MODULE, "k8s.io/kubernetes")
    programs = GoPrograms(
        title="Kubernetes",
        module=_MODULE,
        version=version,
        packages=_PACKAGES,
        flags=("-ldflags", _linker_flags(version)),
        patience="five to six minutes on two cores",
    )
    return await programs.build(console)


def _linker_flags(version: str) -> str:
    # kubectl warns of a version skew, and the API server answers `v0.0.0`, unless they are told their version.
    major, minor, _ = version.removeprefix("v").split(".")
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())])
