"""Each kind of break is found, where it is, and each kind of widening passes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from crd_releases.definitions import breaks
from crd_releases.releases import present
from crd_releases.schemas import DIFFERENT, LOST, MISREAD, REFUSED, schema_breaks

Schema = dict[str, Any]
Crd = dict[str, Any]
PRESENT = present()

TEXT: Schema = {"type": "string"}
RULE = {"rule": "self  == oldSelf", "message": "no"}


def an_object(required: list[str] | None = None, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


BROKEN: list[tuple[str, Schema, Schema, str]] = [
    ("another type", TEXT, {"type": "integer"}, MISREAD),
    ("a number for an integer", {"type": "integer"}, {"type": "number"}, MISREAD),
    ("a field less", an_object(a=TEXT, b=TEXT), an_object(a=TEXT), LOST),
    ("a field required", an_object(a=TEXT), an_object(["a"], a=TEXT), REFUSED),
    ("a new field required", an_object(a=TEXT), an_object(["b"], a=TEXT, b=TEXT), REFUSED),
    ("a word of an enum less", {"enum": ["a", "b"]}, {"enum": ["a", "c"]}, REFUSED),
    ("an enum where there was none", TEXT, {**TEXT, "enum": ["a"]}, REFUSED),
    ("a pattern where there was none", TEXT, {**TEXT, "pattern": "a"}, REFUSED),
    ("another pattern", {"pattern": "a"}, {"pattern": "a|b"}, REFUSED),
    ("a higher minLength", {"minLength": 1}, {"minLength": 2}, REFUSED),
    ("a lower maxLength", {"maxLength": 63}, {"maxLength": 62}, REFUSED),
    ("a maxLength where there was none", TEXT, {**TEXT, "maxLength": 63}, REFUSED),
    ("a higher minimum", {"minimum": 0}, {"minimum": 1}, REFUSED),
    ("a minimum of nought where there was none", {"type": "integer"}, {"type": "integer", "minimum": 0}, REFUSED),
    ("a lower maximum", {"maximum": 10}, {"maximum": 9}, REFUSED),
    ("an exclusive minimum", {"minimum": 0}, {"minimum": 0, "exclusiveMinimum": True}, REFUSED),
    ("more items", {"minItems": 0}, {"minItems": 1}, REFUSED),
    ("fewer items", {"maxItems": 16}, {"maxItems": 8}, REFUSED),
    ("another divisor", {"multipleOf": 2}, {"multipleOf": 4}, REFUSED),
    ("a narrower format", {"format": "int64"}, {"format": "int32"}, REFUSED),
    ("a format where there was none", TEXT, {**TEXT, "format": "date-time"}, REFUSED),
    ("null no more", {"nullable": True}, {}, REFUSED),
    ("unknown fields no more", {"x-kubernetes-preserve-unknown-fields": True}, {}, REFUSED),
    ("a new default", TEXT, {**TEXT, "default": "a"}, DIFFERENT),
    ("another default", {"default": 10}, {"default": 20}, DIFFERENT),
    ("a default that is false now", {"default": True}, {"default": False}, DIFFERENT),
    ("a default less", {"default": 10}, {}, DIFFERENT),
    ("a CEL rule more", {}, {"x-kubernetes-validations": [RULE]}, REFUSED),
    ("a CEL rule for new objects too", {"x-kubernetes-validations": [RULE]},
     {"x-kubernetes-validations": [{**RULE, "optionalOldSelf": True}]}, REFUSED),
    ("a list merged otherwise", {"x-kubernetes-list-type": "map"}, {"x-kubernetes-list-type": "set"}, DIFFERENT),
    ("other keys of a list", {"x-kubernetes-list-map-keys": ["a"]}, {"x-kubernetes-list-map-keys": ["b"]}, DIFFERENT),
    ("narrower items", {"items": TEXT}, {"items": {**TEXT, "maxLength": 1}}, REFUSED),
    ("items of another type", {"items": TEXT}, {"items": {"type": "integer"}}, MISREAD),
    ("narrower values", {"additionalProperties": TEXT}, {"additionalProperties": {**TEXT, "maxLength": 1}}, REFUSED),
    ("a map no more", {"additionalProperties": TEXT}, an_object(a=TEXT), LOST),
    ("a field of what could be anything", {"x-kubernetes-preserve-unknown-fields": True},
     {**an_object(a=TEXT), "x-kubernetes-preserve-unknown-fields": True}, REFUSED),
    ("a keyword that nobody thought of", {}, {"anyOf": [{"required": ["a"]}]}, REFUSED),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "effect"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
@pytest.mark.parametrize("wrapped", [False, True], ids=["itself", "in a list of objects"])
def test_a_narrower_schema_is_a_break(old: Schema, new: Schema, effect: str, *, wrapped: bool) -> None:
    place = "v1.spec"
    if wrapped:
        old, new = (an_object(a={"type": "array", "items": an_object(b=each)}) for each in (old, new))
        place = "v1.spec.a[].b"
    found = list(schema_breaks(old, new, "v1.spec"))
    assert effect in {each.effect for each in found}
    assert [each for each in found if not each.place.startswith(place)] == []


WIDER: list[tuple[str, Schema, Schema]] = [
    ("other words", {**TEXT, "description": "a"}, {**TEXT, "description": "b"}),
    ("a field more", an_object(a=TEXT), an_object(a=TEXT, b={**TEXT, "maxLength": 3})),
    ("a field more, with a default", an_object(a=TEXT), an_object(a=TEXT, b={**TEXT, "default": "x"})),
    ("a field required that has a default", an_object(a=TEXT), an_object(["b"], a=TEXT, b={**TEXT, "default": "x"})),
    ("a field optional", an_object(["a"], a=TEXT), an_object(a=TEXT)),
    ("a word of an enum more", {"enum": ["a"]}, {"enum": ["b", "a"]}),
    ("no enum", {**TEXT, "enum": ["a"]}, TEXT),
    ("no pattern", {**TEXT, "pattern": "a"}, TEXT),
    ("a lower minLength", {"minLength": 2}, {"minLength": 1}),
    ("a higher maxLength", {"maxLength": 63}, {"maxLength": 64}),
    ("no maximum", {"maximum": 10}, {}),
    ("a wider format", {"format": "int32"}, {"format": "int64"}),
    ("no format", {"format": "date-time"}, {}),
    ("a divisor of the divisor", {"multipleOf": 4}, {"multipleOf": 2}),
    ("null as well", {}, {"nullable": True}),
    ("unknown fields as well", {}, {"x-kubernetes-preserve-unknown-fields": True}),
    ("a CEL rule less", {"x-kubernetes-validations": [RULE]}, {}),
    ("a CEL rule written otherwise, with another message", {"x-kubernetes-validations": [RULE]},
     {"x-kubernetes-validations": [{"rule": "self ==\n oldSelf", "message": "yes"}]}),
    ("wider items", {"items": {**TEXT, "maxLength": 1}}, {"items": TEXT}),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in WIDER], ids=[case[0] for case in WIDER])
def test_a_wider_schema_is_none(old: Schema, new: Schema) -> None:
    assert list(schema_breaks(old, new, "v1.spec")) == []


def test_what_a_person_has_reviewed_is_none() -> None:
    old, new = an_object(a={"pattern": "a"}), an_object(a={"pattern": "a|b", "x-kubernetes-validations": [RULE]})
    assert len(list(schema_breaks(old, new, "v1"))) == 2
    assert list(schema_breaks(old, new, "v1", {("v1.a", "a|b"), ("v1.a", RULE["rule"])})) == []
    assert len(list(schema_breaks(old, new, "v1", {("v1.b", "a|b")}))) == 2, "of another place"


def _without_the_version(crd: Crd) -> None:
    crd["spec"]["versions"][0]["name"] = "v1"


def _without_a_column(crd: Crd) -> None:
    del crd["spec"]["versions"][0]["additionalPrinterColumns"][2]


def _names(**names: object) -> Callable[[Crd], None]:
    return lambda crd: crd["spec"]["names"].update(names)


def _version(**fields: object) -> Callable[[Crd], None]:
    return lambda crd: crd["spec"]["versions"][0].update(fields)


def _column(**fields: object) -> Callable[[Crd], None]:
    return lambda crd: crd["spec"]["versions"][0]["additionalPrinterColumns"][2].update(fields)


RESHAPED: list[tuple[Callable[[Crd], None], str]] = [
    (lambda crd: crd["spec"].update(scope="Cluster"), "scope: was Namespaced, is Cluster"),
    (lambda crd: crd["spec"].update(group="other.eny.space"), "group: was pds.eny.space"),
    (lambda crd: crd["spec"].update(conversion={"strategy": "Webhook"}), "conversion: was changed"),
    (_names(plural="pdses"), "names.plural: was pdsprovisions, is pdses"),
    (_names(kind="Pds"), "names.kind: was PdsProvision"),
    (_names(shortNames=["pp"]), "names.shortNames: pds is gone"),
    (_names(categories=[]), "names.categories: eny is gone"),
    (_without_the_version, "v1alpha1: the version is gone"),
    (_version(served=False), "v1alpha1: the version is not served any more"),
    (_version(subresources={}), "v1alpha1: the subresources are others"),
    (_version(selectableFields=[]), "v1alpha1.status.serviceState: the field cannot be selected by"),
    (_without_a_column, "v1alpha1: column Hostname: the column is gone"),
    (_column(jsonPath=".spec.hostname"), "v1alpha1: column Hostname: jsonPath was .status.hostname"),
    (_column(priority=1), "v1alpha1: column Hostname: it is shown with -o wide alone"),
]


@pytest.mark.parametrize(("change", "said"), RESHAPED, ids=[said for _, said in RESHAPED])
def test_a_definition_of_another_shape_is_a_break(change: Callable[[Crd], None], said: str) -> None:
    new = copy.deepcopy(PRESENT)
    change(new)
    found = [str(each) for each in breaks(PRESENT, new)]
    assert any(each.startswith(said) for each in found), found


def test_names_versions_and_columns_may_be_added() -> None:
    new = copy.deepcopy(PRESENT)
    names, (version,) = new["spec"]["names"], new["spec"]["versions"]
    names["shortNames"].append("pp")
    version["additionalPrinterColumns"].insert(0, {"name": "New", "type": "string", "jsonPath": ".status.phase"})
    version["selectableFields"].append({"jsonPath": ".spec.email"})
    version.update(storage=False, deprecated=True)
    new["spec"]["versions"].append({**copy.deepcopy(version), "name": "v1beta1", "storage": True})
    assert breaks(PRESENT, new) == []
