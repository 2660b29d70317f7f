"""kopf, in a thread and an event loop of its own: it lists, watches, reconnects and posts Events, and nothing more.

It writes nothing to the resources: no finalizer, no annotation. In a loop of its own because it takes every task that
is younger than itself for its own, and cancels it when it ends; a deploy must not end so.
"""

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Self, cast

import kopf
from pydantic import ValidationError

from pds_clients.kubernetes import Connection
from pds_contract.resource import API_VERSION, GROUP, KIND, PLURAL, VERSION, PdsProvision
from pds_operator.kopf_settings import REPORTER, kopf_settings
from pds_operator.protocol.steps import Event

logger = logging.getLogger(__name__)

LAST_EVENTS = 0.2
"""Seconds in which kopf posts the Events of what was just finished."""
CLOSING = 0.05
"""Seconds for kopf's TLS connections to close: it closes its session last."""
STOP_PATIENCE = 15.0
"""Seconds that kopf may take to stop; it gives its own tasks five."""
MOST_UNPOSTED = 1000
MOST_TOLD = 100
"""So many resources are taken up in one turn of our loop: the others in it wait no longer than a few milliseconds."""
TURN_SECONDS = 1.0
STUCK_SECONDS = 60.0
"""kopf's loop is stuck when it has taken no turn for so long. Its longest work is to read a page of 250 resources."""

HANDLERS = kopf.OperatorRegistry()


@kopf.on.login(registry=HANDLERS)
async def login(memo: kopf.Memo, **_: Any) -> kopf.ConnectionInfo:
    """Log in as our own client does; kopf asks again when a token is not accepted any more."""
    watch: Watch = memo.watch
    connection = await watch.connection()
    return kopf.ConnectionInfo(
        server=connection.server,
        ca_path=connection.authority,
        token=connection.token,
        certificate_path=connection.certificate,
        private_key_path=connection.key,
    )


@kopf.on.event(GROUP, VERSION, PLURAL, registry=HANDLERS)
async def seen(event: Mapping[str, Any], memo: kopf.Memo, **_: Any) -> None:
    """Hand over what the watch saw."""
    watch: Watch = memo.watch
    watch.saw(event["type"], event["object"])


