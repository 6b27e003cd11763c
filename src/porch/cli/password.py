"""`porch password`: the hash of a password, for `basic`; a shell's history has no part in it."""

import sys
from getpass import getpass

from porch.shield.basic_hash import make_hash

__all__ = ["hash_password"]

LONGEST = 512


def hash_password() -> int:
    """Ask for a password, twice at a terminal, or take the first line of stdin; print its hash.

    Returns 0, or 1 for none, one that is too long, or two that differ.
    """
    if sys.stdin.isatty():
        password = getpass("Password: ")
        if getpass("Once more: ") != password:
            print("porch: the two differ", file=sys.stderr)
            return 1
    else:
        password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    if not 0 < len(password.encode("utf-8", "surrogateescape")) <= LONGEST:
        print(f"porch: a password has 1 to {LONGEST} bytes", file=sys.stderr)
        return 1
    print(make_hash(password.encode("utf-8", "surrogateescape")))
    return 0
