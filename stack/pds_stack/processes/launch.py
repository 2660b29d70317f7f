"""Become another program that cannot outlive the process that started it.

Run as a script of its own, by path: `launch.py PARENT SIGNAL ACCOUNT PROGRAM [ARGUMENT …]`. PARENT is the pid
of the process that starts it; SIGNAL is what the kernel sends to PROGRAM when that process ends, even by SIGKILL;
ACCOUNT is `uid:gid`, or `-` for no change.

Linux alone has such a signal (prctl's PR_SET_PDEATHSIG); elsewhere the program is merely started. This is a program
of its own since the setting must come after the change of account, which clears it, and since code that runs between
fork and exec may neither lock nor allocate.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Read the arguments, bind this process to its parent, become the program."""
    parent, signal, account, program = sys.argv[1:5]
    # Loaded before the change of account: the interpreter's own files may be out of the account's reach.
    libc = ctypes.CDLL(None, use_errno=True)
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        if libc.prctl(_PR_SET_PDEATHSIG, int(signal), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != int(parent):
            sys.exit(1)  # The parent ended before the kernel knew whom to tell.
    try:
        os.execv(program, sys.argv[4:])  # noqa: S606 - to become the program, without a shell, is the point
    except OSError as error:
        sys.exit(f"cannot start {program}: {error.strerror}")


if __name__ == "__main__":
    main()
