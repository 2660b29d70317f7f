"""How a run of many calls takes failure."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pds_contract.errors import CredentialsRejected, NotFound, TryLater
from pds_operator.importing.patience import Patience, Stopped


def answers(*given: Exception | str) -> tuple[Callable[[], Awaitable[str]], list[int]]:
    """A call that gives these answers, one after the other, the last for ever; and how often it was made."""
    left, calls = list(given), [0]

    async def call() -> str:
        calls[0] += 1
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return call, calls


def away(retry_after: float | None = None) -> TryLater:
    return TryLater("backend", "the backend answered 503", 503, retry_after)


def quick(**changes: float) -> Patience:
    patience = Patience(delay=0.001)
    for name, value in changes.items():
        setattr(patience, name, value)
    return patience


async def test_a_failure_that_passes() -> None:
    call, calls = answers(away(), away(), "here")
    assert await quick().call(call) == "here"
    assert calls == [3]


async def test_a_failure_that_stays() -> None:
    call, calls = answers(away())
    with pytest.raises(TryLater):
        await quick().call(call)
    assert calls == [3]


async def test_an_answer_is_not_asked_for_again() -> None:
    call, calls = answers(NotFound("backend", "404", 404))
    with pytest.raises(NotFound):
        await quick().call(call)
    assert calls == [1]


async def test_retry_after_is_kept_to_up_to_the_longest_wait() -> None:
    call, _ = answers(away(3600.0), "here")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert await quick(longest=0.2).call(call) == "here"
    assert loop.time() - begun >= 0.19


async def test_rejected_credentials_end_the_run() -> None:
    patience = quick()
    call, calls = answers(CredentialsRejected("backend", "it does not accept PDS_API_TOKEN", 401))
    with pytest.raises(CredentialsRejected):
        await patience.call(call)
    with pytest.raises(Stopped, match="PDS_API_TOKEN"):
        await patience.call(call)
    assert calls == [1]


async def test_where_all_fail_the_run_ends() -> None:
    patience = quick(failures_in_a_row=3)
    call, calls = answers(away())
    for _ in range(3):
        with pytest.raises(TryLater):
            await patience.call(call)
    with pytest.raises(Stopped, match="3 calls in a row failed; the last: the backend answered 503"):
        await patience.call(call)
    assert calls == [9]


@pytest.mark.parametrize("answer", ["here", NotFound("backend", "404", 404)])
async def test_one_answer_is_enough_to_go_on(answer: Exception | str) -> None:
    patience = quick(failures_in_a_row=2)
    for _ in range(3):
        with pytest.raises(TryLater):
            await patience.call(answers(away())[0])
        try:
            await patience.call(answers(answer)[0])
        except NotFound:
            assert not isinstance(answer, str)
    patience.check()


async def test_to_stop_ends_a_wait_at_once() -> None:
    patience = quick(longest=3600.0)
    failed, calls = asyncio.Event(), 0

    async def call() -> str:
        nonlocal calls
        calls += 1
        failed.set()
        raise away(3600.0)

    waiting = asyncio.create_task(patience.call(call))
    await failed.wait()
    patience.stop("it was asked to stop")
    async with asyncio.timeout(5):
        with pytest.raises(Stopped, match="asked to stop"):
            await waiting
    assert calls == 1
