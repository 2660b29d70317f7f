"""Where promtool comes from, and which version of it is built."""

from pathlib import Path

import pytest

from pds_stack import paths
from pds_stack.console import Console
from pds_stack.errors import StackError
from pds_stack.go_programs import required_version
from pds_stack.prometheus import promtool


async def test_the_one_on_path_is_used_and_nothing_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "promtool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert await promtool(Console()) == program
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("folder", "name"), [("kubernetes", "k8s.io/kubernetes"), ("prometheus", "github.com/prometheus/prometheus")]
)
def test_the_version_is_the_one_that_go_mod_locks(folder: str, name: str) -> None:
    module = paths.repository() / "stack" / "pds_stack" / folder
    assert f"{name} {required_version(module, name)} h1:" in (module / "go.sum").read_text()


def test_a_go_mod_without_the_module_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example\n\nrequire example.org/other v1.0.0\n")
    with pytest.raises(StackError, match=r"requires no example\.org/wanted"):
        required_version(tmp_path, "example.org/wanted")
