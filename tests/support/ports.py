"""Ports of loopback."""

import random
import socket

__all__ = ["free_port"]

_RANGE = range(10_000, 32_000)
"""Below those that the kernel gives to who dials: any client on the machine may have one of these a
moment later, and a door that comes back to it finds it in use."""
_chance = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """One where nobody listens, and that this process was not given before."""
    while True:
        port = _chance.choice(_RANGE)
        if port in _given:
            continue
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
