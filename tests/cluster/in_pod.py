"""Run in a pod, by the image's own Python and nothing else: sends the requests that it is told, and tells the answers.

A line of its standard input is a request as JSON: ``number``, ``method``, ``url``, ``headers``, ``body``. A line of
its standard output is what came of one: ``number``, ``seconds``, and ``status``, ``headers`` and ``body``, or
``error``. Each request has a connection of its own, since Stripe promises no other.
"""

import concurrent.futures
import http.client
import json
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

AT_ONCE = 32
ANSWER_SECONDS = 30.0

_print_lock = threading.Lock()


def exchange(asked: dict[str, Any]) -> None:
    """Send one request, and print what came of it."""
    began = time.monotonic()
    parts = urlsplit(asked["url"])
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ANSWER_SECONDS)
    came: dict[str, Any]
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(asked["method"], target, asked["body"].encode() or None, asked["headers"])
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        came = {"status": answer.status, "headers": answer.getheaders(), "body": body}
    except (OSError, http.client.HTTPException) as error:
        came = {"error": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()
    with _print_lock:
        print(json.dumps({"number": asked["number"], "seconds": time.monotonic() - began, **came}), flush=True)  # noqa: T201 - this is how it answers


def main() -> None:
    """Send until the standard input ends."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for line in sys.stdin:
            pool.submit(exchange, json.loads(line))


if __name__ == "__main__":
    main()
