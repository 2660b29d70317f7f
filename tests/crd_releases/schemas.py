"""What a newer OpenAPI schema of a CRD takes from those who rely on the older one. Pure: two schemas in, breaks out.

What is accepted before has to be accepted, kept and read alike afterwards. Where that cannot be told, as of two regular
expressions, it counts as a break, unless a person has reviewed it.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Reviewed = AbstractSet[tuple[str, str]]

REFUSED = "what {writers} could write may be refused, and stored objects that have it cannot be made anew"
LOST = "what is stored there, and what {writers} put there, is refused or dropped"
DIFFERENT = "what {writers} wrote means something else"
MISREAD = "{writers}, and whoever reads it, have the other one in their code"

WRITERS = {
    "spec": "manifests, GitOps and the webhook of that release",
    "status": "the operator of that release",
}

ONLY_WORDS = {"description", "title", "example", "externalDocs"}
FLOORS = {"minimum", "minLength", "minItems", "minProperties"}
CEILINGS = {"maximum", "maxLength", "maxItems", "maxProperties"}
STRICTER_WHEN_TRUE = {"exclusiveMinimum", "exclusiveMaximum", "uniqueItems"}
LAXER_WHEN_TRUE = {"nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"}
SAME_OR_MISREAD = {"type", "x-kubernetes-embedded-resource"}
SAME_OR_DIFFERENT = {"default", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"}
WIDER_FORMATS = {("int32", "int64"), ("float", "double")}
LOOKED_INTO = {"properties", "additionalProperties", "items", "x-kubernetes-validations"}


@dataclass(frozen=True)
class Break:
    """One thing that a newer CRD breaks.

    Attributes:
        place: Where, as ``v1alpha1.spec.hostname``.
        what: What was done.
        effect: What that means; ``{writers}`` stands for those who write there.
    """

    place: str
    what: str
    effect: str

    def __str__(self) -> str:
        part = self.place.split(".")[1:2]
        writers = WRITERS.get(part[0] if part else "", "manifests and programs of that release")
        return f"{self.place}: {self.what}; {self.effect.replace('{writers}', writers)}"


def schema_breaks(old: Schema, new: Schema, place: str, reviewed: Reviewed = frozenset()) -> Iterator[Break]:
    """Find what a newer schema breaks, here and below.

    Args:
        old: The schema of a release.
        new: The schema that is to come after it.
        place: Where these are, as ``v1alpha1.spec.hostname``.
        reviewed: Places with patterns and rules that were found to break nothing.
    """
    for keyword in sorted((old.keys() | new.keys()) - ONLY_WORDS - LOOKED_INTO):
        before, after = old.get(keyword), new.get(keyword)
        if before == after or (keyword == "pattern" and (place, after) in reviewed):
            continue
        if effect := _effect(keyword, before, after, new):
            yield Break(place, f"{keyword} was {_said(before)}, is {_said(after)}", effect)
    yield from _rules(old, new, place, reviewed)
    yield from _properties(old, new, place, reviewed)
    yield from _below(old, new, "items", f"{place}[]", reviewed)
    yield from _below(old, new, "additionalProperties", f"{place}.*", reviewed)


def _effect(keyword: str, before: Any, after: Any, new: Schema) -> str | None:
    """Say what a changed keyword breaks; None where it breaks nothing."""
    if keyword in SAME_OR_MISREAD:
        return MISREAD
    if keyword in SAME_OR_DIFFERENT:
        return DIFFERENT
    narrows = _NARROWS.get(keyword, _not_gone)
    if keyword == "required":
        after = [name for name in after or [] if "default" not in new.get("properties", {}).get(name, {})]
    return REFUSED if narrows(before, after) else None


def _not_gone(_: Any, after: Any) -> bool:
    """Of a keyword that only refuses, or that nobody has thought of: any change but its end."""
    return after is not None


def _raised(before: Any, after: Any) -> bool:
    return after is not None and (before is None or after > before)


def _lowered(before: Any, after: Any) -> bool:
    return after is not None and (before is None or after < before)


def _fewer(before: Any, after: Any) -> bool:
    return after is not None and (before is None or not set(before) <= set(after))


def _more(before: Any, after: Any) -> bool:
    return not set(after or []) <= set(before or [])


def _no_divisor(before: Any, after: Any) -> bool:
    return after is not None and (before is None or before % after != 0)


def _narrower_format(before: Any, after: Any) -> bool:
    return after is not None and (before, after) not in WIDER_FORMATS


_NARROWS: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(FLOORS, _raised),
    **dict.fromkeys(CEILINGS, _lowered),
    **dict.fromkeys(STRICTER_WHEN_TRUE, lambda before, after: bool(after) and not before),
    **dict.fromkeys(LAXER_WHEN_TRUE, lambda before, after: bool(before) and not after),
    "enum": _fewer,
    "required": _more,
    "multipleOf": _no_divisor,
    "format": _narrower_format,
}


def _rules(old: Schema, new: Schema, place: str, reviewed: Reviewed) -> Iterator[Break]:
    before = {_rule(each) for each in old.get("x-kubernetes-validations", [])}
    for each in new.get("x-kubernetes-validations", []):
        if _rule(each) not in before and (place, each["rule"]) not in reviewed:
            yield Break(place, f"there is a new CEL rule, or another one: {' '.join(each['rule'].split())}", REFUSED)


def _rule(validation: Mapping[str, Any]) -> tuple[str, bool]:
    return " ".join(validation["rule"].split()), bool(validation.get("optionalOldSelf"))


def _properties(old: Schema, new: Schema, place: str, reviewed: Reviewed) -> Iterator[Break]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before:
        below = f"{place}.{name}"
        if name in after:
            yield from schema_breaks(before[name], after[name], below, reviewed)
        else:
            yield Break(below, "the field is gone", LOST)
    if old.get("x-kubernetes-preserve-unknown-fields") or old.get("additionalProperties"):
        for name in after.keys() - before.keys():
            yield Break(f"{place}.{name}", "the field has a schema now, and could hold anything before", REFUSED)


def _below(old: Schema, new: Schema, keyword: str, place: str, reviewed: Reviewed) -> Iterator[Break]:
    """Compare the schemas of a list's items or a map's values; true as a schema is one that refuses nothing."""
    before, after = old.get(keyword), new.get(keyword)
    if not before:
        return
    if not after:
        yield Break(place, f"{keyword} is gone", LOST)
    else:
        yield from schema_breaks(_as_schema(before), _as_schema(after), place, reviewed)


def _as_schema(found: Any) -> Schema:
    return found if isinstance(found, Mapping) else {}


def _said(value: Any) -> str:
    return "not there" if value is None else repr(value)
