"""What can be said of the image without building it."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
GENERATED = ("kubernetes.client.api.", "kubernetes.aio.client.api.")
"""What the image leaves out of the Kubernetes client."""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with its arguments in one line."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(place for place, (name, _) in enumerate(found) if name == "FROM") :]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(file: str) -> dict[str, str]:
    """The packages that a lock file names, each with its version and hashes."""
    text = (ROOT / "requirements" / file).read_text()
    return {
        match["name"]: match["rest"]
        for match in re.finditer(r"^(?P<name>[a-z0-9-]+)(?P<rest>==[^\\\n]*(?:\\\n[^\\\n]*)*)", text, re.MULTILINE)
    }


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    told = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_each_stage_begins_with_the_base_that_the_builder_names() -> None:
    found = instructions()
    assert found[0] == ("ARG", "BASE=python:3.13-slim")
    assert [rest.partition(" ")[0] for name, rest in found if name == "FROM"] == ["${BASE}", "${BASE}"]


def test_whatever_is_installed_is_locked_by_its_hash_or_our_own_wheel() -> None:
    installs = re.findall(r"-m pip [^&]*", "\n".join(rest for name, rest in instructions() if name == "RUN"))
    assert installs
    for install in installs:
        assert "--require-hashes --only-binary :all: -r requirements/" in install or "--no-index dist/*.whl" in install


@pytest.mark.parametrize("file", ["runtime.txt", "build.txt"])
def test_each_requirement_has_a_hash(file: str) -> None:
    found = pins(file)
    assert found
    assert [name for name, rest in found.items() if "--hash=sha256:" not in rest] == []


def test_the_wheel_is_built_as_in_development() -> None:
    built, development = pins("build.txt"), pins("dev.txt")
    assert "hatchling" in built
    assert {name: development.get(name) for name in built} == built


def test_the_last_stage_installs_nothing_and_copies_the_environment_alone() -> None:
    found = last_stage()
    assert [rest for name, rest in found if name in {"COPY", "ADD"}] == ["--from=build /opt/pds /opt/pds"]
    assert not [rest for name, rest in found if name == "RUN" and re.search(r"install|apt|curl|wget", rest)]


def test_it_runs_as_a_number_names_no_command_and_is_stopped_by_sigterm() -> None:
    found = dict(last_stage())
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", found["USER"]), "restricted needs a number to see that it is not root"
    assert found["STOPSIGNAL"] == "SIGTERM"
    assert "ENTRYPOINT" not in found
    assert "PYTHONDONTWRITEBYTECODE=1" in found["ENV"]


def test_its_version_is_the_projects() -> None:
    assert ("ARG", f"VERSION={project()['project']['version']}") in last_stage()
    labels = dict(last_stage())["LABEL"]
    for name in ("title", "source", "version", "revision", "licenses"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_all_that_is_copied_is_let_in() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert set(copied) == let_in
    assert [source for source in copied if not (ROOT / source).exists()] == []
    packages = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {PurePosixPath(package).parts[0] for package in packages} <= set(copied)


def test_the_wheel_holds_every_file_of_the_packages_pages_and_their_styles_too(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as opened:
        built = {name for name in opened.namelist() if ".dist-info/" not in name}
    packages = [ROOT / package for package in project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]
    files = {
        str(file.relative_to(package.parent))
        for package in packages
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {PurePosixPath(file).suffix for file in files} >= {".html", ".css", ".js"}
    assert built == files


def test_nothing_that_the_commands_load_is_left_out() -> None:
    program = (
        "import sys, pds_webhook.__main__, pds_operator.__main__, pds_portal.__main__\n"
        "import kubernetes.aio.client.api_client, kubernetes.aio.config\n"
        "print(*sys.modules, sep='\\n')"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "kubernetes.aio.client.api_client" in loaded
    assert [module for module in loaded if module.startswith(GENERATED)] == []
    named = re.compile(r"kubernetes(?:\.aio)?\.client(?:\.api\b| import \w*Api\b)")
    for folder in ("contract", "clients", "runtime", "webhook", "operator", "portal"):
        for file in (ROOT / folder).rglob("*.py"):
            assert not named.search(file.read_text().replace("client.api_client", "")), f"{file}: the image has no such"
