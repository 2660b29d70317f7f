"""docs/operating.md holds what it says: its commands are run as they stand there, and print what is shown."""

from collections.abc import Awaitable, Callable, Mapping

import pytest

from . import adopted, customers_wait, document, erased, flooded, moved, paid, restored, rotated, signing_in, stopped
from .document import Question
from .ground import Ground

ANSWERS: Mapping[str, Callable[[Ground, Question], Awaitable[None]]] = {
    "Who is stuck, and why?": customers_wait.who_is_stuck,
    "Make this one try again": customers_wait.try_again,
    "This customer says that they paid": paid.they_paid,
    "This customer cannot sign in": signing_in.cannot_sign_in,
    "Stop everything": stopped.stop_everything,
    "A token was rotated": rotated.rotate,
    "A customer's token has leaked": signing_in.token_has_leaked,
    "Adopt an id": adopted.adopt_an_id,
    "Move to another cluster": moved.move,
    "Restore from a backup": restored.restore,
    "Two want one hostname": adopted.two_want_one_hostname,
    "A flood": flooded.flood,
    "Erase a person": erased.erase,
}


@pytest.mark.parametrize("title", list(document.read()))
async def test_an_answer_works_and_prints_what_is_shown(ground: Ground, title: str) -> None:
    question = document.read()[title]
    await ANSWERS[title](ground, question)
    assert not question.steps, f"not tried: {[step.command for step in question.steps]}"


def test_no_answer_has_lost_its_question() -> None:
    assert set(ANSWERS) == set(document.read())


def test_the_table_at_the_top_leads_to_every_question() -> None:
    assert document.index() == [document.anchor(title) for title in document.read()]
