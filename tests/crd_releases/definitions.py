"""What a newer CustomResourceDefinition breaks: its names, its versions, what kubectl shows, and the schemas below."""

from collections.abc import Iterator, Mapping
from typing import Any

from crd_releases.schemas import Break, Reviewed, schema_breaks

Crd = Mapping[str, Any]

OTHER_RESOURCE = "clients, Roles and stored objects are of another resource"
NOT_SERVED = "clients that ask for this version get 404"
NOT_STORED = "the API server refuses the CRD for as long as objects of this version are stored"
NOT_TYPED = "commands and scripts that use it fail"
NOT_SELECTED = "clients that select by this field get 400: the operator does"
NOT_SHOWN = "people and scripts that read it in `kubectl get` miss it"
ELSEWHERE = "writes of status go to another path"


def breaks(old: Crd, new: Crd, reviewed: Reviewed = frozenset()) -> list[Break]:
    """Find everything that a newer CRD breaks.

    Args:
        old: The CRD of a release, as its YAML file has it.
        new: The one that is to come after it.
        reviewed: Places with patterns and CEL rules that a person has found to break nothing.
    """
    return [*_names(old["spec"], new["spec"]), *_versions(old["spec"], new["spec"], reviewed)]


def _names(old: Crd, new: Crd) -> Iterator[Break]:
    for key in ("group", "scope"):
        if old[key] != new[key]:
            yield Break(key, f"was {old[key]}, is {new[key]}", OTHER_RESOURCE)
    before, after = old["names"], new["names"]
    for key in ("plural", "kind", "singular", "listKind"):
        if before.get(key) != after.get(key):
            yield Break(f"names.{key}", f"was {before.get(key)}, is {after.get(key)}", OTHER_RESOURCE)
    for key in ("shortNames", "categories"):
        for name in sorted(set(before.get(key, [])) - set(after.get(key, []))):
            yield Break(f"names.{key}", f"{name} is gone", NOT_TYPED)
    if old.get("conversion") != new.get("conversion"):
        yield Break("conversion", "was changed", "whether stored objects still convert has to be shown by a test")


def _versions(old: Crd, new: Crd, reviewed: Reviewed) -> Iterator[Break]:
    after = {version["name"]: version for version in new["versions"]}
    for version in old["versions"]:
        name = version["name"]
        if name not in after:
            yield Break(name, "the version is gone", NOT_STORED if version["storage"] else NOT_SERVED)
            continue
        if version["served"] and not after[name]["served"]:
            yield Break(name, "the version is not served any more", NOT_SERVED)
        yield from _columns(version, after[name])
        yield from _selectable(version, after[name])
        if version.get("subresources", {}) != after[name].get("subresources", {}):
            yield Break(name, "the subresources are others", ELSEWHERE)
        yield from schema_breaks(
            version["schema"]["openAPIV3Schema"], after[name]["schema"]["openAPIV3Schema"], name, reviewed
        )


def _columns(old: Crd, new: Crd) -> Iterator[Break]:
    after = {column["name"]: column for column in new.get("additionalPrinterColumns", [])}
    for column in old.get("additionalPrinterColumns", []):
        name = column["name"]
        place = f"{old['name']}: column {name}"
        if name not in after:
            yield Break(place, "the column is gone", NOT_SHOWN)
            continue
        for key in ("jsonPath", "type"):
            if column[key] != after[name][key]:
                yield Break(place, f"{key} was {column[key]}, is {after[name][key]}", NOT_SHOWN)
        if after[name].get("priority", 0) > column.get("priority", 0):
            yield Break(place, "it is shown with -o wide alone", NOT_SHOWN)


def _selectable(old: Crd, new: Crd) -> Iterator[Break]:
    after = {field["jsonPath"] for field in new.get("selectableFields", [])}
    for field in old.get("selectableFields", []):
        if field["jsonPath"] not in after:
            yield Break(f"{old['name']}{field['jsonPath']}", "the field cannot be selected by any more", NOT_SELECTED)
