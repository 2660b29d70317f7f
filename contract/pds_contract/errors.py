"""The errors that cross the borders between packages, each named for what its receiver should do.

    PdsError
    ├── InvalidInput      give up until the input is changed; the message says how
    ├── UnknownUser       give up until the user exists in auth.users
    └── DependencyError   … of one of the three, raised as one of:
        ├── TryLater          nothing is decided: the same call may work later
        │   └── CredentialsRejected   … once the credentials are mended
        ├── Refused           the dependency will give the same answer to the same call
        ├── Conflict          what was read is stale: read again, decide again
        └── NotFound          the thing asked for is not there

Messages never hold personal data or secrets: they are logged and shown.
"""


class PdsError(Exception):
    """Whatever the product's own parts raise."""


class InvalidInput(PdsError):
    """A value that cannot be used.

    Args:
        field: The field's name as the person who set it knows it.
        message: What is wrong with it and what to do, without the value itself if it may be personal.
        code: A stable word for programs, snake_case.
    """

    def __init__(self, field: str, message: str, code: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.code = code


class UnknownUser(PdsError):
    """The user id is not in auth.users, so that no row can be kept for it."""


class DependencyError(PdsError):
    """A dependency did not do what it was asked.

    Args:
        dependency: ``backend``, ``supabase``, ``kubernetes`` or ``stripe``.
        message: What happened, in words that stay the same from try to try.
        status: The HTTP status of its answer, or None where there was none.
    """

    def __init__(self, dependency: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.dependency = dependency
        self.status = status


class TryLater(DependencyError):
    """The dependency could not be reached, or asked to be left alone for a while.

    Args:
        retry_after: Seconds that it asked to wait, or None where it did not say.
    """

    def __init__(
        self, dependency: str, message: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(dependency, message, status)
        self.retry_after = retry_after


class CredentialsRejected(TryLater):
    """The dependency does not accept our credentials; the same call works once they are mended."""


class Refused(DependencyError):
    """The dependency answered, and will answer the same again until something changes."""


class Conflict(DependencyError):
    """The resourceVersion that was sent is not the newest one, or the object exists already."""


class NotFound(DependencyError):
    """The object asked for does not exist."""
