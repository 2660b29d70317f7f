"""kubectl on the stack's API server, and the manifests as a user would render them."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pds_stack.console import Console
from pds_stack.kubernetes import programs
from pds_stack.kubernetes.kubectl import Kubectl
from pds_stack.paths import repository

from .rendering import OWN_OVERLAY, PRODUCTION, Manifest, render


@pytest.fixture
async def kubectl(stack: Mapping[str, str]) -> Kubectl:
    return Kubectl((await programs(Console())).kubectl, Path(stack["KUBECONFIG"]))


@pytest.fixture
async def production(kubectl: Kubectl) -> list[Manifest]:
    """What the production overlay installs."""
    return await render(kubectl, PRODUCTION)


@pytest.fixture
def own_overlay(tmp_path: Path) -> Path:
    """The example of an overlay over a remote base, with this checkout's manifests as the remote's tag v0.1.0."""
    remote, overlay = tmp_path / "remote", tmp_path / "overlay"
    for folder in ("deploy", "crds"):
        shutil.copytree(repository() / folder, remote / folder)
    author = ("-c", "user.name=test", "-c", "user.email=test@a.example")
    for arguments in (
        ("init", "--quiet"),
        ("add", "."),
        (*author, "commit", "--quiet", "-m", "0.1.0"),
        ("tag", "v0.1.0"),
    ):
        subprocess.run(("git", *arguments), cwd=remote, check=True)  # noqa: S607 - whichever git there is
    shutil.copytree(OWN_OVERLAY, overlay)
    file = overlay / "kustomization.yaml"
    text = file.read_text()
    address = "https://github.com/OWNER/eny-pds//"
    assert address in text
    file.write_text(text.replace(address, f"file://{remote}//"))
    return overlay
