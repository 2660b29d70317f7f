"""What a figure says of its rounds: middle, spread, ratio, and whether its target is met."""

import pytest

from bench.figures import Figure, Side, Spread, Target, at_least, at_most, percentile


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1), (0.505, 51)], ids=str)
def test_a_percentile_is_a_number_that_was_measured(share: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_a_ratio_is_taken_round_by_round() -> None:
    figure = Figure("f", "ms", [10, 40, 30], [10, 20, 10])
    assert figure.ratio == Spread(2, 1, 3), "not the medians' ratio, which is 3"


@pytest.mark.parametrize("floors", [[], [1, 0]])
def test_no_ratio_without_a_floor(floors: list[float]) -> None:
    assert Figure("f", "writes", [0, 0], floors).ratio is None


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (at_most(5), True),
        (at_most(4.9), False),
        (at_least(5), True),
        (at_least(5.1), False),
        (at_most(2.5, Side.RATIO), True),
        (at_most(2.4, Side.RATIO), False),
        (at_least(2.5, Side.RATIO), True),
        (at_most(3, Side.EXCESS), True),
        (at_most(2.9, Side.EXCESS), False),
    ],
    ids=str,
)
def test_a_target_is_held_against_the_middle_round(target: Target, met: bool) -> None:  # noqa: FBT001 - a case
    assert Figure("f", "s", [1, 5, 90], [1, 2, 3], target).met is met


def test_without_target_nothing_is_met_or_missed() -> None:
    assert Figure("f", "s", [1.0]).met is None


@pytest.mark.parametrize(("values", "floors"), [([], []), ([1.0, 2.0], [1.0])])
def test_each_round_has_its_floor(values: list[float], floors: list[float]) -> None:
    with pytest.raises(ValueError, match="values and"):
        Figure("f", "s", values, floors)


@pytest.mark.parametrize("side", [Side.RATIO, Side.EXCESS])
def test_a_target_of_the_floor_needs_one(side: Side) -> None:
    with pytest.raises(ValueError, match="has not"):
        Figure("f", "s", [1.0], [], at_most(1, side))
