"""Every bench that can be named is there."""

import inspect

import pytest

from bench.catalogue import MODULES, bench


@pytest.mark.parametrize("name", MODULES)
def test_it_can_be_loaded_and_measures(name: str) -> None:
    assert inspect.iscoroutinefunction(bench(name).measure)
