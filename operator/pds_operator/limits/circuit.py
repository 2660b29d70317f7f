"""The circuit: while the backend rejects our credentials, nobody calls it in vain.

401 opens it at once, 403 after three different resources in a row. Half open, one call of another resource goes
through and decides. A token that has changed half-opens it at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pds_contract.errors import CredentialsRejected

FIRST_WAIT = 30.0
LONGEST_WAIT = 600.0
FORBIDDEN_IN_A_ROW = 3


@dataclass
class Circuit:
    """The circuit of one token.

    Args:
        clock: Seconds, monotonic.
        token: Returns the token in use.
        on_close: Called with the keys that were turned away, once calls are accepted again.
    """

    clock: Callable[[], float]
    token: Callable[[], str]
    on_close: Callable[[set[str]], None]
    _wait: float = 0.0
    _opened_at: float = 0.0
    _rejected_token: str = field(default="", repr=False)
    _rejected_key: str | None = None
    _rejected: set[str] = field(default_factory=set)
    _trial: str | None = None
    _forbidden: set[str] = field(default_factory=set)
    _sent: dict[str, str] = field(default_factory=dict, repr=False)
    _waiting: set[str] = field(default_factory=set)

    @property
    def open(self) -> bool:
        """Whether calls are turned away, but for a trial now and then."""
        return self._wait > 0

    def enter(self, key: str) -> None:
        """Let a call through, or turn it away.

        Raises:
            CredentialsRejected: The circuit is open; ``retry_after`` says for how long at least.
        """
        if not self.open or self._trial == key:
            self._sent[key] = self.token()
            return
        waited = self.clock() - self._opened_at
        token_changed = self.token() != self._rejected_token
        # Those that were rejected go last: they may be the only ones that are.
        goes_last = key == self._rejected_key or (key in self._rejected and not self._waiting <= self._rejected)
        due = 2 * self._wait if goes_last else self._wait
        if self._trial is None and (token_changed or waited >= due):
            self._trial = key
            self._sent[key] = self.token()
            return
        self._waiting.add(key)
        raise CredentialsRejected(
            "backend",
            "the backend does not accept PDS_API_TOKEN",
            401,
            # Soon enough to notice a token that was replaced.
            retry_after=min(max(due - waited, 1.0), FIRST_WAIT),
        )

    def accepted(self, key: str) -> None:
        """Note that a call was answered by something else than 401 or 403.

        As of rejections, while the circuit is open only the trial's counts.
        """
        if self.open and key != self._trial:
            return
        self._forbidden.clear()
        if self.open:
            waiting, self._waiting = self._waiting - {key}, set()
            self._wait, self._trial = 0.0, None
            self._rejected.clear()
            self.on_close(waiting)

    def rejected(self, key: str, status: int) -> None:
        """Note that a call was answered by 401 or 403.

        Of the calls that were under way when the circuit opened it learns nothing more.
        """
        if self.open and key != self._trial:
            return
        if status == 403 and not self.open:
            self._forbidden.add(key)
            if len(self._forbidden) < FORBIDDEN_IN_A_ROW:
                return
        self._rejected |= {key, *self._forbidden}
        self._forbidden.clear()
        self._wait = min(self._wait * 2, LONGEST_WAIT) if self.open else FIRST_WAIT
        self._opened_at = self.clock()
        self._rejected_token = self._sent.get(key, self.token())
        self._rejected_key, self._trial = key, None

    def gave_up(self, key: str) -> None:
        """Note that a visit is over; a trial that reached no verdict makes room for the next."""
        self._sent.pop(key, None)
        if self._trial == key:
            self._trial = None
