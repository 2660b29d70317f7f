"""Wherever in the CRD something is narrowed, it is found there; whatever is widened, nothing is found."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crd_releases.definitions import breaks
from crd_releases.releases import present

Schema = dict[str, Any]
Change = Callable[[Schema], None]
PRESENT = present()


def schemas(schema: Schema, place: str) -> Iterator[tuple[str, Schema]]:
    """Every schema in a schema, with its place."""
    yield place, schema
    for name, below in schema.get("properties", {}).items():
        yield from schemas(below, f"{place}.{name}")
    if "items" in schema:
        yield from schemas(schema["items"], f"{place}[]")


def places(crd: dict[str, Any]) -> dict[str, Schema]:
    (version,) = crd["spec"]["versions"]
    return dict(schemas(version["schema"]["openAPIV3Schema"], version["name"]))


def _moved(keyword: str, by: int) -> Change:
    def change(schema: Schema) -> None:
        schema[keyword] += by

    return change


def _set(keyword: str, value: object) -> Change:
    def change(schema: Schema) -> None:
        schema[keyword] = value

    return change


def _removed(keyword: str) -> Change:
    def change(schema: Schema) -> None:
        del schema[keyword]

    return change


def _without_first(schema: Schema) -> None:
    schema["enum"] = schema["enum"][1:]


def _with_one_more(schema: Schema) -> None:
    schema["enum"] = [*schema["enum"], "OneMore"]


def _requiring_all(schema: Schema) -> None:
    schema["required"] = list(schema["properties"])


def _with_a_rule(schema: Schema) -> None:
    schema["x-kubernetes-validations"] = [*schema.get("x-kubernetes-validations", []), {"rule": "true"}]


def _with_a_field(schema: Schema) -> None:
    schema["properties"]["oneMore"] = {"type": "string"}


def narrowings(schema: Schema) -> Iterator[Change]:
    """Every way to narrow one schema."""
    yield _set("type", "integer" if schema["type"] != "integer" else "string")
    yield _with_a_rule
    yield _set("default", "another")
    for keyword in {"minLength", "minimum"} & schema.keys():
        yield _moved(keyword, 1)
    for keyword in {"maxLength", "maximum", "maxItems"} & schema.keys():
        yield _moved(keyword, -1)
    if schema["type"] == "string":
        yield _set("pattern", "^another$")
    if "default" in schema:
        yield _removed("default")
    if "enum" in schema:
        yield _without_first
    if any(name not in schema.get("required", []) and "default" not in below for name, below in _fields(schema)):
        yield _requiring_all


def widenings(schema: Schema) -> Iterator[Change]:
    """Every way to widen one schema."""
    for keyword in {"minLength", "minimum", "maxLength", "maximum", "maxItems", "pattern", "required"} & schema.keys():
        yield _removed(keyword)
    if "x-kubernetes-validations" in schema:
        yield _removed("x-kubernetes-validations")
    if "enum" in schema:
        yield _with_one_more
    if "properties" in schema:
        yield _with_a_field
    yield _set("description", "other words")


def _fields(schema: Schema) -> list[tuple[str, Schema]]:
    return list(schema.get("properties", {}).items())


NARROWINGS = [
    (place, number) for place, schema in places(PRESENT).items() for number, _ in enumerate(narrowings(schema))
]
WIDENINGS = [(place, number) for place, schema in places(PRESENT).items() for number, _ in enumerate(widenings(schema))]


def test_every_narrowing_of_every_field_is_found_at_its_place() -> None:
    for place, number in NARROWINGS:
        new = copy.deepcopy(PRESENT)
        list(narrowings(places(new)[place]))[number](places(new)[place])
        found = breaks(PRESENT, new)
        assert found, f"{place}, narrowing {number}: not found"
        assert {each.place for each in found} == {place}


@given(st.sets(st.sampled_from(WIDENINGS), max_size=12))
def test_any_widenings_together_pass(chosen: set[tuple[str, int]]) -> None:
    new = copy.deepcopy(PRESENT)
    changed = places(new)
    # All found before any is made: one does not change what the next one finds.
    changes = [(list(widenings(changed[place]))[number], changed[place]) for place, number in sorted(chosen)]
    for change, schema in changes:
        change(schema)
    assert breaks(PRESENT, new) == []


@given(st.sampled_from(NARROWINGS), st.sets(st.sampled_from(WIDENINGS), max_size=12))
def test_a_narrowing_is_found_among_widenings(narrowing: tuple[str, int], chosen: set[tuple[str, int]]) -> None:
    place, number = narrowing
    new = copy.deepcopy(PRESENT)
    changed = places(new)
    changes = [
        (list(widenings(changed[there]))[each], changed[there]) for there, each in sorted(chosen) if there != place
    ]
    changes.append((list(narrowings(changed[place]))[number], changed[place]))
    for change, schema in changes:
        change(schema)
    assert {each.place for each in breaks(PRESENT, new)} == {place}
