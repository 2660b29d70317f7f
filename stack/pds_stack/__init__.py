"""The local stack: real parts of the system on this machine alone, for development and tests."""
