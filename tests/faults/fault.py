"""Every fault that the proxy can bring about in one exchange."""

from enum import StrEnum


class Fault(StrEnum):
    """What becomes of one exchange. The first word says what the process sees, the second when it happens."""

    KILL_BEFORE = "kill-before"
    """The process is killed (SIGKILL); the request is never forwarded."""
    KILL_AFTER = "kill-after"
    """The request is forwarded and takes effect; the process is killed before the answer returns."""
    CUT_BEFORE = "cut-before"
    """The connection is closed without an answer; the request is never forwarded."""
    CUT_AFTER = "cut-after"
    """The request is forwarded and takes effect; then the connection is closed without an answer."""
    ERROR_BEFORE = "500-before"
    """Answered 500; never forwarded."""
    ERROR_AFTER = "500-after"
    """The request is forwarded and takes effect; 500 is answered in place of the answer."""
    UNAVAILABLE = "503"
    """Answered 503; never forwarded."""
    UNAVAILABLE_RETRY_AFTER = "503-retry-after"
    """Answered 503 with ``Retry-After: 1``; never forwarded."""
    THROTTLED = "429"
    """Answered 429; never forwarded."""
    HTML_BEFORE = "html-before"
    """Answered 200 with a page of HTML, as a captive gateway does; never forwarded."""
    HTML_AFTER = "html-after"
    """The request is forwarded and takes effect; 200 with a page of HTML comes back in place of the answer."""
    HANG_BEFORE = "hang-before"
    """Neither forwarded nor answered: the process waits until its own time-out."""
    HANG_AFTER = "hang-after"
    """The request is forwarded and takes effect; no answer comes until the process's own time-out."""
    PAUSE_BEFORE = "pause-before"
    """The process is paused (SIGSTOP), then the request is forwarded and answered; somebody else lets it go on."""
    PAUSE_AFTER = "pause-after"
    """The request is forwarded; the process is paused, then the answer is sent; somebody else lets it go on."""

    @property
    def forwards(self) -> bool:
        """Whether the request reaches the dependency."""
        return self in _FORWARDED

    @property
    def kills(self) -> bool:
        """Whether the process dies of it."""
        return self in {Fault.KILL_BEFORE, Fault.KILL_AFTER}

    @property
    def pauses(self) -> bool:
        """Whether the process is stopped, to be continued by somebody else."""
        return self in {Fault.PAUSE_BEFORE, Fault.PAUSE_AFTER}

    @property
    def hangs(self) -> bool:
        """Whether the process has to wait for its own time-out."""
        return self in {Fault.HANG_BEFORE, Fault.HANG_AFTER}


_FORWARDED = {
    Fault.KILL_AFTER,
    Fault.CUT_AFTER,
    Fault.ERROR_AFTER,
    Fault.HTML_AFTER,
    Fault.HANG_AFTER,
    Fault.PAUSE_BEFORE,
    Fault.PAUSE_AFTER,
}

WITHOUT_PAUSES = tuple(fault for fault in Fault if not fault.pauses)
"""All faults after which nobody has to do anything."""