class Watch:
    """kopf around the resources of one namespace. Made and called in the loop of those that it tells.

    Args:
        namespace: Whose resources.
        connection: How our own client reaches the API server at this moment; called in our loop.
        label_selector: Which of the resources, for the API server to choose; empty: all.
    """

    def __init__(
        self, namespace: str, connection: Callable[[], Coroutine[None, None, Connection]], label_selector: str = ""
    ) -> None:
        self._namespace = namespace
        self._label_selector = label_selector
        self._connection = connection
        self._last_turn = 0.0
        self._ours = asyncio.get_running_loop()
        self._our_context = contextvars.copy_context()
        self._stop = asyncio.Event()  # of kopf's loop
        self._ended = asyncio.Event()  # of ours
        self._kopfs: asyncio.AbstractEventLoop | None = None
        self._noticed: Callable[[PdsProvision], None]
        self._look_at: Callable[[str], None]
        self._introduced = False
        self._posting: contextvars.Context | None = None
        self._untold: deque[Callable[[], object]] = deque()
        self._unposted: deque[tuple[PdsProvision, Event]] = deque(maxlen=MOST_UNPOSTED)

    def start(self, *, noticed: Callable[[PdsProvision], None], look_at: Callable[[str], None]) -> None:
        """Begin to watch.

        Args:
            noticed: Called in our loop with each resource that is listed, made or changed.
            look_at: Called in our loop with the name of one that is deleted, or cannot be read.
        """
        self._noticed, self._look_at = noticed, look_at
        self._kopfs = asyncio.new_event_loop()
        self._last_turn = time.monotonic()
        threading.Thread(target=self._run, args=(self._kopfs,), name="kopf", daemon=True).start()

    @property
    def stuck(self) -> str | None:
        """What does not move any more: kopf's loop, of which nothing else would tell; None: it moves."""
        if self._kopfs is None or self._ended.is_set():
            return None
        still = time.monotonic() - self._last_turn
        return f"kopf's event loop has not run for {still:.0f} s" if still > STUCK_SECONDS else None

    async def ended(self) -> None:
        """Wait until kopf has ended, asked to or by itself."""
        await self._ended.wait()

    async def stop(self) -> None:
        """Let kopf post the last Events, and end it. Stopping twice is stopping once."""
        if self._kopfs is None or self._ended.is_set():
            return
        await asyncio.sleep(LAST_EVENTS)
        self._in_kopfs_loop(self._stop.set)
        try:
            async with asyncio.timeout(STOP_PATIENCE):
                await self._ended.wait()
        except TimeoutError:
            logger.warning("kopf does not stop; it is left behind")

    def announce(self, provision: PdsProvision, event: Event) -> None:
        """Post a Kubernetes Event about a resource; returns at once."""
        if self._posting is None:
            self._unposted.append((provision, event))  # before kopf's first list has come in
        else:
            self._post(provision, event, self._posting)

    async def connection(self) -> Connection:
        """Return how our own client connects; awaited in kopf's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._connection(), self._ours))

    def saw(self, kind: str | None, body: Mapping[str, Any]) -> None:
        """Tell of a resource, in kopf's loop and the context of one of its handlers."""
        if not self._introduced:
            self._introduced = True
            self._in_our_loop(self._post_from, contextvars.copy_context())
        try:
            if kind != "DELETED":
                self._hand_over(partial(self._noticed, PdsProvision.model_validate(body)))
                return
        except ValidationError:
            pass  # of a CRD newer than this program; the visit says so, again and again, rather than nobody
        # After a deletion a new one of that name may be there already: the visit finds out.
        self._hand_over(partial(self._look_at, body["metadata"]["name"]))

    def _hand_over(self, told: Callable[[], object]) -> None:
        """Have something told in our loop, which is woken once for many: a restart tells of everybody."""
        self._untold.append(told)
        if len(self._untold) == 1:  # else a turn of ``_tell`` is to come, that was asked for with the first
            self._in_our_loop(self._tell)

    def _tell(self) -> None:
        try:
            for _ in range(MOST_TOLD):
                if not self._untold:
                    return
                self._untold.popleft()()
        finally:
            if self._untold:
                self._ours.call_soon(self._tell)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._operate())
        except (Exception, asyncio.CancelledError):
            logger.exception("kopf has failed")
        finally:
            self._in_our_loop(self._ended.set)

    def _take_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._last_turn = time.monotonic()
        loop.call_later(TURN_SECONDS, self._take_turn, loop)

    async def _operate(self) -> None:
        self._take_turn(asyncio.get_running_loop())
        await kopf.operator(
            registry=HANDLERS,
            settings=kopf_settings(self._label_selector),
            standalone=True,
            namespaces=[self._namespace],
            memo=_Shared(watch=self),
            stop_flag=self._stop,
            # For peering, which is off. Left out, kopf asks for the user's name, and a container's user has none.
            identity=cast("Any", REPORTER),
        )
        await asyncio.sleep(CLOSING)

    def _post_from(self, context: contextvars.Context) -> None:
        """Remember a handler's context: ``kopf.event`` finds its queue in it."""
        self._posting = context
        while self._unposted:
            self._post(*self._unposted.popleft(), context)

    def _post(self, provision: PdsProvision, event: Event, context: contextvars.Context) -> None:
        metadata = provision.metadata
        reference = kopf.Body(
            {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "metadata": {"namespace": metadata.namespace, "name": metadata.name, "uid": metadata.uid},
            }
        )
        post = partial(kopf.event, reference, type=event.type, reason=event.reason, message=event.message)
        self._in_kopfs_loop(post, context)

    def _in_kopfs_loop(self, call: Callable[[], object], context: contextvars.Context | None = None) -> None:
        assert self._kopfs is not None  # noqa: S101 - nobody asks before the start; for mypy
        with contextlib.suppress(RuntimeError):  # the loop is closed: kopf has ended
            self._kopfs.call_soon_threadsafe(call, context=context)

    def _in_our_loop(self, call: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: we have not waited for kopf
            # Not in the context of kopf's handler, which holds the whole resource.
            self._ours.call_soon_threadsafe(call, *arguments, context=self._our_context)


class _Shared(kopf.Memo):
    """What handlers share: kopf copies it for each resource, and keeps the copies."""

    def __copy__(self) -> Self:
        return self


def _signals_are_ours(record: logging.LogRecord) -> bool:
    """Drop kopf's warning that it handles no signals: outside the main thread it cannot, and must not."""
    return "OS signals are ignored" not in record.getMessage()


logging.getLogger("kopf._core.reactor.running").addFilter(_signals_are_ours)
