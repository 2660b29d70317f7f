"""The CRD and the pydantic model say the same of every field."""

import types
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import pytest
import yaml
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from pds_contract import resource

CRD = yaml.safe_load((Path(__file__).parents[3] / "crds" / "pdsprovisions.yaml").read_text())
VERSION = CRD["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]["properties"]

INT64_MAX = 2**63 - 1
COMPARED = {
    "type",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "enum",
    "maxItems",
    "minItems",
    "default",
}


def pairs() -> Iterator[tuple[str, type[BaseModel], dict[str, Any]]]:
    """Every model of the resource beside the schema that it mirrors."""
    status = SCHEMA["status"]
    yield "spec", resource.ProvisionSpec, SCHEMA["spec"]
    yield "status", resource.ProvisionStatus, status
    yield "status.claim", resource.Claim, status["properties"]["claim"]
    yield "status.conditions", resource.Condition, status["properties"]["conditions"]["items"]


PAIRS = list(pairs())
PLACES = [place for place, _, _ in PAIRS]


def fields() -> Iterator[Any]:
    for place, model, schema in PAIRS:
        for name, field in model.model_fields.items():
            yield pytest.param(field, schema["properties"].get(field.alias), id=f"{place}.{name}")


def core(annotation: Any) -> tuple[Any, list[Any]]:
    """Take Optional and Annotated off a type; return what is left, and the constraints that were on it."""
    constraints: list[Any] = []
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            constraints += more
        elif origin in {Union, types.UnionType}:
            (annotation,) = (each for each in get_args(annotation) if each is not type(None))
        else:
            return annotation, constraints


def expected(field: FieldInfo) -> dict[str, Any]:
    """What the schema has to say of a field, as the model has it."""
    kind, constraints = core(field.annotation)
    said = {**bounds([*constraints, *field.metadata]), **form(kind)}
    if said["type"] == "integer" and said.get("maximum") == INT64_MAX:
        del said["maximum"]  # the format int64 is that bound; the API server refuses it as a maximum
    if not field.is_required() and field.default not in (None, ()) and field.alias != "observedGeneration":
        said["default"] = field.default
    return {key: value for key, value in said.items() if value is not None}


def bounds(constraints: list[Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for constraint in constraints:
        if isinstance(constraint, StringConstraints):
            said |= {
                "pattern": constraint.pattern,
                "minLength": constraint.min_length,
                "maxLength": constraint.max_length,
            }
        elif isinstance(constraint, annotated_types.Ge):
            said["minimum"] = constraint.ge
        elif isinstance(constraint, annotated_types.Le):
            said["maximum"] = constraint.le
        elif isinstance(constraint, annotated_types.MaxLen):
            said["maxItems"] = constraint.max_length
    return said


def form(kind: Any) -> dict[str, Any]:
    if get_origin(kind) is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    if get_origin(kind) is tuple:
        return {"type": "array"}
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if issubclass(kind, BaseModel):
        return {"type": "object"}
    return {"type": {str: "string", bool: "boolean", int: "integer", float: "number"}[kind]}


@pytest.mark.parametrize(("field", "schema"), list(fields()))
def test_each_field_says_the_same(field: FieldInfo, schema: dict[str, Any] | None) -> None:
    assert schema is not None, f"the CRD lacks {field.alias}"
    compared = {key: value for key, value in schema.items() if key in COMPARED}
    if compared.get("format") in {"int32", "int64"}:
        del compared["format"]
    if field.alias == "observedGeneration":
        compared.pop("default", None)
    assert compared == expected(field)


@pytest.mark.parametrize(("place", "model", "schema"), PAIRS, ids=PLACES)
def test_the_crd_has_no_field_that_the_model_lacks(place: str, model: type[BaseModel], schema: dict[str, Any]) -> None:
    assert set(schema["properties"]) == {field.alias for field in model.model_fields.values()}, place


@pytest.mark.parametrize(("place", "model", "schema"), PAIRS, ids=PLACES)
def test_what_is_required_is_the_same(place: str, model: type[BaseModel], schema: dict[str, Any]) -> None:
    required = {field.alias for field in model.model_fields.values() if field.is_required()}
    assert set(schema.get("required", [])) == required, place


def bounded(schema: dict[str, Any], place: str) -> Iterator[str]:
    """Name every string and number that has no bounds, and everything that has no description."""
    if "description" not in schema and place != "metadata":
        yield f"{place} has no description"
    kind = schema.get("type")
    if kind == "string" and not ("enum" in schema or "maxLength" in schema or schema.get("format") == "date-time"):
        yield f"{place} has no maxLength"
    if kind in {"integer", "number"} and (
        "minimum" not in schema or ("maximum" not in schema and schema.get("format") != "int64")
    ):
        yield f"{place} has no bounds"
    if kind == "array" and "maxItems" not in schema:
        yield f"{place} has no maxItems"
    for name, child in schema.get("properties", {}).items():
        yield from bounded(child, f"{place}.{name}")
    for child in schema.get("items", {}).get("properties", {}).items():
        yield from bounded(child[1], f"{place}[].{child[0]}")


def test_every_field_is_described_and_bounded() -> None:
    assert [line for part in ("spec", "status") for line in bounded(SCHEMA[part], part)] == []


def test_names() -> None:
    names = CRD["spec"]["names"]
    assert CRD["spec"]["group"] == resource.GROUP
    assert VERSION["name"] == resource.VERSION
    assert (names["kind"], names["plural"]) == (resource.KIND, resource.PLURAL)
    assert names["shortNames"] == ["pds"]
    assert names["categories"] == ["eny"]


def test_nothing_that_is_printed_is_the_e_mail() -> None:
    assert not [column for column in VERSION["additionalPrinterColumns"] if "email" in column["jsonPath"]]
