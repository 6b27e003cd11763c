"""Whether the clock is kept right: certificates, tokens and lifetimes go by it.

The kernel knows whether somebody steers it (adjtimex(2)); it is asked, and nothing is changed.
"""

import ctypes
from collections.abc import Callable, Iterator

from porch import clock
from porch.manage.doctor.patient import Found, Patient, look, ok

__all__ = ["check_clock"]

_ERROR = 5
"""TIME_ERROR: nobody steers it."""
FAR = 1.0
"""Seconds that it may be wrong by."""
BUILT = 1_764_000_000
"""Seconds since 1970: no clock that is right is before this was written."""


class _Timex(ctypes.Structure):
    """The beginning of struct timex, and room for the rest. maxerror: microseconds by which the
    clock is wrong at most; it grows while nobody steers. esterror: by which it may be."""

    _fields_ = (
        ("modes", ctypes.c_uint),  # 0: the state alone is asked for
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


def _kernel() -> tuple[int, float] | None:
    """Its state, and by how many seconds it is wrong at most; None where it does not tell."""
    try:
        call = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    found = _Timex()
    state = call(ctypes.byref(found))
    return None if state < 0 else (state, found.maxerror / 1e6)


def check_clock(
    patient: Patient, asked: Callable[[], tuple[int, float] | None] = _kernel
) -> Iterator[Found]:
    """asked: the kernel."""
    name = "clock"
    keep = "start systemd-timesyncd or chrony; in a container the machine around it has to"
    if clock.wall() < BUILT:
        yield look(name, f"the clock is years behind, so that no certificate is valid; {keep}")
        return
    found = asked()
    noted = (patient.root / "run/systemd/timesync/synchronized").exists()
    if found is None and not noted:
        yield look(name, "whether the clock is kept right is not known here; date -u shows it")
    elif found is None or (found[0] != _ERROR and found[1] <= FAR):
        by = f", to {found[1] * 1000:.0f} ms at most" if found is not None else ""
        yield ok(name, f"synchronised{by}")
    elif found[0] == _ERROR:
        yield look(
            name,
            "nobody keeps the clock right: tokens and certificates are refused or let"
            f" in once it is off; {keep}",
        )
    else:
        yield look(name, f"the clock may be wrong by {found[1]:.1f} s; {keep}")
