"""docs/operating.md as its questions, each with its commands and what they are said to print. Pure."""

import re
from collections import deque
from dataclasses import dataclass, field
from functools import cache

from pds_stack.paths import repository

PATH = repository() / "docs" / "operating.md"

_HEADING = re.compile(r"^## (?P<title>.+)$")
_ANCHOR = re.compile(r"\]\(#([^)]+)\)")
_FENCE = re.compile(r"^ *```(?P<language>\w*)$")


@dataclass(frozen=True)
class Step:
    """One thing that the document tells a person to do.

    Args:
        language: ``console`` for a command of a shell, ``sql`` for statements in Supabase.
        command: The text to run, as the document has it; lines that end in a backslash with the ones that follow.
        printed: The lines that it is said to print.
    """

    language: str
    command: str
    printed: tuple[str, ...] = ()


@dataclass
class Question:
    """A question, and what is left to do of its answer.

    Args:
        title: The heading.
        steps: What to do, in order; taken away by those who do it.
    """

    title: str
    steps: deque[Step] = field(default_factory=deque)

    def take(self) -> Step:
        """Return the next step."""
        if not self.steps:
            raise AssertionError(f"the document has no further step under {self.title!r}")
        return self.steps.popleft()


def read() -> dict[str, Question]:
    """Return the document's questions that have an answer in commands, by their titles."""
    questions = (question_of(title, lines) for title, lines in _sections(_text()))
    return {question.title: question for question in questions if question.steps}


def index() -> list[str]:
    """Return the anchors that the table at the top leads to, in its order."""
    above = _text().split("\n## ", maxsplit=1)[0]
    return _ANCHOR.findall(above)


def anchor(title: str) -> str:
    """Return a heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@cache
def _text() -> str:
    return PATH.read_text(encoding="utf-8")


def _sections(text: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            found.append((heading["title"], []))
        elif found:
            found[-1][1].append(line)
    return found


def question_of(title: str, lines: list[str]) -> Question:
    """Read what stands under a heading.

    Raises:
        ValueError: A block is none that could be tried.
    """
    question, block = Question(title), list[str]()
    language: str | None = None  # of the block that we are in
    for line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            block.append(line.strip())
        elif language is None:
            language, block = fence["language"], []
        else:
            question.steps.extend(_steps(language, block))
            language = None
    if language is not None:
        raise ValueError(f"a block under {title!r} does not end")
    return question


def _steps(language: str, block: list[str]) -> list[Step]:
    if language == "sql":
        return [Step("sql", "\n".join(block))]
    if language != "console":
        raise ValueError(f"a block is console or sql, so that it is tried; not {language!r}")
    steps: list[Step] = []
    going_on = False
    for line in block:
        if going_on:
            steps[-1] = Step("console", f"{steps[-1].command}\n{line}")
            going_on = line.endswith("\\")
        elif line.startswith("$ "):
            steps.append(Step("console", line.removeprefix("$ ")))
            going_on = line.endswith("\\")
        elif steps:
            steps[-1] = Step("console", steps[-1].command, (*steps[-1].printed, line))
        else:
            raise ValueError(f"a block begins with a command ('$ …'), not with {line!r}")
    return steps
