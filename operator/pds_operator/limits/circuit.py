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
        on_close: Called with the keys that were turned away, in their order, once calls are accepted again.
    """

    clock: Callable[[], float]
    token: Callable[[], str]
    on_close: Callable[[list[str]], None]
    _wait: float = 0.0
    _opened_at: float = 0.0
    _rejected_token: str = field(default="", repr=False)
    _rejected_key: str | None = None
    _rejected: set[str] = field(default_factory=set)
    _trial: str | None = None
    _by_deploy: bool = False
    _forbidden: dict[bool, set[str]] = field(default_factory=lambda: {True: set(), False: set()})
    _sent: dict[str, str] = field(default_factory=dict, repr=False)
    _waiting: dict[str, None] = field(default_factory=dict)

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
        goes_last = key == self._rejected_key or (key in self._rejected and not self._waiting.keys() <= self._rejected)
        due = 2 * self._wait if goes_last else self._wait
        if self._trial is None and (token_changed or waited >= due):
            self._trial = key
            self._sent[key] = self.token()
            return
        self._waiting[key] = None
        raise CredentialsRejected(
            "backend",
            "the backend does not accept PDS_API_TOKEN",
            401,
            # Soon enough to notice a token that was replaced.
            retry_after=min(max(due - waited, 1.0), FIRST_WAIT),
        )

    def accepted(self, key: str, *, deploy: bool = False) -> None:
        """Note that a call was answered by something else than 401 or 403.

        As of rejections, while the circuit is open only the trial's counts. Where deploys are rejected, only a deploy
        tells that they are not any more: a token may be good for looking alone.
        """
        if self.open and (key != self._trial or (self._by_deploy and not deploy)):
            return
        self._forbidden[deploy].clear()
        if self.open:
            waiting, self._waiting = [each for each in self._waiting if each != key], {}
            self._wait, self._trial = 0.0, None
            self._rejected.clear()
            self.on_close(waiting)

    def rejected(self, key: str, status: int, *, deploy: bool = False) -> None:
        """Note that a call was answered by 401 or 403.

        Of the calls that were under way when the circuit opened it learns nothing more.
        """
        if self.open and key != self._trial:
            return
        if status == 403 and not self.open:
            forbidden = self._forbidden[deploy]
            forbidden.add(key)
            if len(forbidden) < FORBIDDEN_IN_A_ROW:
                return
        self._by_deploy = deploy
        self._rejected |= {key, *self._forbidden[deploy]}
        self._forbidden[deploy].clear()
        self._wait = min(self._wait * 2, LONGEST_WAIT) if self.open else FIRST_WAIT
        self._opened_at = self.clock()
        self._rejected_token = self._sent.get(key, self.token())
        self._rejected_key, self._trial = key, None

    def gave_up(self, key: str) -> None:
        """Note that a visit is over; a trial that reached no verdict makes room for the next."""
        self._sent.pop(key, None)
        if self._trial == key:
            self._trial = None
