"""The releases that are kept here: ``vX.Y.Z.yaml``, their CRD; ``vX.Y.Z-objects.yaml``, objects as they left them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
PRESENT = FOLDER.parents[1] / "crds" / "pdsprovisions.yaml"
REVIEWED = FOLDER / "reviewed.yaml"
_CRD = re.compile(r"v(\d+)\.(\d+)\.(\d+)\.yaml")


@dataclass(frozen=True)
class Release:
    """One release; ``version`` as three numbers."""

    version: tuple[int, int, int]
    crd: dict[str, Any]

    def __str__(self) -> str:
        return "v" + ".".join(map(str, self.version))


def releases() -> list[Release]:
    """Return all releases that are kept, the newest last."""
    found = [(match, file) for file in FOLDER.iterdir() if (match := _CRD.fullmatch(file.name))]
    kept = [Release((int(m[1]), int(m[2]), int(m[3])), yaml.safe_load(file.read_text())) for m, file in found]
    return sorted(kept, key=lambda release: release.version)


def objects_until(release: Release) -> list[dict[str, Any]]:
    """Return what was recorded with this release and those before it: all of that it could have stored."""
    kept = [FOLDER / f"{each}-objects.yaml" for each in releases() if each.version <= release.version]
    return [each for file in kept if file.exists() for each in yaml.safe_load_all(file.read_text())]


def present() -> dict[str, Any]:
    """Return the CRD as it is now."""
    crd: dict[str, Any] = yaml.safe_load(PRESENT.read_text())
    return crd


def reviewed() -> set[tuple[str, str]]:
    """Return the patterns and CEL rules, with their place, that a person has found to be wider."""
    return {(each["place"], each["new"]) for each in yaml.safe_load(REVIEWED.read_text()) or []}
