"""Where a deploy's answer holds the id, and what the backend's states are called."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds_contract.service import (
    SERVICE_ID_MAX,
    SERVICE_ID_PLACES,
    ServiceState,
    parse_json,
    positive_whole_number,
    service_id_of,
)

# Kept apart from the product's tuple: the order is the mission's.
PLACES = ["service_id", "serviceId", "id", "service.id", "data.id", "data.serviceId"]
USELESS: list[object] = [
    *[None, True, False, 0, -5, 800.0, 800.5, float("nan"), SERVICE_ID_MAX + 1, 10**30],
    *["", " ", "abc", "0", "000", "-5", "+5", "8.0", "8e2", "0x8", "1_0", "\N{ARABIC-INDIC DIGIT ONE}"],
    *[str(SERVICE_ID_MAX + 1), "9" * 5000, [], [800], {}, {"id": 800}],
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.integers().map(str),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["service_id", "serviceId", "id", "service", "data", "x"]), inner, max_size=5)
    ),
)


def answer(values: dict[str, object]) -> dict[str, Any]:
    """An answer with these values in these places."""
    document: dict[str, Any] = {"message": "Deployment started"}
    for place, value in values.items():
        outer, _, inner = place.partition(".")
        if inner:
            document.setdefault(outer, {})[inner] = value
        else:
            document[outer] = value
    return document


def test_the_places_are_the_mission_s() -> None:
    assert [".".join(place) for place in SERVICE_ID_PLACES] == PLACES


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [800, "800", " 800 ", "00800"])
def test_the_id_is_found_in_each_place(place: str, value: object) -> None:
    assert service_id_of(answer({place: value})) == 800


@pytest.mark.parametrize("first", range(6))
def test_an_earlier_place_goes_before_all_later_ones(first: int) -> None:
    values: dict[str, object] = {place: 801 + number for number, place in enumerate(PLACES)}
    for place in PLACES[:first]:
        del values[place]
    assert service_id_of(answer(values)) == 801 + first


@pytest.mark.parametrize("useless", USELESS, ids=lambda value: repr(value)[:24])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_unusable_falls_through_to_the_next_place(place: str, useless: object) -> None:
    behind = PLACES[PLACES.index(place) + 1 :]
    assert service_id_of(answer({place: useless})) is None
    for later in behind:
        assert service_id_of(answer({place: useless, later: "801"})) == 801


@pytest.mark.parametrize("useless", USELESS, ids=lambda value: repr(value)[:24])
def test_the_last_place_is_reached_through_junk_in_all_others(useless: object) -> None:
    assert service_id_of(answer({**dict.fromkeys(PLACES[:-1], useless), PLACES[-1]: 801})) == 801


@pytest.mark.parametrize("container", [None, 7, "800", [], [{"id": 800}], True])
def test_a_place_that_is_no_object_holds_nothing(container: object) -> None:
    assert service_id_of({"service": container, "data": {"id": 801}}) == 801
    assert service_id_of(container) is None


@given(JSON)
def test_whatever_json_is_answered_an_id_is_positive_and_fits_a_bigint(document: object) -> None:
    found = service_id_of(document)
    assert found is None or (type(found) is int and 1 <= found <= 2**63 - 1)


@given(st.text() | st.binary())
def test_whatever_text_is_answered_it_is_json_or_a_value_error(text: str | bytes) -> None:
    try:
        document = parse_json(text)
    except ValueError:
        return
    service_id_of(document)


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1), (SERVICE_ID_MAX, SERVICE_ID_MAX), (str(SERVICE_ID_MAX), SERVICE_ID_MAX), ("0" * 5000 + "7", 7)],
)
def test_bounds_of_whole_numbers(value: object, number: int) -> None:
    assert positive_whole_number(value) == number


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ('{"id": 800}', {"id": 800}),
        (b'{"id": 800}', {"id": 800}),
        (json.dumps('{"id": 800}'), {"id": 800}),
        (json.dumps("no JSON within"), "no JSON within"),
        ('"\\"twice\\""', "twice"),
        ("7", 7),
        ("null", None),
    ],
)
def test_json_may_be_within_a_json_string(text: str | bytes, document: object) -> None:
    assert parse_json(text) == document


@pytest.mark.parametrize("text", ["", "<html>", b"\xff", "{", "[" * 100_000], ids=lambda text: repr(text)[:12])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text)


def test_json_that_is_nested_too_deep_within_a_string_stays_text() -> None:
    deep = "[" * 100_000
    assert parse_json(json.dumps(deep)) == deep


@pytest.mark.parametrize(
    ("number", "state"),
    [
        *[(0, "SettingUp"), (1, "SettingUp"), (2, "AlmostReady"), (3, "Running"), (4, "Suspended")],
        *[(5, "Terminated"), (9, "SetupFailed"), ("3", "Running"), (" 3 ", "Running")],
        *[(6, "SettingUp"), (-1, "SettingUp"), (10**30, "SettingUp"), (3.0, "SettingUp"), (True, "SettingUp")],
        *[(None, "SettingUp"), ("running", "SettingUp"), ([3], "SettingUp"), ({}, "SettingUp")],
    ],
)
def test_states_in_words(number: object, state: str) -> None:
    assert ServiceState.of(number) == state
