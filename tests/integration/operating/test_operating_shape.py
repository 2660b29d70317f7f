"""What counts as printed as shown, and what does not: a comparison that lets all pass would hold nothing."""

import pytest

from .document import Question, Step, question_of
from .shape import difference

TABLE = "NAME    READY   SERVICE   AGE\nalice   True    1234567   3m2s\n"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (TABLE, ["NAME READY SERVICE AGE", "alice True 800 52s"]),
        (TABLE, ["…"]),
        (TABLE, ["NAME …", "…"]),
        (TABLE, ["…", "alice … 3d"]),
        ("at 2026-11-23T12:53:44.138Z\n", ["at 2025-01-01T00:00:00Z"]),
        ("   4 2026-11-23T12\n", ["4117 2025-01-01T02"]),
        ("", []),
        ("", ["…"]),
    ],
)
def test_another_number_time_or_age_is_no_difference(printed: str, shown: list[str]) -> None:
    assert difference(printed, shown) is None


@pytest.mark.parametrize(
    ("printed", "shown", "named"),
    [
        (TABLE, ["NAME READY SERVICE AGE", "alice False 800 52s"], "alice False 800 52s"),
        (TABLE, ["NAME READY SERVICE AGE"], "alice"),
        (TABLE, ["…", "bob True 800 52s"], "bob True 800 52s"),
        (TABLE, ["NAME READY SERVICE AGE", "alice True soon 52s"], "soon"),
        (TABLE, [], "NAME"),
        ("", ["alice"], "alice"),
        (
            "user 3c9e1a60-52b7-4f0d-9a41-0d6c8be1f7a2\n",
            ["user 7f025477-d436-469e-bbe5-a95ac3bb3321"],
            "7f025477",
        ),
    ],
)
def test_a_difference_is_named(printed: str, shown: list[str], named: str) -> None:
    problem = difference(printed, shown)
    assert problem
    assert named in problem


def test_commands_and_what_they_print_are_told_apart() -> None:
    lines = ["text", "```console", "$ one \\", "    --two", "printed", "$ three", "```", "```sql", "select 1", "```"]
    assert list(question_of("title", lines).steps) == [
        Step("console", "one \\\n--two", ("printed",)),
        Step("console", "three"),
        Step("sql", "select 1"),
    ]


@pytest.mark.parametrize(
    "lines",
    [["```", "$ ls", "```"], ["```sh", "ls", "```"], ["```console", "no command", "```"], ["```console", "$ ls"]],
)
def test_what_could_not_be_tried_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match="block"):
        question_of("title", lines)


def test_aquestion_of_without_a_further_step_says_so() -> None:
    with pytest.raises(AssertionError, match="no further step"):
        Question("title").take()
