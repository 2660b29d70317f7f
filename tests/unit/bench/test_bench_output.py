"""What comes out of a run: the table, the document, the pictures."""

import json
from xml.etree import ElementTree as ET

import pytest

from bench import document, picture, table
from bench.figures import Figure, Growth, Picture, Side, at_most

PICTURE = Picture("growth", "How it grows, <by> & large", "customers")
SVG = "{http://www.w3.org/2000/svg}"


def figure(customers: float, seconds: float, floor: float | None = None, curve: str = "ours") -> Figure:
    floors = [] if floor is None else [floor, floor]
    return Figure(f"f {customers}", "s", [seconds, seconds], floors, None, Growth(PICTURE, curve, customers))


def drawn(*figures: Figure) -> ET.Element:
    return ET.fromstring(picture.render(figures)["growth"])  # noqa: S314 - what we have just drawn


def heights(svg: ET.Element) -> list[float]:
    return [float(circle.attrib["cy"]) for circle in svg.iter(f"{SVG}circle")]


def test_the_table_says_what_was_measured_and_what_was_missed() -> None:
    lines = table.render(
        [
            Figure("a", "ms", [1.0, 2.0, 3.0], [1.0, 1.0, 1.0], at_most(1.5, Side.RATIO)),
            Figure("b", "writes", [0.0], target=at_most(0)),
        ]
    ).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[2] == ["a", "ms", "2 (1–3)", "1", "2 (1–3)", "≤ 1.5 x floor", "NO"]  # noqa: RUF001 - a range's dash
    assert cells[3] == ["b", "writes", "0", "", "", "≤ 0", "yes"]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (0.01234, "0.0123"), (12.34, "12.3"), (1234.5, "1,234")])
def test_numbers_are_as_short_as_they_are_true(value: float, shown: str) -> None:
    assert table.number(value) == shown


def test_the_document_holds_every_round() -> None:
    figures = [Figure("a", "ms", [1.0, 1.23456789], [1.0, 1.0], at_most(2, Side.RATIO)), Figure("b", "s", [3.0])]
    read = json.loads(document.render(figures, {"cores": 2}, "python -m bench"))
    assert read["machine"] == {"cores": 2}
    assert read["figures"][0]["values"] == [1.0, 1.23457]
    assert read["figures"][0]["ratio"] == {"median": 1.11728, "low": 1.0, "high": 1.23457}
    assert (read["figures"][0]["target"], read["figures"][0]["met"]) == ("≤ 2 x floor", True)
    assert (read["figures"][1]["floors"], read["figures"][1]["ratio"], read["figures"][1]["met"]) == ([], None, None)


def test_a_cost_in_proportion_is_a_straight_line() -> None:
    first, second, third = heights(drawn(figure(1, 2), figure(10, 20), figure(100, 200)))
    assert first > second > third, "upwards"
    assert first - second == pytest.approx(second - third, abs=0.2)


def test_a_floor_is_a_curve_of_its_own() -> None:
    svg = drawn(figure(1, 2, 1), figure(10, 20, 10))
    dashed = [line for line in svg.iter(f"{SVG}polyline") if "stroke-dasharray" in line.attrib]
    assert (len(list(svg.iter(f"{SVG}polyline"))), len(dashed)) == (2, 1)
    words = [text.text for text in svg.iter(f"{SVG}text")]
    assert {"ours", "ours: floor", PICTURE.title, "customers", "s"} <= set(words)


def test_what_costs_nothing_is_left_out() -> None:
    assert len(heights(drawn(figure(1, 2), figure(10, 0), figure(100, 2)))) == 2


def test_one_place_makes_no_picture() -> None:
    assert picture.render([figure(1, 2), figure(1, 3, curve="theirs"), Figure("f", "s", [1.0])]) == {}
