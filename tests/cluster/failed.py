"""What ends a run."""


class Failed(Exception):
    """Something is not as it has to be; the message says what."""
