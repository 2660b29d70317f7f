"""The plans on sale: what ``PDS_PLANS`` lists, else the one plan of ``NEXT_PUBLIC_STRIPE_PRICE_ID``."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

from pds_contract.checkout import DISK_SIZE_DEFAULT, DISK_SIZE_MAX, DISK_SIZE_MIN

KEY_MAX = 40

_PRODUCT = re.compile(r"\s*prod_", re.ASCII)
_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is no field of a plan; mend its spelling, or leave it out",
    "model_type": "is no JSON object",
    "string_type": "is no text",
    "int_type": "is no whole number",
    "greater_than_equal": f"is less than {DISK_SIZE_MIN} GiB",
    "less_than_equal": f"is more than {DISK_SIZE_MAX} GiB",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
}
_PATTERN = {
    "key": f"must be of at most {KEY_MAX} of a-z, 0-9, - and _, and begin with a letter or digit",
    "price_id": "is no id of Stripe's; copy it from the Stripe dashboard, where it begins with price_",
}


class Plan(BaseModel):
    """A plan as the catalogue has it.

    Args:
        key: Names it in URLs and forms (``pds_plan``).
        name: Its name, as customers read it.
        price_id: Stripe's recurring price.
        disksize_gb: Its storage in whole GiB: what a customer gets who asks for no less.
        text: What it is, as customers read it; may be empty.
        price: What it costs, as customers read it: "€ 9 a month".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    key: Annotated[str, StringConstraints(pattern=rf"^[a-z0-9][-_a-z0-9]{{0,{KEY_MAX - 1}}}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    price_id: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]
    disksize_gb: int = Field(ge=DISK_SIZE_MIN, le=DISK_SIZE_MAX)
    text: Annotated[str, StringConstraints(max_length=500)] = ""
    price: Annotated[str, StringConstraints(min_length=1, max_length=80)]

    @field_validator("price_id")
    @classmethod
    def _is_no_product(cls, value: str) -> str:
        if _PRODUCT.match(value):
            raise ValueError("is a product's id; give the id of its price, which begins with price_")
        return value


def find(plans: Iterable[Plan], key: object) -> Plan | None:
    """Return the plan of this key, if it is on sale."""
    return next((plan for plan in plans if plan.key == key), None)


def read_plans(text: str) -> tuple[Plan, ...]:
    """Read a catalogue as ``PDS_PLANS`` holds it: a JSON list of objects with the fields of a plan.

    Raises:
        ValueError: It is none; the message names each plan by its place and says what to mend, without any value.
    """
    try:
        listed: object = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON; set it to a list of plans, as docs/portal.md shows one") from None
    if not isinstance(listed, list) or not listed:
        raise ValueError("is no JSON list with a plan in it; set it to one, as docs/portal.md shows it")
    plans, problems = [], []
    for place, each in enumerate(listed, 1):
        try:
            plans.append(Plan.model_validate(each))
        except ValidationError as error:
            problems += [f"plan {place}: {problem}" for problem in _problems(error)]
    keys = [each.get("key") if isinstance(each, dict) else None for each in listed]
    problems += [
        f"plan {place}: its key is an earlier plan's too; give each plan a key of its own"
        for place, key in enumerate(keys, 1)
        if isinstance(key, str) and key in keys[: place - 1]
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(plans)


def only_plan(price_id: str) -> Plan:
    """Return the one plan of a shop that names nothing but a price: the mission's default disk size."""
    return Plan(
        key="pds",
        name="Personal Data Server",
        price_id=price_id,
        disksize_gb=DISK_SIZE_DEFAULT,
        text="A server of your own on the AT Protocol.",
        price="Shown before you pay",
    )


class PlanSettings(BaseSettings):
    """The catalogue among the settings: ``pds_plans`` is never empty."""

    next_public_stripe_price_id: str | None = None
    pds_plans: Annotated[tuple[Plan, ...], NoDecode] = Field(default=(), validate_default=True)

    @field_validator("next_public_stripe_price_id")
    @classmethod
    def _can_be_sold(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return only_plan(value.strip()).price_id
        except ValidationError as error:
            raise ValueError(next(_problems(error)).partition(" ")[2]) from None

    @field_validator("pds_plans", mode="before")
    @classmethod
    def _is_a_catalogue(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str):
            return read_plans(value)
        if value or "next_public_stripe_price_id" not in info.data:  # the latter is said to be wrong already
            return value
        price_id = info.data["next_public_stripe_price_id"]
        if price_id is None:
            raise ValueError(
                "is missing; set it to a JSON list of plans, or NEXT_PUBLIC_STRIPE_PRICE_ID to the one price on sale"
            )
        return (only_plan(price_id),)


def _problems(error: ValidationError) -> Iterator[str]:
    """Say each problem of a plan as ``<field> <what is wrong>``."""
    for problem in error.errors(include_input=False, include_url=False):
        field = ".".join(map(str, problem["loc"]))
        said = _SAID.get(problem["type"]) or (_PATTERN.get(field) if "pattern" in problem["type"] else None)
        yield f"{field} {said or problem['msg'].removeprefix('Value error, ')}".strip()
