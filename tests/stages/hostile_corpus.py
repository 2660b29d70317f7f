"""The corpus of hostile input: ``tests/corpus/webhook``, each file an example that is tried again by a test of its own.

``connection-*.bin`` is sent over a connection as it is, ``body-*.bin`` is signed and posted, ``checkout-*.json`` is
signed and posted as a user's event, ``orders-*.json`` are steps of ``stages.orders``. It grows from what Hypothesis
finds: with ``PDS_GROW_CORPUS=1`` a failing test leaves the smallest example that it has found as ``…-found.…``; once
its fault is mended, the file gets a name that says what it shows, and is kept.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "corpus" / "webhook"
SWITCH = "PDS_GROW_CORPUS"


def examples(kind: str) -> list[Path]:
    """All files of one kind; there is one of each at least, else the test that replays them would show nothing."""
    found = sorted(FOLDER.glob(f"{kind}-*"))
    assert found, f"no {kind}-* in {FOLDER}"
    return found


@contextlib.contextmanager
def remembered(kind: str, example: bytes | dict[str, Any] | list[Any]) -> Iterator[None]:
    """Keep an example on which the block fails. Hypothesis ends with the smallest, which so is the one that stays."""
    try:
        yield
    except Exception:
        if os.environ.get(SWITCH):
            is_raw = isinstance(example, bytes)
            content = example if isinstance(example, bytes) else json.dumps(example, indent=1).encode()
            (FOLDER / f"{kind}-found.{'bin' if is_raw else 'json'}").write_bytes(content)
        raise
