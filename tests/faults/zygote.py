"""A process that has imported both commands and forks a child for each start, so that a start costs a fork.

Run as a script of its own with the number of an inherited socket; the other end speaks JSON, one object a line:

=============================================  ====================================================================
``{"start": COMMAND, "environment", "log"}``   answered ``{"started": PID, "log"}``; the file gets the output
``{"signal": NUMBER, "pid": PID}``             sent if that child has not ended; no answer
(a child ended)                                told as ``{"ended": PID, "code": N}``, minus the signal that killed it
=============================================  ====================================================================

It has one thread and no event loop, so that a fork copies neither. Its children end with it, and it with its parent.
"""

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any

import pds_operator.__main__
import pds_webhook.__main__

MAINS = {"pds-operator": pds_operator.__main__.main, "pds-webhook": pds_webhook.__main__.main}
_PR_SET_PDEATHSIG = 1

Json = dict[str, Any]


def main() -> None:
    """Serve requests until the other end is closed; in a child, become the command."""
    _end_with_parent(os.getppid())
    gc.collect()
    gc.freeze()  # what is there now is shared with the children: the collector must not touch it
    begun = _serve(socket.socket(fileno=int(sys.argv[1])))
    if begun is not None:
        _become(begun)


def _serve(channel: socket.socket) -> Json | None:
    """Return None in the zygote once its parent is gone, and a request in a child that is to become its command."""
    woken, waker = socket.socketpair()
    waker.setblocking(False)  # noqa: FBT003 - the method takes no keyword
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: set[int] = set()
    received = b""
    while True:
        readable, _, _ = select.select([channel, woken], [], [])
        if woken in readable:
            woken.recv(4096)
            _reap(channel, children)
        if channel not in readable:
            continue
        more = channel.recv(65536)
        if not more:
            return None
        *lines, received = (received + more).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "signal" in request:
                if request["pid"] in children:
                    os.kill(request["pid"], request["signal"])
                continue
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for each in (channel, woken, waker):
                    each.close()
                _end_with_parent(parent)
                return request  # type: ignore[no-any-return] # JSON, as described above
            children.add(pid)
            _tell(channel, {"started": pid, "log": request["log"]})


def _reap(channel: socket.socket, children: set[int]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            _tell(channel, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(channel: socket.socket, message: Json) -> None:
    channel.sendall(json.dumps(message).encode() + b"\n")


def _become(request: Json) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["environment"])
    output = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    sys.argv = [request["start"]]
    MAINS[request["start"]]()


def _end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main()
